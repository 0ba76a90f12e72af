"""What was booked of policies, stockpiles and capacity, asked for by expressions; figures by hand."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import MetricError
from sim.questions.expressions import parse
from tests.results.conftest import blank


@pytest.fixture(scope="module")
def booked() -> xr.DataTree:
    """Three runs, two instruments and two years; one stockpile of two products; two projects, one of them late."""
    results = blank(runs=3)
    run, years = np.arange(3), [2024, 2025]
    cost = np.array([[[1.0, 2.0], [10.0, 20.0]], [[3.0, 4.0], [30.0, 40.0]], [[0.0, 0.0], [0.0, 5.0]]])
    of = {"run": run, "instrument": ["reserve", "talent"], "year": years}
    results["policies"] = xr.DataTree(xr.Dataset({"public_cost": (tuple(of), cost)}, coords=of))
    released = np.array([[[1.0, 2.0], [4.0, 8.0]], [[0.0, 0.0], [0.0, 16.0]], [[0.0, 0.0], [0.0, 0.0]]])
    held = {
        "run": run,
        "year": years,
        "stockpile": ["reserve ore EU", "reserve metal EU"],
        "policy": ("stockpile", ["reserve", "reserve"]),
        "product_held": ("stockpile", ["ore", "metal"]),
        "region_held": ("stockpile", ["EU", "EU"]),
    }
    data = xr.Dataset({"stockpile_released": (("run", "year", "stockpile"), released)}, coords=held)
    results["stockpiles"] = xr.DataTree(data)
    places = {"run": run, "sector": ["cars"], "region": ["CN", "EU"], "year": years}
    lost = np.array([[[[1.0, 2.0], [10.0, 20.0]]], [[[0.0, 0.0], [5.0, 0.0]]], [[[np.nan, np.nan], [0.0, 7.0]]]])
    exports = np.array([[[3.0, 4.0], [0.0, 0.0]], [[-1.0, 4.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    by_year = {"lost_output_by_year": (tuple(places), lost), "lost_exports": (("run", "region", "year"), exports)}
    results["years"] = xr.DataTree(xr.Dataset(by_year, coords=places))
    start = np.array([[12.0, np.nan], [40.0, 7.0], [np.nan, np.nan]])
    capacity = np.array([[[5.0, 1.0, 6.0]], [[6.0, 1.0, 7.0]], [[7.0, 2.0, 9.0]]])
    stages = {"project": ["Big Hill", "small"], "stage": ["mining"], "region": ["CN", "EU", "world"], "run": run}
    results["capacity"] = xr.DataTree(
        xr.Dataset(
            {"project_start": (("run", "project"), start), "final_capacity": (("run", "stage", "region"), capacity)},
            coords=stages,
        )
    )
    return results


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("public_cost", [33, 77, 5]),
        ("public_cost[reserve]", [3, 7, 0]),
        ("public_cost[reserve+talent] in 2025", [22, 44, 5]),
        ("public_cost[*] in 2025", [22, 44, 5]),
        ("public_cost > 30", [1, 1, 0]),
        ("stockpile_released", [15, 16, 0]),
        ("stockpile_released[reserve, metal]", [10, 16, 0]),
        ("stockpile_released[reserve, ore, EU] in 2025", [4, 0, 0]),
        ("lost_output in 2025", [22, 0, 7]),
        ("lost_output[cars, EU] in 2025", [20, 0, 7]),
        ("lost_output[*, CN+EU] in 2025 > 6", [1, 0, 1]),
        ("lost_output_by_year[cars]", [33, 5, 7]),
        ("lost_exports[CN]", [7, 3, 0]),
        ("lost_exports in 2025", [4, 4, 0]),
        ("final_capacity[mining, EU]", [1, 1, 2]),
        ("final_capacity[mining]", [6, 7, 9]),
        ('project_start["Big Hill"]', [12, 40, np.inf]),
        ('project_start["Big Hill"] > 36', [0, 1, 1]),
    ],
)
def test_values__are_added_up_over_what_is_not_named(text: str, values: list[float], booked: xr.DataTree) -> None:
    metric = parse(text)
    np.testing.assert_array_equal(metric.values(booked), values)
    assert str(parse(metric.quantity_text)) == str(parse(metric.quantity_text)) and metric.units(booked)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("public_cost[reserv]", "did you mean reserve"),
        ("public_csot", "did you mean public_cost"),
        ("public_cost[reserve] in 2031", "years are 2025"),
        ("net_public_cost[reserve] in 2025", "of the whole horizon"),
        ("lost_export[CN]", "did you mean lost_exports"),
        ("lost_exports[CNN] in 2025", "did you mean CN"),
        ("lost_output[cars, EU] in 2031", "years are 2025"),
        ("stockpile_released[talent]", "is no stockpile"),
        ("project_start[big]", "is no project"),
        ("project_start", "name one project"),
    ],
)
def test_check__names_the_nearest_thing(text: str, words: str, booked: xr.DataTree) -> None:
    with pytest.raises(MetricError, match=words):
        parse(text).check(booked)


def test_values__of_no_policy_are_nothing_and_a_name_is_a_fault() -> None:
    results = blank(runs=3)
    assert parse("public_cost").values(results).tolist() == [0.0, 0.0, 0.0]
    with pytest.raises(MetricError, match="the scenario has no policies"):
        parse("public_cost[reserve]").values(results)
    with pytest.raises(MetricError, match="capacity is fixed"):
        parse("final_capacity[mining, EU]").values(results)
    for text, name in (("lost_output in 2025", "lost_output_by_year"), ("lost_exports[CN]", "lost_exports")):
        with pytest.raises(MetricError, match=f"there is no {name}: the result does not hold it"):
            parse(text).values(results)


def test_check__of_a_scenario_knows_what_its_results_will_hold() -> None:
    plain, policies = sim.load("still"), sim.load("allied_strategy")
    parse("mean(public_cost[talent])").check(policies)
    parse("final_capacity[magnet, US]").check(policies)
    for text, words in (("final_capacity[magnet, US]", "capacity is fixed"), ("public_cost[talent]", "no policies")):
        with pytest.raises(MetricError, match=words):
            parse(text).check(plain)
