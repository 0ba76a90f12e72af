"""End of life: collection follows past sales, worked by hand, and the rest of the chain follows collection."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.chain import Reference, build
from sim.chain.recycling import collection, collectors, deaths
from sim.scenario import parse
from sim.scenario.dynamics import DemandPathRow, LifetimeRow

DATA = Path(__file__).parents[1] / "scenario" / "data"
TOLD = {"source": "x", "confidence": "made_up"}


def life(years: float, spread: float = 0.0, share: float = 0.1) -> LifetimeRow:
    return LifetimeRow(sector="motors", lifetime_years=years, spread_years=spread, collection_share=share, **TOLD)


def tiny(row: LifetimeRow, path: dict[int, float] | None = None, *, growth: bool = True) -> Reference:
    """The two-region example from the middle of its base year, 2024; its sector grows by 5 % a year beside the path."""
    time = {"start": "2024-07", "years": 4.0}
    scenario = parse({"title": "test", "chain": "tiny", "growth": growth, "time": time}, folder=DATA)
    rows = [DemandPathRow(sector="motors", region="all", year=y, index=i, **TOLD) for y, i in (path or {}).items()]
    scenario._tables = replace(scenario.tables, demand_paths=tuple(rows), lifetimes=(row,))
    return build(scenario)


def test_collection__repeats_sales_of_a_lifetime_ago() -> None:
    # Sold in 2010: 0.4, 2011: 0.5, 2012: 0.8 of 2024. All of it comes back after 14 years to the day, 2024 to 2026.
    found = collection(tiny(life(14.0), {2010: 0.4, 2011: 0.5, 2012: 0.8}), np.array([0.0, 1.0, 2.0]))
    for region in ("A", "B"):
        np.testing.assert_allclose(found[region], [1.0, 1.25, 2.0], rtol=1e-12)


def test_collection__spreads_a_life_as_a_gamma_law_worked_by_hand() -> None:
    # Sales rise by 5 % a year up to the middle of 2024 and are flat from there on. Lives of 12 years, standard
    # deviation 4, are gamma with shape (12 / 4)^2 = 9 and scale 4^2 / 12 = 4/3. At the start the mean of exp(-r age)
    # comes back, r = ln 1.05, which is (1 + r 4/3)^-9; when all sold before 2024 is gone, 1 comes back.
    found = collection(tiny(life(12.0, 4.0), {2024: 1.0, 2100: 1.0}), np.array([60.0]))["A"]
    assert float(found[0]) == pytest.approx((1.0 + np.log(1.05) * 4.0 / 3.0) ** 9, rel=1e-3)


def test_collection__grows_as_sales_that_always_grew_evenly_whatever_the_lifetime() -> None:
    years = np.linspace(0.0, 4.0, 9)
    for row in (life(3.0), life(12.0, 4.0), life(25.0, 24.0)):
        np.testing.assert_allclose(collection(tiny(row), years)["B"], 1.05**years, rtol=1e-12)


def test_collection__stays_without_growth() -> None:
    found = collection(tiny(life(12.0, 4.0), {2010: 0.2}, growth=False), np.arange(5.0))
    assert set(found) == {"A", "B"} and all(np.all(row == 1.0) for row in found.values())
    still = build(sim.load("still"))
    assert len(collectors(still)) >= 4
    assert all(np.all(row == 1.0) for row in collection(still, np.arange(10.0)).values())


def test_collection__knows_nothing_of_what_is_not_collected() -> None:
    assert collection(tiny(life(12.0, share=0.0)), np.arange(3.0)) == {}


def test_bundled__collection_weighs_sectors_by_what_they_give_back(growing: Reference) -> None:
    # One region, by hand: tonnes a year that come back of each sector, from its sales a year apart.
    years, region = np.array([0.0, 10.0]), "EU"
    total, only = np.zeros(2), build(growing.scenario.replace("time.years=1"))
    for row in growing.scenario.tables.lifetimes:
        tonnes = sum(use.demand for use in growing.uses if (use.sector, use.region) == (row.sector, region))
        if not tonnes or not row.collection_share:
            continue
        rate = growing.sectors[row.sector].growth_per_year
        only.scenario._tables = replace(growing.scenario.tables, lifetimes=(row,))
        grown = collection(only, years)[region]
        if not growing.scenario.tables.demand_path(row.sector, region):
            np.testing.assert_allclose(grown, (1.0 + rate) ** years, rtol=1e-9)
        # Before the base year sales grew at the rate: what came back at the start is sales over the growth of a life.
        ages, shares = deaths(row)
        past = (1.0 + rate) ** -ages @ shares
        total += row.collection_share * tonnes * past * grown
    found = collection(growing, years)[region]
    assert float(found[1]) == pytest.approx(total[1] / total[0], rel=0.02)


def test_trend__collects_what_was_sold_and_recycles_what_is_collected(growing: Reference) -> None:
    years = (np.arange(240) + 0.5) / 24
    found = collection(growing, years)
    row = {(p.recipe_name, p.region): f for p, f in zip(growing.processes, growing.trend.process, strict=True)}
    collected = [growing.processes[index].region for index in collectors(growing)]
    assert {"CN", "EU", "JP", "US"} <= set(collected)
    for region in collected:
        # Factors are joined between whole years.
        np.testing.assert_allclose(row["collect_eol", region], found[region], rtol=5e-3)
        recycled = row["recycle_eol", region] if ("recycle_eol", region) in row else row["magnet_to_magnet", region]
        # No scrap is traded: those who live on it get what is collected, less what their stocks take as they grow.
        np.testing.assert_allclose(recycled / row["collect_eol", region], 1.0, atol=0.05)


def test_trend__differs_from_demand_where_lives_are_long(growing: Reference) -> None:
    # In ten years traction grows faster than it did before: what comes back grows more slowly than what is made.
    row = {process.name: f[-1] for process, f in zip(growing.processes, growing.trend.process, strict=True)}
    assert row["collect_eol_cn"] < 0.9 * row["finish_hc_cn"]


def test_trend__without_lifetimes_has_collection_follow_its_outlets() -> None:
    scenario = sim.load("baseline", overrides=["time.years=4"])
    scenario._tables = replace(scenario.tables, lifetimes=())
    reference = build(scenario)
    assert collectors(reference) == ()
    row = {process.name: f for process, f in zip(reference.processes, reference.trend.process, strict=True)}
    assert row["collect_eol_cn"][-1] > 1.2
