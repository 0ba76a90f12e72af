"""Rows that add up: the world beside its regions, stages beside their products, and what the service path needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import sim
from sim.chain import Reference, build, core_arrays
from sim.engine.groups import groups, layout, needs
from sim.scenario import Scenario, parse

DATA = Path(__file__).parents[1] / "scenario" / "data"


def example(growth: bool = False, **restrictions: dict[str, Any]) -> Scenario:
    usual = {"by": "A", "onset": {"at": "2025-07"}, "duration": "permanent"}
    rows = {name: usual | row for name, row in restrictions.items()}
    time = {"start": "2025-01", "years": 2.0}
    data = {"title": "test", "chain": "tiny", "growth": growth, "time": time, "restrictions": rows}
    return parse(data, folder=DATA)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return build(example())


def test_groups__add_up_their_members_with_weights() -> None:
    made = groups({("a", "x"): [(0, 1.0)], ("a", "world"): [(0, 0.25), (2, 0.75)], ("b", "x"): [(1, 2.0)]})
    values = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    np.testing.assert_allclose(made.total(values), [[1.0, 2.0], [4.0, 5.0], [6.0, 8.0]])
    assert made.labels == (("a", "x"), ("a", "world"), ("b", "x"))


def row(made: Any, label: tuple[str, str], values: np.ndarray) -> float:
    return float(made.total(values)[made.labels.index(label)])


def test_layout__weights_the_world_as_its_regions_use_and_hold(reference: Reference) -> None:
    chain = core_arrays(reference)
    plan = layout(reference, chain)
    values = np.zeros(len(reference.markets))
    values[reference.at["oxide", "A"]], values[reference.at["oxide", "B"]] = 1.0, 4.0
    # Of oxide A uses 12 t a year and B 8 t; A also sends 8 t on, so that it holds 20 t against 8 t.
    assert row(plan.world_price, ("oxide", "world"), values) == pytest.approx((12 * 1 + 8 * 4) / 20)
    assert row(plan.world_inventory, ("oxide", "world"), values) == pytest.approx((20 * 1 + 8 * 4) / 28)
    assert row(plan.world_volume, ("oxide", "world"), values) == pytest.approx(5.0)
    # The stage of oxide: nobody uses the rest, so it has no weight.
    assert row(plan.stage_price, ("separation", "A"), values) == pytest.approx(1.0)
    assert row(plan.stage_price, ("separation", "world"), values) == pytest.approx((12 * 1 + 8 * 4) / 20)
    assert row(plan.stage_intake, ("separation", "B"), values) == pytest.approx(60.0 * 4)
    assert set(plan.sectors) == {("motors", "A"), ("motors", "B")}


def test_needs__are_the_tonnes_of_the_service_path(reference: Reference) -> None:
    market, sector = needs(reference, core_arrays(reference), np.arange(48) // 2)
    assert market.shape == (len(reference.markets), 24)
    taken = {("ore", "A"): 100, ("oxide", "A"): 12, ("oxide", "B"): 8, ("magnet", "A"): 25, ("magnet", "B"): 25}
    for place, tonnes in (taken | {("rest", "A"): 0}).items():
        np.testing.assert_allclose(market[reference.at[place]], tonnes / 12.0, rtol=1e-6)
    np.testing.assert_allclose(sector, 25.0 / 12.0, rtol=1e-6)
    growing = build(example(growth=True))
    _, later = needs(growing, core_arrays(growing), np.arange(48) // 2)
    assert later[0, 12] / later[0, 0] == pytest.approx(1.05, rel=1e-6)


@pytest.fixture(scope="module")
def struck() -> xr.DataTree:
    """One run of the bundled chain under the controls, so that every quantile is the run itself."""
    return sim.run(sim.load("controls_2025"), runs=1, traces=1, threads=2)


@pytest.fixture(scope="module")
def controls() -> Reference:
    return build(sim.load("controls_2025"))


def test_run__has_a_world_price_weighted_by_reference_use(struck: xr.DataTree, controls: Reference) -> None:
    price = struck["traces"].price.isel(run=0)
    used = controls.flows.intake + controls.flows.sales
    for product in ("dy_oxide", "magnet_hc", "ndpr_metal"):
        weights = {region: used[controls.at[p, region]] for p, region in controls.markets if p == product}
        total = sum(float(tonnes) * price.sel(product=product, region=region) for region, tonnes in weights.items())
        world = price.sel(product=product, region="world")
        np.testing.assert_allclose(world, total / sum(weights.values()), rtol=1e-5)
    assert float(price.sel(product="dy_oxide", region="EU").max()) > 2.0


def test_run__has_a_world_transacted_price_weighted_by_volume(struck: xr.DataTree, controls: Reference) -> None:
    paid = struck["traces"].transacted_price.isel(run=0)
    moved = struck["distribution"].flow_mean
    usual = controls.flows.outflow - controls.flows.disposal
    product = "dy_oxide"
    tonnes = {
        region: moved.sel(product=product, region=region) * float(usual[controls.at[p, region]])
        for p, region in controls.markets
        if p == product
    }
    total = sum(tonnes[region] * paid.sel(product=product, region=region) for region in tonnes)
    np.testing.assert_allclose(paid.sel(product=product, region="world"), total / sum(tonnes.values()), rtol=1e-4)
    everywhere = sum(float(usual[controls.at[product, region]]) for region in tonnes)
    np.testing.assert_allclose(moved.sel(product=product, region="world"), sum(tonnes.values()) / everywhere, rtol=1e-4)


def test_run__has_a_world_shortage_of_missing_over_needed_tonnes(struck: xr.DataTree, controls: Reference) -> None:
    short = struck["traces"].sector_shortage.isel(run=0)
    demand = {(use.sector, use.region): 0.0 for use in controls.uses}
    for use in controls.uses:
        demand[use.sector, use.region] += use.demand
    for sector in ("traction", "wind"):
        regions = [region for name, region in demand if name == sector]
        # A region that is served more than its path does not make up for another, so the world is short of no more.
        total = sum(short.sel(sector=sector, region=region) * demand[sector, region] for region in regions)
        share = total / sum(demand[sector, region] for region in regions)
        world = short.sel(sector=sector, region="world")
        assert np.all(world <= share + 1e-5) and float(world.max()) > 0.9 * float(share.max())


def test_run__has_stage_prices_weighted_by_the_value_of_use(struck: xr.DataTree, controls: Reference) -> None:
    price = struck["traces"].price.isel(run=0)
    used = controls.flows.intake + controls.flows.sales
    weights = {
        product: used[controls.at[product, "EU"]] * controls.products[product].price_usd_per_kg
        for product, row in controls.products.items()
        if row.stage == "magnet" and (product, "EU") in controls.at
    }
    assert len(weights) >= 3
    total = sum(float(w) * price.sel(product=product, region="EU") for product, w in weights.items())
    expected = total / sum(weights.values())
    found = struck["distribution"].stage_price_mean.sel(stage="magnet", region="EU")
    np.testing.assert_allclose(found, expected, rtol=1e-4)
