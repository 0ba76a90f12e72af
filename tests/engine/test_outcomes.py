"""One value a run: times on hand-made months, and sums and extremes against the full paths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.chain import build
from sim.core import collect
from sim.engine.outcomes import times
from sim.scenario import Scenario, parse

DATA = Path(__file__).parents[1] / "scenario" / "data"
NEVER = 3e38


def test_follow__sums_what_is_lacking_and_still_and_finds_the_first_and_last_short_month() -> None:
    need, per_tonne = np.full((4, 1), 10.0, dtype=np.float32), np.array([[0.1], [0.1], [0.2], [0.1]], dtype=np.float32)
    got, stopped = np.full((1, 5, 1, 2), 10.0, dtype=np.float32), np.zeros((1, 5, 1, 2), dtype=np.float32)
    # Lacks 1, 0.4 (4 %: bearable) and 6; the last is no month of the horizon.
    got[0, :, 0, 0] = 10.0, 9.0, 9.6, 4.0, 0.0
    stopped[0, :, 0, 1] = 0.0, 2.0, 3.0, 0.0, 9.0
    tonnes, still, *spell = (np.full((1, 1, 2), start, dtype=np.float32) for start in (0.0, 0.0, -1.0, -1.0))
    for shift, months in ((0, 1), (1, 3)):
        source, halted = (np.ascontiguousarray(array[:, shift : shift + 4]) for array in (got, stopped))
        at = (0, 1, shift, months)
        collect.follow(source, need, np.float32(0.05), halted, per_tonne, *at, tonnes, still, *spell)
    opening, closing = spell
    np.testing.assert_allclose(tonnes[0, 0], [7.4, 0.0], rtol=1e-6)
    np.testing.assert_allclose(still[0, 0], [0.0, 0.8], rtol=1e-6)
    np.testing.assert_array_equal(opening[0, 0], [1.0, -1.0])
    np.testing.assert_array_equal(closing[0, 0], [3.0, -1.0])


@pytest.mark.parametrize(
    ("months", "onsets", "survive", "recover"),
    [
        ((5, 6, 8), (3.0,), 2.0, 3.0),
        ((5,), (3.5, 4.5), 1.5, 0.0),
        ((0, 11), (2.0,), 0.0, 11.0),  # short before the first onset: nothing was survived
        ((), (3.0,), np.nan, np.nan),
        ((4, 7), (NEVER,), np.nan, 3.0),
        ((), (NEVER,), np.nan, np.nan),
        ((4,), (NEVER, 1.0), 3.0, 0.0),
    ],
)
def test_times__run_from_the_first_onset_to_the_first_and_on_to_the_last_short_month(
    months: tuple[int, ...], onsets: tuple[float, ...], survive: float, recover: float
) -> None:
    opening, closing = (np.array([[pick(months)]]) if months else np.array([[-1.0]]) for pick in (min, max))
    found = times(opening, closing, np.array(onsets).reshape(-1, 1, 1), 12)
    np.testing.assert_array_equal(found["time_to_survive"], [[survive]])
    np.testing.assert_array_equal(found["time_to_recover"], [[recover]])


def test_times__keep_runs_and_rows_apart_and_work_without_restrictions() -> None:
    only = np.array([[3.0, -1.0], [-1.0, 4.0]])
    found = times(only, only, np.array([[[1.0, 2.0]]]), 6)
    np.testing.assert_array_equal(found["time_to_survive"], [[2.0, np.nan], [np.nan, 2.0]])
    assert np.isnan(times(only, only, np.zeros((0, 1, 2)), 6)["time_to_survive"]).all()


def test_run__per_run_values_are_those_of_the_paths(ensemble: xr.DataTree, scenario: Scenario) -> None:
    paths, found = ensemble["traces"], ensemble["runs"].to_dataset().isel(run=slice(3))

    def same(name: str, expected: xr.DataArray, **tolerance: float) -> None:
        values = expected.transpose(*found[name].dims).values
        np.testing.assert_allclose(found[name].values, np.where(np.isnan(found[name]), np.nan, values), **tolerance)

    same("peak_price", paths.price.max("time"))
    same("months_dear", (paths.price > 2.0).sum("time"))
    same("worst_shortage", paths.shortage.max("time"), atol=1e-6)
    lacking = paths.sector_shortage.sel(region=[r for r in paths.region.values if r != "world"])
    months = (lacking > 0.05).sum("time").reindex(region=found.region)
    same("shortage_months", months, atol=0)
    reference = build(scenario)
    need = xr.zeros_like(lacking.isel(run=0))
    for use, growth in zip(reference.uses, reference.trend.use, strict=True):
        monthly = use.demand / 24 * growth.reshape(-1, 2).sum(axis=1)
        place = {"sector": use.sector, "region": use.region}
        need.loc[place] = need.sel(place).fillna(0.0) + monthly
    same("shortage_tonnes", (lacking * need).sum("time").reindex(region=found.region), rtol=1e-3, atol=1e-3)
    assert float(found.shortage_tonnes.sum()) > 100.0


def test_run__values_lost_output_by_the_sectors_tables(ensemble: xr.DataTree, scenario: Scenario) -> None:
    found = ensemble["runs"]
    for row in scenario.tables.sectors:
        lost = found.lost_output.sel(sector=row.sector).values
        added = found.lost_value_added.sel(sector=row.sector).values
        np.testing.assert_allclose(added, lost * row.value_added_usd_per_kg / row.output_value_usd_per_kg, rtol=1e-5)
        tonnes = lost * 1e3 / row.output_value_usd_per_kg
        rationed = found.rationed_tonnes.sel(sector=row.sector).values
        with np.errstate(invalid="ignore"):
            assert not np.any(rationed > tonnes * (1 + 1e-4) + 1e-2)


PARTS = ("rationed", "destroyed", "substituted")


def test_run__parts_of_shortage_are_the_same_by_product_and_by_sector(ensemble: xr.DataTree) -> None:
    found = ensemble["runs"]
    for part in PARTS:
        by_product = found[f"product_{part}"].sum(("product", "region"))
        by_sector = found[f"{part}_tonnes"].sum(("sector", "region"))
        np.testing.assert_allclose(by_product, by_sector, rtol=1e-4, atol=1e-2)
    assert float(found.product_rationed.max()) > 1.0 and float(found.product_destroyed.max()) > 1.0
    assert float(found.product_saved.max()) > 0.1 and float(found.product_held_up.max()) > 1.0


def test_run__values_what_is_rationed_and_destroyed_and_no_more(ensemble: xr.DataTree, scenario: Scenario) -> None:
    found = ensemble["runs"]
    for row in scenario.tables.sectors:
        lost = (found.rationed_tonnes + found.destroyed_tonnes).sel(sector=row.sector)
        output = found.lost_output.sel(sector=row.sector)
        np.testing.assert_allclose(output, lost * row.output_value_usd_per_kg / 1e3, rtol=1e-4, atol=1e-6)


def test_run__shortage_of_sectors_is_the_sum_of_its_parts() -> None:
    # Where no price is low, nothing is added to the service path: parts and what is missing to the path are the same.
    results = under("ban", kind="ban", cut=1.0)
    assert float(results["distribution"].transacted_price_minimum.sel(product="magnet", region="B").min()) >= 1.0
    found = results["runs"].sel(region="B")
    parts = found.rationed_tonnes + found.destroyed_tonnes + found.substituted_tonnes
    assert float(found.rationed_tonnes.min()) > 0.1 and float(found.destroyed_tonnes.min()) > 0.01
    assert float(found.substituted_tonnes.min()) > 0.01
    np.testing.assert_allclose(parts, found.shortage_tonnes, rtol=1e-3)


def test_run__says_which_input_held_makers_up_and_what_they_saved() -> None:
    # B presses magnets from oxide that A stops sending: 20 t a year of 0.4 t each, thrift down to 0.8.
    found = under("ban", kind="ban", cut=1.0)["runs"].isel(run=0)
    held_up, saved = (found[f"product_{part}"].sel(region="B") for part in ("held_up", "saved"))
    assert 0.5 < float(held_up.sel(product="oxide")) < 10.0
    assert 0.0 < float(saved.sel(product="oxide")) < 0.2 * 8.0
    assert np.isnan(saved.sel(product="ore")) and float(found.product_held_up.sel(region="A").max()) == 0.0


def under(name: str, **row: object) -> xr.DataTree:
    """A year of the example, struck at mid-year."""
    usual = {"by": "A", "products": ["oxide"], "onset": {"at": "2025-07"}, "duration": "permanent"}
    time = {"start": "2025-01", "years": 1.0}
    data = {"title": "test", "chain": "tiny", "growth": False, "time": time, "restrictions": {name: usual | row}}
    return sim.run(parse(data, folder=DATA), runs=2)


def test_run__counts_exports_not_sent_as_the_senders_loss() -> None:
    # Six months of 8 t a year at 60 USD/kg.
    loss = under("ban", kind="ban", cut=1.0)["runs"].sender_loss
    np.testing.assert_allclose(loss, 4.0 * 60 * 1e3 / 1e6, rtol=1e-4)
    half = under("ban", kind="ban", cut=0.5, threat=0.0)["runs"].sender_loss
    np.testing.assert_allclose(half, 2.0 * 60 * 1e3 / 1e6, rtol=1e-3)


def test_run__counts_rent_on_quotas_only() -> None:
    quota = under("quota", kind="export_quota", quota={"t_per_year": 3.0})["runs"]
    rent = quota.licence_rent.values
    # Rent rises from nothing by at most exp(0.37 * 1.5) - 1 a month times 14 USD/kg; 1.5 t at most are licensed.
    most = 14.0 * (np.exp(0.37 * 1.5 * 6) - 1.0) * 1.5 * 1e3 / 1e6
    assert np.all((rent > 0.0) & (rent < most))
    # The sender loses 2.5 t in six months, a little less while orders of before are filled.
    np.testing.assert_allclose(quota.sender_loss, 2.5 * 60 * 1e3 / 1e6, rtol=0.05)
    assert float(under("ban", kind="ban", cut=0.5)["runs"].licence_rent.sum()) == 0.0
