"""When restrictions arrive: regimes, counted hazards, thinning and escalation, against their laws.

Tolerances are four standard errors: with the seed fixed, tests that pass once pass for good.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.chain import build
from sim.quantiles import Numbers
from sim.scenario import Scenario, parse
from sim.shocks import NEVER, Shocks, joined, sample
from sim.shocks.regimes import paths

DATA = Path(__file__).parents[1] / "scenario" / "data"
RUNS = 8192
LEVEL = 1e-3
SHORT = {"months": 1e-6}
"""A duration that leaves a restriction free to strike at once, so that its onsets are a Poisson process."""


def scenario(years: float = 10.0, regimes: dict[str, Any] | None = None, **restrictions: dict[str, Any]) -> Scenario:
    """The two-region example under bans by A, each changed by the keys given."""
    usual = {"kind": "ban", "by": "A", "products": ["oxide"], "duration": SHORT, "cut": 0.5}
    data = {
        "title": "test",
        "chain": "tiny",
        "time": {"start": "2025-01", "years": years},
        "regimes": regimes or {},
        "restrictions": {name: usual | row for name, row in restrictions.items()},
    }
    return parse(data, folder=DATA)


def drawn(given: Scenario, first: int = 0, runs: int = RUNS, seed: int = 20250404) -> Shocks:
    return sample(given, build(given), first=first, runs=runs, seed=seed)


def onsets(shocks: Shocks, name: str) -> np.ndarray:
    """Onsets of a restriction, shape (slot, run)."""
    return shocks.onset[shocks.names.index(name)]


def close(found: np.ndarray, mean: float, variance: float) -> None:
    """A mean over runs within four standard errors of its law."""
    assert abs(found.mean() - mean) < 4.0 * np.sqrt(variance / found.size), (found.mean(), mean)


# Left at rates a and b, conflict has the probability p + (start - p) exp(-(a + b) t), p in the long run.
CALM, CONFLICT = 4.0, 1.5
LONG_RUN = CONFLICT / (CALM + CONFLICT)


@pytest.mark.parametrize(("start", "first"), [("calm", 0.0), ("conflict", 1.0), ("stationary", LONG_RUN)])
def test_regime__is_in_conflict_as_the_markov_chain_says(start: str, first: float) -> None:
    given = scenario(regimes={"A": {"calm_years": CALM, "conflict_years": CONFLICT, "start": start}})
    shocks = drawn(given)
    assert shocks.regimes == ("A",)
    years = np.array([0.0, 0.5, 2.0, 9.9])
    share = shocks.in_conflict(12.0 * years)[0].mean(axis=1)
    law = LONG_RUN + (first - LONG_RUN) * np.exp(-(1.0 / CALM + 1.0 / CONFLICT) * years)
    assert np.all(np.abs(share - law) <= 4.0 * np.sqrt(law * (1.0 - law) / RUNS) + 1e-12)
    fine = shocks.in_conflict(np.arange(0.05, 120.0, 0.1))[0].mean(axis=0)
    np.testing.assert_allclose(shocks.conflict_share(120.0)[0], fine, atol=0.01)


def test_regime__stays_in_each_state_for_exponential_times() -> None:
    given = scenario(50.0, {"A": {"calm_years": 2.0, "conflict_years": 0.5, "start": "calm"}})
    path = paths(given.regimes, Numbers(1, 0, 2048), 600.0)["A"]
    edges = np.concatenate([np.zeros((1, 2048)), path.switches])
    # The first spells all end well before the horizon cuts any off.
    spells = np.diff(edges[:7], axis=0)
    assert edges[6].max() < 600.0
    assert stats.kstest(spells[0::2].ravel(), stats.expon(scale=24.0).cdf).pvalue > LEVEL
    assert stats.kstest(spells[1::2].ravel(), stats.expon(scale=6.0).cdf).pvalue > LEVEL


def test_regime__draws_uncertain_spells_once_a_run() -> None:
    law = {"dist": "uniform", "low": 1.0, "high": 9.0}
    share = drawn(scenario(50.0, {"A": {"calm_years": law, "conflict_years": 1.0}})).conflict_share(600.0)[0]
    sure = drawn(scenario(50.0, {"A": {"calm_years": 5.0, "conflict_years": 1.0}})).conflict_share(600.0)[0]
    assert share.std() > 1.3 * sure.std()


@pytest.mark.parametrize(
    ("onset", "calm", "conflict"),
    [
        ({"hazard_per_year": 0.3, "in_conflict": 4.0}, 0.3, 1.2),
        ({"hazard_per_year": 0.8, "in_conflict": 0.25}, 0.8, 0.2),
        ({"hazard_per_year": 0.1, "conflict_hazard_per_year": 1.5}, 0.1, 1.5),
        ({"hazard_per_year": 0.0, "conflict_hazard_per_year": 1.0}, 0.0, 1.0),
    ],
)
def test_sample__arrives_in_each_state_at_its_hazard(onset: dict[str, Any], calm: float, conflict: float) -> None:
    shocks = drawn(scenario(regimes={"A": {"calm_years": CALM, "conflict_years": CONFLICT}}, ban={"onset": onset}))
    share = shocks.conflict_share(120.0)[0]
    times = onsets(shocks, "ban")
    happens = times < NEVER
    state = np.zeros(times.shape, dtype=bool)
    for number in range(shocks.switches.shape[1]):
        state ^= times >= shocks.switches[0, number]
    state ^= shocks.begins[0].astype(bool)
    # Given the path, counts are Poisson; their exposures are the times spent in each state.
    for count, years, hazard in (
        ((happens & state).sum(axis=0), 10.0 * share, conflict),
        ((happens & ~state).sum(axis=0), 10.0 * (1.0 - share), calm),
    ):
        expected = hazard * years.sum()
        assert abs(count.sum() - expected) <= 4.0 * np.sqrt(expected)
    assert np.all(shocks.hazard == calm) and np.all(shocks.conflict_hazard == pytest.approx(conflict))


def test_sample__of_a_bloc_in_conflict_strikes_by_its_members() -> None:
    west = {"West": {"calm_years": 1.0, "conflict_years": 1.0}}
    onset = {"hazard_per_year": 0.0, "conflict_hazard_per_year": 5.0}
    ban = {"kind": "outage", "onset": onset, "by": "B", "products": ["magnet"]}
    shocks = drawn(scenario(regimes=west, ban=ban), runs=512)
    times = onsets(shocks, "ban")
    switch = np.searchsorted(np.sort(shocks.switches[0, :, 0]), times[:, 0][times[:, 0] < NEVER], side="right")
    assert np.all((shocks.begins[0, 0] + switch) % 2 == 1)


def test_sample__draws_a_counted_hazard_from_the_posterior_of_jeffreys() -> None:
    shocks = drawn(scenario(ban={"onset": {"hazard_per_year": {"events": 4, "years": 14}}}))
    assert stats.kstest(shocks.hazard[0], stats.gamma(4.5, scale=1.0 / 14.0).cdf).pvalue > LEVEL
    count = (onsets(shocks, "ban") < NEVER).sum(axis=0)
    mixed = stats.nbinom(4.5, 1.0 / (1.0 + 10.0 / 14.0))
    close(count, mixed.mean(), mixed.var())
    # The variance of a sample variance, of counts with some excess: a tenth is more than four of its errors.
    assert count.var() == pytest.approx(mixed.var(), rel=0.1)


def test_sample__draws_calm_and_conflict_hazards_apart() -> None:
    onset = {"hazard_per_year": {"events": 0, "years": 10}, "conflict_hazard_per_year": {"events": 4, "years": 4}}
    shocks = drawn(scenario(regimes={"A": {}}, ban={"onset": onset}))
    assert stats.kstest(shocks.hazard[0], stats.gamma(0.5, scale=0.1).cdf).pvalue > LEVEL
    assert stats.kstest(shocks.conflict_hazard[0], stats.gamma(4.5, scale=0.25).cdf).pvalue > LEVEL
    assert abs(stats.spearmanr(shocks.hazard[0], shocks.conflict_hazard[0]).statistic) < 4.0 / np.sqrt(RUNS)


@pytest.mark.parametrize("factor", [0.0, 0.5, 3.0, 8.0])
def test_sample__multiplies_the_hazard_of_another_while_in_force(factor: float) -> None:
    first = {"onset": {"at": "2027-01"}, "duration": {"months": 36.0}, "escalates": {"ban": factor}}
    shocks = drawn(scenario(first=first, ban={"onset": {"hazard_per_year": 0.5}}))
    times = onsets(shocks, "ban")
    edges, years = [(0.0, 24.0), (24.0, 60.0), (60.0, 120.0)], (2.0, 3.0, 5.0)
    for (begin, end), exposure, times_hazard in zip(edges, years, (1.0, factor, 1.0), strict=True):
        expected = 0.5 * times_hazard * exposure * RUNS
        count = ((times >= begin) & (times < end)).sum()
        assert abs(count - expected) <= 4.0 * np.sqrt(expected)


def test_sample__multiplies_the_factors_of_all_in_force() -> None:
    both = {"duration": "permanent", "escalates": {"ban": 2.0}, "onset": {"at": "2030-01"}}
    shocks = drawn(scenario(one=both, two=both, ban={"onset": {"hazard_per_year": 0.5}}))
    late = ((onsets(shocks, "ban") >= 60.0) & (onsets(shocks, "ban") < 120.0)).sum()
    expected = 0.5 * 4.0 * 5.0 * RUNS
    assert abs(late - expected) < 4.0 * np.sqrt(expected)


def test_sample__follows_a_circle_of_escalation() -> None:
    # Two permanent bans that double each other: the second waits at twice the rate from the first on.
    rate = 0.2
    one = {"duration": "permanent", "onset": {"hazard_per_year": rate}}
    shocks = drawn(scenario(50.0, a=one | {"escalates": {"b": 2.0}}, b=one | {"escalates": {"a": 2.0}}))
    times = np.sort(shocks.onset[:, 0], axis=0) / 12.0
    assert stats.kstest(times[0], stats.expon(scale=1.0 / (2.0 * rate)).cdf).pvalue > LEVEL
    # Those struck twice within the horizon, all but one in e^-15, waited an exponential time in between.
    struck = (times[1] < 50.0) & (times[0] < 15.0)
    wait = (times[1] - times[0])[struck]
    assert stats.kstest(wait[wait < 35.0], stats.expon(scale=1.0 / (2.0 * rate)).cdf).pvalue > LEVEL


FIELDS = ("announced", "onset", "end", "level", "severity", "rise", "hold", "recovery", "ending", "resumed")
BUSY = {
    "onset": {"hazard_per_year": {"events": 3, "years": 6}, "in_conflict": 3.0},
    "duration": {"months": {"dist": "lognorm", "median": 5.0, "sigma": 0.8}},
    "notice_months": {"dist": "expon", "mean": 1.0},
    "cut": {"dist": "beta", "mean": 0.8, "sd": 0.1},
    "truce": {"hazard_per_year": 1.0, "lapse_months": {"dist": "expon", "mean": 4.0}, "snap_back": 0.5},
    "ruling": {"lag_months": {"dist": "lognorm", "median": 8.0, "sigma": 0.5}},
}
REGIMES: dict[str, Any] = {"A": {"calm_years": 3.0, "conflict_years": 2.0}}


def busy(**more: dict[str, Any]) -> Scenario:
    return scenario(regimes=REGIMES, ban=BUSY, halt=BUSY | {"escalates": {"ban": 2.0}}, **more)


def same_row(one: Shocks, other: Shocks, name: str, runs: slice = slice(None)) -> None:
    """A restriction has the same shocks in both, bit for bit; `runs` picks those of the second."""
    for field in FIELDS:
        left, right = (getattr(each, field)[each.names.index(name)] for each in (one, other))
        slots = min(len(left), len(right))
        np.testing.assert_array_equal(left[:slots], right[:slots, runs], err_msg=field)
        assert np.isin(np.concatenate([left[slots:].ravel(), right[slots:, runs].ravel()]), [NEVER, 0.0, -1]).all()


def test_sample__leaves_other_draws_untouched_by_a_restriction_that_escalates_none_of_them() -> None:
    alone = drawn(busy(), runs=512)
    other = {key: value for key, value in BUSY.items() if key != "ruling"} | {"escalates": {"more": 2.0}}
    beside = drawn(busy(aaa=other, more=other | {"escalates": {}}), runs=512)
    for name in ("ban", "halt"):
        same_row(alone, beside, name)
    np.testing.assert_array_equal(alone.switches, beside.switches)


def test_sample__changes_only_what_is_escalated() -> None:
    plain, escalated = drawn(scenario(regimes=REGIMES, ban=BUSY, halt=BUSY), runs=512), drawn(busy(), runs=512)
    quiet = {key: value for key, value in BUSY.items() if key != "ruling"}
    one = drawn(scenario(regimes=REGIMES, ban=quiet, halt=quiet), runs=512)
    two = drawn(scenario(regimes=REGIMES, ban=quiet, halt=quiet | {"escalates": {"ban": 2.0}}), runs=512)
    same_row(one, two, "halt")
    assert not np.array_equal(onsets(plain, "ban")[0], onsets(escalated, "ban")[0])


def test_sample__gives_run_17_the_same_alone_and_in_any_chunk() -> None:
    whole = drawn(busy(), runs=300)
    for first, runs in [(0, 100), (100, 50), (150, 150), (17, 1)]:
        part = drawn(busy(), first=first, runs=runs)
        for name in ("ban", "halt"):
            same_row(part, whole, name, slice(first, first + runs))
        chosen = slice(first, first + runs)
        np.testing.assert_array_equal(part.hazard, whole.hazard[:, chosen])
        months = np.arange(120.0)
        np.testing.assert_array_equal(part.in_conflict(months), whole.in_conflict(months)[..., chosen])


def test_joined__puts_chunks_together_as_if_drawn_at_once() -> None:
    whole = drawn(busy(), runs=300)
    parts = [drawn(busy(), first=first, runs=100) for first in (0, 100, 200)]
    together = joined([*parts[:2], parts[2].head(60)])
    for name in ("ban", "halt"):
        same_row(together, whole.head(260), name)
    np.testing.assert_array_equal(together.conflict_hazard, whole.conflict_hazard[:, :260])


def test_sample__never_overlaps_itself_nor_strikes_under_a_truce() -> None:
    shocks = drawn(busy())
    for row in range(2):
        later = shocks.onset[row, 1:] < NEVER
        assert np.all((shocks.onset[row, 1:] >= shocks.end[row, :-1])[later])
        assert np.all((shocks.announced[row, 1:] >= shocks.end[row, :-1])[later])
        assert np.all((shocks.onset[row, :-1] < NEVER)[later])
