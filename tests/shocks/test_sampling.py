"""Shocks: events as drawn, against the laws they are drawn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.chain import build
from sim.scenario import Scenario, parse
from sim.scenario.distributions import Distribution
from sim.shocks import NEVER, Shocks, quantile, sample

DATA = Path(__file__).parents[1] / "scenario" / "data"
LEVEL = 1e-3
"""Level of the tests of a law; with the seed fixed, the default of an ensemble, they pass for good."""
RUNS = 4096


def scenario(years: float = 10.0, growth: bool = False, **restrictions: dict[str, Any]) -> Scenario:
    """The two-region example under bans of oxide, each changed by the keys given."""
    usual = {"kind": "ban", "by": "A", "products": ["oxide"], "duration": {"months": 6.0}, "cut": 0.5}
    rows = {name: {key: value for key, value in (usual | row).items() if value is not None}
            for name, row in restrictions.items()}  # fmt: skip
    time = {"start": "2025-01", "years": years}
    data = {"title": "test", "chain": "tiny", "growth": growth, "time": time, "restrictions": rows}
    return parse(data, folder=DATA)


def drawn(given: Scenario, first: int = 0, runs: int = RUNS, seed: int = 20250404) -> Shocks:
    return sample(given, build(given), first=first, runs=runs, seed=seed)


def counts(shocks: Shocks, months: float) -> np.ndarray:
    return (shocks.onset[0] < months).sum(axis=0)


def fits(observed: np.ndarray, probability: np.ndarray) -> float:
    """P-value of counts against the probability of each count; rare counts are pooled with the one before."""
    expected = probability * observed.size
    last = int(np.flatnonzero(expected[::-1].cumsum()[::-1] >= 8)[-1])
    found = np.bincount(np.minimum(observed, last), minlength=last + 1)
    return float(stats.chisquare(found, np.append(expected[:last], expected[last:].sum())).pvalue)


def test_sample__puts_a_dated_onset_on_its_day_in_every_run() -> None:
    shocks = drawn(scenario(ban={"onset": {"at": "2026-04-16"}}))
    assert shocks.onset.shape == (1, 1, RUNS)
    np.testing.assert_allclose(shocks.onset, 15.5)
    np.testing.assert_allclose(shocks.end, 21.5)
    np.testing.assert_allclose(shocks.announced, 15.5)
    assert np.all(shocks.level == 0.5) and np.all(shocks.severity == 0.5)


@pytest.mark.parametrize(("rate", "months"), [(0.4, 6.0), (1.5, 2.0), (0.05, 30.0)])
def test_sample__arrives_as_a_renewal_process_with_the_restriction_off_in_between(rate: float, months: float) -> None:
    years = 10.0
    ban = {"onset": {"hazard_per_year": rate}, "duration": {"months": months}}
    found = counts(drawn(scenario(years, ban=ban)), 120)
    # The n-th onset is a sum of n exponential waits and n - 1 durations.
    n = np.arange(1, 60)
    free = np.maximum(years - (n - 1) * months / 12.0, 0.0)
    at_least = np.append(1.0, stats.gamma.cdf(free, n, scale=1.0 / rate))
    law = at_least[:-1] - at_least[1:]
    mean, spread = at_least[1:].sum(), np.sqrt((law * np.arange(law.size) ** 2).sum() - at_least[1:].sum() ** 2)
    assert abs(found.mean() - mean) < 4.0 * spread / np.sqrt(RUNS)
    assert fits(found, law) > LEVEL


def test_sample__counts_under_a_gamma_hazard_are_negative_binomial() -> None:
    hazard = {"dist": "gamma", "a": 1.5, "scale": 0.2}
    found = counts(drawn(scenario(onset_ban={"onset": {"hazard_per_year": hazard}, "duration": {"months": 1e-6}})), 120)
    law = stats.nbinom(1.5, 1.0 / (1.0 + 0.2 * 10.0)).pmf(np.arange(200))
    assert fits(found, law) > LEVEL
    assert found.var() > 2.0 * found.mean()  # a Poisson count has a variance equal to its mean


def test_sample__never_strikes_at_no_hazard() -> None:
    shocks = drawn(scenario(ban={"onset": {"hazard_per_year": 0.0}}))
    assert np.all(shocks.onset == NEVER) and np.all(shocks.end == NEVER) and np.all(shocks.level == 0.0)


def test_sample__draws_every_quantity_from_its_law() -> None:
    ban = {
        "onset": {"at": "2026-01"},
        "notice_months": {"dist": "uniform", "low": 1.0, "high": 9.0},
        "duration": {"months": {"dist": "lognorm", "median": 12.0, "sigma": 0.5}},
        "cut": {"dist": "beta", "mean": 0.7, "sd": 0.1},
        "profile": {
            "rise_months": {"dist": "expon", "mean": 2.0},
            "hold_months": {"dist": "gamma", "mean": 3.0, "sd": 1.0},
            "recovery_months": {"dist": "triang", "low": 1.0, "mode": 2.0, "high": 6.0},
        },
    }
    shocks = drawn(scenario(ban=ban))
    weight = 0.7 * 0.3 / 0.1**2 - 1.0
    found = {
        "notice": (shocks.onset - shocks.announced, stats.uniform(1.0, 8.0)),
        "duration": (shocks.end - shocks.onset, stats.lognorm(0.5, scale=12.0)),
        "cut": (shocks.level, stats.beta(0.7 * weight, 0.3 * weight)),
        "rise": (shocks.rise, stats.expon(scale=2.0)),
        "hold": (shocks.hold, stats.gamma(9.0, scale=1.0 / 3.0)),
        "recovery": (shocks.recovery, stats.triang(0.2, 1.0, 5.0)),
    }
    for name, (values, law) in found.items():
        assert stats.kstest(values[0, 0], law.cdf).pvalue > LEVEL, name
    np.testing.assert_array_equal(shocks.severity, shocks.level)
    ranks = stats.spearmanr(np.array([values[0, 0] for values, _ in found.values()]).T).statistic
    # Six independent quantities: rank correlations within four standard errors of none.
    assert np.abs(ranks - np.eye(6)).max() < 4.0 / np.sqrt(RUNS)


@pytest.mark.parametrize(
    "law",
    [
        {"dist": "lognorm", "median": 53.0, "sigma": 0.6},
        {"dist": "beta", "mean": 0.9, "sd": 0.05},
        {"dist": "gamma", "a": 1.5, "scale": 0.0556},
        {"dist": "norm", "mean": 5.0, "sd": 2.0, "truncate": [0.0, 6.0]},
    ],
)
def test_quantile__is_that_of_scipy(law: dict[str, Any]) -> None:
    u = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 5000), [1e-9, 1 - 1e-9]])
    exact = Distribution(**law).frozen().ppf(u)
    # Linear between knots h = 0.004 apart in normal score: an error of h^2 / 8 times the curvature, here up to about 2.
    np.testing.assert_allclose(quantile(Distribution(**law), u), exact, rtol=1e-5, atol=5e-6)


def test_sample__announces_before_the_onset_and_not_before_the_horizon_or_the_last_end() -> None:
    ban = {"onset": {"hazard_per_year": 2.0}, "notice_months": 4.0, "duration": {"months": 3.0}}
    shocks = drawn(scenario(ban=ban))
    happens = shocks.onset[0] < NEVER
    notice = (shocks.onset - shocks.announced)[0][happens]
    assert notice.min() >= 0.0 and notice.max() == pytest.approx(4.0)
    free_from = np.concatenate([np.zeros((1, RUNS)), shocks.end[0, :-1]])
    expected = np.maximum(shocks.onset[0] - 4.0, free_from)
    np.testing.assert_allclose(shocks.announced[0][happens], expected[happens])
    early = drawn(scenario(ban={"onset": {"at": "2025-03"}, "notice_months": 6.0}))
    assert np.all(early.announced == 0.0)


def test_sample__recovers_with_the_given_probability() -> None:
    profile = {"recovery_months": 5.0, "probability": 0.6}
    recovery = drawn(scenario(ban={"onset": {"at": "2026-01"}, "profile": profile})).recovery[0, 0]
    assert set(np.unique(recovery)) == {0.0, 5.0}
    assert abs((recovery > 0.0).mean() - 0.6) < 4.0 * np.sqrt(0.24 / RUNS)


def test_sample__ends_a_permanent_restriction_never_and_strikes_it_once() -> None:
    shocks = drawn(scenario(ban={"onset": {"hazard_per_year": 3.0}, "duration": "permanent"}))
    assert shocks.onset.shape[1] == 1
    struck = shocks.onset[0, 0] < 120.0
    assert struck.mean() > 0.99 and np.all(shocks.end == NEVER)


BUSY = {
    "onset": {"hazard_per_year": {"dist": "gamma", "a": 2.0, "scale": 0.5}},
    "duration": {"months": {"dist": "lognorm", "median": 5.0, "sigma": 0.8}},
    "notice_months": {"dist": "expon", "mean": 1.0},
    "cut": {"dist": "beta", "mean": 0.8, "sd": 0.1},
    "profile": {"recovery_months": {"dist": "lognorm", "median": 3.0, "sigma": 0.4}, "probability": 0.5},
}
FIELDS = ("announced", "onset", "end", "level", "severity", "rise", "hold", "recovery", "ending", "resumed")


def same(one: np.ndarray, other: np.ndarray) -> None:
    """Equal bit for bit where both have slots; absent events beyond."""
    slots = min(one.shape[0], other.shape[0])
    np.testing.assert_array_equal(one[:slots], other[:slots])
    assert np.isin(np.concatenate([one[slots:], other[slots:]]), [NEVER, 0.0, -1]).all()


def test_sample__events_of_a_restriction_do_not_overlap() -> None:
    shocks = drawn(scenario(ban=BUSY))
    assert shocks.onset.shape[1] > 4
    later = shocks.onset[0, 1:] < NEVER
    assert np.all((shocks.announced[0, 1:] >= shocks.end[0, :-1])[later])
    assert np.all((shocks.onset[0, 1:] > shocks.end[0, :-1])[later])
    assert np.all((shocks.onset[0, :-1] < NEVER)[later])  # slots fill in order


def test_sample__leaves_the_other_draws_untouched_when_a_restriction_is_added() -> None:
    alone = drawn(scenario(ban=BUSY))
    beside = drawn(scenario(aaa=BUSY | {"cut": 0.3}, ban=BUSY, strike=BUSY | {"kind": "outage", "products": ["ore"]}))
    assert beside.names == ("aaa", "ban", "strike")
    for field in FIELDS:
        same(getattr(alone, field)[0], getattr(beside, field)[1])
    assert not np.array_equal(beside.onset[0], beside.onset[1])


def test_sample__in_chunks_equals_sample_at_once() -> None:
    given = scenario(ban=BUSY, other=BUSY)
    whole = drawn(given, runs=300)
    for first, runs in [(0, 100), (100, 50), (150, 150), (17, 1)]:
        part = drawn(given, first=first, runs=runs)
        for field in FIELDS:
            for row in range(2):
                same(getattr(part, field)[row], getattr(whole, field)[row][:, first : first + runs])
    assert not np.array_equal(drawn(given, runs=300, seed=6).onset[:, 0], whole.onset[:, 0])


def test_sample__keeps_earlier_events_when_the_horizon_grows() -> None:
    short, long = drawn(scenario(10.0, ban=BUSY)), drawn(scenario(20.0, ban=BUSY))
    happens = short.onset[0] < NEVER
    slots = happens.shape[0]
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(short, field)[0][happens], getattr(long, field)[0, :slots][happens])
    later = long.onset[0, :slots][~happens]
    assert np.all(later >= 120.0)


def test_events__are_in_periods_and_single_precision() -> None:
    ban = {"onset": {"at": "2026-01"}, "notice_months": 2.0, "duration": {"months": 7.0}}
    profile = {"rise_months": 1.0, "hold_months": 3.0, "recovery_months": 4.0}
    both = drawn(scenario(ban=ban | {"profile": profile}, off={"onset": {"hazard_per_year": 0.0}}), runs=1)
    events = both.events(0.5)
    assert all(array.dtype == np.float32 for array in events)
    ends = [float(getattr(events, field)[0, 0, 0]) for field in ("announced", "onset", "end")]
    assert ends == [20.0, 24.0, 38.0]
    assert [float(getattr(events, field)[0, 0, 0]) for field in ("rise", "hold", "recovery")] == [2.0, 6.0, 8.0]
    assert np.isfinite(events.onset[1]).all() and np.all(events.onset[1] > 1e9)


# What a quota is measured against: in the example 8 t of oxide leave A a year, and A mines 100 t of ore.
def quota(kind: str, given: dict[str, float], at: str = "2025-01", growth: bool = False) -> tuple[float, float]:
    """Level and severity of a dated quota."""
    product = {"export_quota": "oxide", "production_quota": "ore"}[kind]
    row = {"kind": kind, "products": [product], "cut": None, "onset": {"at": at}, "quota": given}
    shocks = drawn(scenario(growth=growth, quota=row), runs=1)
    return float(shocks.level[0, 0, 0]), float(shocks.severity[0, 0, 0])


def test_sample__gives_quotas_as_the_core_takes_them() -> None:
    assert quota("export_quota", {"t_per_year": 6.0}) == pytest.approx((6.0, 0.25))
    assert quota("export_quota", {"share_of_reference": 0.6}) == pytest.approx((4.8, 0.4))
    assert quota("export_quota", {"t_per_year": 20.0}) == pytest.approx((20.0, 0.0))
    assert quota("production_quota", {"t_per_year": 80.0}) == pytest.approx((0.8, 0.2))
    assert quota("production_quota", {"share_of_reference": 0.9}) == pytest.approx((0.9, 0.1))


@pytest.mark.parametrize("kind", ["export_quota", "production_quota"])
def test_sample__measures_a_share_against_the_growing_path_on_the_day(kind: str) -> None:
    # The only sector grows by 5 % a year and all flows with it; a period is a 24th of a year.
    levels = {year: quota(kind, {"share_of_reference": 0.6}, f"{year}-01", growth=True) for year in (2026, 2031)}
    assert levels[2031][0] / levels[2026][0] == pytest.approx(1.05**5, rel=2e-3)
    assert levels[2026][1] == levels[2031][1] == pytest.approx(0.4)


@pytest.mark.parametrize(("kind", "tonnes"), [("export_quota", 6.0), ("production_quota", 75.0)])
def test_sample__puts_more_at_risk_by_the_same_tonnage_later(kind: str, tonnes: float) -> None:
    early, late = (quota(kind, {"t_per_year": tonnes}, f"{year}-01", growth=True) for year in (2026, 2031))
    assert early[0] == late[0]
    assert (1.0 - early[1]) / (1.0 - late[1]) == pytest.approx(1.05**5, rel=2e-3)


def test_sample__sees_no_risk_to_supply_in_a_duty() -> None:
    rate = {"dist": "uniform", "low": 0.1, "high": 0.25}
    duty = {"kind": "export_duty", "cut": None, "rate": rate, "onset": {"at": "2026-01"}}
    shocks = drawn(scenario(duty=duty))
    assert np.all(shocks.severity == 0.0)
    assert stats.kstest(shocks.level[0, 0], stats.uniform(0.1, 0.15).cdf).pvalue > LEVEL


def test_sample__gives_a_denial_the_share_of_users_it_denies() -> None:
    denial = {"kind": "denial", "by": "A", "onset": {"at": "2026-01"}, "duration": "permanent", "users": 0.3}
    given = parse(
        {
            "title": "test",
            "chain": "tiny",
            "time": {"start": "2025-01", "years": 2.0},
            "origin": {"listed": ["A"], "stages": ["magnet"]},
            "restrictions": {"arms": denial | {"products": ["magnet"], "sectors": ["motors"]}},
        },
        folder=DATA,
    )
    shocks = drawn(given, runs=8)
    assert np.all(shocks.level == 0.3) and np.all(shocks.severity == 0.3)


def test_sample__works_without_restrictions() -> None:
    shocks = drawn(scenario(), runs=3)
    assert shocks.names == () and shocks.onset.shape == (0, 1, 3)
