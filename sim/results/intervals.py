"""How far means, quantiles and shares over so many runs may be from those over infinitely many: the one place for it.

Means have Hall's interval: Student's, bent by the skewness that losses have. Quantiles have that of interpolated order
statistics, which asks nothing of the distribution. Shares have the exact one of Clopper and Pearson: of the usual
kinds it alone covers at least as often as it says for every share and every number of runs (Wilson's and Jeffreys'
fall below 90 % for some shares of 20 runs), and a share that has to be defended must not be surer than it is. Its
price: an interval up to 14 % wider with 20 runs, less with more.
How often they hold the truth is measured in `tests/results/test_intervals.py` and `tests/questions/test_estimates.py`.

References
----------
Hall (1992), On the removal of skewness by transformation, J. R. Stat. Soc. B 54(1).
Woodruff (1952), Confidence intervals for medians and other position measures, J. Am. Stat. Assoc. 47(260).
Nyblom (1992), Note on interpolated order statistics, Statistics & Probability Letters 14(2).
Clopper and Pearson (1934), The use of confidence or fiducial limits, Biometrika 26(4).
Korn and Graubard (1998), Confidence intervals for proportions with small expected number of positive counts estimated
from survey data, Survey Methodology 24(2).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, betaincinv, ndtri, stdtrit

Values = NDArray[np.float64]
COVERAGE = 0.95
"""Chance that an interval holds what it is for."""


class Interval(NamedTuple):
    """A figure of the last axis of an array, with its standard error and an interval; arrays of the other axes."""

    value: Any
    error: Any
    low: Any
    high: Any


def shares(count: ArrayLike, runs: ArrayLike, *, coverage: float = COVERAGE) -> Interval:
    """Shares of runs with their exact intervals (Clopper and Pearson 1934).

    Parameters
    ----------
    count: Runs that count, any shape; need not be whole where months or years of a run go together.
    runs: All runs, 0 where there are none and nothing is known.
    coverage: Least chance that the interval holds the true share.

    Example
    -------
    >>> found = shares([0, 5], 10)
    >>> found.low.round(2).tolist(), found.high.round(2).tolist()
    ([0.0, 0.19], [0.31, 0.81])
    """
    counted, of = np.asarray(count, dtype=np.float64), np.asarray(runs, dtype=np.float64)
    rest = 0.5 * (1.0 - coverage)
    # The beta distribution has no shape of zero: with no run, or with all, an end is 0 or 1.
    low = np.where(counted > 0.0, betaincinv(np.where(counted > 0.0, counted, 1.0), of - counted + 1.0, rest), 0.0)
    missed = of - counted
    high = np.where(missed > 0.0, betaincinv(counted + 1.0, np.where(missed > 0.0, missed, 1.0), 1.0 - rest), 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Interval(counted / of, (high - low) / (2.0 * ndtri(1.0 - rest)), low, high)


def share(count: float, runs: float, *, coverage: float = COVERAGE) -> Interval:
    """One share; see `shares`.

    Example
    -------
    >>> round(share(0, 100).high, 4)
    0.0362
    """
    return Interval(*(float(part) for part in shares(count, runs, coverage=coverage)))


def clustered_share(hits: ArrayLike, trials: ArrayLike, *, coverage: float = COVERAGE) -> Interval:
    """A share of years or months, of which those of one run go together (Korn and Graubard 1998).

    The exact interval of as many independent trials as would be as telling as these are by their spread over runs;
    no fewer than one a run where nothing, or everything, hits, and never more than there are.

    Parameters
    ----------
    hits, trials: Of each run, shape (run,); runs without a trial say nothing.

    Example
    -------
    >>> found = clustered_share([0, 0, 0], [10, 10, 10])
    >>> found.value, round(found.high, 3)
    (0.0, 0.708)
    """
    struck, tried = np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    total = float(tried.sum())
    if total == 0.0:
        return Interval(math.nan, math.nan, 0.0, 1.0)
    value, telling = float(struck.sum()) / total, _telling(struck, tried, coverage)
    return share(value * telling, telling, coverage=coverage)._replace(value=value)


def _telling(struck: Values, tried: Values, coverage: float) -> float:
    """Independent trials that would be as telling as those of some runs, by the spread of their hits over runs."""
    struck, tried = struck[tried > 0.0], tried[tried > 0.0]
    runs, total = tried.size, float(tried.sum())
    value = float(struck.sum()) / total
    if runs < 2 or value in (0.0, 1.0):
        return float(runs)
    variance = runs / (runs - 1.0) * float(((struck - value * tried) ** 2).sum()) / total**2
    reach = ndtri(0.5 + coverage / 2.0) / stdtrit(runs - 1.0, 0.5 + coverage / 2.0)
    return float(min(value * (1.0 - value) / variance * reach**2, total)) if variance > 0.0 else total


def clustered_quantile(values: Values, level: float, *, coverage: float = COVERAGE) -> Interval:
    """A quantile of years or months, of which those of one run go together (Woodruff 1952).

    The quantiles at the ends of the exact interval of their level, with as many trials as are as telling.

    Parameters
    ----------
    values: Shape (run, year).
    level: Share from 0 to 1, both excluded.

    Returns
    -------
    An end is infinite where the runs do not bound it.
    """
    ordered = np.sort(values, axis=None)
    value = float(at_level(ordered, level))
    telling = _telling(
        (values <= value).sum(axis=1).astype(float), np.full(len(values), 1.0 * values.shape[1]), coverage
    )
    ends, rest = shares(level * telling, telling, coverage=coverage), 0.5 * (1.0 - coverage)
    # With few trials all of them may lie on one side of the quantile, and none bounds it.
    low = float(at_level(ordered, float(ends.low))) if (1.0 - level) ** telling <= rest else -math.inf
    high = float(at_level(ordered, float(ends.high))) if level**telling <= rest else math.inf
    return Interval(value, (high - low) / (2.0 * ndtri(1.0 - rest)), low, high)


def mean(values: Values, *, coverage: float = COVERAGE, freedom: Any = None) -> Interval:
    """Mean over the last axis with Hall's interval: Student's, bent by the skewness of the values.

    Parameters
    ----------
    values: Shape (..., run).
    coverage: Coverage aimed at.
    freedom: Degrees of freedom of the spread, shape (...); one less than the runs by default.
    """
    runs = values.shape[-1]
    with np.errstate(invalid="ignore"):
        centre = values.mean(axis=-1)
        centred = values - centre[..., None]
    if runs < 2:
        return Interval(centre, centre * np.nan, centre - np.inf, centre + np.inf)
    variance = (centred**2).sum(axis=-1) / (runs - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        skewness = np.where(variance > 0.0, (centred**3).mean(axis=-1) / variance**1.5, 0.0)
    error = np.sqrt(variance / runs)
    reach = stdtrit(runs - 1 if freedom is None else freedom, 0.5 + coverage / 2.0)
    return Interval(
        centre, error, centre - error * _bent(reach, skewness, runs), centre - error * _bent(-reach, skewness, runs)
    )


def _bent(score: Any, skewness: Values, runs: int) -> Values:
    """Inverse of Hall's transformation at a score: studentised mean that belongs to it with skewed values."""
    bend = np.asarray(skewness) / math.sqrt(runs)
    straight = np.abs(bend) < 1e-9
    safe = np.where(straight, 1.0, bend)
    return np.asarray(np.where(straight, score, 3.0 / safe * (np.cbrt(1.0 + safe * (score - safe / 6.0)) - 1.0)))


def at_level(ordered: Values, level: float) -> Values:
    """The smallest of ordered values that a share of them does not exceed, over the last axis."""
    return np.asarray(ordered[..., max(math.ceil(level * ordered.shape[-1] - 1e-9) - 1, 0)])


def quantile(values: Values, level: float, *, coverage: float = COVERAGE) -> Interval:
    """Quantile over the last axis with an interval between interpolated order statistics.

    Parameters
    ----------
    values: Shape (..., run).
    level: Share from 0 to 1, both excluded.
    coverage: Coverage aimed at.

    Returns
    -------
    An end is infinite where even the most extreme run is not extreme enough to bound the quantile.
    """
    ordered = np.sort(values, axis=-1)
    rest = (1.0 - coverage) / 2.0
    low = _lower_limit(ordered, level, rest)
    high = -_lower_limit(-ordered[..., ::-1], 1.0 - level, rest)
    with np.errstate(invalid="ignore"):
        error = (high - low) / (2.0 * ndtri(1.0 - rest))
    return Interval(at_level(ordered, level), np.where(np.isnan(error), np.inf, error), low, high)


def _lower_limit(ordered: Values, level: float, rest: float) -> Values:
    """Value that a quantile falls short of with a given probability, between two order statistics (Nyblom 1992)."""
    runs = ordered.shape[-1]
    # Probability that order statistic r (from 1) exceeds the quantile: fewer than r values are below it.
    exceeds = bdtr(np.arange(runs), runs, level)
    rank = int(np.searchsorted(exceeds, rest, side="right"))
    if rank == 0:
        return np.full(ordered.shape[:-1], -np.inf)
    lower = ordered[..., rank - 1]
    if rank == runs:
        return np.asarray(lower)
    below, above = exceeds[rank - 1], exceeds[rank]
    if rest <= below:
        return np.asarray(lower)
    odds = rank * (1.0 - level) * (above - rest) / ((runs - rank) * level * (rest - below))
    part = 1.0 / (1.0 + odds)
    upper = ordered[..., rank]
    with np.errstate(invalid="ignore"):
        between = lower + part * (upper - lower)
    # Between two infinite values there is no distance.
    return np.where(np.isnan(between), lower, between)
