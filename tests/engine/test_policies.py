"""Policies in whole runs: what they leave alone, what they move, and that their money adds up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim import store
from sim.results.policies import policies
from sim.scenario.policies import POLICY_KINDS
from sim.variables import POLICIES
from tests.policies.test_drivers import COORDINATED, EVERY
from tests.scenario.test_provenance import toml

RUNS = 4
BASE = ("time.years=1",)
TARIFF = {"kind": "tariff", "regions": ["US"], "origins": ["CN"], "products": ["magnet_std", "magnet_hc"], "rate": 0.25}
CREDIT = {"kind": "credit", "regions": ["US"], "products": ["magnet_std", "magnet_hc"], "usd_per_kg": 20}


def equal(one: xr.DataTree, other: xr.DataTree) -> bool:
    """Whether two results are the same bit for bit."""
    groups = ("distribution", "runs", "years", "shocks", "capacity", "traces")
    return all(one[group].to_dataset().identical(other[group].to_dataset()) for group in groups)


@pytest.fixture(scope="module")
def plain() -> xr.DataTree:
    """One year of the baseline."""
    return sim.run(sim.load("baseline", overrides=BASE), runs=RUNS, seed=5, traces=1)


def test_run__of_scenarios_without_their_policies_equals_the_baseline(plain: xr.DataTree) -> None:
    bare = {
        name: sim.load(name, overrides=["time.years=1"], without=list(sim.load(name).policies))
        for name in ("allied_strategy", "section_232")
    }
    results = sim.run(bare["allied_strategy"], runs=RUNS, seed=5, traces=1)
    assert equal(results, plain)
    assert "policies" not in results.children
    one, other = (scenario.model_dump(exclude={"title", "description"}) for scenario in bare.values())
    assert one == other


def test_run__with_every_kind_at_strength_zero_equals_the_baseline_and_costs_nothing(plain: xr.DataTree) -> None:
    pool = {"kind": "stockpile", "regions": ["US", "JP"], "days": {"ndpr_oxide": 60}, "initial": 1}
    given = {str(terms["kind"]): terms for terms in EVERY} | {"reserve": pool}
    given["alliance"] = COORDINATED | {"pool": "need", "from": "2025-06"}
    given["insurance"] = given["insurance"] | {"product": "magnet_std"}
    assert {terms["kind"] for terms in given.values()} == {*POLICY_KINDS}
    overrides = [*BASE, *(f"policies.{name}={toml({**terms, 'strength': 0})}" for name, terms in given.items())]
    idle = sim.run(sim.load("baseline", overrides=overrides), runs=RUNS, seed=5, traces=1)
    assert equal(idle, plain)
    money = idle["policies"].to_dataset()
    assert list(money.instrument.values) == list(given)
    assert all(float(abs(money[name]).max()) == 0.0 for name in ("public_cost", "public_receipts", "private_money"))


@pytest.fixture(scope="module")
def taxed() -> xr.DataTree:
    """A tariff on Chinese magnets and a credit on American ones."""
    overrides = [*BASE, f"policies.wall={toml(TARIFF)}", f"policies.aid={toml(CREDIT)}"]
    return sim.run(sim.load("baseline", overrides=overrides), runs=RUNS, seed=5, traces=1)


@pytest.fixture(scope="module")
def later() -> xr.DataTree:
    """The second half of the same runs, of which nothing is kept but what has to be."""
    overrides = [*BASE, f"policies.wall={toml(TARIFF)}", f"policies.aid={toml(CREDIT)}"]
    half = RUNS // 2
    tree = sim.run(sim.load("baseline", overrides=overrides), runs=half, first=half, seed=5, threads=1, per_run=())
    kept = {name: tree[name].copy() for name in ("distribution", "runs", "shocks", "policies")}
    return xr.DataTree(tree.root.to_dataset(), children=kept)


def test_run__with_a_tariff_and_a_credit_imports_less_and_pays_for_what_is_made(
    plain: xr.DataTree, taxed: xr.DataTree
) -> None:
    routes = ["magnet_std CN>US", "magnet_hc CN>US"]
    before, after = (tree["traces"].shipment.sel(route=routes).sum() for tree in (plain, taxed))
    # Duties are passed on in full, so magnets at home grow dearer by most of the duty and most imports stay.
    assert float(after) < 0.99 * float(before)
    money = taxed["policies"].to_dataset()
    # Some 6,500 t a year from China at 48 and 66 USD/kg: a quarter of 350 million USD, less what no longer comes.
    receipts = money.public_receipts.sel(instrument="wall").isel(run=0)
    assert 50.0 < float(receipts.isel(year=0)) < 110.0
    # 845 t a year at first, and what projects add.
    assert 20.0 * 0.7 < float(money.public_cost.sel(instrument="aid").isel(run=0, year=0)) < 20.0 * 2.0
    assert float(money.public_cost.sel(instrument="wall").max()) == 0.0


def test_run__follows_what_makers_earn_by_stage_region_and_year(taxed: xr.DataTree) -> None:
    earned = taxed["policies"].revenue.isel(run=0, year=0)
    reference = taxed["reference"].to_dataset()
    made = reference.production.sel(product="magnet_std", region="CN").sum("time")
    price = reference.unit_price.sel(product="magnet_std")
    # All magnets of China, of which those of the standard grade are more than half; prices move by less than twice.
    least = float(made * price) / 1e3
    assert 0.5 * least < float(earned.sel(stage="magnet", region="CN")) < 6.0 * least
    assert float(earned.sel(stage="mining", region="JP")) == 0.0


def test_run__labels_money(taxed: xr.DataTree) -> None:
    found = taxed["policies"].to_dataset()
    assert set(found.data_vars) == {variable.name for variable in POLICIES} | {"kind", "title"}
    for variable in POLICIES:
        array = found[variable.name]
        assert array.dims == variable.dims and array.dtype == variable.dtype
        assert array.attrs == {"units": variable.units, "long_name": variable.meaning}


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_policies__come_back_from_a_file(later: xr.DataTree, tmp_path: Path, ending: str) -> None:
    back = sim.open_results(store.save(later, tmp_path / f"later{ending}"))
    assert len(policies(later)) == 2 and policies(back) == policies(later)
    xr.testing.assert_identical(back["policies"].to_dataset(), later["policies"].to_dataset())


def test_policies__sum_over_years_and_discount(taxed: xr.DataTree) -> None:
    rows = {row.name: row for row in policies(taxed)}
    money = taxed["policies"].to_dataset()
    assert rows["wall"].kind == "tariff" and rows["aid"].cost > 0.0
    for name, row in rows.items():
        assert row.cost == pytest.approx(float(money.public_cost.sel(instrument=name).sum("year").mean()), rel=1e-6)
        undiscounted = row.cost - row.receipts
        assert 0.9 * abs(undiscounted) < abs(row.mean_net) < abs(undiscounted)


def test_run__gives_the_same_money_for_any_part_of_an_ensemble(taxed: xr.DataTree, later: xr.DataTree) -> None:
    whole, part = (tree["policies"].to_dataset() for tree in (taxed, later))
    for name in ("public_receipts", "public_cost", "revenue"):
        assert np.array_equal(whole[name].values[RUNS // 2 :], part[name].values)
