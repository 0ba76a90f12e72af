"""How far shares and quantiles over so many runs may be from those over infinitely many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Ends = NDArray[np.float64]
COVERAGE = 0.95
"""Chance that an interval holds what it is for."""


@dataclass(frozen=True)
class Interval:
    """Ends of an interval."""

    low: float
    high: float


def shares(
    above: ArrayLike, runs: int, *, coverage: float = COVERAGE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ends of the exact interval of a share of runs (Clopper and Pearson, Biometrika 26, 1934).

    Parameters
    ----------
    above: Runs that count, any shape.
    runs: All runs.
    coverage: Least chance that the interval holds the true share.

    Example
    -------
    >>> low, high = shares([0, 5], 10)
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 0.19], [0.31, 0.81])
    """
    counted, tail = np.asarray(above, dtype=np.float64), 0.5 * (1.0 - coverage)
    # The beta distribution has no shape of zero: with no run, or with all, an end is 0 or 1.
    low = stats.beta.ppf(tail, np.maximum(counted, 1.0), runs - counted + 1.0)
    high = stats.beta.ppf(1.0 - tail, counted + 1.0, np.maximum(runs - counted, 1.0))
    return np.where(counted > 0, low, 0.0), np.where(counted < runs, high, 1.0)


def share(above: int, runs: int) -> Interval:
    """The interval of one share; see `shares`."""
    low, high = shares(above, runs)
    return Interval(float(low), float(high))


def quantile(values: NDArray[np.floating], level: float = 0.5, *, coverage: float = COVERAGE) -> Interval | None:
    """The interval of a quantile between two values that occur, whatever their distribution; none with too few runs.

    The number of runs below the true quantile is binomial (David and Nagaraja, Order Statistics, 3rd ed., 7.1).

    Parameters
    ----------
    values: One value a run, shape (run,); missing ones are left out, infinite ones have a rank.
    level: Share of runs below the quantile.
    coverage: Least chance that the interval holds the true quantile.

    Example
    -------
    >>> quantile(np.arange(100.0))
    Interval(low=39.0, high=60.0)
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64)[~np.isnan(values)])
    tail = 0.5 * (1.0 - coverage)
    first = int(stats.binom.ppf(tail, ordered.size, level)) if ordered.size else 0
    last = int(stats.binom.ppf(1.0 - tail, ordered.size, level)) + 1 if ordered.size else 1
    if first < 1 or last > ordered.size:
        return None
    return Interval(float(ordered[first - 1]), float(ordered[last - 1]))
