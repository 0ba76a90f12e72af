"""The bundled scenarios: each runs, and China's controls of 2025 come out as they did."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import xarray as xr

import sim
from sim.chain import Reference, build, core_arrays, stability
from sim.core import allocate, fields, loop
from sim.scenario import bundled
from sim.shocks import sample

APRIL = 3
"""Months from the start of `controls_2025` to 1 April 2025."""
SEED = 20250404


@pytest.mark.parametrize("name", sorted(bundled()))
def test_load__builds_and_runs_every_bundled_scenario(name: str) -> None:
    scenario = sim.load(name)
    assert scenario.title and scenario.description
    assert all(row.title and row.source for row in scenario.restrictions.values())
    results = sim.run(scenario, runs=8)
    price = results["distribution"].price_mean
    assert price.time.size == round(12 * scenario.time.years)
    markets = len(build(scenario).markets)
    # Markets, and the world of every product that is used.
    found = np.isfinite(price.isel(time=0)).sum()
    assert markets < found <= markets + len(scenario.tables.products)
    for group in ("distribution", "runs"):
        for variable in results[group].data_vars.values():
            assert not np.isinf(variable).any(), variable.name
    assert float(results["distribution"].shortage_minimum.min()) >= 0.0
    assert float(results["distribution"].shortage_maximum.max()) <= 1.0


def test_baseline__draws_as_many_chinese_onsets_as_were_counted() -> None:
    scenario = sim.load("baseline", overrides=["time.years=18.25", "regimes.CN.start=stationary"])
    shocks = sample(scenario, build(scenario), first=0, runs=4096, seed=SEED)
    chinese = [index for index, name in enumerate(shocks.names) if name.startswith("cn_")]
    new = (shocks.onset < 1e9) & (shocks.resumed == 0)
    # Nine were counted from 2008 to March 2026; Jeffreys' prior adds up to half an event to each of seven counts.
    assert 9.0 <= new[chinese].sum() / 4096 <= 12.5
    assert float(shocks.conflict_share(219.0).mean()) == pytest.approx(6.75 / 18.25, abs=0.02)


@pytest.fixture(scope="module")
def controls() -> xr.DataTree:
    """The controls of 2025, 2,000 runs."""
    return sim.run(sim.load("controls_2025"), runs=2000, seed=SEED)


def median(results: xr.DataTree, product: str, region: str, variable: str = "price") -> xr.DataArray:
    return results["distribution"][variable].sel(product=product, region=region, quantile=0.5)


def test_controls__treble_dysprosium_in_europe_and_keep_it_dear(controls: xr.DataTree) -> None:
    price = median(controls, "dy_oxide", "EU")
    assert 2.0 <= float(price.sel(time="2025-05-01")) <= 4.2
    assert 2.5 <= float(price.sel(time="2025-10-01")) <= 5.0


def test_controls__leave_dysprosium_in_china_as_it_was(controls: xr.DataTree) -> None:
    price = median(controls, "dy_oxide", "CN")
    assert price.time.size == 24
    assert float(price.min()) >= 0.9 and float(price.max()) <= 1.1


def test_controls__double_european_magnets_for_some_months(controls: xr.DataTree) -> None:
    peaks = controls["runs"].peak_price.sel(product="magnet_hc", region="EU")
    assert 1.3 <= float(peaks.median()) <= 2.5
    price = median(controls, "magnet_hc", "EU")
    assert float(price.isel(time=slice(APRIL + 9, None)).max()) < 1.3


def test_controls__hardly_raise_what_the_world_pays_for_dysprosium(controls: xr.DataTree) -> None:
    paid = median(controls, "dy_oxide", "world", "transacted_price")
    mean = controls["distribution"].transacted_price_mean.sel(product="dy_oxide", region="world")
    assert float(paid.max()) < 1.3 and float(mean.max()) < 1.3
    assert float(median(controls, "dy_oxide", "EU", "transacted_price").max()) > float(paid.max())


@dataclass(frozen=True)
class Stepped:
    """Runs of the controls stepped period by period; what is in the results comes from `sim.run`."""

    first_rationing: np.ndarray
    """Months from the start to the period in which EU or US magnets are first rationed, by run."""
    results: xr.DataTree

    @property
    def lost(self) -> float:
        """Tonnes rationed and destroyed, all sectors and regions, median over runs."""
        value = {row.sector: row.output_value_usd_per_kg for row in sim.load("controls_2025").tables.sectors}
        output = self.results["runs"].lost_output
        tonnes = sum(output.sel(sector=name).sum("region") * 1e3 / usd for name, usd in value.items())
        return float(tonnes.median("run"))


@cache
def stepped(periods_per_year: int, runs: int = 64) -> Stepped:
    scenario = sim.load("controls_2025", overrides=[f"time.periods_per_year={periods_per_year}"])
    reference = build(scenario)
    chain = core_arrays(reference)
    dt = 12.0 / periods_per_year
    events = sample(scenario, reference, first=0, runs=runs, seed=SEED).events(dt)
    rows = [reference.at[product, region] for product in ("magnet_hc", "magnet_std") for region in ("EU", "US")]
    block = allocate.block_at_reference(chain, runs)
    months, weights = np.zeros(scenario.periods, dtype=np.int32), np.ones(scenario.periods, dtype=np.float32)
    first = np.full(runs, np.inf)
    for now in range(scenario.periods):
        loop.simulate(
            chain,
            events,
            stability.no_projects(chain),
            0,
            now,
            now + 1,
            months,
            weights,
            block,
            allocate.no_record(chain),
        )
        rationed = (block.market[fields.FILL_LOCAL][rows] < 0.99).any(axis=0)
        first = np.where(rationed & np.isinf(first), now * dt, first)
    return Stepped(first, sim.run(scenario, runs=runs, seed=SEED))


@pytest.mark.parametrize("periods_per_year", [24, 52])
def test_controls__ration_magnets_in_europe_or_america_from_the_second_or_third_month(periods_per_year: int) -> None:
    weeks = (stepped(periods_per_year).first_rationing - APRIL) * 52.0 / 12.0 + 1.0
    assert 5.0 <= float(np.median(weeks)) <= 13.0


def test_controls__peak_alike_with_24_and_52_periods_a_year() -> None:
    coarse, fine = (stepped(count).results["runs"].peak_price.median("run") for count in (24, 52))
    dear = fine.where(fine > 1.3).stack(market=("product", "region")).dropna("market")
    assert dear.size > 20
    ratio = (coarse.stack(market=("product", "region")) / dear).dropna("market").to_series()
    assert not ratio[(ratio - 1.0).abs() > 0.08].round(3).to_dict()


def test_controls__lose_as_much_with_24_and_52_periods_a_year() -> None:
    coarse, fine = stepped(24).lost, stepped(52).lost
    assert fine > 1000.0
    assert coarse == pytest.approx(fine, rel=0.10)


def test_controls__ration_first_within_a_month_with_24_and_52_periods_a_year() -> None:
    first = [float(np.median(stepped(count).first_rationing)) for count in (24, 52)]
    assert abs(first[0] - first[1]) <= 1.0


def price_index(reference: Reference, results: xr.DataTree) -> xr.DataArray:
    """Quoted prices weighted by the reference value of what leaves each market, by run, month and region."""
    price = results["traces"].price
    value = xr.zeros_like(price.isel(run=0, time=0, drop=True))
    for (product, region), tonnes in zip(reference.markets, reference.flows.outflow, strict=True):
        value.loc[{"product": product, "region": region}] = tonnes * reference.products[product].price_usd_per_kg
    regions = [region for region in price.region.values if region != "world"]
    value, price = value.sel(region=regions), price.sel(region=regions)
    return (price * value).sum("product") / value.where(price.isel(run=0, time=0).notnull()).sum("product")


def test_controls__are_forgotten_within_five_years_of_their_end() -> None:
    scenario = sim.load("controls_2025")
    scenario = scenario.replace(
        "time.years=6.5", *(f"restrictions.{name}.duration={{ months = 12 }}" for name in scenario.restrictions)
    )
    results = sim.run(scenario, runs=16, seed=SEED, traces=16)
    index = price_index(build(scenario), results)
    ended = APRIL + 13  # the last of the three ends in mid-April 2026
    assert float(abs(index.isel(time=slice(APRIL, ended)) - 1.0).max()) > 0.05
    assert float(abs(index.isel(time=slice(ended + 60, None)) - 1.0).max()) <= 0.05
    assert index.time.size >= ended + 60 + 1


def test_controls__stop_fewer_lines_where_users_keep_stocks() -> None:
    tonnes = [
        sim.run(sim.load("controls_2025", overrides=[f"parameters.users_cover={share}"]), runs=64, seed=SEED)["runs"]
        .rationed_tonnes.sum(("sector", "region"))
        .median()
        for share in (0.0, 0.25, 0.5)
    ]
    assert tonnes[0] > tonnes[1] > tonnes[2] > 0.0


WITHOUT = "restrictions.technology_export_ban=false"


@cache
def barred(*overrides: str) -> xr.DataTree:
    return sim.run(sim.load("technology_ban_2023", overrides=list(overrides)), runs=128, seed=SEED)


def abroad(results: xr.DataTree, stage: str) -> xr.DataArray:
    """Capacity outside China at the end, t a year, by run."""
    capacity = results["capacity"].final_capacity.sel(stage=stage)
    return capacity.sel(region="world") - capacity.sel(region="CN")


def test_technology_ban__moves_no_price_in_the_first_year() -> None:
    with_ban, without = (found["distribution"].price_mean.isel(time=slice(12)) for found in (barred(), barred(WITHOUT)))
    np.testing.assert_array_equal(with_ban, without)


@pytest.mark.parametrize("stage", ["metal", "block", "magnet"])
def test_technology_ban__leaves_less_capacity_abroad(stage: str) -> None:
    less, more = abroad(barred(), stage), abroad(barred(WITHOUT), stage)
    assert float((less <= more * (1 + 1e-5)).mean()) > 0.9
    assert float(less.mean()) < 0.99 * float(more.mean())


def test_technology_ban__puts_off_magnet_plants_and_no_mines() -> None:
    late, early = barred()["capacity"].project_start, barred(WITHOUT)["capacity"].project_start
    assert float((late - early).sel(project="10X").mean()) > 6.0
    # Mines are not barred; their clocks feel prices only where a price war is near.
    np.testing.assert_allclose(late.sel(project="Longonjo"), early.sel(project="Longonjo"), atol=0.1)
