"""Losses by calendar year: they add up to those of the horizon, and count each export once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import sim
from sim.engine.run import again
from sim.errors import ResultError
from sim.scenario import Scenario, parse
from tests.scenario.conftest import DATA

NAMES = ("lost_output_by_year", "lost_value_added_by_year", "lost_exports")
BAN = {"kind": "ban", "products": ["oxide"], "cut": 1.0}


def made(**rows: dict[str, Any]) -> Scenario:
    """The two-region example from July 2025 to the end of 2026; region A restricts from January 2026 on."""
    usual = {"by": "A", "onset": {"at": "2026-01"}, "duration": "permanent"}
    data = {
        "title": "test",
        "chain": "tiny",
        "growth": False,
        "time": {"start": "2025-07", "years": 1.5},
        "restrictions": {name: usual | row for name, row in rows.items()},
    }
    return parse(data, folder=DATA)


@pytest.fixture(scope="module")
def banned() -> xr.DataTree:
    """Six runs under one ban."""
    return sim.run(made(it=BAN), runs=6)


def test_years__of_lost_output_add_up_to_that_of_the_horizon(ensemble: xr.DataTree, scenario: Scenario) -> None:
    by_year, whole = ensemble["years"].to_dataset(), ensemble["runs"].to_dataset()
    assert by_year.year.values.tolist() == [2025, 2026]
    for name in ("lost_output", "lost_value_added"):
        found, total = by_year[f"{name}_by_year"], whole[name].drop_sel(region="world")
        assert float(found.min()) >= 0.0 and (found.max(("run", "sector", "region")) > 0.0).all()
        # Two sums of single precision, rounded once each.
        np.testing.assert_allclose(found.astype(float).sum("year", skipna=False), total, rtol=5e-7)
    for row in scenario.tables.sectors:
        lost = by_year.lost_output_by_year.sel(sector=row.sector).values
        added = by_year.lost_value_added_by_year.sel(sector=row.sector).values
        np.testing.assert_allclose(added, lost * row.value_added_usd_per_kg / row.output_value_usd_per_kg, rtol=1e-6)


def test_lost_exports__of_regions_are_no_more_than_those_of_their_restrictions(
    ensemble: xr.DataTree, scenario: Scenario
) -> None:
    exports = ensemble["years"].lost_exports.astype(float).sum("year")
    for region in ensemble["years"].region.values.tolist():
        mine = [name for name, row in scenario.measures.items() if row.by == region]
        sums = ensemble["runs"].sender_loss.sel(restriction=mine).astype(float).clip(min=0.0).sum("restriction")
        assert bool((exports.sel(region=region) <= sums * (1 + 1e-5) + 1e-3).all()), region
    assert float(exports.sel(region="CN").mean()) > 1.0 and not exports.sel(region="JP").any()


def test_lost_exports__of_a_route_under_two_measures_are_counted_once(banned: xr.DataTree) -> None:
    twice = sim.run(made(one=BAN, other=BAN), runs=2)
    # A year of 8 t at 60 USD/kg, all of it in 2026.
    for results in (banned, twice):
        lost = results["years"].lost_exports.isel(run=0)
        np.testing.assert_allclose(lost.sel(region="A"), [0.0, 8.0 * 60 * 1e3 / 1e6], rtol=1e-4)
        assert not lost.sel(region="B").any()
    assert float(twice["runs"].sender_loss.isel(run=0).sum()) == pytest.approx(2 * 0.48, rel=1e-4)


def test_lost_exports__of_one_measure_are_its_senders_loss(banned: xr.DataTree) -> None:
    by_region = banned["years"].lost_exports.astype(float).sum(("year", "region"))
    np.testing.assert_allclose(by_region, banned["runs"].sender_loss.sel(restriction="it"), rtol=1e-6)


def test_lost_exports__are_below_nothing_where_more_is_sent() -> None:
    dumped = sim.run(made(it={"kind": "dumping", "products": ["ore", "oxide"], "discount": 0.4}), runs=2)
    assert bool((dumped["years"].lost_exports.sel(region="A", year=2026) < 0.0).all())


def test_years__are_the_same_streamed_and_going_on_and_of_chosen_runs(banned: xr.DataTree, tmp_path: Path) -> None:
    expected = banned["years"].to_dataset()
    begun = sim.run(made(it=BAN), runs=4, open_ended=True, per_run=NAMES)
    assert sim.run(made(it=BAN), runs=6, onto=begun, per_run=NAMES)["years"].to_dataset().identical(expected)
    streamed = sim.make(made(it=BAN), tmp_path / "a.zarr", runs=6, per_run=NAMES)
    assert streamed["years"].to_dataset().identical(expected)
    sim.save(banned, tmp_path / "a.nc")
    assert sim.open_results(tmp_path / "a.nc")["years"].to_dataset().load().identical(expected)
    chosen = again(made(it=BAN), [5, 2], seed=int(banned.attrs["seed"]), per_run=NAMES)["years"]
    assert chosen.lost_exports.values.tolist() == expected.lost_exports.sel(run=[5, 2]).values.tolist()


def test_years__are_kept_as_chosen(tmp_path: Path) -> None:
    none = sim.run(made(it=BAN), runs=2, per_run=["lost_output"])
    assert "years" not in none.children
    some = sim.run(made(it=BAN), runs=2, per_run=["lost_exports"])
    assert list(some["years"].data_vars) == ["lost_exports"] and not some["runs"].data_vars
    sim.save(some, tmp_path / "a.nc")
    assert "sector" not in sim.open_results(tmp_path / "a.nc")["years"].coords
    alone = sim.run(made(it=BAN), runs=2, per_run=["lost_output_by_year"])["years"].lost_output_by_year
    assert alone.identical(sim.run(made(it=BAN), runs=2)["years"].lost_output_by_year)
    before = sim.run(made(it=BAN), runs=2, open_ended=True, per_run=["lost_output"])
    with pytest.raises(ResultError, match=r"the result has no /years; simulate its ensemble anew"):
        sim.run(made(it=BAN), runs=3, onto=before, per_run=["lost_output", "lost_exports"])
