"""Values by run a portion of the runs at a time: of a large result they are on disk, and memory is small."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import xarray as xr

from sim.variables import RUN

PORTION = 2**27
"""Bytes that are read at a time."""
Work = Callable[[xr.DataArray], xr.DataArray]


def portions(values: xr.DataArray) -> Iterator[xr.DataArray]:
    """Ranges of runs, of at most `PORTION` bytes each.

    Example
    -------
    >>> [part.sizes["run"] for part in portions(xr.DataArray([1.0, 2.0], dims="run"))]
    [2]
    """
    runs = values.sizes[RUN]
    step = max(1, PORTION * max(runs, 1) // max(values.nbytes, 1))
    for begin in range(0, max(runs, 1), step):
        yield values.isel({RUN: slice(begin, begin + step)})


def of_each_run(values: xr.DataArray, work: Work) -> xr.DataArray:
    """What some work on single runs gives.

    Parameters
    ----------
    values: Any shape with `run` in it.
    work: Gives an array with the same runs.
    """
    found = [work(part) for part in portions(values)]
    return found[0] if len(found) == 1 else xr.concat(found, dim=RUN)


def mean_over_runs(values: xr.DataArray, work: Work = lambda part: part) -> xr.DataArray:
    """Mean over runs of what some work on single runs gives; what is missing in some run is missing.

    Parameters
    ----------
    values, work: As of `of_each_run`.
    """
    if values.nbytes <= PORTION:
        return work(values).mean(RUN)
    sums = (work(part).astype(float).sum(RUN, skipna=False) for part in portions(values))
    return sum(sums, start=xr.DataArray(0.0)) / values.sizes[RUN]
