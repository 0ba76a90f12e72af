"""Regimes, escalation, truces and rulings in a scenario: what is refused, with file, key and cure."""

from __future__ import annotations

from typing import Any

import pytest

from sim.scenario import load
from sim.scenario.arrival import Counted, Ruling

ONSET = "restrictions.strike.onset="


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("regimes.C={calm_years = 3}", "regimes.C is not a known region or bloc; give one of A, B, Sea, West"),
        ("regimes.A={calm_years = 0.01}", "regimes.A.calm_years is 0.01; give a number at least 0.1"),
        ('regimes.A={start = "war"}', "regimes.A.start is 'war'; give one of calm, conflict, stationary"),
        ("regimes.A={calm = 3}", "regimes.A.calm is not a known key; did you mean calm_years?"),
        ("regimes.A=false", "regimes.A is not a known regime; give a known name"),
        (
            f"{ONSET}{{hazard_per_year = 0.1, in_conflict = 3}}",
            "restrictions.strike.onset.in_conflict is given, but A has no regime; add [regimes.A] with calm_years and",
        ),
        (
            f"{ONSET}{{hazard_per_year = {{events = 1.5, years = 3}}}}",
            "restrictions.strike.onset.hazard_per_year.events is 1.5; give a whole number",
        ),
        (
            f"{ONSET}{{hazard_per_year = {{events = 1}}}}",
            "restrictions.strike.onset.hazard_per_year.years is missing; add it",
        ),
        (
            f"{ONSET}{{hazard_per_year = 60}}",
            "restrictions.strike.onset.hazard_per_year reaches 60 a year; give hazards and factors that stay below 50",
        ),
        (
            "restrictions.halt.escalates={strik = 2}",
            "restrictions.halt.escalates.strik is not a known restriction; did",
        ),
        ("restrictions.halt.escalates={halt = 2}", "restrictions.halt.escalates.halt is the restriction itself; name"),
        (
            "restrictions.strike.escalates={halt = 2}",
            "restrictions.strike.escalates.halt has a date, so that there is no hazard to escalate; remove it or give",
        ),
        (
            "restrictions.halt.escalates={strike = 90}",
            "restrictions.strike.onset.hazard_per_year reaches 96.1 a year with all that escalates it in force; give",
        ),
        ("restrictions.halt.truce={snap_back = 0.5}", "restrictions.halt.truce has neither a date nor a hazard; give"),
        (
            'restrictions.halt.truce={at = "2027-01", hazard_per_year = 1, snap_back = 0.5}',
            "restrictions.halt.truce has both a date and a hazard; give at =",
        ),
        ("restrictions.halt.truce={hazard_per_year = 1}", "restrictions.halt.truce.snap_back is missing; add it"),
        (
            'restrictions.halt.truce={at = "2026-03", snap_back = 1}',
            "restrictions.halt.truce.at is '2026-03', outside the horizon or before the onset; give a date after",
        ),
        ("restrictions.halt.ruling={precedent = 0}", "restrictions.halt.ruling.precedent is 0; give a number above 0"),
    ],
)
def test_load__refuses(folder: Any, override: str, line: str) -> None:
    assert folder.fault(override).partition(": ")[2].startswith(line)


def test_load__refuses_two_regimes_over_one_region(folder: Any) -> None:
    both = ["regimes.B={}", "regimes.West={}"]
    onset = "restrictions.strike.onset={hazard_per_year = 0.1, conflict_hazard_per_year = 1}"
    where = ["restrictions.strike.by=B", 'restrictions.strike.products=["magnet"]']
    fault = folder.fault(*both, onset, *where)
    assert fault.endswith("conflict_hazard_per_year is given, but B has the regimes B and West; keep one of them")


def test_load__refuses_a_circle_whose_factors_explode_and_names_it(folder: Any) -> None:
    given = "onset = {hazard_per_year = 0.01}, by = 'A', duration = {months = 3}, products = ['oxide'], cut = 1"
    ring = [
        f"restrictions.{name}={{kind = 'ban', {given}, escalates = {{{after} = 3}}}}"
        for name, after in (("a", "b"), ("b", "c"), ("c", "a"))
    ]
    fault = folder.fault(*ring)
    assert "a.escalates.b escalates in a circle (a > b > c > a) by factors whose product is 27; give" in fault
    assert load(folder.scenario, overrides=[*ring, "restrictions.c.escalates={a = 1.1}"]).restrictions["c"]


def test_load__reports_faults_of_clustering_with_all_others(folder: Any) -> None:
    faults = folder.faults(
        "regimes.C={}", "restrictions.halt.escalates={strik = 2}", "restrictions.halt.cut=2", "time.years=0"
    )
    keys = [fault.partition(": ")[2].split()[0] for fault in faults]
    assert set(keys) == {"regimes.C", "restrictions.halt.escalates.strik", "restrictions.halt.cut", "time.years"}


def test_load__removes_an_inherited_regime(folder: Any) -> None:
    text = '\n[regimes.A]\ncalm_years = { dist = "uniform", low = 1, high = 2 }\n'
    folder.edit("tiny.toml", "\n[restrictions.halt]", text + "\n[restrictions.halt]")
    child = folder.path / "heir.toml"
    child.write_text('extends = "tiny.toml"\n[regimes]\nA = false\n', encoding="utf-8")
    assert set(load(folder.scenario).regimes) == {"A"} and not load(child).regimes
    child.write_text('extends = "tiny.toml"\n[regimes.A.calm_years]\ndist = "expon"\nloc = 1\nscale = 2\n', "utf-8")
    # A distribution is replaced whole; the rest of the regime is inherited.
    assert load(child).regimes["A"].calm_years.given == {"loc": 1.0, "scale": 2.0}  # type: ignore[union-attr]


def test_load__reads_what_it_wrote(folder: Any) -> None:
    wanted = [
        "regimes.A={start = 'calm'}",
        f"{ONSET}{{hazard_per_year = {{events = 2, years = 9}}, in_conflict = 4}}",
        "restrictions.halt.truce={hazard_per_year = 1, snap_back = 0.5}",
        "restrictions.halt.ruling={}",
    ]
    scenario = load(folder.scenario, overrides=wanted)
    again = load(folder.scenario, overrides=wanted).replace("time.years=5")
    assert again.text == scenario.text
    assert scenario.replace("regimes.A.calm_years=3").regimes["A"].calm_years == 3.0


def test_counted__has_the_posterior_of_jeffreys_prior() -> None:
    law = Counted(events=0, years=10.0).law.frozen()
    assert float(law.mean()) == pytest.approx(0.05)
    assert float(law.cdf(0.5)) == pytest.approx(0.9984, abs=1e-4)  # chi-square of one degree of freedom at 10


def test_lag__is_that_of_the_kind_unless_given() -> None:
    medians = [float(Ruling().lag(kind).frozen().ppf(0.5)) for kind in ("export_duty", "export_quota")]  # type: ignore[union-attr]
    assert medians == pytest.approx([38.0, 34.0])
    assert Ruling(lag_months=12.0).lag("export_duty") == 12.0
