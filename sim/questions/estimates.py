"""Statistics of one value a run, each with an interval of tested coverage.

What intervals there are and why stands in `sim.results.intervals`; how often they hold the truth is measured in
`tests/questions/test_estimates.py`.

References
----------
Rockafellar and Uryasev (2002), Conditional value-at-risk for general loss distributions, J. Banking & Finance 26(7).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim.results import intervals
from sim.results.intervals import COVERAGE, Interval, Values

SURE = 20
"""Runs that must lie in a tail, or show an event, before its figure is quoted without a warning."""


@dataclass(frozen=True)
class Estimate:
    """A statistic of the runs of an ensemble."""

    value: float
    error: float
    """Standard error."""
    low: float
    """Lower end of the interval at `COVERAGE`."""
    high: float
    """Upper end of the interval; infinite where too few runs lie in the tail to bound it."""
    runs: int
    """Runs it rests on."""
    warning: str = ""
    """What to be careful about; empty if there is nothing."""

    @property
    def half_width(self) -> float:
        """Largest distance from the value to an end of the interval."""
        return max(self.high - self.value, self.value - self.low)


class Statistic(Protocol):
    """A statistic of one value a run."""

    @property
    def name(self) -> str:
        """Name in expressions, such as `tail95`."""

    def interval(self, values: Values, confidence: float = COVERAGE) -> Interval:
        """Value, standard error and interval over the last axis."""

    def influence(self, values: Values) -> Values:
        """What each run contributes: values whose mean is the statistic and whose spread is that of its error.

        Differences of these between two ensembles of the same draws have the error of the paired difference.
        """

    def warning(self, values: Values) -> str:
        """What to be careful about with these values, shape (run,)."""


@dataclass(frozen=True)
class Mean:
    """Mean over runs."""

    @property
    def name(self) -> str:
        """Name in expressions."""
        return "mean"

    def interval(self, values: Values, confidence: float = COVERAGE) -> Interval:
        """Mean with Hall's interval."""
        return intervals.mean(values, coverage=confidence)

    def influence(self, values: Values) -> Values:
        """The values themselves."""
        return values

    def warning(self, values: Values) -> str:
        """A mean of few runs, or of one value that outweighs all others, cannot be quoted."""
        if values.size < SURE:
            return f"it rests on {values.size} runs; simulate {SURE} or more"
        others = values.size - int(np.unique(values, return_counts=True)[1].max())
        if others == 0:
            return f"all runs agree; what comes in fewer than {3.0 / values.size:.2%} of runs could have been missed"
        if others < SURE:
            return f"only {others} of {values.size:,} runs differ from all others; {SURE} or more are wanted"
        total = np.abs(values).sum()
        if np.isfinite(total) and total > 0.0 and np.abs(values).max() > 0.5 * total:
            return "one run makes up more than half of it; simulate more runs"
        return ""


@dataclass(frozen=True)
class Share:
    """Share of runs that show an event: the mean of zeros and ones."""

    @property
    def name(self) -> str:
        """Name in expressions."""
        return "P"

    def interval(self, values: Values, confidence: float = COVERAGE) -> Interval:
        """Share with the exact interval of Clopper and Pearson."""
        return intervals.shares(values.sum(axis=-1), values.shape[-1], coverage=confidence)

    def influence(self, values: Values) -> Values:
        """The zeros and ones themselves."""
        return values

    def warning(self, values: Values) -> str:
        """A share that rests on few events cannot be quoted."""
        count = int(values.sum())
        if 0 < values.size - count < SURE:
            return (
                f"only {values.size - count} of {values.size:,} runs do not show the event; {SURE} or more are wanted"
            )
        if count == 0:
            return f"no run of {values.size:,} shows the event; the upper end of the interval is what can be said"
        if count < SURE:
            return f"only {count} of {values.size:,} runs show the event; {SURE} or more are wanted"
        return ""


@dataclass(frozen=True)
class Quantile:
    """The smallest value that a share of the runs does not exceed; value at risk where large is bad."""

    level: float

    @property
    def name(self) -> str:
        """Name in expressions."""
        return "median" if self.level == 0.5 else f"q{100.0 * self.level:g}"

    def interval(self, values: Values, confidence: float = COVERAGE) -> Interval:
        """Quantile with an interval from interpolated order statistics."""
        return intervals.quantile(values, self.level, coverage=confidence)

    def influence(self, values: Values) -> Values:
        """Quantile plus or minus what a run on either side of it moves it by, as wide as its standard error says."""
        found = self.interval(values)
        value, error = (np.asarray(part)[..., None] for part in (found.value, found.error))
        runs = values.shape[-1]
        step = error * math.sqrt(runs / (self.level * (1.0 - self.level)))
        above = values > value
        return np.asarray(value + step * (above - above.mean(axis=-1, keepdims=True)))

    def warning(self, values: Values) -> str:
        """A quantile with few runs beyond it cannot be quoted."""
        return few_in_tail(self.level, values.size)


@dataclass(frozen=True)
class Tail:
    """Mean of the worst share of runs: the highest above a level of one half, the lowest below it.

    The run that the level cuts through counts in part (Rockafellar and Uryasev 2002), so that the figure is right
    where many runs share one value and moves smoothly with the level.
    """

    level: float

    @property
    def name(self) -> str:
        """Name in expressions."""
        return f"tail{100.0 * self.level:g}"

    def interval(self, values: Values, confidence: float = COVERAGE) -> Interval:
        """Tail mean with Hall's interval."""
        return intervals.mean(self.influence(values), coverage=confidence)

    def influence(self, values: Values) -> Values:
        """What each run adds to the tail mean; their mean is the tail mean exactly."""
        if self.level < 0.5:
            return -Tail(1.0 - self.level).influence(-values)
        at = intervals.at_level(np.sort(values, axis=-1), self.level)[..., None]
        # Where everything beyond is infinite, so is the mean; infinity less itself would say nothing.
        with np.errstate(invalid="ignore"):
            beyond = np.where(values > at, values - at, 0.0)
        return np.asarray(at + beyond / (1.0 - self.level))

    def warning(self, values: Values) -> str:
        """A tail mean over few runs cannot be quoted."""
        return few_in_tail(self.level, values.size)


def estimate(statistic: Statistic, values: Values) -> Estimate:
    """A statistic of one value a run, over the runs that have one.

    Parameters
    ----------
    values: Shape (run,); missing values are left out, and a warning says how many.

    Raises
    ------
    ValueError: No run has a value.

    Example
    -------
    >>> found = estimate(Tail(0.75), np.arange(8.0))
    >>> found.value, found.warning
    (6.5, 'only 2 runs lie in the tail; 80 runs or more are wanted')
    """
    there = values[~np.isnan(values)]
    if there.size == 0:
        raise ValueError("no run has a value")
    value, error, low, high = (float(part) for part in statistic.interval(there))
    words = [statistic.warning(there)]
    if there.size < values.size:
        words.append(f"{values.size - there.size:,} of {values.size:,} runs have no value and are left out")
    if isinstance(statistic, Quantile | Tail) and low == high and there.min() < there.max() and math.isfinite(value):
        words.append(
            f"all runs about it share the value {value:.4g}; where that is a bound of the model, it is no tail"
        )
    if math.isinf(value):
        words.append(f"{np.isinf(there).mean():.1%} of runs never get there; ask for a lower quantile or for P(...)")
    elif math.isinf(high) or math.isinf(low):
        words.append("too few runs lie beyond it to bound it on both sides")
    return Estimate(value, error, low, high, there.size, "; ".join(word for word in words if word))


def few_in_tail(level: float, runs: int) -> str:
    """A warning where fewer than `SURE` runs are expected beyond a level."""
    share = min(level, 1.0 - level)
    inside = math.floor(share * runs + 1e-9)
    if inside >= SURE:
        return ""
    wanted = math.ceil(SURE / share - 1e-9)
    return f"only {inside} run{'s lie' if inside != 1 else ' lies'} in the tail; {wanted:,} runs or more are wanted"
