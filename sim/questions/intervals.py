"""Means and shares over runs with their 95 % intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.95
"""Coverage of all intervals."""
NORMAL = float(stats.norm.ppf(0.5 + LEVEL / 2.0))


@dataclass(frozen=True)
class Interval:
    """An estimate from runs, and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def share(hits: int, runs: int) -> Interval:
    """Share of runs in which something happens, with Wilson's interval, which is sound for shares near 0 and 1 too.

    Example
    -------
    >>> round(share(0, 100).high, 4)
    0.037
    """
    found = stats.binomtest(hits, runs).proportion_ci(LEVEL, method="wilson")
    return Interval(hits / runs, float(found.low), float(found.high))


def mean(values: NDArray[Any]) -> Interval:
    """Mean over runs, with Student's interval; one run has none.

    Parameters
    ----------
    values: One value a run, shape (run,).

    Example
    -------
    >>> mean(np.array([1.0, 2.0, 3.0])).value
    2.0
    """
    centre = float(values.mean())
    if values.size < 2:
        return Interval(centre, float("nan"), float("nan"))
    half = float(stats.t.ppf(0.5 + LEVEL / 2.0, values.size - 1) * values.std(ddof=1) / np.sqrt(values.size))
    return Interval(centre, centre - half, centre + half)
