"""The denial of magnets to arms makers abroad, and the US rule of 2027, stop those they mean and nobody else."""

from __future__ import annotations

import pytest
import xarray as xr

import sim

ABROAD = ("US", "EU", "JP", "KR", "IN", "RW")


def results(name: str) -> xr.DataTree:
    # Dates are known, and only the share of users denied is drawn: few runs do.
    return sim.run(sim.load(name), runs=16)


@pytest.fixture(scope="module")
def denial() -> xr.DataTree:
    return results("end_use_denial")


@pytest.fixture(scope="module")
def rule() -> xr.DataTree:
    return results("sourcing_2027")


def stopped(found: xr.DataTree, sector: str, region: str, first: str, last: str) -> xr.DataArray:
    """Mean share of lines that stand still, by month."""
    return found["distribution"].stopped_mean.sel(sector=sector, region=region, time=slice(first, last))


@pytest.mark.parametrize("region", ABROAD)
def test_denial__stops_most_arms_makers_abroad_and_not_before(denial: xr.DataTree, region: str) -> None:
    begins = "2026-01" if region == "JP" else "2026-11"
    before = stopped(denial, "defence", region, "2025-10", "2025-12" if region == "JP" else "2026-10")
    assert float(before.max()) == 0.0
    after = stopped(denial, "defence", region, begins, "2028-09")[2:]
    # Of the 85 % denied on average, free magnets keep a part running.
    assert float(after.min()) > 0.4 and float(after.max()) < 0.9


def test_denial__spares_arms_at_home(denial: xr.DataTree) -> None:
    assert float(stopped(denial, "defence", "CN", "2025-10", "2028-09").max()) < 0.005


def test_denial__stops_no_other_sector_anywhere(denial: xr.DataTree) -> None:
    found = denial["distribution"].stopped_mean
    others = found.sel(sector=[name for name in found.sector.values if name != "defence"])
    assert float(others.max()) < 0.005


def test_denial__leaves_others_cheaper_material(denial: xr.DataTree) -> None:
    # What arms may not have stays in the market: after the alarm of the first months its price is below the reference.
    price = denial["distribution"].price_mean.sel(product="magnet_smco", region="US")
    assert float(price.sel(time="2028-06-01")) < 0.95


def test_content__says_that_samarium_magnets_are_all_chinese(denial: xr.DataTree) -> None:
    content = denial["distribution"].content_mean
    assert float(content.sel(product="magnet_smco", region="US").min()) > 0.99
    # Standard magnets of Japan come from metal of Malaysian and Vietnamese oxide too.
    assert float(content.sel(product="magnet_std", region="JP").max()) < 0.8


def test_rule__stops_arms_makers_of_the_us_only_and_from_its_date_on(rule: xr.DataTree) -> None:
    assert float(stopped(rule, "defence", "US", "2025-10", "2026-12").max()) == 0.0
    assert float(stopped(rule, "defence", "US", "2027-02", "2028-09").min()) > 0.7
    found = rule["distribution"].stopped_mean
    elsewhere = found.sel(sector="defence", region=[name for name in ABROAD if name != "US"])
    others = found.sel(sector=[name for name in found.sector.values if name != "defence"])
    assert float(elsewhere.max()) < 0.005 and float(others.max()) < 0.005
