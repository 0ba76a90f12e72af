"""Quantiles over runs, also where values are infinite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.results.portions import PORTION
from sim.variables import RUN

LEVELS = (0.05, 0.5, 0.95)
"""Quantiles that are quoted."""


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
    if values.nbytes > PORTION and dim is not None:
        rows = [over_runs(values.isel({dim: [row]}), level) for row in range(values.sizes[dim])]
        return xr.concat(rows, dim=dim).transpose(*(each for each in values.dims if each != RUN))
    ordered = np.sort(values.transpose(RUN, ...).values, axis=0)
    found = values.isel({RUN: 0}, drop=True).copy(data=ordered[_rank(level, ordered.shape[0])])
    return found


def _rank(level: float, count: int) -> int:
    return max(int(np.ceil(level * count)) - 1, 0)
