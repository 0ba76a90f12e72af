"""Checks of the optional tables against each other and against the chain."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection

from sim.errors import Fault
from sim.scenario.base import nearest
from sim.scenario.dynamics import EVERYWHERE, ProjectRow
from sim.scenario.loading import ChainTables, Loading

SHARE_TOLERANCE = 1e-4
MOST_YEARS_OF_VALUE = 20.0
"""Capital cost over the yearly value of what it makes, at most: beyond it a unit is wrong."""
LEAST_ACTIVITY = 1e-3
"""Least reference activity of a process that a project enlarges, t a year: less is dropped from the chain."""
YEARS_BEFORE, YEARS_AFTER = 15, 30
"""How far from the base year a project may start."""


def inspect_dynamics(tables: ChainTables, loading: Loading) -> None:
    """Note every fault of the optional tables; a check is left out where a table it needs is broken.

    Parameters
    ----------
    tables: Rows that were understood.
    loading: Collects the faults.
    """
    _references(tables, loading)
    _cohorts(tables, loading)
    _technologies(tables, loading)
    _projects(tables, loading)
    _demand(tables, loading)
    _lifetimes(tables, loading)


def _references(tables: ChainTables, loading: Loading) -> None:
    regions = [row.region for row in tables.regions]
    sectors = ("sectors.csv", [row.sector for row in tables.sectors])
    recipes = ("recipes.csv", list(dict.fromkeys(row.recipe for row in tables.recipes)))
    known: dict[str, dict[str, tuple[str, Collection[str]]]] = {
        "cohorts": {"sector": sectors},
        "technologies": {"recipe": recipes, "region": ("regions.csv", [*regions, EVERYWHERE])},
        "skills": {"region": ("regions.csv", regions), "stage": ("chain.toml", tables.meta.stages)},
        "projects": {"recipe": recipes, "region": ("regions.csv", regions)},
        "demand_paths": {"sector": sectors, "region": ("regions.csv", [*regions, EVERYWHERE])},
        "lifetimes": {"sector": sectors},
    }
    for table, columns in known.items():
        confidence = {"confidence": ("chain.toml", tables.meta.confidence)}
        for column, (home, choices) in (columns | confidence).items():
            if home in loading.broken:
                continue
            for position, row in enumerate(getattr(tables, table)):
                name = getattr(row, column)
                if name not in choices:
                    problem = f"is '{name}', not a known {column}"
                    loading.fault(f"{table}.csv", position, column, problem, nearest(name, choices))


def _missing(tables: ChainTables, loading: Loading, table: str) -> None:
    """Note the sectors a table leaves out, once it has any row."""
    rows = getattr(tables, table)
    if not rows or not loading.broken.isdisjoint({f"{table}.csv", "sectors.csv"}):
        return
    given = {row.sector for row in rows}
    for sector in (row.sector for row in tables.sectors if row.sector not in given):
        fault = Fault(
            loading.file(f"{table}.csv"), "sector", f"leaves out '{sector}'", "add a row, or remove the table"
        )
        loading.faults.append(fault)


def _cohorts(tables: ChainTables, loading: Loading) -> None:
    _missing(tables, loading, "cohorts")
    if "cohorts.csv" in loading.broken:
        return
    members: dict[str, list[int]] = defaultdict(list)
    for position, row in enumerate(tables.cohorts):
        members[row.sector].append(position)
    for sector, positions in members.items():
        total = math.fsum(tables.cohorts[position].share for position in positions)
        if abs(total - 1.0) > SHARE_TOLERANCE:
            problem = f"sums to {total:g} over the cohorts of {sector}"
            loading.fault("cohorts.csv", positions[0], "share", problem, "give shares that sum to 1")


def _technologies(tables: ChainTables, loading: Loading) -> None:
    needed = {"chain.toml", "products.csv", "recipes.csv", "technologies.csv"}
    if not tables.technologies or not loading.broken.isdisjoint(needed):
        return
    price = {row.product: row.price_usd_per_kg for row in tables.products}
    worth: dict[str, float] = defaultdict(float)
    for recipe in tables.recipes:
        worth[recipe.recipe] += 1e3 * max(recipe.coefficient, 0.0) * price.get(recipe.product, 0.0)
    for position, row in enumerate(tables.technologies):
        value = worth.get(row.recipe, 0.0)
        if value > 0.0 and row.capex_usd_per_t_per_year > MOST_YEARS_OF_VALUE * value:
            years = row.capex_usd_per_t_per_year / value
            problem = f"is {row.capex_usd_per_t_per_year:g}, {years:.0f} times the yearly value of what it makes"
            cure = "give USD for a tonne a year of activity"
            loading.fault("technologies.csv", position, "capex_usd_per_t_per_year", problem, cure)
    for position, process in enumerate(tables.processes):
        if "processes.csv" not in loading.broken and tables.technology(process.recipe, process.region) is None:
            problem = f"is '{process.recipe}', which technologies.csv leaves out in {process.region}"
            cure = f"add a row for {process.region} or {EVERYWHERE}"
            loading.fault("processes.csv", position, "recipe", problem, cure)


def _projects(tables: ChainTables, loading: Loading) -> None:
    if not loading.broken.isdisjoint({"regions.csv", "recipes.csv", "processes.csv", "chain.toml"}):
        return
    running: dict[tuple[str, str], list[float]] = defaultdict(list)
    for process in tables.processes:
        running[process.recipe, process.region].append(process.activity_t_per_year)
    regions = {row.region for row in tables.regions}
    recipes = {row.recipe for row in tables.recipes}
    base = tables.meta.base_year
    trained = {(row.region, row.stage) for row in tables.skills}
    for position, row in enumerate(tables.projects):
        if row.region not in regions or row.recipe not in recipes:
            continue
        _joins(loading, position, row, running[row.recipe, row.region])
        if not base - YEARS_BEFORE <= int(row.start[:4]) <= base + YEARS_AFTER:
            problem = f"is '{row.start}', out of reach of the base year {base}"
            cure = f"give a month from {base - YEARS_BEFORE} to {base + YEARS_AFTER}"
            loading.fault("projects.csv", position, "start", problem, cure)
        _equipped(tables, loading, position, row, trained)


def _joins(loading: Loading, position: int, row: ProjectRow, activities: list[float]) -> None:
    """Note a project without exactly one process to enlarge; the activities are those of its recipe and region."""
    place = f"is '{row.region}', where"
    if not activities:
        cure = "add the process to processes.csv with a small activity"
        loading.fault("projects.csv", position, "region", f"{place} no process runs {row.recipe}", cure)
    elif len(activities) > 1:
        problem = f"{place} {len(activities)} processes run {row.recipe}"
        loading.fault("projects.csv", position, "region", problem, "give each process a recipe of its own")
    elif activities[0] < LEAST_ACTIVITY:
        problem = f"{place} {row.recipe} has no activity, and so no market to work in"
        loading.fault("projects.csv", position, "region", problem, f"give it at least {LEAST_ACTIVITY:g} t a year")


def _equipped(
    tables: ChainTables, loading: Loading, position: int, row: ProjectRow, trained: set[tuple[str, str]]
) -> None:
    """Note a project without a technology, or without skilled people where the chain counts them."""
    if "technologies.csv" not in loading.broken and tables.technology(row.recipe, row.region) is None:
        problem = f"is '{row.recipe}', which technologies.csv leaves out in {row.region}"
        loading.fault("projects.csv", position, "recipe", problem, f"add a row for {row.region} or {EVERYWHERE}")
    if tables.skills and loading.broken.isdisjoint({"skills.csv", "products.csv"}):
        stage = tables.stage(row.recipe)
        if (row.region, stage) not in trained:
            problem = f"is '{row.region}', whose people at the stage {stage} skills.csv leaves out"
            loading.fault("projects.csv", position, "region", problem, "add a row to skills.csv")


def _demand(tables: ChainTables, loading: Loading) -> None:
    base = tables.meta.base_year
    used = {(row.sector, row.region) for row in tables.uses} | {(row.sector, EVERYWHERE) for row in tables.uses}
    sectors = {row.sector for row in tables.sectors}
    regions = {row.region for row in tables.regions} | {EVERYWHERE}
    for position, row in enumerate(tables.demand_paths):
        if row.year == base and row.index != 1.0 and "chain.toml" not in loading.broken:
            problem = f"is {row.index:g} in the base year {base}"
            loading.fault("demand_paths.csv", position, "index", problem, "give 1 or remove the row")
        known = row.sector in sectors and row.region in regions
        if known and "uses.csv" not in loading.broken and (row.sector, row.region) not in used:
            problem = f"is '{row.region}', where {row.sector} uses nothing"
            loading.fault("demand_paths.csv", position, "region", problem, "remove the row")


def _lifetimes(tables: ChainTables, loading: Loading) -> None:
    _missing(tables, loading, "lifetimes")
    for position, row in enumerate(tables.lifetimes):
        if row.spread_years >= row.lifetime_years:
            problem = f"is {row.spread_years:g}, not below the lifetime of {row.lifetime_years:g}"
            loading.fault("lifetimes.csv", position, "spread_years", problem, "give a smaller spread")
