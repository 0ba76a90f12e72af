"""Runs under what spills over, schedules and subsidies: named in the results, and of the sense they should have."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

import sim
from sim.scenario import parse
from tests.scenario.conftest import DATA


def ran(**rows: dict[str, Any]) -> xr.DataTree:
    """Two runs of the two-region example for two years, traced."""
    usual = {"by": "A", "onset": {"at": "2025-07"}, "duration": "permanent"}
    data = {
        "title": "test",
        "chain": "tiny",
        "growth": False,
        "time": {"start": "2025-01", "years": 2.0},
        "restrictions": {name: usual | row for name, row in rows.items()},
    }
    return sim.run(parse(data, folder=DATA), runs=2, traces=2)


def sent(results: xr.DataTree, product: str) -> np.ndarray:
    """Shipments from A to B in the first run, t in each month."""
    return np.asarray(results["traces"].shipment.isel(run=0).sel(route=f"{product} A>B").values)


def test_spillover__is_a_restriction_of_its_own_in_results() -> None:
    ban = {"kind": "ban", "products": ["oxide"], "cut": 0.9}
    spill = {"products": ["magnet"], "share": 0.5, "months": 2.0}
    alone, both = ran(papers=ban), ran(papers=ban | {"spillover": spill})
    shocks = both["shocks"]
    assert shocks.restriction.values.tolist() == ["papers", "papers.spillover"]
    assert shocks.kind.values.tolist() == ["ban", "ban"]
    row = shocks.sel(restriction="papers.spillover", run=0, event=0)
    assert (float(row["onset"]), float(row["end"]), float(row["level"])) == (6.0, 8.0, 0.5)
    ratio = sent(both, "magnet") / sent(alone, "magnet")
    assert np.allclose(ratio[:6], 1.0) and np.all(ratio[6:8] < 0.6) and np.all(ratio[9:12] > 1.0)
    loss = both["runs"].sender_loss.sel(run=0)
    assert float(loss.sel(restriction="papers.spillover")) > 0.0
    assert np.array_equal(shocks.onset.sel(restriction="papers"), alone["shocks"].onset.sel(restriction="papers"))


def test_sender_loss__of_a_route_under_two_measures_is_in_both() -> None:
    ban = {"kind": "ban", "products": ["oxide"], "cut": 1.0}
    loss = ran(one=ban, other=ban)["runs"].sender_loss.isel(run=0)
    # Eighteen months of 8 t a year at 60 USD/kg, lost once and booked by each.
    assert np.allclose(loss, 12.0 * 60 * 1e3 / 1e6, rtol=1e-4)


def test_schedule__ships_by_the_level_of_the_day() -> None:
    quota = {"kind": "export_quota", "products": ["oxide"], "quota": {"t_per_year": 4.0}}
    results = ran(
        it=quota | {"schedule": [{"from": "2026-01", "t_per_year": 1.2}, {"from": "2026-07", "t_per_year": 6.0}]}
    )
    oxide = 12.0 * sent(results, "oxide")
    # A quota that binds is used up; supply of 8 t a year is not what holds shipments down.
    assert np.all(oxide[6:12] <= 4.0 * 1.0001) and np.all(oxide[12:18] <= 1.2 * 1.0001)
    assert oxide[7:12].mean() > 3.6 and oxide[18:].mean() > 3.0
    assert results["shocks"].resumed.sel(restriction="it", run=0).values.tolist() == [0, 2, 2]


def test_vat_wedge__does_what_a_duty_of_its_rate_does() -> None:
    wedge = {"kind": "vat_wedge", "products": ["oxide"]}
    one, other = ran(it=wedge), ran(it=wedge | {"kind": "export_duty", "rate": 0.13})
    for name, values in one["traces"].data_vars.items():
        assert np.array_equal(values, other["traces"][name], equal_nan=True), name
    assert one["shocks"].kind.item() == "vat_wedge"
    price = one["traces"].price.isel(run=0).sel(product="oxide", region="B")
    assert float(price[-1]) > 1.05


def test_dumping__sends_more_and_lowers_the_price_abroad_and_alarms_nobody() -> None:
    results = ran(it={"kind": "dumping", "products": ["ore", "oxide"], "discount": 0.4})
    price = results["traces"].price.isel(run=0).sel(product="oxide", region="B")
    assert float(price[-1]) < 0.85 and np.allclose(price[:6], 1.0, atol=1e-3)
    assert sent(results, "oxide")[6:].sum() > 1.02 * sent(results, "oxide")[0] * 18
    assert float(results["runs"].sender_loss.sel(restriction="it").max()) < 0.0
    assert float(results["shocks"].severity.max()) == 0.0
