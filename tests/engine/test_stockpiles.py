"""Stockpiles in results: money adds up, levels are shown, and nothing changes where there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.scenario import Scenario

TINY = Path(__file__).parents[1] / "scenario" / "data" / "tiny.toml"
STORE = (
    'policies.store={ kind="stockpile", regions=["B"], days={ magnet=180 }, initial=0.5, months_to_fill=12, '
    "buy_below=2.0, relief_above=1.0, loss_per_year=0.05, holding_cost=0.1, strength=1.0 }"
)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return sim.load(TINY, overrides=["time.years=2.5", STORE])


@pytest.fixture(scope="module")
def results(scenario: Scenario) -> xr.DataTree:
    return sim.run(scenario, runs=6, traces=2)


def test_levels__follow_from_what_moved(results: xr.DataTree) -> None:
    data = results["stockpiles"].to_dataset()
    size = float(data["size"][0])
    moved = data.stockpile_bought - data.stockpile_released - data.stockpile_sold - data.stockpile_lost
    moved = moved + data.stockpile_came - data.stockpile_lent
    assert data.stockpile_closing.values == pytest.approx((size / 2 + moved.sum("year")).values, rel=1e-5)
    assert np.all(data.stockpile_lowest >= 0.0) and np.all(data.stockpile_closing <= size * (1 + 1e-6))
    shown = results["distribution"].stock.sel(product="magnet", region="B")
    assert float(shown.max()) <= 1.0 and float(shown.isel(time=0).min()) == pytest.approx(0.5, abs=0.1)
    last = results["traces"].stock.sel(product="magnet", region="B").isel(time=-1) * size
    assert last.values == pytest.approx(data.stockpile_closing.isel(stockpile=0, run=slice(2)).values, rel=1e-5)


def test_money__is_that_of_the_accounts(scenario: Scenario, results: xr.DataTree) -> None:
    data, booked = results["stockpiles"].to_dataset(), results["policies"].to_dataset().sel(instrument="store")
    opening = float(data["size"][0]) / 2 * float(data.reference_price[0]) / 1e3
    paid = (data.stockpile_purchases + data.stockpile_holding).sum("stockpile")
    assert booked.public_cost.sum("year").values == pytest.approx((opening + paid.sum("year")).values, rel=1e-5)
    assert booked.public_receipts.values == pytest.approx(data.stockpile_receipts.sum("stockpile").values, rel=1e-5)
    assert booked.year.values.tolist() == data.year.values.tolist() == [2025, 2026, 2027]
    # By hand: each year at its middle, what is left at the end.
    worth = (1 + scenario.discount_rate) ** -np.array([0.5, 1.5, 2.25])
    left = data.stockpile_closing_value.sum("stockpile") * (1 + scenario.discount_rate) ** -2.5
    net = (booked.public_cost - booked.public_receipts).values @ worth - left.values
    assert booked.net_public_cost.values == pytest.approx(net, rel=1e-4)


def test_purchases__cost_between_reference_and_trigger(results: xr.DataTree) -> None:
    data = results["stockpiles"].to_dataset()
    price = 1e3 * data.stockpile_purchases.sum(["year", "run"]) / data.stockpile_bought.sum(["year", "run"])
    assert 0.5 * 80.0 < float(price[0]) <= 2.0 * 80.0


def test_stockpile__of_no_strength_changes_no_bit(scenario: Scenario) -> None:
    without = sim.run(scenario.without("store"), runs=3)
    off = sim.run(scenario.replace("policies.store.strength=0"), runs=3)
    assert "stockpiles" not in off
    for group in ("distribution", "runs", "shocks"):
        assert without[group].to_dataset().equals(off[group].to_dataset()), group


def test_results__survive_a_file(results: xr.DataTree, tmp_path: Path) -> None:
    sim.save(results, tmp_path / "store.nc")
    again = sim.open_results(tmp_path / "store.nc")
    assert again["stockpiles"].to_dataset().equals(results["stockpiles"].to_dataset())
