"""Differences of the same draws: their intervals hold the truth, a null difference is zero, and ranks are sure."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.questions.estimates import Mean, Quantile, Share, Statistic, Tail
from sim.questions.pairs import caution, difference, joint_score, paired, ranking

ALL = (Mean(), Quantile(0.95), Tail(0.95), Tail(0.9))


def pair(replications: int, runs: int, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Normal numbers with a correlation of 0.9."""
    shared, own = np.random.default_rng(seed).standard_normal((2, replications, runs))
    return shared, 0.9 * shared + math.sqrt(0.19) * own


@pytest.fixture(scope="module")
def pairs() -> tuple[np.ndarray, np.ndarray]:
    return pair(2000, 2000)


@pytest.mark.parametrize("statistic", ALL, ids=lambda each: each.name)
def test_paired__covers_93_to_97_percent_of_2000_pairs_of_2000_runs(
    statistic: Statistic, pairs: tuple[np.ndarray, np.ndarray]
) -> None:
    base, other = pairs
    # A normal law with mean 0.3 and spread 1.2 less one with 0 and 1.
    z = stats.norm.ppf(getattr(statistic, "level", 0.5))
    moved = {Mean: 0.0, Quantile: z, Tail: stats.norm.pdf(z) / stats.norm.sf(z)}[type(statistic)]
    found = paired(statistic, 0.3 + 1.2 * other, base)
    assert 0.93 <= np.mean((found.low <= 0.3 + 0.2 * moved) & (0.3 + 0.2 * moved <= found.high)) <= 0.97


def test_paired__covers_long_tails_with_200_runs_in_them() -> None:
    truth = 0.3 * math.exp(0.5) * stats.norm.cdf(1.0 - stats.norm.ppf(0.95)) / 0.05
    held = []
    for part in range(4):
        base, other = pair(500, 4000, seed=part)
        found = paired(Tail(0.95), 1.3 * np.exp(other), np.exp(base))
        held.append((found.low <= truth) & (truth <= found.high))
    assert 0.93 <= np.mean(held) <= 0.97
    assert caution(Tail(0.95), 3999) and not caution(Tail(0.95), 4000) and not caution(Mean(), 20)


def test_paired__shares_cover_93_to_97_percent() -> None:
    base, other = pair(2000, 500)
    truth = stats.norm.sf(1.0) - stats.norm.sf(1.5)
    found = paired(Share(), (other > 1.0).astype(float), (base > 1.5).astype(float))
    assert 0.93 <= np.mean((found.low <= truth) & (truth <= found.high)) <= 0.97


@pytest.mark.parametrize("statistic", [*ALL, Share()], ids=lambda each: each.name)
def test_difference__of_an_ensemble_to_itself_is_exactly_zero(statistic: Statistic) -> None:
    values = np.random.default_rng(5).standard_normal(500)
    values = (values > 0.0).astype(float) if isinstance(statistic, Share) else values
    found = difference(statistic, values, values.copy())
    assert (found.value, found.error, found.low, found.high) == (0.0, 0.0, 0.0, 0.0)
    assert found.variance_reduction == math.inf


def test_difference__saves_as_many_runs_as_the_correlation_says() -> None:
    base, other = (part[0] for part in pair(1, 200_000))
    # Equal spreads and a correlation of 0.9: 2 / (2 - 2 * 0.9).
    assert difference(Mean(), other, base).variance_reduction == pytest.approx(10.0, rel=0.02)


def test_difference__of_infinite_times_is_not_known() -> None:
    values = np.r_[np.arange(60.0), np.full(40, np.inf)]
    found = difference(Mean(), values, values + 1.0)
    assert math.isinf(found.error) and found.low == -math.inf and found.high == math.inf


def test_joint_score__of_independent_ensembles_is_the_studentised_range() -> None:
    contributions = np.random.default_rng(1).standard_normal((4, 20_000))
    assert joint_score(contributions) == pytest.approx(stats.studentized_range.ppf(0.95, 4, np.inf) / 2**0.5, abs=0.05)


def test_joint_score__never_exceeds_bonferronis() -> None:
    shared = np.random.default_rng(1).standard_normal(5000)
    contributions = np.array([k * shared for k in range(5)])  # All differences are one and the same.
    assert joint_score(contributions) == pytest.approx(1.96, abs=0.03)
    assert joint_score(np.random.default_rng(1).standard_normal((5, 5000))) < stats.norm.ppf(1 - 0.025 / 10) + 0.02


def test_ranking__of_ensembles_far_apart_is_their_order_and_of_equal_ones_open() -> None:
    shared = np.random.default_rng(7).standard_normal(400)
    found = ranking(Mean(), np.array([shared + 2.0, shared, shared, shared + np.tile([0.9, 1.1], 200)]))
    assert found.rank_low.tolist() == [4, 1, 1, 3] and found.rank_high.tolist() == [4, 2, 2, 3]


def test_ranking__holds_all_pairs_together_with_95_percent() -> None:
    generator, held = np.random.default_rng(8), 0
    for _ in range(100):
        shared = generator.standard_normal(200)
        values = shared + generator.standard_normal((4, 200))
        found = ranking(Mean(), values)
        held += bool((found.low <= 0.0).all() and (found.high >= 0.0).all())
    # Of 100 trials at 95 %, 87 or more hold with 99.9 %.
    assert held >= 87
