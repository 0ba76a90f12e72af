"""Faults in the details of restrictions: licences, leakage, schedules, spillovers, discounts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim.scenario import load, parse
from sim.scenario.restrictions import Ban
from tests.scenario.conftest import DATA

LICENCES = (
    'restrictions.halt={kind = "licensing", by = "A", onset = {at = "2026-04"}, duration = {months = 24},'
    ' products = ["oxide"], cut = 0.5, %s}'
)
QUOTA = (
    'restrictions.halt={kind = "export_quota", by = "A", onset = {at = "2026-04"}, duration = {months = 24},'
    ' products = ["oxide"], quota = {t_per_year = 6}, schedule = [%s]}'
)
DUMPING = (
    'restrictions.halt={kind = "dumping", by = "A", onset = {at = "2026-04"}, duration = {months = 24},'
    ' products = ["oxide"], discount = 0.5, %s}'
)
CASES = [
    (LICENCES % "renewal = 0.5", "renewal is given without validity_months; add validity_months, or remove it"),
    (
        LICENCES % "validity_months = 6, profile = {recovery_months = 3}",
        "validity_months is given without renewal; add renewal, the share of licences renewed in time",
    ),
    (
        LICENCES % "validity_months = 6, renewal = 0.5",
        "validity_months is given, but no recovery brings the licences that could expire; add profile.recovery_months",
    ),
    (LICENCES % "filed_early = 1.5", "filed_early is 1.5; give a share from 0 to 1"),
    (LICENCES % "leakage_grown = 0.5", "leakage_grown is given without leakage_months; add leakage_months, or"),
    (LICENCES % "leakage_months = 5", "leakage_months is given without leakage_grown; add leakage_grown, or"),
    (
        "restrictions.halt.spillover={products = ['magnet', 'oxide'], share = 0.5, months = 2}",
        "spillover.products names 'oxide', which the restriction covers; name goods it spares",
    ),
    (
        "restrictions.halt.spillover={products = ['magnets'], share = 0.5, months = 2}",
        "spillover.products names 'magnets', not a known product; did you mean magnet?",
    ),
    (
        "restrictions.halt.spillover={products = ['ore'], share = 0.5, months = 2}",
        "spillover.products hits nothing; name products that leave A for its destinations",
    ),
    ("restrictions.halt.spillover={products = ['magnet'], months = 2}", "spillover.share is missing; add it"),
    (
        "restrictions.halt.spillover={products = ['magnet'], share = 0.5, months = 0}",
        "spillover.months is 0; give a number above 0",
    ),
    ("restrictions.strike.spillover={products = ['oxide'], share = 1, months = 1}", "spillover is not a known key"),
    (QUOTA % "{from = '2026-10'}", "schedule.0 has no ceiling; give t_per_year = number or share_of_reference ="),
    (QUOTA % "{from = '2026-10', t_per_year = 3, share_of_reference = 1}", "schedule.0 has two ceilings; give"),
    (QUOTA % "{from = '2026-13', t_per_year = 3}", "schedule.0.from is '2026-13'; give a date as"),
    (QUOTA % "{t_per_year = 3}", "schedule.0.from is missing; add it"),
    (
        QUOTA % "{from = '2026-04', t_per_year = 3}",
        "schedule.0.from is '2026-04', not after the onset, 2026-04; give dates in their order, after the onset",
    ),
    (
        QUOTA % "{from = '2027-04', t_per_year = 3}, {from = '2027-01', t_per_year = 2}",
        "schedule.1.from is '2027-01', not after the step before, 2027-04; give dates in their order",
    ),
    (
        QUOTA % "{from = '2028-04', t_per_year = 3}",
        "schedule.0.from is '2028-04', after the end 24 months from 2026-04; give an earlier date or a longer",
    ),
    (DUMPING % "on_price = 2", "on_price is 2; give a share from 0 to 1"),
    (DUMPING % "towards = {B = 2}", "towards.B is 2, which takes a discount of 0.5 above 0.9; give at most 1.8"),
    (DUMPING.replace("0.5,", "0.95,") % "threat = 0", "discount is 0.95; give a number from 0 to 0.9"),
    (
        DUMPING.replace("discount = 0.5", 'discount = {dist = "uniform", low = 0.5, high = 1}') % "threat = 0",
        "discount reaches from 0.5 to 1; give truncate = [0, 0.9] or another distribution",
    ),
    (DUMPING.replace('"oxide"', '"ore"') % "on_cost = 0", " hits nothing; name products that leave A for its"),
    ("restrictions.halt.cut={dist = 'beta', mean = 0.5}", "cut.sd is missing; beta takes mean, sd"),
]


@pytest.mark.parametrize(("override", "line"), CASES)
def test_check__finds_in_the_details(folder: Any, override: str, line: str) -> None:
    key = "restrictions.strike" if override.startswith("restrictions.strike") else "restrictions.halt"
    dotted = "" if line.startswith(" ") else "."
    assert folder.fault(override).partition(": ")[2].startswith(f"{key}{dotted}{line}")


def test_check__finds_all_of_them_at_once(folder: Any) -> None:
    faults = folder.faults(
        LICENCES % "renewal = 0.5, leakage_grown = 0.3, schedule = [{from = '2031-01', cut = 0.1}], towards = {B = 3},"
        " spillover = {products = ['oxide', 'magnets'], share = 0.5, months = 2}"
    )
    keys = [fault.partition(": ")[2].partition(" ")[0].removeprefix("restrictions.halt.") for fault in faults]
    assert sorted(keys) == sorted(
        ["towards.B", "renewal", "leakage_grown", "spillover.products", "spillover.products", "schedule.0.from"]
    )


def test_check__finds_unknown_goods_held_by_a_restriction_at_fault_itself(folder: Any) -> None:
    faults = folder.faults(
        "restrictions.halt.cut=2", "restrictions.halt.spillover={products = ['magnets'], share = 0.5, months = 2}"
    )
    assert len(faults) == 2 and "spillover.products names 'magnets', not a known product" in faults[1]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("towards={X = 0.9, default = 0.5}", ["towards names 'X', not a known region"]),
        ("towards='X'", ["towards names 'X', not a known region"]),
        ("towards={B = 0.9, default = 0.5}", []),
        (
            "reacts={watches = 'price', product = 'oxid', regions = ['B', 'X'], begins_at = 1.2, full_at = 2}",
            ["reacts.product names 'oxid', not a known product", "reacts.regions names 'X', not a known region"],
        ),
    ],
)
def test_check__finds_unknown_places_and_goods_in_a_restriction_at_fault_itself(
    folder: Any, given: str, found: list[str]
) -> None:
    faults = folder.faults("restrictions.halt.cut=2", f"restrictions.halt.{given}")
    for words in found:
        assert any(f"restrictions.halt.{words}" in fault for fault in faults)
    assert len([fault for fault in faults if "not a known" in fault]) == len(found)


def test_check__finds_a_weight_that_a_later_step_takes_too_far(folder: Any) -> None:
    step = "restrictions.halt.schedule=[{from = '2026-06', cut = 1.0}]"
    line = folder.fault(step, "restrictions.halt.cut=0.1", "restrictions.halt.towards={B = 2}")
    assert "towards.B is 2, which takes a cut of 1 above 1" in line


def test_check__refuses_a_step_beyond_the_horizon(folder: Any) -> None:
    override = QUOTA.replace("{months = 24}", '"permanent"') % "{from = '2030-01', t_per_year = 3}"
    assert "schedule.0.from is '2030-01', outside the horizon; give a date in the 5 years" in folder.fault(override)


def test_check__accepts_subsidies_without_exports_and_all_details(folder: Any) -> None:
    scenario = load(
        folder.scenario,
        overrides=[
            DUMPING.replace('"oxide"', '"ore"') % "on_price = 0",
            LICENCES.replace("halt", "papers")
            % "validity_months = 6, renewal = 0.7, filed_early = 0.5, profile = {recovery_months = 3}, leakage = 0.1,"
            " leakage_grown = 0.3, leakage_months = 12, schedule = [{from = '2026-06', cut = 0.1}],"
            " spillover = {products = ['magnet'], share = {dist = 'beta', mean = 0.5, sd = 0.1}, months = 2}",
            'restrictions.vat={kind = "vat_wedge", by = "A", onset = {at = "2026-04"}, duration = "permanent",'
            ' products = ["magnet"]}',
        ],
    )
    assert list(scenario.measures) == ["halt", "strike", "papers", "vat", "papers.spillover"]
    spill = scenario.measures["papers.spillover"]
    assert isinstance(spill, Ban) and spill.products == ("magnet",) and spill.leakage_grown == 0.3
    assert scenario.restrictions["vat"].strengths == (0.13,)
    again = parse(json.loads(scenario.text), folder=DATA)
    assert again.restrictions == scenario.restrictions
