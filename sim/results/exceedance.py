"""How often a value is exceeded over an ensemble, with the error of so many runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.results import intervals
from sim.results.intervals import COVERAGE


@dataclass(frozen=True)
class Exceedance:
    """Shares of runs that exceed each of some values; each array of shape (value,)."""

    values: NDArray[np.float64]
    """Different values found, rising."""
    share: NDArray[np.float64]
    """Share of runs above the value."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    """Ends of the band around the share."""
    runs: int


def exceedance(values: NDArray[np.floating], *, coverage: float = COVERAGE) -> Exceedance:
    """Share of runs above each value that occurs, with an exact band, point by point (`intervals.shares`).

    Parameters
    ----------
    values: One value a run, shape (run,); missing ones are left out.
    coverage: Chance that the band holds the true share at a value.

    Raises
    ------
    ValueError: There is no value.

    Example
    -------
    >>> found = exceedance(np.array([1.0, 1.0, 2.0, 4.0]))
    >>> found.values.tolist(), found.share.tolist()
    ([1.0, 2.0, 4.0], [0.5, 0.25, 0.0])
    """
    kept = np.sort(np.asarray(values, dtype=np.float64)[~np.isnan(values)])
    if not kept.size:
        raise ValueError("there is no value")
    found, first = np.unique(kept, return_index=True)
    above = kept.size - np.append(first[1:], kept.size)
    share = intervals.shares(above, kept.size, coverage=coverage)
    return Exceedance(found, share.value, share.low, share.high, int(kept.size))
