"""Shocks leave the marks they should: an embargo, a squeeze of dysprosium, blanks cut off, controls that return.

What the quotas of 2010 leave (one rent, light oxides first, dear outside and not inside) is tested in
`test_quota_2010.py`.
"""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim

SEED = 1
ABROAD = ("EU", "US", "JP", "KR", "VN", "IN", "TH", "MY", "PH", "RW")
HEAVY = ("dy_oxide", "tb_oxide", "dy_metal", "tb_metal")
LIGHT = ("ndpr_oxide", "ndpr_metal")


def median(results: xr.DataTree, name: str, *, month: str | None = None, **place: str) -> xr.DataArray:
    """Median path, or its value in a month."""
    path = results["distribution"][name].sel(quantile=0.5, **place)
    return path if month is None else path.sel(time=f"{month}-01")


def tonnes(results: xr.DataTree, name: str, **place: str) -> float:
    """Median over runs of what the regions abroad lose or save, t."""
    return float(results["runs"][name].sel(region=list(ABROAD), **place).sum("region").median("run"))


def sent(
    results: xr.DataTree, products: tuple[str, ...], origins: tuple[str, ...], to: tuple[str, ...]
) -> xr.DataArray:
    """Shipments between regions, median over traced runs, t in the month."""
    path = results["traces"].shipment
    legs = {f"{product} {origin}>{place}" for product in products for origin in origins for place in to}
    return path.isel(route=[route in legs for route in path.route.values]).sum("route").median("run")


def embargo(products: tuple[str, ...], cut: float) -> xr.DataTree:
    """China sends nothing, or little, of some products to Japan in June and July 2025; one run, no growth."""
    scenario = sim.load(
        "still",
        overrides=[
            "time.years=2",
            f'restrictions.embargo={{ kind = "ban", by = "CN", towards = "JP", products = {list(products)}, '
            f'cut = {cut}, onset = {{ at = "2025-06" }}, duration = {{ months = 2 }} }}',
        ],
    )
    return sim.run(scenario, runs=1, traces=1)


def test_embargo__empties_stocks_after_the_time_at_sea_and_is_made_up_for_when_lifted() -> None:
    results = embargo(HEAVY, 0.9)
    flow = sent(results, HEAVY, ("CN",), ("JP",))
    usual = float(flow.isel(time=0))
    np.testing.assert_allclose(flow.sel(time=slice("2025-06", "2025-07")) / usual, 0.1, rtol=1e-3)
    # Recorded: 4,080 t in December 2010 after 2,246 t in September, before the embargo.
    assert float(flow.sel(time="2025-08-01")) > 1.5 * usual
    stock = results["traces"].inventory.sel(product="dy_oxide", region="JP").isel(run=0)
    # A third of a month at sea, so June loses a part of its arrivals only, July all but a tenth.
    june, july = float(stock.sel(time="2025-06-01")), float(stock.sel(time="2025-07-01"))
    assert 0.85 < june < 0.97 and july < 0.7
    assert float(stock.sel(time="2025-12-01")) > 1.2
    others = sent(results, HEAVY, ("CN",), tuple(region for region in ABROAD if region != "JP"))
    assert float(others.sel(time=slice("2025-06", "2025-08")).min()) >= float(others.isel(time=0)) * (1 - 1e-5)


def test_embargo__draws_in_what_others_send() -> None:
    results = embargo(LIGHT, 1.0)
    others = sent(results, LIGHT, tuple(region for region in ABROAD if region != "JP"), ("JP",))
    before = float(others.isel(time=4))
    assert before > 100.0
    assert float(others.sel(time="2025-07-01")) > 1.04 * before
    assert float(sent(results, LIGHT, ("CN",), ("JP",)).sel(time="2025-07-01")) == 0.0


@pytest.fixture(scope="module")
def squeeze() -> xr.DataTree:
    """Raw dysprosium and terbium withheld, 96 runs."""
    return sim.run(sim.load("dysprosium_squeeze"), runs=96, seed=SEED)


def test_squeeze__is_felt_stage_by_stage_in_the_grade_that_needs_dysprosium(squeeze: xr.DataTree) -> None:
    for product, least in (
        ("dy_oxide", 3.0),
        ("dy_metal", 3.0),
        ("alloy_hc", 1.5),
        ("block_hc", 1.4),
        ("magnet_hc", 1.2),
    ):
        assert float(median(squeeze, "price", product=product, region="JP").max()) > least, product
    first = [
        int((median(squeeze, "shortage", product=product, region="JP") > 0.05).argmax("time"))
        for product in ("dy_metal", "alloy_hc", "block_hc")
    ]
    assert 3 <= first[0] < first[1] < first[2], first


def test_squeeze__hardly_moves_standard_magnets_or_prices_in_china(squeeze: xr.DataTree) -> None:
    for product in ("alloy_std", "block_std", "magnet_std"):
        for region in ("JP", "EU", "KR", "CN"):
            # Alloy may get cheaper: where less of the other grade is cast, less neodymium is needed.
            assert float(median(squeeze, "price", product=product, region=region).max()) < 1.03, (product, region)
            assert float(median(squeeze, "shortage", product=product, region=region).max()) < 0.01, (product, region)
    for region in ("JP", "EU", "KR", "CN"):
        assert float(median(squeeze, "price", product="magnet_std", region=region).min()) > 0.97, region
    for product in HEAVY:
        assert float(median(squeeze, "price", product=product, region="CN").max()) <= 1.01, product


def test_squeeze__costs_traction_and_defence_and_not_those_without_the_grade(squeeze: xr.DataTree) -> None:
    def lacking(sector: str, region: str) -> float:
        return float(median(squeeze, "sector_shortage", sector=sector, region=region).max())

    # Japan casts that grade itself, so it is hit hardest; Europe and America buy it finished from China.
    for region in ("JP", "KR"):
        assert lacking("defence", region) > 0.005, region
        for sector in ("electronics", "other_magnet", "appliances", "auto_other"):
            assert lacking(sector, region) < 0.3 * lacking("defence", region), (sector, region)
    assert lacking("traction", "JP") > 3 * lacking("auto_other", "JP")
    assert lacking("defence", "JP") > 3 * lacking("defence", "EU")


def test_squeeze__is_met_by_thrift_abroad_and_by_indulgence_in_china(squeeze: xr.DataTree) -> None:
    for product in ("dy_metal", "tb_metal"):
        assert tonnes(squeeze, "product_saved", product=product) > 0.0
        assert float(squeeze["runs"].product_saved.sel(product=product, region="CN").median()) < 0.0
    heavies, lights = ("dy_metal", "tb_metal"), ("ndpr_metal",)
    held_up = [sum(tonnes(squeeze, "product_held_up", product=name) for name in names) for names in (heavies, lights)]
    assert held_up[0] > 100.0 and held_up[1] < 1.0


@pytest.fixture(scope="module")
def cutoff() -> xr.DataTree:
    """Blanks cut off from April 2026, 64 runs of two years."""
    return sim.run(sim.load("blanks_cutoff", overrides=["time.years=2"]), runs=64, seed=SEED)


@pytest.mark.parametrize("grade", ["std", "hc"])
def test_cutoff__stops_plants_that_buy_blanks_and_not_those_that_make_them(cutoff: xr.DataTree, grade: str) -> None:
    lacking = {
        region: float(
            median(cutoff, "shortage", product=f"block_{grade}", region=region).isel(time=slice(6, None)).mean()
        )
        for region in ("VN", "US", "EU", "KR", "JP", "MY", "TH", "CN")
    }
    for region in ("VN", "US", "EU", "KR"):
        assert lacking[region] > 0.25, lacking
    # Japan sinters its own blanks, and those of Malaysia and Thailand.
    assert lacking["JP"] < 0.05 and lacking["CN"] == 0.0, lacking
    for region in ("MY", "TH"):
        assert lacking["JP"] <= lacking[region] < 0.6 * lacking["VN"], lacking


def test_cutoff__comes_after_the_blanks_at_sea_and_makes_them_dear_abroad_only(cutoff: xr.DataTree) -> None:
    short = median(cutoff, "shortage", product="block_std", region="EU")
    assert float(short.sel(time=slice("2026-01", "2026-04")).max()) < 0.02 < 0.2 < float(short.sel(time="2026-07-01"))
    for region in ("VN", "US", "EU", "KR"):
        assert float(median(cutoff, "price", product="block_std", region=region).max()) > 1.4, region
    assert float(median(cutoff, "price", product="block_std", region="CN").max()) <= 1.01
    # Magnets from China make up for it: finished ones move freely.
    assert float(median(cutoff, "shortage", product="magnet_std", region="EU").max()) < 0.1


def test_magnet_ban__sends_magnets_abroad_inside_motors() -> None:
    # Magnets under licence from April 2025, motors free: those that leave China hold what may not.
    overrides = ["time.years=1.5", "restrictions.magnets_std=false", "restrictions.heavy_oxides=false"]
    results = sim.run(sim.load("controls_2025", overrides=overrides), runs=32, seed=SEED, traces=32)
    for region in ("EU", "US", "JP", "KR"):
        motors = sent(results, ("motor_hc",), ("CN",), (region,))
        magnets = sent(results, ("magnet_hc",), ("CN",), (region,))
        assert float(magnets.sel(time="2025-05-01")) < 0.2 * float(magnets.isel(time=0))
        assert float(motors.sel(time="2025-10-01")) > 1.1 * float(motors.isel(time=0))


@pytest.fixture(scope="module")
def extended() -> xr.DataTree:
    """The controls of 2025 and after, 64 runs."""
    return sim.run(sim.load("controls_2025_extended"), runs=64, seed=SEED, traces=64)


def test_extended__alarms_where_nothing_is_withheld_yet(extended: xr.DataTree) -> None:
    price = median(extended, "price", product="sm_oxide", region="EU")
    assert float(price.sel(time="2025-09-01")) == pytest.approx(1.0, abs=0.01)
    assert float(price.sel(time="2025-10-01")) > 1.5
    # What it does not do: dysprosium, four times as dear already, hardly moves. Buyers are used to alarm by then.
    dysprosium = median(extended, "price", product="dy_oxide", region="EU")
    assert float(dysprosium.sel(time="2025-11-01") / dysprosium.sel(time="2025-09-01")) < 1.1


def test_extended__parts_into_futures_in_which_the_truce_lapses_and_in_which_it_holds(extended: xr.DataTree) -> None:
    shocks = extended["shocks"].sel(restriction="october_package")
    lapses = (shocks.resumed == 1).any("event").values
    assert 16 <= lapses.sum() <= 48
    np.testing.assert_allclose(shocks.end.isel(event=0), 10.0 + 9.0 / 30.0, atol=0.02)  # 10 November 2025
    np.testing.assert_allclose(np.nanmax(shocks.onset.values[:, lapses], axis=0), 22.0 + 9.0 / 30.0, atol=0.05)
    magnets = extended["traces"].price.sel(product="magnet_hc", region="EU")
    back, held = (magnets.isel(run=rows).median("run") for rows in (lapses, ~lapses))
    assert float(abs(back / held - 1.0).sel(time=slice("2025-01", "2025-12")).max()) < 0.1
    assert float((back / held).sel(time=slice("2026-12", "2027-03")).min()) > 1.3


def test_extended__stops_what_japan_gets_for_some_months(extended: xr.DataTree) -> None:
    flow = sent(extended, HEAVY, ("CN",), ("JP",))
    assert float(flow.sel(time="2026-03-01")) < 0.4 * float(flow.sel(time="2025-12-01"))
    japan = median(extended, "shortage", product="magnet_hc", region="JP")
    europe = median(extended, "shortage", product="magnet_hc", region="EU")
    assert float(japan.sel(time=slice("2026-09", "2027-06")).mean()) > 0.05
    assert float(europe.sel(time=slice("2026-02", "2026-10")).max()) < 0.01


def test_reaction__answers_what_is_built_and_nothing_else() -> None:
    struck, earliest = {}, np.inf
    for followed in ("true", "false"):
        scenario = sim.load("blanks_reaction", overrides=["time.years=6", f"capacity.projects={followed}"])
        onset = sim.run(scenario, runs=32, seed=SEED)["shocks"].onset
        struck[followed] = float(onset.notnull().any([name for name in onset.dims if name != "run"]).mean())
        earliest = min(earliest, float(onset.min()))
    assert struck["true"] > 0.9 and struck["false"] == 0.0
    assert earliest > 6.0
