"""Policies in whole runs: what they leave alone, what they move, and that their money adds up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr

import sim
from sim.results.policies import policies
from tests.scenario.test_provenance import toml

RUNS = 16
CAPACITY = ("capacity.answers=true", "capacity.projects=true")
TARIFF = {"kind": "tariff", "regions": ["US"], "origins": ["CN"], "products": ["magnet_std", "magnet_hc"], "rate": 0.25}
CREDIT = {"kind": "credit", "regions": ["US"], "products": ["magnet_std", "magnet_hc"], "usd_per_kg": 20}


def run(name: str, *overrides: str, without: tuple[str, ...] = (), **options: Any) -> xr.DataTree:
    scenario = sim.load(name, overrides=["time.years=2", *overrides])
    return sim.run(scenario.without(*without), runs=RUNS, seed=5, **options)


def equal(one: xr.DataTree, other: xr.DataTree, groups: tuple[str, ...] = ("distribution", "runs", "shocks")) -> bool:
    """Whether two results are the same bit for bit."""
    return all(one[group].to_dataset().identical(other[group].to_dataset()) for group in groups)


@pytest.fixture(scope="module")
def plain() -> xr.DataTree:
    """The baseline with capacity that answers."""
    return run("baseline", *CAPACITY, traces=1)


def test_run__of_scenarios_without_their_policies_equals_the_baseline(plain: xr.DataTree) -> None:
    for name in ("allied_strategy", "section_232"):
        every = tuple(sim.load(name).policies)
        bare = run(name, without=every, traces=1)
        assert equal(bare, plain, ("distribution", "runs", "shocks", "capacity", "traces")), name
        assert "policies" not in bare.children


def test_run__at_strength_zero_equals_the_baseline_and_costs_nothing(plain: xr.DataTree) -> None:
    given = sim.load("allied_strategy").policies
    idle = run("allied_strategy", *(f"policies.{name}.strength=0" for name in given))
    assert equal(idle, plain)
    money = idle["policies"].to_dataset()
    assert list(money.instrument.values) == list(given)
    assert all(float(abs(money[name]).max()) == 0.0 for name in ("public_cost", "public_receipts", "private_money"))


@pytest.fixture(scope="module")
def taxed() -> xr.DataTree:
    """A tariff on Chinese magnets and a credit on American ones."""
    return run("baseline", *CAPACITY, f"policies.wall={toml(TARIFF)}", f"policies.aid={toml(CREDIT)}", traces=1)


def test_run__with_a_tariff_and_a_credit_imports_less_and_pays_for_what_is_made(
    plain: xr.DataTree, taxed: xr.DataTree
) -> None:
    routes = ["magnet_std CN>US", "magnet_hc CN>US"]
    before, after = (tree["traces"].shipment.sel(route=routes).sum() for tree in (plain, taxed))
    assert float(after) < 0.9 * float(before)
    money = taxed["policies"].to_dataset()
    # Some 6,500 t a year from China at 48 and 66 USD/kg: a quarter of 350 million USD, less what no longer comes.
    receipts = money.public_receipts.sel(instrument="wall").isel(run=0)
    assert 40.0 < float(receipts.isel(year=1)) < 100.0
    # 845 t a year at first, and what projects add.
    assert 20.0 * 0.8 < float(money.public_cost.sel(instrument="aid").isel(run=0, year=0)) < 20.0 * 4.0
    assert float(money.public_cost.sel(instrument="wall").max()) == 0.0


def test_policies__sum_over_years_and_discount(taxed: xr.DataTree) -> None:
    rows = {row.name: row for row in policies(taxed)}
    money = taxed["policies"].to_dataset()
    assert rows["wall"].kind == "tariff" and rows["aid"].cost > 0.0
    for name, row in rows.items():
        assert row.cost == pytest.approx(float(money.public_cost.sel(instrument=name).sum("year").mean()), rel=1e-6)
        undiscounted = row.cost - row.receipts
        assert 0.9 * abs(undiscounted) < abs(row.mean_net) < abs(undiscounted)


def test_run__gives_the_same_money_for_any_part_of_an_ensemble() -> None:
    scenario = sim.load("baseline", overrides=["time.years=1", f"policies.wall={toml(TARIFF)}"])
    whole, part = sim.run(scenario, runs=12, seed=5, threads=2), sim.run(scenario, runs=4, first=8, seed=5, threads=1)
    one, other = (tree["policies"].public_receipts.values for tree in (whole, part))
    assert np.array_equal(one[8:], other)
