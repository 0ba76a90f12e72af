"""Steps of a schedule, what spills over, what is at risk where goods leak, and notice, as they are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.chain import build
from sim.scenario import Scenario, parse
from sim.shocks import NEVER, Shocks, sample
from tests.scenario.conftest import DATA

RUNS, SEED, LEVEL = 2048, 20250404, 1e-3
SCHEDULE = [{"from": "2026-01", "cut": 0.6}, {"from": "2027-07", "cut": 0.2}]
RANDOM: dict[str, Any] = {
    "kind": "ban", "by": "A", "products": ["oxide"], "onset": {"hazard_per_year": 0.7}, "cut": 0.9,
    "duration": {"months": {"dist": "lognorm", "median": 12.0, "sigma": 0.8}},
    "notice_months": {"dist": "expon", "mean": 1.0},
}  # fmt: skip


def drawn(growth: bool = False, years: float = 10.0, runs: int = RUNS, **rows: dict[str, Any]) -> Shocks:
    """Shocks of the two-region example from January 2025."""
    given: Scenario = parse(
        {"title": "test", "chain": "tiny", "growth": growth, "time": {"start": "2025-01", "years": years},
         "restrictions": rows}, folder=DATA,
    )  # fmt: skip
    return sample(given, build(given), first=0, runs=runs, seed=SEED)


def test_sample__cuts_a_dated_measure_into_its_steps() -> None:
    dated = RANDOM | {"onset": {"at": "2025-07"}, "duration": {"months": 36.0}, "notice_months": 2.0}
    shocks = drawn(ban=dated | {"schedule": SCHEDULE}, runs=2)
    for field, expected in (
        ("announced", [4.0, 12.0, 30.0]), ("onset", [6.0, 12.0, 30.0]), ("since", [6.0, 6.0, 6.0]),
        ("end", [12.0, 30.0, 42.0]), ("level", [0.9, 0.6, 0.2]), ("severity", [0.9, 0.6, 0.2]),
        ("ending", [1, 1, 1]), ("resumed", [0, 2, 2]),
    ):  # fmt: skip
        np.testing.assert_allclose(getattr(shocks, field)[0, :, 0], expected, err_msg=field)


def test_sample__takes_the_level_of_the_day_at_a_random_onset() -> None:
    plain, stepped = drawn(ban=RANDOM), drawn(ban=RANDOM | {"schedule": SCHEDULE})
    happens = stepped.onset[0] < NEVER
    edges, levels = np.array([12.0, 30.0]), np.array([0.9, 0.6, 0.2])
    np.testing.assert_allclose(
        stepped.level[0][happens], levels[np.searchsorted(edges, stepped.onset[0][happens], side="right")]
    )
    assert (stepped.resumed[0] == 2).sum() > 200
    # A step changes neither when the measure comes nor how long it lasts.
    months = [np.where(s.onset[0] < NEVER, s.end[0] - s.onset[0], 0.0).sum(axis=0) for s in (plain, stepped)]
    np.testing.assert_allclose(*months)
    new = np.sort(np.where(stepped.resumed[0] == 0, stepped.onset[0], NEVER), axis=0)[: len(plain.onset[0])]
    np.testing.assert_array_equal(new, plain.onset[0])
    later = stepped.resumed[0, 1:] == 2
    np.testing.assert_array_equal(stepped.onset[0, 1:][later], stepped.end[0, :-1][later])
    np.testing.assert_array_equal(stepped.since[0, 1:][later], stepped.since[0, :-1][later])
    assert np.all(happens[:-1] | ~happens[1:])  # slots fill in order


def test_sample__draws_all_steps_of_a_run_at_one_probability() -> None:
    law = {"dist": "uniform", "low": 0.2, "high": 0.4}
    later = {"dist": "uniform", "low": 0.6, "high": 1.0}
    shocks = drawn(ban=RANDOM | {"onset": {"at": "2025-07"}, "duration": "permanent", "cut": law,
                                 "schedule": [{"from": "2026-01", "cut": later}]})  # fmt: skip
    first, second = shocks.level[0]
    np.testing.assert_allclose((first - 0.2) / 0.2, (second - 0.6) / 0.4, atol=1e-6)
    assert stats.kstest(second, stats.uniform(0.6, 0.4).cdf).pvalue > LEVEL


@pytest.mark.parametrize("end", [{"ruling": {"lag_months": 20.0}}, {"truce": {"at": "2027-04", "snap_back": 1.0}}])
def test_sample__ends_the_steps_with_the_measure(end: dict[str, Any]) -> None:
    dated = RANDOM | {"onset": {"at": "2025-07"}, "duration": "permanent", "schedule": SCHEDULE} | end
    shocks = drawn(ban=dated, runs=2)
    over = {"ruling": 26.0, "truce": 27.0}[next(iter(end))]
    assert shocks.end[0, :2, 0].tolist() == [12.0, over]
    assert set(shocks.ending[0, :2, 0]) == {3 if "ruling" in end else 2}
    if "truce" in end:
        # Back twelve months later, when the second step is past: at the level of the day, a measure of its own.
        assert (shocks.onset[0, 2, 0], shocks.level[0, 2, 0], shocks.resumed[0, 2, 0]) == (39.0, 0.2, 1)
        assert shocks.since[0, 2, 0] == 39.0


def quota(kind: str, product: str, **rest: Any) -> dict[str, Any]:
    return {"kind": kind, "by": "A", "products": [product], "onset": {"at": "2026-01"}, "duration": "permanent"} | rest


def test_sample__counts_what_cannot_leak_as_at_risk_under_a_quota() -> None:
    # 8 t of oxide leave A a year; 6 t of quota and 2.4 t that leak are more than that.
    given = {"quota": {"t_per_year": 6.0}, "leakage": 0.3}
    assert drawn(it=quota("export_quota", "oxide", **given), runs=1).severity[0, 0, 0] == 0.0
    given = {"quota": {"t_per_year": 2.0}, "leakage": 0.3}
    assert drawn(it=quota("export_quota", "oxide", **given), runs=1).severity[0, 0, 0] == pytest.approx(0.45)
    growing = given | {
        "leakage_grown": 0.5,
        "leakage_months": 10.0,
        "schedule": [{"from": "2026-06", "t_per_year": 2.0}],
    }
    found = drawn(it=quota("export_quota", "oxide", **growing), runs=1).severity[0, :, 0]
    assert found == pytest.approx([0.45, 0.35])


def test_sample__measures_a_step_against_the_path_on_its_day() -> None:
    step = {"from": "2031-01", "share_of_reference": 0.6}
    given = quota("production_quota", "ore", quota={"share_of_reference": 0.6}, schedule=[step])
    found = drawn(growth=True, it=given, runs=1)
    assert found.level[0, 1, 0] / found.level[0, 0, 0] == pytest.approx(1.05**5, rel=2e-3)
    np.testing.assert_allclose(found.severity[0, :, 0], 0.4)


SPILL = {"products": ["magnet"], "share": {"dist": "beta", "mean": 0.5, "sd": 0.1},
         "months": {"dist": "uniform", "low": 1.0, "high": 20.0}}  # fmt: skip


@pytest.mark.parametrize("schedule", [[], SCHEDULE])
def test_sample__spills_over_with_the_onset_of_the_measure(schedule: list[dict[str, Any]]) -> None:
    rows = RANDOM | {"schedule": schedule}
    plain, both = drawn(ban=rows), drawn(ban=rows | {"spillover": SPILL})
    assert both.names == ("ban", "ban.spillover")
    for field in ("announced", "onset", "since", "end", "level", "severity", "ending", "resumed"):
        np.testing.assert_array_equal(getattr(plain, field)[0], getattr(both, field)[0], err_msg=field)
    new = np.sort(np.where(both.resumed[0] == 0, both.onset[0], NEVER), axis=0)
    np.testing.assert_array_equal(new, both.onset[1])
    happens = both.onset[1] < NEVER
    assert np.array_equal(both.announced[1], both.onset[1]) and not both.recovery[1].any()
    lasts, level = (both.end[1] - both.onset[1])[happens], both.level[1][happens]
    weight = 0.25 / 0.01 - 1.0
    assert stats.kstest(level, stats.beta(0.5 * weight, 0.5 * weight).cdf).pvalue > LEVEL
    np.testing.assert_array_equal(both.severity[1], both.level[1])
    # It ends after a time of its own, or with the measure: the least of a uniform and a lognormal.
    law = stats.uniform(1.0, 19.0), stats.lognorm(0.8, scale=12.0)
    assert stats.kstest(lasts, lambda x: 1 - law[0].sf(x) * law[1].sf(x)).pvalue > LEVEL
    assert np.isnan(both.hazard[1]).all()


KINDS: dict[str, dict[str, Any]] = {
    "ban": {"products": ["oxide"], "cut": 0.5},
    "licensing": {"products": ["oxide"], "cut": 0.5},
    "export_quota": {"products": ["oxide"], "quota": {"share_of_reference": 0.5}},
    "export_duty": {"products": ["oxide"], "rate": 0.2},
    "vat_wedge": {"products": ["oxide"]},
    "dumping": {"products": ["oxide"], "discount": 0.3},
    "production_quota": {"products": ["ore"], "quota": {"share_of_reference": 0.5}},
    "outage": {"products": ["ore"], "cut": 0.5},
}


@pytest.mark.parametrize("kind", KINDS)
def test_sample__announces_every_kind_before_it_strikes(kind: str) -> None:
    usual = {"by": "A", "onset": {"at": "2026-01"}, "duration": "permanent", "notice_months": 3.0}
    shocks = drawn(it=usual | {"kind": kind} | KINDS[kind], runs=1)
    assert (shocks.announced[0, 0, 0], shocks.onset[0, 0, 0]) == (9.0, 12.0)
    withholds = kind not in ("export_duty", "vat_wedge", "dumping")
    assert shocks.severity[0, 0, 0] == (0.5 if withholds else 0.0)
    assert shocks.level[0, 0, 0] > 0.0
