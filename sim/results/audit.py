"""What a chain stands on: its size, how well its rows are known, and what was changed or raised to make it run."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sim.chain import stocks
from sim.chain.reference import Reference
from sim.scenario import Scenario

TABLES = ("regions", "products", "recipes", "processes", "routes", "transport", "sectors", "uses")

ASSUMPTION = "assumption"
"""Class of confidence of what no source gives."""
OPTIONAL = {
    "cohorts": "buyers of a sector by cover",
    "technologies": "cost and time of new capacity",
    "skills": "skilled people by region and stage",
    "projects": "capacity planned or being built",
    "demand_paths": "service demand by year",
    "lifetimes": "lives of products and their collection",
}
"""Tables a chain may go without, and what each is about."""
USED = ("cohorts", "demand_paths", "lifetimes")
"""Those of them that results always depend on; the others are read and checked."""
USED_BY_CAPACITY = ("technologies", "skills")
"""Those that results depend on where capacity answers or projects are followed."""


@dataclass(frozen=True)
class OptionalTable:
    """An optional table of a chain, in figures."""

    name: str
    """Name without its ending."""
    about: str
    """What it is about."""
    rows: int
    """Rows; 0 where the chain goes without it."""
    subjects: int
    """Different sectors, recipes, regions or projects: entries of the first column."""
    assumptions: int
    """Rows that no source supports."""
    used: bool
    """Whether results depend on it."""


@dataclass(frozen=True)
class RaisedCover:
    """A product whose cover is raised, since a period of the scenario could not move enough out of less."""

    product: str
    markets: int
    given: float
    """Months."""
    used: float
    """Months."""


def counts(reference: Reference) -> dict[str, int]:
    """How many of each thing a chain has."""
    latent = sum(route.flow == 0.0 for route in reference.routes)
    policies = {"policies": len(reference.scenario.policies)} if reference.scenario.policies else {}
    return {
        "regions": len(reference.regions),
        "products": len(reference.products),
        "markets": len(reference.markets),
        "processes": len(reference.processes),
        "routes": len(reference.routes) - latent,
        "latent routes": latent,
        "sectors": len(reference.sectors),
        "uses": len(reference.uses),
        "restrictions": len(reference.scenario.restrictions),
        **policies,
    }


def confidence(scenario: Scenario) -> dict[str, dict[str, int]]:
    """Rows of each class of confidence in each table, the surest class first."""
    tables = scenario.tables
    found = {table: Counter(row.confidence for row in getattr(tables, table)) for table in TABLES}
    classes = sorted(tables.meta.confidence, key=lambda name: tables.meta.confidence[name])
    return {name: {table: found[table][name] for table in TABLES} for name in classes}


def optional_tables(scenario: Scenario) -> tuple[OptionalTable, ...]:
    """Optional tables of a chain, those it goes without included."""
    capacity = scenario.capacity
    used = (*USED, *(USED_BY_CAPACITY if capacity.followed else ()), *(("projects",) if capacity.projects else ()))
    found = []
    for name, about in OPTIONAL.items():
        rows = getattr(scenario.tables, name)
        subjects = {getattr(row, row.key[0]) for row in rows}
        assumed = sum(row.confidence == ASSUMPTION for row in rows)
        found.append(OptionalTable(name, about, len(rows), len(subjects), assumed, name in used))
    return tuple(found)


def raised_covers(reference: Reference) -> tuple[RaisedCover, ...]:
    """Products whose markets need more cover than given to bear the step of time."""
    given, used = stocks.covers(reference)
    raised: dict[str, RaisedCover] = {}
    for (product, _), before, after in zip(reference.markets, given, used, strict=True):
        if after > before * (1.0 + 1e-9):
            markets = raised[product].markets + 1 if product in raised else 1
            raised[product] = RaisedCover(product, markets, float(before), float(after))
    return tuple(raised.values())


def stated_assumptions(scenario: Scenario) -> tuple[str, ...]:
    """What the chain's own README lists under a heading that begins with "Assumptions", a paragraph each."""
    folder = _chain_folder(scenario)
    readme = folder / "README.md" if folder is not None else None
    if readme is None or not readme.is_file():
        return ()
    section = re.search(r"^#+ Assumptions.*?$(.*?)(?=^#|\Z)", readme.read_text(encoding="utf-8"), re.M | re.S)
    items = re.split(r"^- ", section.group(1), flags=re.M)[1:] if section else []
    return tuple(re.sub(r"[*`]", "", " ".join(item.split())) for item in items)


def _chain_folder(scenario: Scenario) -> Path | None:
    from sim.scenario.sources import scenario_root

    shipped = scenario_root() / "chains" / scenario.chain
    beside = scenario.path.parent / scenario.chain if scenario.path is not None else shipped
    return next((folder for folder in (shipped, beside) if folder.is_dir()), None)
