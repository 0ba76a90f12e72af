"""Intervals hold the truth as often as they say; statistics equal slow and obvious ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats

from sim.questions.estimates import (
    Interval,
    Mean,
    Quantile,
    Share,
    Statistic,
    Tail,
    estimate,
    few_in_tail,
)

REPLICATIONS, RUNS = 2000, 500
LAWS = {"normal": stats.norm(), "lognormal": stats.lognorm(1.0)}
"""The second has skewness 6 and kurtosis 114."""
STATISTICS = (Mean(), Quantile(0.5), Quantile(0.95), Quantile(0.05), Tail(0.95), Tail(0.9))


def truth(statistic: Statistic, law: stats.rv_frozen) -> float:
    if isinstance(statistic, Mean):
        return float(law.mean())
    assert isinstance(statistic, Quantile | Tail)
    at = float(law.ppf(statistic.level))
    if isinstance(statistic, Quantile):
        return at
    return float(law.expect(lambda x: x, lb=at) / (1.0 - statistic.level))


def coverage(found: Interval, value: float) -> float:
    return float(np.mean((found.low <= value) & (value <= found.high)))


@pytest.fixture(scope="module")
def samples() -> dict[str, np.ndarray]:
    normal = np.random.default_rng(6).standard_normal((REPLICATIONS, RUNS))
    return {"normal": normal, "lognormal": np.exp(normal)}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda each: each.name)
def test_interval__at_95_percent_covers_93_to_97_percent_of_2000_samples_of_500(
    statistic: Statistic, law: str, samples: dict[str, np.ndarray]
) -> None:
    assert 0.93 <= coverage(statistic.interval(samples[law]), truth(statistic, LAWS[law])) <= 0.97


def test_interval__of_student_would_miss_the_long_tail(samples: dict[str, np.ndarray]) -> None:
    """Why Hall's is used: the plain interval of the same tail mean covers too seldom."""
    each = Tail(0.95).influence(samples["lognormal"])
    error = each.std(axis=1, ddof=1) / math.sqrt(RUNS)
    value = truth(Tail(0.95), LAWS["lognormal"])
    assert np.mean(np.abs(each.mean(axis=1) - value) <= 1.96 * error) < 0.92


def test_standard_error__is_the_spread_of_the_figure_over_samples(samples: dict[str, np.ndarray]) -> None:
    for statistic in (Mean(), Quantile(0.95), Tail(0.95)):
        found = statistic.interval(samples["normal"])
        assert found.error.mean() == pytest.approx(np.std(found.value), rel=0.08)


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_share__covers_93_to_97_percent(share: float) -> None:
    events = np.random.default_rng(2).random((REPLICATIONS, RUNS)) < share
    assert 0.93 <= coverage(Share().interval(events.astype(float)), share) <= 0.97


def test_share__that_no_run_shows_reaches_to_nearly_four_in_as_many_runs() -> None:
    found = Share().interval(np.zeros(1000))
    # Of a thousand runs none shows it with 2.5 % where its share is this.
    assert found.value == found.low == 0.0 and (1.0 - found.high) ** 1000 == pytest.approx(0.025)


@pytest.mark.parametrize("runs", [10, 99, 100])
def test_tail__is_the_minimum_that_rockafellar_and_uryasev_define(runs: int) -> None:
    values = np.random.default_rng(runs).exponential(size=runs)

    def objective(at: float) -> float:
        return at + float(np.maximum(values - at, 0.0).mean()) / 0.05

    least = optimize.minimize_scalar(objective, bounds=(0.0, values.max()), method="bounded", options={"xatol": 1e-10})
    assert float(Tail(0.95).interval(values).value) == pytest.approx(least.fun, rel=1e-6)


def test_tail__counts_the_run_that_the_level_cuts_in_part() -> None:
    # The worst 15 % of ten runs: 10 and half of 9.
    assert float(Tail(0.85).interval(np.arange(1.0, 11.0)).value) == pytest.approx((10.0 + 0.5 * 9.0) / 1.5)
    assert float(Tail(0.15).interval(np.arange(1.0, 11.0)).value) == pytest.approx((1.0 + 0.5 * 2.0) / 1.5)


def test_tail__of_many_equal_runs_is_that_value() -> None:
    values = np.r_[np.zeros(50), np.ones(50)]
    assert float(Tail(0.6).interval(values).value) == 1.0


def test_quantile__is_the_smallest_value_that_the_share_does_not_exceed() -> None:
    values = np.arange(100.0, 0.0, -1.0)
    assert [float(Quantile(level).interval(values).value) for level in (0.05, 0.5, 0.95)] == [5.0, 50.0, 95.0]


def test_quantile__that_too_few_runs_can_bound_has_no_upper_end() -> None:
    found = estimate(Quantile(0.99), np.arange(100.0))
    assert math.isinf(found.high) and math.isfinite(found.low)
    assert "too few runs lie beyond it" in found.warning and "only 1 run lies in the tail" in found.warning


def test_quantile__limits_lie_between_the_order_statistics_that_the_binomial_law_names() -> None:
    values = np.arange(1.0, 201.0)
    found = Quantile(0.9).interval(values)
    lower, upper = stats.binom(200, 0.9).ppf([0.025, 0.975])
    assert lower <= found.low <= lower + 1.0 and upper <= found.high <= upper + 1.0


@pytest.mark.parametrize(("runs", "words"), [(400, ""), (399, "only 19 runs lie in the tail; 400 runs or more")])
def test_few_in_tail__warns_below_twenty_runs(runs: int, words: str) -> None:
    assert few_in_tail(0.95, runs).startswith(words) and bool(few_in_tail(0.95, runs)) is bool(words)


def test_estimate__of_infinite_times_says_how_many_never_come() -> None:
    found = estimate(Mean(), np.r_[np.arange(30.0), np.full(10, np.inf)])
    assert math.isinf(found.value) and "25.0% of runs never get there" in found.warning


def test_estimate__leaves_out_missing_runs_and_says_so() -> None:
    found = estimate(Mean(), np.r_[np.arange(30.0), np.nan])
    assert found.runs == 30 and "1 of 31 runs have no value" in found.warning


def test_mean__of_runs_that_all_agree_says_what_could_have_been_missed() -> None:
    assert "fewer than 3.00% of runs" in estimate(Mean(), np.zeros(100)).warning


def test_tail__at_one_value_warns_that_it_may_be_a_bound() -> None:
    assert "where that is a bound" in estimate(Tail(0.5), np.r_[np.zeros(100), np.full(300, 148.0)]).warning


@pytest.mark.parametrize("statistic", [Mean(), Tail(0.9), Tail(0.1)], ids=lambda each: each.name)
def test_influence__has_the_figure_as_its_mean(statistic: Statistic) -> None:
    values = np.random.default_rng(3).gamma(0.5, size=777)
    assert statistic.influence(values).mean() == pytest.approx(float(statistic.interval(values).value), rel=1e-12)
