"""Quantiles over runs, also where values are infinite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.variables import RUN

LEVELS = (0.05, 0.5, 0.95)
"""Quantiles that are quoted."""
AT_ONCE = 2**27
"""Bytes of values that are read and sorted at a time."""


@dataclass(frozen=True)
class Spread:
    """Quantiles over runs at 5, 50 and 95 %."""

    low: float
    middle: float
    high: float


def spread(values: NDArray[Any]) -> Spread:
    """Quantiles of numbers, each the smallest that its share of them does not exceed; NaN where there is none.

    Example
    -------
    >>> spread(np.array([3.0, 1.0, np.inf]))
    Spread(low=1.0, middle=3.0, high=inf)
    """
    if values.size == 0:
        return Spread(*[float("nan")] * len(LEVELS))
    ordered = np.sort(values, axis=None)
    # Infinite durations have a rank but no distance to interpolate over.
    return Spread(*(float(ordered[_rank(level, ordered.size)]) for level in LEVELS))


def over_runs(values: xr.DataArray, level: float) -> xr.DataArray:
    """A quantile over runs of every entry, by the same rule; entries that do not exist stay missing.

    Parameters
    ----------
    values: Any shape with `run` in it.
    level: Share from 0 to 1.
    """
    dim = next((dim for dim in values.dims if dim != RUN and values.sizes[dim] > 1), None)
    if values.nbytes > AT_ONCE and dim is not None:
        # As many rows as fit are read at once: each part of a file that holds some of them holds all of them.
        rows_at_once = max(AT_ONCE * values.sizes[dim] // values.nbytes, 1)
        ranges = (slice(row, row + rows_at_once) for row in range(0, values.sizes[dim], rows_at_once))
        rows = [over_runs(values.isel({dim: rows}), level) for rows in ranges]
        return xr.concat(rows, dim=dim).transpose(*(each for each in values.dims if each != RUN))
    ordered = np.sort(values.transpose(RUN, ...).values, axis=0)
    # A copy: a view would keep all that was sorted.
    found = ordered[_rank(level, ordered.shape[0])].copy()
    return values.isel({RUN: 0}, drop=True).copy(data=found)


def _rank(level: float, count: int) -> int:
    return max(int(np.ceil(level * count)) - 1, 0)
