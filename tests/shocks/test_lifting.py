"""How restrictions end: truces that lapse and snap back, rulings with precedent, expiry; against their laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.shocks import NEVER
from sim.shocks.events import ABSENT, EXPIRED, NO_END, RULING, TRUCE
from tests.shocks.test_arrival import LEVEL, RUNS, drawn, scenario

START = {"onset": {"at": "2025-01"}}


def share_close(found: np.ndarray, law: float) -> None:
    """A share of runs within four binomial standard errors."""
    assert abs(found.mean() - law) <= 4.0 * np.sqrt(law * (1.0 - law) / found.size), (found.mean(), law)


def test_ending__tells_how_events_end() -> None:
    shocks = drawn(
        scenario(
            a=START | {"duration": {"months": 6.0}},
            b=START | {"duration": "permanent"},
            c=START | {"duration": "permanent", "truce": {"at": "2026-01", "snap_back": 0.0}},
            d=START | {"duration": "permanent", "ruling": {"lag_months": 30.0}},
            e={"onset": {"hazard_per_year": 0.0}},
        ),
        runs=4,
    )
    assert [int(row[0, 0]) for row in shocks.ending] == [EXPIRED, NO_END, TRUCE, RULING, ABSENT]
    assert [float(row[0, 0]) for row in shocks.end] == [6.0, NEVER, 12.0, 30.0, NEVER]
    assert [int(row[0, 0]) for row in shocks.resumed] == [0, 0, 0, 0, ABSENT]


def test_truce__competes_with_expiry() -> None:
    truce = {"hazard_per_year": 1.2, "lapse_months": 500.0, "snap_back": 0.0}
    shocks = drawn(scenario(ban=START | {"duration": {"months": 10.0}, "truce": truce}))
    by_truce = shocks.ending[0, 0] == TRUCE
    share_close(by_truce, 1.0 - np.exp(-1.0))
    assert np.all(shocks.end[0, 0][~by_truce] == 10.0)
    law = stats.truncexpon(b=1.0, scale=10.0)
    assert stats.kstest(shocks.end[0, 0][by_truce], law.cdf).pvalue > LEVEL


def test_truce__draws_a_counted_hazard_once_a_run() -> None:
    truce = {"hazard_per_year": {"events": 2, "years": 3.6}, "snap_back": 0.0}
    ban = START | {"duration": "permanent", "truce": truce}
    waits = drawn(scenario(50.0, ban=ban)).end[0, 0]
    # An exponential wait at a Gamma(2.5) hazard over 3.6 years: the survival is (1 + t / 3.6) ** -2.5.
    survival = (1.0 + np.array([0.5, 2.0, 8.0]) / 3.6) ** -2.5
    for years, law in zip((0.5, 2.0, 8.0), survival, strict=True):
        share_close(waits > 12.0 * years, law)
    # The same law at every wait within the horizon: a Lomax law, cut off after 50 years.
    lomax, seen = stats.lomax(2.5, scale=3.6), waits[waits < 600.0] / 12.0
    assert stats.kstest(seen, lambda wait: lomax.cdf(wait) / lomax.cdf(50.0)).pvalue > LEVEL


def test_truce__lapses_and_the_measure_snaps_back_as_it_was() -> None:
    truce = {"at": "2026-01", "lapse_months": {"dist": "uniform", "low": 6.0, "high": 18.0}, "snap_back": 0.3}
    cut = {"dist": "beta", "mean": 0.7, "sd": 0.1}
    shocks = drawn(scenario(ban=START | {"duration": {"months": 40.0}, "truce": truce, "cut": cut}))
    back = shocks.resumed[0, 1] == 1
    share_close(back, 0.3)
    assert np.all(shocks.end[0, 0] == 12.0) and np.all(shocks.onset[0, 1][~back] == NEVER)
    assert stats.kstest(shocks.onset[0, 1][back] - 12.0, stats.uniform(6.0, 12.0).cdf).pvalue > LEVEL
    np.testing.assert_array_equal(shocks.level[0, 1][back], shocks.level[0, 0][back])
    # Back in force, it lasts for a duration of its own; the dated truce is over.
    np.testing.assert_allclose((shocks.end - shocks.onset)[0, 1][back], 40.0)
    assert np.all(shocks.ending[0, 1][back] == EXPIRED)


def test_truce__keeps_the_measure_from_striking_until_it_lapses() -> None:
    truce = {"hazard_per_year": 6.0, "lapse_months": 12.0, "snap_back": 0.0}
    ban = {"onset": {"hazard_per_year": 4.0}, "duration": {"months": 60.0}, "truce": truce}
    shocks = drawn(scenario(20.0, ban=ban))
    paused = (shocks.ending[0, :-1] == TRUCE) & (shocks.onset[0, 1:] < NEVER)
    wait = (shocks.onset[0, 1:] - shocks.end[0, :-1])[paused] - 12.0
    early = wait[(shocks.end[0, :-1] < 180.0)[paused]]
    assert wait.min() > 0.0
    # The hazard then begins afresh: waits are exponential; those the horizon cuts off, after four years, are too rare.
    assert stats.kstest(early, stats.expon(scale=3.0).cdf).pvalue > LEVEL


def test_truce__ends_what_escalates() -> None:
    first = START | {"duration": "permanent", "truce": {"at": "2027-01", "lapse_months": 300.0, "snap_back": 1.0}}
    shocks = drawn(scenario(first=first | {"escalates": {"ban": 4.0}}, ban={"onset": {"hazard_per_year": 0.5}}))
    times = shocks.onset[1]
    for begin, end, hazard in ((0.0, 24.0, 2.0), (24.0, 120.0, 0.5)):
        expected = hazard * (end - begin) / 12.0 * RUNS
        assert abs(((times >= begin) & (times < end)).sum() - expected) < 4.0 * np.sqrt(expected)


@pytest.mark.parametrize(("kind", "median"), [("export_quota", 34.0), ("export_duty", 38.0)])
def test_ruling__comes_after_a_lag_of_its_kind(kind: str, median: float) -> None:
    own: dict[str, Any] = {"export_quota": {"quota": {"share_of_reference": 0.5}}, "export_duty": {"rate": 0.2}}[kind]
    given = scenario(10.0)
    row = START | {"kind": kind, "by": "A", "products": ["oxide"], "duration": "permanent", **own}
    row["ruling"] = {"complaint_months": 20.0, "probability": 0.7}
    shocks = drawn(given.replace(f"restrictions.row={_inline(row)}"))
    by_ruling = shocks.ending[0, 0] == RULING
    share_close(by_ruling, 0.7)
    lag = shocks.end[0, 0][by_ruling] - 20.0
    assert stats.kstest(lag, stats.lognorm(0.15, scale=median).cdf).pvalue > LEVEL


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_inline(item)}" for key, item in value.items()) + "}"
    return f'"{value}"' if isinstance(value, str) else str(value)


def test_ruling__sets_a_precedent_for_later_complaints_against_the_same_region() -> None:
    lag = {"dist": "lognorm", "median": 20.0, "sigma": 0.2}
    ruling = {"lag_months": lag, "precedent": 0.5}
    lasting = {"duration": "permanent", "ruling": ruling}
    other = {"kind": "outage", "by": "B", "products": ["magnet"], "onset": {"at": "2029-06"}}
    shocks = drawn(
        scenario(
            first=START | lasting,
            during=lasting | {"onset": {"at": "2025-06"}},
            after=lasting | {"onset": {"at": "2029-06"}},
            other=lasting | other,
        )
    )
    # 53 months are 4.9 sigma beyond the first lag, so that every run has been ruled on when the late ones begin.
    assert shocks.end[0, 0].max() < 53.0
    for row, median in ((0, 20.0), (1, 20.0), (2, 10.0), (3, 20.0)):
        lags = (shocks.end - shocks.onset)[row, 0]
        assert stats.kstest(lags, stats.lognorm(0.2, scale=median).cdf).pvalue > LEVEL, shocks.names[row]


def test_ruling__on_a_measure_that_is_over_sets_no_precedent() -> None:
    ruling = {"lag_months": 20.0, "precedent": 0.5}
    over = START | {"duration": {"months": 6.0}, "ruling": ruling}
    later = {"onset": {"at": "2028-01"}, "duration": "permanent", "ruling": ruling}
    shocks = drawn(scenario(over=over, later=later), runs=8)
    assert np.all(shocks.ending[0, 0] == EXPIRED)
    np.testing.assert_allclose((shocks.end - shocks.onset)[1, 0], 20.0)


def test_recovery__is_a_mixture_of_some_that_recover_and_some_that_never_do() -> None:
    law = {"dist": "lognorm", "median": 5.0, "sigma": 0.5}
    profile = {"recovery_months": law, "probability": 0.6}
    recovery = drawn(scenario(ban=START | {"profile": profile})).recovery[0, 0]
    share_close(recovery > 0.0, 0.6)
    assert stats.kstest(recovery[recovery > 0.0], stats.lognorm(0.5, scale=5.0).cdf).pvalue > LEVEL
