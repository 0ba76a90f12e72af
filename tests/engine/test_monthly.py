from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.chain import build
from sim.chain.origins import tagged_shares
from sim.engine import monthly
from sim.engine.baseline import reference_path
from sim.errors import ScenarioError
from sim.scenario import Scenario

KEPT = ["delivery", "shortage", "price", "stopped"]


@pytest.fixture(scope="module")
def struck() -> Scenario:
    return sim.load("controls_2025", overrides=["time.years=1"])


@pytest.fixture(scope="module")
def kept(struck: Scenario) -> xr.DataTree:
    return sim.run(struck, runs=5, seed=2, monthly=KEPT, traces=5, threads=2)


def test_monthly__is_what_traces_are_to_the_step(kept: xr.DataTree) -> None:
    paths, traces = kept["monthly"].dataset, kept["traces"].dataset
    for name in ("shortage", "price"):
        np.testing.assert_allclose(paths[name].values, traces[name].values, atol=0.51 * monthly.STEPS[name])
    flow = kept["reference"].dataset.route_flow
    sent = traces.shipment.sel(route=flow.route)
    over = np.minimum((sent / flow).transpose("run", "time", "route").values, monthly.HIGHEST["delivery"])
    np.testing.assert_allclose(paths.delivery.values, over, atol=0.51 * monthly.STEPS["delivery"])


def test_monthly__is_the_same_for_a_run_alone(kept: xr.DataTree, struck: Scenario) -> None:
    alone = sim.run(struck, runs=1, first=3, seed=2, monthly=["shortage", "delivery"], threads=1)
    for name in ("shortage", "delivery"):
        together = kept["monthly"].dataset[name].sel(run=[3]).values
        np.testing.assert_array_equal(alone["monthly"].dataset[name].values, together)


def test_monthly__shows_that_something_is_withheld(kept: xr.DataTree) -> None:
    paths = kept["monthly"].dataset
    assert float(paths.shortage.sel(product="magnet_hc", region="EU").max()) > 0.1
    assert float(paths.delivery.sel(route="magnet_hc CN>EU").min()) < 0.5


@pytest.fixture(scope="module")
def still() -> xr.DataTree:
    return sim.run(sim.load("still", overrides=["time.years=1"]), runs=1, monthly=["delivery", "shortage"])


def test_monthly__of_a_still_chain_is_whole(still: xr.DataTree) -> None:
    paths = still["monthly"].dataset
    assert float(abs(paths.delivery - 1.0).max()) < 1e-6 and float(paths.shortage.max()) == 0.0


def test_checked__names_unknown_variables_and_what_is_too_much() -> None:
    with pytest.raises(ScenarioError, match="did you mean price"):
        monthly.checked(["prise", "shortage"], runs=1, cells=24_000)
    with pytest.raises(ScenarioError, match="sim catalogue"):
        monthly.checked(["shortage"], runs=10**6, cells=24_000)


def test_stepped__keeps_missing_values_and_bounds() -> None:
    found = monthly.stepped("delivery", np.array([np.nan, 0.123, 9.0], dtype=np.float32))
    assert np.isnan(found[0]) and found[1:].tolist() == pytest.approx([0.12, 2.5])


@pytest.fixture(scope="module")
def path(still: xr.DataTree) -> xr.Dataset:
    return still["reference"].to_dataset()


def test_reference__balances_every_market(path: xr.Dataset) -> None:
    month = path.isel(time=0)

    def moved(product: str, **end: str) -> float:
        """Tonnes of a product on routes with an end in a region."""
        ((name, region),) = end.items()
        on_way = (path.route_product == product) & (path[f"route_{name}"] == region)
        return float(month.route_flow.values[on_way.values].sum())

    for product in ("magnet_hc", "ndpr_oxide", "motor_std"):
        for region in ("CN", "EU", "US", "JP"):
            made = float(month.production.sel(product=product, region=region).fillna(0.0))
            taken = float(month.need.sel(product=product, region=region).fillna(0.0))
            inflow, outflow = moved(product, destination=region), moved(product, origin=region)
            assert made + inflow == pytest.approx(outflow + taken, rel=0.02), (product, region)


def test_reference__of_a_result_is_that_of_its_scenario(kept: xr.DataTree, struck: Scenario) -> None:
    xr.testing.assert_identical(kept["reference"].to_dataset(), reference_path(struck))


def test_ends__of_final_products_are_their_uses(path: xr.Dataset) -> None:
    ends = path.ends_in.sum("sector")
    assert float(ends.max()) <= 1.0 + 1e-6
    here = ((path.use_product == "motor_hc") & (path.use_region == "EU")).values
    tonnes = path.use_need.isel(time=0).values[here]
    for sector, share in zip(path.use_sector.values[here], tonnes / tonnes.sum(), strict=True):
        found = float(path.ends_in.sel(product="motor_hc", region="EU", sector=sector))
        assert found == pytest.approx(share, rel=1e-4)


def test_touched__is_what_tagging_the_outputs_of_one_region_gives(path: xr.Dataset) -> None:
    reference = build(sim.load("still", overrides=["time.years=1"]))
    made_there = np.array([row.region == "CN" for row in reference.processes for _ in row.outputs])
    for (product, region), share in zip(reference.markets, tagged_shares(reference, made_there), strict=True):
        assert float(path.touched.sel(origin="CN", product=product, region=region)) == pytest.approx(share, abs=1e-6)


def test_touched__is_all_of_a_regions_own_output_and_a_share_elsewhere(path: xr.Dataset) -> None:
    assert float(path.touched.min()) >= 0.0 and float(path.touched.max()) <= 1.0
    own = path.touched.sel(origin="CN", region="CN", product="block_hc")
    assert float(own) > 0.99
