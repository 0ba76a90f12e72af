"""Differences between ensembles of the same draws: their paired errors, what pairing saves, and sure ranks.

A run of one ensemble meets the same shocks as that run of another, so most of what varies cancels in the difference.
Each statistic is written as a mean of what its runs contribute (`Statistic.influence`); the difference of two of them
is then a mean of paired differences, with Hall's interval.

Ranks rest on all pairs at once. The interval of each pair is widened until, with 95 %, all of them hold together:
the largest of the studentised differences (max-t), over resamples of the runs. This uses that pairs move together,
where Bonferroni's and Holm's bounds assume the worst of it, and that losses are skewed: with the joint normal
distribution of the differences, intervals of six alike ensembles of 200 runs that one run in twenty sets far apart were
wrong in 13 of 100 trials in place of 2.5. A scenario's ranks are those that no sure difference rules out
(Klein, Wright and Wieczorek 2020, A joint confidence region for an overall ranking of populations, JRSS C 69(3)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sim.questions.estimates import Share, Statistic, Tail
from sim.results import intervals
from sim.results.intervals import COVERAGE, Interval, Values
from sim.streams import uniform

RESAMPLES = 4000
"""Resamples of the runs behind the largest studentised difference; its 95 % quantile is then known to about 0.03."""
GROUPS = 1000
"""Most parts that runs are resampled in; means of neighbours are as skewed, all together, as the runs themselves."""
AT_ONCE = 250
"""Resamples that are held at once."""

SURE_PAIRS = 200
"""Runs in a tail from which intervals of differences cover as they should; with 25 they cover 91 to 95 %."""


@dataclass(frozen=True)
class Difference:
    """A statistic of one ensemble less that of another of the same draws."""

    value: float
    error: float
    """Standard error of the paired difference."""
    low: float
    high: float
    unpaired_error: float
    """Standard error if the ensembles had draws of their own."""

    @property
    def variance_reduction(self) -> float:
        """How many times as many runs a comparison without common draws needs for the same error."""
        if self.error == 0.0:
            return float("nan") if self.unpaired_error == 0.0 else float("inf")
        return float((self.unpaired_error / self.error) ** 2)


def paired(statistic: Statistic, values: Values, base: Values, confidence: float = COVERAGE) -> Interval:
    """The statistic of one ensemble less that of another of the same draws, over the last axis.

    Exactly zero, without error, where the ensembles agree in every run.

    Parameters
    ----------
    values, base: One value a run, shape (..., run).
    """
    if isinstance(statistic, Share):
        return _of_shares(values, base, confidence)
    contributions = statistic.influence(values), statistic.influence(base)
    freedom = _in_tails(*contributions) - 1 if isinstance(statistic, Tail) else None
    # Times that never come are infinite; a difference of such figures is not known, and is said to be so below.
    with np.errstate(invalid="ignore"):
        difference = statistic.interval(values).value - statistic.interval(base).value
        found = intervals.mean(contributions[0] - contributions[1], coverage=confidence, freedom=freedom)
    agree = np.all(values == base, axis=-1)
    error, low, high = (
        np.where(agree, 0.0, np.where(np.isfinite(found.error), part, bound))
        for part, bound in ((found.error, np.inf), (found.low, -np.inf), (found.high, np.inf))
    )
    return Interval(np.where(agree, 0.0, difference), error, low, high)


def _in_tails(*contributions: Values) -> Values:
    """Runs that lie in the tail of either ensemble, 2 or more: the spread of a difference of tail means rests on them.

    All others contribute the same.
    """
    inside = [part != np.median(part, axis=-1, keepdims=True) for part in contributions]
    return np.asarray(np.maximum(np.logical_or(*inside).sum(axis=-1), 2))


def _of_shares(values: Values, base: Values, confidence: float) -> Interval:
    """Difference of two paired shares with the adjusted interval of Bonett and Price (2012), J. Educ. Behav. Stat.
    37(4): Wald's with one run added to each kind of disagreement.
    """
    runs = values.shape[-1]
    more, less = (values > base).sum(axis=-1), (values < base).sum(axis=-1)
    up, down = (more + 1.0) / (runs + 2.0), (less + 1.0) / (runs + 2.0)
    error = np.sqrt((up + down - (up - down) ** 2) / (runs + 2.0))
    reach = ndtri(0.5 + confidence / 2.0) * error
    agree = more + less == 0
    low, high = np.clip(up - down - reach, -1.0, 1.0), np.clip(up - down + reach, -1.0, 1.0)
    plain = np.sqrt(np.maximum((more + less) / runs - ((more - less) / runs) ** 2, 0.0) / runs)
    return Interval((more - less) / runs, plain, np.where(agree, 0.0, low), np.where(agree, 0.0, high))


def difference(statistic: Statistic, values: Values, base: Values, confidence: float = COVERAGE) -> Difference:
    """The statistic of one ensemble less that of another of the same draws, with its errors.

    Parameters
    ----------
    values, base: One value a run, shape (run,).

    Example
    -------
    >>> from sim.questions.estimates import Mean
    >>> base = np.arange(100.0)
    >>> found = difference(Mean(), base + np.tile([1.0, 3.0], 50), base)
    >>> round(found.value, 6), round(found.error, 3), round(found.variance_reduction)
    (2.0, 0.101, 1668)
    """
    found = paired(statistic, values, base, confidence)
    with np.errstate(invalid="ignore"):
        spread = [np.var(statistic.influence(part), ddof=1) / part.size for part in (values, base)]
    unpaired = float(np.sqrt(sum(spread))) if np.isfinite(spread).all() else float("inf")
    value, error, low, high = (float(part) for part in found)
    return Difference(value, error, low, high, unpaired)


def caution(statistic: Statistic, runs: int) -> str:
    """A warning where too few runs lie in a tail for the interval of a difference."""
    if not isinstance(statistic, Tail):
        return ""
    share = min(statistic.level, 1.0 - statistic.level)
    if share * runs >= SURE_PAIRS - 1e-9:
        return ""
    wanted = math.ceil(SURE_PAIRS / share - 1e-9)
    return f"differences rest on {share * runs:.0f} runs in the tail; their intervals are firm from {wanted:,} runs on"


@dataclass(frozen=True)
class Ranking:
    """All pairs of ensembles of the same draws, at one confidence together."""

    value: Values
    """Statistic of the row's ensemble less that of the column's, shape (ensemble, other)."""
    low: Values
    high: Values
    rank_low: NDArray[np.int64]
    """Best rank that is not ruled out, shape (ensemble,); 1 is the lowest figure."""
    rank_high: NDArray[np.int64]
    """Worst rank that is not ruled out."""
    score: float
    """Standard errors that intervals reach to either side; 1.96 for a single pair."""


def ranking(statistic: Statistic, values: Values, confidence: float = COVERAGE) -> Ranking:
    """Differences between all pairs of ensembles, with intervals that hold together.

    Of more than two, the interval of a pair is the wider, at either end, of its own at the joint score and of so many
    standard errors, which is what the score is drawn for: where losses are skewed the former alone is too narrow.

    Parameters
    ----------
    values: One value a run, shape (ensemble, run).
    """
    count = values.shape[0]
    score = joint_score(np.array([statistic.influence(row) for row in values]), confidence)
    value, low, high = (np.zeros((count, count)) for _ in range(3))
    for one, other in combinations(range(count), 2):
        found = paired(statistic, values[one], values[other], float(2.0 * ndtr(score) - 1.0))
        reach = score * found.error if count > 2 else 0.0
        value[one, other] = found.value
        low[one, other] = np.fmin(found.low, found.value - reach)
        high[one, other] = np.fmax(found.high, found.value + reach)
        value[other, one], low[other, one], high[other, one] = -found.value, -high[one, other], -low[one, other]
    return Ranking(value, low, high, 1 + (low > 0.0).sum(axis=1), count - (high < 0.0).sum(axis=1), score)


def joint_score(contributions: Values, confidence: float = COVERAGE) -> float:
    """Standard errors that the largest of all paired differences stays within, with a given confidence (max-t).

    Source: the studentised bootstrap of a maximum, Westfall and Young (1993), Resampling-Based Multiple Testing.

    Parameters
    ----------
    contributions: What each run adds to the statistic of each ensemble, shape (ensemble, run).

    Example
    -------
    >>> apart = np.random.default_rng(1).standard_normal((3, 4000))
    >>> bool(abs(joint_score(apart) - 3.31 / 2**0.5) < 0.1)  # Tukey's range of three
    True
    """
    single = float(ndtri(0.5 + confidence / 2.0))
    pairs = list(combinations(range(contributions.shape[0]), 2))
    with np.errstate(invalid="ignore"):
        differences = np.array([contributions[one] - contributions[other] for one, other in pairs])
        spread = differences.std(axis=1)
    moving = np.isfinite(spread) & (spread > 0.0)
    if moving.sum() < 2:
        return single
    return max(single, float(np.quantile(_largest(differences[moving] / spread[moving, None]), confidence)))


def _largest(differences: Values) -> Values:
    """Largest studentised difference of each resample of the runs, shape (resample,).

    Parameters
    ----------
    differences: Shape (pair, run).
    """
    size = -(-differences.shape[1] // GROUPS)
    whole = differences.shape[1] // size
    parts = differences[:, : whole * size].reshape(len(differences), whole, size).mean(axis=2).T
    parts -= parts.mean(axis=0)
    count, found = len(parts), []
    for first in range(0, RESAMPLES, AT_ONCE):
        drawn = uniform(0, "ranking", "resamples", first=first, runs=AT_ONCE, draws=count)
        cells = (drawn * count).astype(np.intp) + count * np.arange(AT_ONCE)[:, None]
        often = np.bincount(cells.ravel(), minlength=AT_ONCE * count).reshape(AT_ONCE, count) / count
        mean = often @ parts
        variance = (often @ parts**2 - mean**2) / (count - 1)
        # A resample in which a difference never varies tells nothing of it.
        known = variance > 1e-12 * (parts**2).mean(axis=0) / count
        found.append(np.where(known, np.abs(mean) / np.sqrt(np.where(known, variance, 1.0)), 0.0))
    return np.asarray(np.concatenate(found).max(axis=1))
