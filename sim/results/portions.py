"""Values by run a portion of the runs at a time: of a large result they are on disk, and memory is small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.variables import RUN

PORTION = 2**25
"""Bytes that are read at a time. Reading from Zarr and summing take some eight times as much while they last."""
Work = Callable[[xr.DataArray], xr.DataArray]


def portions(values: xr.DataArray, most: int | None = None) -> Iterator[xr.DataArray]:
    """Ranges of runs, of so many bytes at most each (`PORTION`), and of whole chunks of a file where they have so many.

    Example
    -------
    >>> [part.sizes["run"] for part in portions(xr.DataArray([1.0, 2.0], dims="run"))]
    [2]
    """
    runs = values.sizes[RUN]
    chunk = values.encoding.get("preferred_chunks", {}).get(RUN, 1)
    step = max((most or PORTION) * max(runs, 1) // max(values.nbytes, 1) // chunk, 1) * chunk
    for begin in range(0, max(runs, 1), step):
        yield values.isel({RUN: slice(begin, begin + step)})


def columns(values: xr.DataArray, places: Sequence[Mapping[str, str]]) -> list[NDArray[Any]]:
    """Values by run of chosen entries, all of them read in one go.

    Parameters
    ----------
    values: Any shape with `run` in it.
    places: Labels along all other dimensions, entry by entry.
    """
    found: list[list[NDArray[Any]]] = [[] for _ in places]
    for part in portions(values) if places else ():
        read = part.compute()
        for column, place in zip(found, places, strict=True):
            column.append(read.sel(place).values.copy())  # A view would keep the whole portion.
    return [np.concatenate(column) for column in found]


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
