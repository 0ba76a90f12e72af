"""Heat maps, the map of the chain, price with restrictions, quoted and transacted price, exceedance."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import to_rgb

from sim import chain, plotting
from sim.errors import ResultError
from sim.plotting import asked, flows, heatmaps, kinds, style
from sim.plotting.kinds import Wanted
from sim.results import remade
from sim.variables import MONTH, REGION, STAGE

WISHES = {
    "fan": Wanted(product="dy_oxide", region="EU"),
    "history": Wanted(product="dy_oxide", region="EU"),
    "quoted": Wanted(product="dy_oxide", region="EU"),
    "exceedance": Wanted(product="dy_oxide", region="EU"),
}


@pytest.fixture(scope="module")
def reference(results: xr.DataTree) -> chain.Reference:
    return remade.reference(results)


def test_heat__shows_the_mean_of_every_stage_and_month(results: xr.DataTree) -> None:
    axes = plotting.heat(results, "shortage", region="EU")
    shown = np.asarray(axes.collections[0].get_array())
    mean = results["distribution"].stage_shortage_mean.sel(region="EU").dropna("stage", how="all")
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [style.named(stage) for stage in mean.stage.values]
    np.testing.assert_allclose(shown, mean.transpose("stage", "time").values)


def test_heat__of_a_product_has_a_row_for_each_region_that_uses_it(results: xr.DataTree) -> None:
    axes = plotting.heat(results, "price", of="dy_oxide", quantile=0.95)
    names = [label.get_text() for label in axes.get_yticklabels()]
    high = results["distribution"].price.sel(product="dy_oxide", quantile=0.95).dropna("region", how="all")
    assert names == list(high.region.values) and "AU" not in names
    assert "95 % quantile" in axes.get_figure().axes[1].get_ylabel()


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({}, "not both"),
        ({"region": "EU", "of": "dy_oxide"}, "not both"),
        ({"region": "XX"}, "'XX' is no region"),
        ({"region": "EU", "quantile": 0.9}, "0.9 is not kept; give one of 0.01, 0.05"),
    ],
)
def test_heat__of_what_is_not_there_says_so(results: xr.DataTree, wish: dict[str, object], message: str) -> None:
    with pytest.raises(ResultError, match=message):
        plotting.heat(results, "price", **wish)  # type: ignore[arg-type]


@pytest.mark.parametrize(("low", "high"), [(0.8, 2.0), (0.1, 2.0), (0.8, 60.0), (0.99, 1.3)])
def test_colours__are_white_at_the_reference_amber_below_and_blue_above(low: float, high: float) -> None:
    values = xr.DataArray([low, high])
    scale = heatmaps._scale(values, is_share=False)
    below, at, above = (np.array(scale.colours(scale.norm(value))[:3]) for value in (scale.low, 1.0, scale.high))
    np.testing.assert_allclose(at, 1.0, atol=0.02)
    assert below[0] > below[2] and above[2] > above[0]


def test_stage_flows__are_what_the_world_uses_of_a_stage(reference: chain.Reference) -> None:
    for stage in ("mining", "separation", "magnet"):
        found = flows.stage_flows(reference, stage)
        assert sum(found.values()) == pytest.approx(1.0)
        value = {name: row.price_usd_per_kg for name, row in reference.products.items() if row.stage == stage}
        legs = [route for route in reference.routes if route.product in value and route.flow > 0.0]
        sides = reference.flows
        used = {market: sides.intake[at] + sides.sales[at] - sides.imports[at] for market, at in reference.at.items()}
        own = sum(max(tonnes, 0.0) * value[name] for (name, _), tonnes in used.items() if name in value)
        total = own + sum(route.flow * value[route.product] for route in legs)
        wanted = sum(r.flow * value[r.product] for r in legs if (r.origin, r.destination) == ("CN", "JP")) / total
        assert found.get(("CN", "JP"), 0.0) == pytest.approx(wanted)


def test_columns__stand_one_above_the_other_and_hold_what_enters_and_leaves() -> None:
    gaps = [{("CN", "CN"): 0.6, ("CN", "EU"): 0.3, ("US", "EU"): 0.1}, {("CN", "EU"): 0.2, ("EU", "EU"): 0.8}]
    first, second, last = flows._columns(gaps, ["CN", "EU", "US"])
    assert first.height == pytest.approx({"CN": 0.9, "US": 0.1})
    assert second.height == pytest.approx({"CN": 0.6, "EU": 0.8}) and last.height == pytest.approx({"EU": 1.0})
    assert second.bottom["EU"] == pytest.approx(0.6 + flows.PAD)


def test_worst_month__is_that_in_which_most_of_the_flows_is_missing() -> None:
    months = np.array(["2025-01", "2025-02"], dtype="datetime64[ns]")
    short = xr.DataArray(
        [[[0.0, 0.9]], [[0.2, 0.0]]],
        coords={MONTH: months, STAGE: ["magnet"], REGION: ["CN", "EU"]},
        dims=(MONTH, STAGE, REGION),
    )
    assert str(flows.worst_month(short, {"magnet": {("CN", "CN"): 0.9, ("CN", "EU"): 0.1}})) == "2025-02"
    assert str(flows.worst_month(short, {"magnet": {("CN", "CN"): 0.5, ("CN", "EU"): 0.5}})) == "2025-01"


def test_quoted__draws_both_medians(results: xr.DataTree) -> None:
    axes = plotting.quoted(results, of="dy_oxide", region="EU")
    for line, name in zip(axes.lines, ("price", "transacted_price"), strict=False):
        median = results["distribution"][name].sel(product="dy_oxide", region="EU", quantile=0.5)
        np.testing.assert_allclose(line.get_ydata(), median.values)
    assert axes.get_ylabel() == "price over its reference"


def test_exceeded__falls_from_all_runs_to_none_at_the_highest(results: xr.DataTree) -> None:
    axes = plotting.exceeded(results, "peak_price", of="dy_oxide", region="EU")
    values, shares = (np.asarray(data) for data in axes.lines[0].get_data())
    peaks = np.sort(results["runs"].peak_price.sel(product="dy_oxide", region="EU").values)
    assert shares[0] == 1.0 and shares[-1] == 0.0 and values[-1] == pytest.approx(peaks[-1])
    assert shares[values.searchsorted(peaks[3])] == pytest.approx(0.5, abs=0.13)
    assert "reference" in axes.get_xlabel()


def test_exceeded__wants_a_variable_of_places(results: xr.DataTree) -> None:
    with pytest.raises(ResultError, match="licence_rent has no region"):
        plotting.exceeded(results, "licence_rent", of="dy_oxide", region="EU")
    with pytest.raises(ResultError, match="in no run"):
        plotting.exceeded(results, "peak_price", of="dy_oxide", region="AU")


def test_history__of_a_run_draws_its_path_and_only_what_strikes_it(results: xr.DataTree) -> None:
    upper, lower = plotting.history(results, of="magnet_hc", region="EU", run=1).axes
    path = results["traces"].price.sel(run=1, product="magnet_hc", region="EU")
    np.testing.assert_allclose(upper.lines[0].get_ydata(), path.values)
    shown = np.asarray(lower.collections[0].get_array())
    onset = results["shocks"].onset.sel(run=1)
    assert shown.shape[0] == int(onset.notnull().any("event").sum())
    # In force from April: nothing in the first quarter, all of May.
    assert shown[:, :3].max() == 0.0 and shown[:, 4].min() == pytest.approx(1.0)


def test_history__of_a_run_that_was_not_traced_says_which_were(results: xr.DataTree) -> None:
    with pytest.raises(ResultError, match="run 7 was not traced; traced are 0 to 1"):
        plotting.history(results, of="magnet_hc", region="EU", run=7)


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_draw__knows_every_kind_and_names_its_source(kind: str, results: xr.DataTree) -> None:
    drawn = kinds.draw(results, kind, WISHES.get(kind, Wanted()))
    assert drawn.figure.get_supxlabel().startswith("Source: oreflow")
    assert (drawn.region is None) == (kind in ("map", "shocks"))


def test_draw__of_a_wish_that_cannot_be_met_names_all_faults() -> None:
    with pytest.raises(ResultError) as caught:
        kinds.check("exceedance", Wanted(quantile=0.5, run=3))
    assert "needs --product" in str(caught.value) and "no use for --quantile, --run" in str(caught.value)
    with pytest.raises(ResultError, match="did you mean heat"):
        kinds.check("heats", Wanted())


def test_commands__offer_the_kinds_there_are() -> None:
    from sim.cli.pictures import Kind

    assert {kind.value for kind in Kind} == {*kinds.KINDS, *asked.ANSWERS, asked.EPISODE}


def test_paler__mixes_with_white() -> None:
    assert style.paler(style.BLUE, 0.0) == pytest.approx(to_rgb(style.BLUE)) and style.paler("k", 1.0) == (1, 1, 1)
