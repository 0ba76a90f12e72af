from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import OreflowError


@pytest.fixture
def other(results: xr.DataTree) -> xr.DataTree:
    """The same runs, each losing one million more, or three."""
    moved = results.copy(deep=True)
    lost = moved["runs"].to_dataset()["lost_output"].copy()
    lost.loc[{"sector": "cars", "region": "EU"}] += np.tile([1.0, 3.0], 20)
    moved["runs"]["lost_output"] = lost
    return moved


def test_compare__gives_paired_differences_by_hand(results: xr.DataTree, other: xr.DataTree) -> None:
    found = sim.compare({"a": results, "b": other}, metrics=["mean(lost_output[cars, EU])"]).isel(metric=0)
    each = found.sel(scenario="b")
    assert (float(found.value.sel(scenario="a")), float(each.value), float(each.difference)) == (19.5, 21.5, 2.0)
    assert float(each.difference_error) == pytest.approx(np.std(np.tile([1.0, 3.0], 20), ddof=1) / 40**0.5)
    assert float(each.unpaired_runs) == np.ceil(40 * float(each.variance_reduction))
    assert (int(each.rank_low), int(found.rank_high.sel(scenario="a"))) == (2, 1)
    assert str(found.units.values) == "million USD"


def test_compare__of_a_result_with_itself_is_exactly_zero(results: xr.DataTree) -> None:
    metrics = ["mean(lost_output)", "q90(lost_output)", "tail90(lost_output)", "P(lost_output > 20)"]
    found = sim.compare({"a": results, "b": results}, metrics=metrics).sel(scenario="b")
    for name in ("difference", "difference_error", "difference_low", "difference_high"):
        assert bool((found[name] == 0.0).all()), name


def test_compare__of_other_draws_or_horizons_is_one_message(results: xr.DataTree, other: xr.DataTree) -> None:
    other.attrs |= {"seed": 2, "first_run": 10, "scenario": other.attrs["scenario"].replace("2025-01", "2026-01")}
    with pytest.raises(OreflowError) as caught:
        sim.compare({"a": results, "b": other}, metrics=["mean(lost_outpu)"])
    text = str(caught.value)
    for words in ("seeds differ", "first runs differ", "horizons differ", "a: metric", "did you mean lost_output"):
        assert words in text


def test_compare__asks_no_more_runs_than_there_are(results: xr.DataTree, other: xr.DataTree) -> None:
    with pytest.raises(OreflowError, match="40 runs only, not 41"):
        sim.compare({"a": results, "b": other}, metrics=["lost_output"], runs=41)
    assert sim.compare({"a": results, "b": other}, metrics=["lost_output"], runs=20).attrs["runs"] == 20


def test_compare__runs_scenarios_with_the_same_draws() -> None:
    base = sim.load("baseline", overrides=["time.years=0.5"])
    less = base.replace("restrictions.cn_heavy_licensing.cut=0.0")
    metric = "mean(price[dy_oxide, EU])"
    found = sim.compare({"base": base, "less": less}, metrics=[metric], runs=24, seed=3).sel(metric=metric)
    for name, scenario in (("base", base), ("less", less)):
        alone = sim.run(scenario, runs=24, seed=3)["runs"].peak_price.sel(product="dy_oxide", region="EU")
        assert float(found.value.sel(scenario=name)) == pytest.approx(float(alone.astype(float).mean()), rel=1e-12)
