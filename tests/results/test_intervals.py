"""Intervals hold what they are for as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.results import intervals
from sim.results.exceedance import exceedance


@pytest.mark.parametrize(("runs", "level"), [(50, 0.5), (400, 0.5), (400, 0.95)])
def test_quantile__holds_the_true_one_in_at_least_95_of_100_ensembles(runs: int, level: float) -> None:
    draws = np.random.default_rng(7).lognormal(size=(2000, runs))
    true = float(stats.lognorm.ppf(level, 1.0))
    found = [intervals.quantile(each, level) for each in draws]
    held = np.mean([ends is not None and ends.low <= true <= ends.high for ends in found])
    # Two binomial errors below 0.95; with few runs the interval is wider than it need be.
    assert 0.94 <= held <= 0.985


def test_quantile__needs_enough_runs_and_ranks_infinite_ones() -> None:
    assert intervals.quantile(np.arange(5.0)) is None
    assert intervals.quantile(np.array([])) is None
    ends = intervals.quantile(np.append(np.arange(60.0), [np.inf] * 40))
    assert ends is not None and ends.low == 39.0 and np.isinf(ends.high)
    assert intervals.quantile(np.append(np.arange(100.0), np.nan)) == intervals.quantile(np.arange(100.0))


@pytest.mark.parametrize("true", [0.02, 0.3])
def test_share__holds_the_true_one_in_at_least_95_of_100_ensembles(true: float) -> None:
    counts = np.arange(101)
    low, high = intervals.shares(counts, 100)
    held = stats.binom.pmf(counts, 100, true)[(low <= true) & (true <= high)].sum()
    assert 0.95 <= held <= 0.99


def test_exceedance__counts_runs_above_a_value() -> None:
    values = np.array([3.0, 1.0, np.nan, 1.0, 7.0])
    found = exceedance(values)
    assert found.runs == 4 and found.values.tolist() == [1.0, 3.0, 7.0]
    assert found.share.tolist() == [0.5, 0.25, 0.0]
    by_hand = stats.binomtest(2, 4).proportion_ci(0.95, "exact")
    assert (found.low[0], found.high[0]) == pytest.approx((by_hand.low, by_hand.high))
    assert np.all(found.low <= found.share) and np.all(found.share <= found.high)
    with pytest.raises(ValueError, match="no value"):
        exceedance(np.array([np.nan]))
