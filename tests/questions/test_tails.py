from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from sim.errors import MetricError, ResultError
from sim.questions.expressions import parse
from sim.questions.tails import WHOLE, budget, exceedance, figures, spells


def test_figures__of_a_plain_quantity_are_its_usual_statistics(results: xr.DataTree) -> None:
    found = figures(results, ["lost_output[cars, EU]"])
    value = {str(name): float(part) for name, part in zip(found.figure.values, found.value.values, strict=True)}
    assert value == {
        "mean(lost_output[cars, EU])": 19.5,
        "median(lost_output[cars, EU])": 19.0,
        "q95(lost_output[cars, EU])": 37.0,
        "tail95(lost_output[cars, EU])": 38.5,
    }  # One in a hundred of forty runs is none: the 99 % tail is not made up.
    assert set(found.units.values) == {"million USD"} and found.attrs["runs"] == 40


def test_figures__list_all_faults_together(results: xr.DataTree) -> None:
    with pytest.raises(ResultError) as caught:
        figures(results, ["lost_outpu", "tail99.9(lost_output)", "P(lost_output"])
    assert len(str(caught.value).splitlines()) == 3


def test_figures__have_something_to_say_without_metrics(results: xr.DataTree) -> None:
    assert {"mean(lost_output)", "mean(lost_demand)"} <= set(figures(results).figure.values)


def test_exceedance__is_the_share_of_runs_above(results: xr.DataTree) -> None:
    found = exceedance(results, "lost_output[cars, EU]").sel(horizon=WHOLE)
    np.testing.assert_allclose(found.share, 1.0 - (np.arange(40) + 1) / 40.0, atol=1e-12)
    assert bool((found.low <= found.share).all()) and bool((found.share <= found.high).all())


def test_exceedance__by_year_is_that_of_the_months_of_the_year(results: xr.DataTree) -> None:
    found = exceedance(results, "shortage[ore, EU]", by_year=True)
    year = found.share.sel(horizon="2025")
    at = found.threshold.values
    expected = [(np.arange(10, 40) / 100.0 > edge + 1e-7).sum() / 40.0 for edge in at]
    np.testing.assert_allclose(year, expected, atol=1e-12)


def test_exceedance__of_one_year_is_that_year_and_has_no_other(results: xr.DataTree) -> None:
    whole = exceedance(results, "shortage[ore, EU]", by_year=True)
    alone = exceedance(results, "shortage[ore, EU] in 2025", by_year=True)
    assert alone.horizon.values.tolist() == [WHOLE] and alone.attrs["quantity"] == "shortage[ore, EU] in 2025"
    at = alone.threshold.values
    np.testing.assert_allclose(alone.share[0], whole.share.sel(horizon="2025", threshold=at), atol=1e-12)


@pytest.mark.parametrize(
    ("metric", "quantity"),
    [
        ("q95(months(price[dy_oxide, EU] > 2))", "months(price[dy_oxide, EU] > 2)"),
        ("mean(lost_output[*, US] in 2027)", "lost_output[*, US] in 2027"),
        ("P(peak(price[a, B]) > 3)", "price[a, B]"),
        ("shortage[a, B] > 0.1 for 6 months", "longest(shortage[a, B] > 0.1)"),
        ("tail95(average(price[a, B]) in 2027)", "average(price[a, B]) in 2027"),
    ],
)
def test_quantity_text__is_all_that_makes_the_number_and_reads_back_as_itself(metric: str, quantity: str) -> None:
    text = parse(metric).quantity_text
    assert text == quantity and parse(text).quantity_text == quantity


def test_exceedance__of_a_time_to_survive_counts_who_is_never_short(results: xr.DataTree) -> None:
    found = exceedance(results, "time_to_survive[cars, EU]").sel(horizon=WHOLE)
    assert float(found.share.isel(threshold=-1)) == 0.75 and float(found.threshold[-1]) == 9.0


def test_exceedance__of_a_statistic_is_a_fault(results: xr.DataTree) -> None:
    with pytest.raises(MetricError, match="must be a quantity without a statistic"):
        exceedance(results, "q95(lost_output)")


def test_spells__are_shares_of_runs_by_months_in_a_row(results: xr.DataTree) -> None:
    found = spells(results, "shortage[ore, EU] > 0.05", most=4)
    assert found.value.values.tolist() == [0.75, 0.5, 0.25, 0.0]
    assert float(found.high.sel(months=4)) > 0.05 and "no run of 40" in str(found.warning.sel(months=4).values)


def test_spells__end_with_the_horizon(results: xr.DataTree) -> None:
    there = results["paths"].sizes["time"]
    assert spells(results, "shortage[ore, EU] > 0.05", most=there + 9).sizes["months"] == there
    assert spells(results, "shortage[ore, EU] > 0.05", most=there - 1).sizes["months"] == there - 1


def test_budget__adds_up_instruments_by_year(results: xr.DataTree) -> None:
    money = np.zeros((40, 2, 3))
    money[:, 0, 1] = np.arange(40)
    money[:, 1, 1] = 100.0
    results["policies"] = xr.Dataset(
        {"public_cost": (("run", "instrument", "year"), money)},
        coords={"run": np.arange(40), "instrument": ["floor", "grant"], "year": [2025, 2026, 2027]},
    )
    found = budget(results).value
    assert found.sel(statistic="mean").values.tolist() == [0.0, 119.5, 0.0]
    assert float(found.sel(statistic="q95", year=2026)) == 137.0


def test_budget__without_policies_is_a_fault(results: xr.DataTree) -> None:
    with pytest.raises(ResultError, match="no group /policies"):
        budget(results)
