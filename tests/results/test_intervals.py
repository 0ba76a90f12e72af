"""Intervals hold what they are for as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.results import intervals
from sim.results.exceedance import exceedance


@pytest.mark.parametrize(("runs", "level"), [(50, 0.5), (400, 0.5), (400, 0.95)])
def test_quantile__holds_the_true_one_in_95_of_100_ensembles(runs: int, level: float) -> None:
    draws = np.random.default_rng(7).lognormal(size=(2000, runs))
    true = float(stats.lognorm.ppf(level, 1.0))
    found = intervals.quantile(draws, level)
    held = np.mean((found.low <= true) & (true <= found.high))
    # Three binomial errors of 2,000 draws either way.
    assert 0.935 <= held <= 0.97


def test_quantile__needs_enough_runs_and_ranks_infinite_ones() -> None:
    assert np.isinf(intervals.quantile(np.arange(5.0), 0.5).high)
    found = intervals.quantile(np.append(np.arange(60.0), [np.inf] * 40), 0.5)
    assert found.low == pytest.approx(39.3, abs=0.5) and np.isinf(found.high)


def held(count: np.ndarray, low: np.ndarray, high: np.ndarray, true: np.ndarray) -> np.ndarray:
    """How often intervals of each count hold each true share: exact, from the binomial law; shape (share,)."""
    inside = (low[:, None] <= true) & (true <= high[:, None])
    return np.asarray((stats.binom.pmf(count[:, None], count[-1], true) * inside).sum(axis=0))


TRUE = np.linspace(0.002, 0.998, 997)


@pytest.mark.parametrize("runs", [1, 2, 5, 10, 20, 50, 100])
def test_shares__hold_every_true_share_at_least_as_often_as_they_say(runs: int) -> None:
    count = np.arange(runs + 1)
    found = intervals.shares(count, runs)
    assert held(count, found.low, found.high, TRUE).min() >= 0.95


def test_shares__are_exact_since_wilsons_and_jeffreys_intervals_fall_short() -> None:
    """Why the exact interval is the one kind: with 20 runs the others miss some shares far more often than 5 %."""
    count = np.arange(21)
    wilson = [stats.binomtest(int(hits), 20).proportion_ci(0.95, "wilson") for hits in count]
    assert held(count, np.array([e.low for e in wilson]), np.array([e.high for e in wilson]), TRUE).min() < 0.9
    low, high = (stats.beta.ppf(level, count + 0.5, 20.5 - count) for level in (0.025, 0.975))
    low[0], high[-1] = 0.0, 1.0
    assert held(count, low, high, TRUE).min() < 0.9
    # The price: less than a seventh wider than Wilson's away from the ends.
    found = intervals.shares(count, 20)
    wider = (found.high - found.low)[3:18] / np.array([each.high - each.low for each in wilson])[3:18]
    assert 1.05 < wider.max() < 1.14


def test_share__equals_the_exact_one_of_scipy() -> None:
    by_hand = stats.binomtest(3, 17).proportion_ci(0.95, "exact")
    found = intervals.share(3, 17)
    assert (found.value, found.low, found.high) == pytest.approx((3 / 17, by_hand.low, by_hand.high))


def test_clustered_share__of_independent_years_is_nearly_that_of_so_many_years() -> None:
    hits = np.random.default_rng(3).binomial(5, 0.2, size=400)
    found, plain = intervals.clustered_share(hits, np.full(400, 5)), intervals.share(int(hits.sum()), 2000)
    assert found.value == plain.value
    assert found.high - found.low == pytest.approx(plain.high - plain.low, rel=0.1)


def test_clustered_share__of_years_that_all_go_with_their_run_is_that_of_runs() -> None:
    hits = np.repeat([0, 10], [30, 10])
    found, runs = intervals.clustered_share(hits, np.full(40, 10)), intervals.share(10, 40)
    assert found.value == 0.25
    # Student's quantile of 39 degrees of freedom, and 39 for 40 in the spread, make it a little wider.
    assert runs.high < found.high < runs.high + 0.02 and runs.low - 0.02 < found.low < runs.low


def test_clustered_share__that_nothing_hits_knows_no_more_than_its_runs_do() -> None:
    found = intervals.clustered_share(np.zeros(8), np.full(8, 20))
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(1.0 - 0.025 ** (1.0 / 8.0))
    assert intervals.clustered_share([3, 0], [3, 0]).low == pytest.approx(0.025)


@pytest.mark.parametrize(("runs", "spread"), [(12, 0.5), (40, 0.5), (40, 2.0)])
def test_clustered_share__holds_the_true_share_though_years_of_a_run_go_together(runs: int, spread: float) -> None:
    # Each run has a chance of its own, drawn from a beta law with mean 0.3, and ten years.
    random = np.random.default_rng(11)
    chance = random.beta(0.3 * spread, 0.7 * spread, size=(1000, runs))
    hits = random.binomial(10, chance)
    found = [intervals.clustered_share(row, np.full(runs, 10)) for row in hits]
    # Two binomial errors of 1,000 draws below.
    assert np.mean([each.low <= 0.3 <= each.high for each in found]) >= 0.936


def test_clustered_quantile__of_independent_years_is_that_of_order_statistics() -> None:
    values = np.random.default_rng(1).exponential(size=(400, 5))
    found, plain = intervals.clustered_quantile(values, 0.9), intervals.quantile(values.ravel(), 0.9)
    assert found.value == plain.value
    assert found.high - found.low == pytest.approx(plain.high - plain.low, rel=0.2)


def test_clustered_quantile__of_years_that_repeat_is_that_of_runs_and_may_have_no_end() -> None:
    each = np.random.default_rng(2).exponential(size=400)
    found, runs = intervals.clustered_quantile(np.repeat(each[:, None], 5, axis=1), 0.9), intervals.quantile(each, 0.9)
    assert found.high - found.low == pytest.approx(runs.high - runs.low, rel=0.25)
    assert np.isinf(intervals.clustered_quantile(np.arange(24.0).reshape(4, 6), 0.95).high)


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
