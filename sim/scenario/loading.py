"""The tables of a chain as one object, and the ledger kept while they are read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from sim.errors import Fault
from sim.scenario.base import label
from sim.scenario.dynamics import (
    EVERYWHERE,
    CohortRow,
    DemandPathRow,
    LifetimeRow,
    ProjectRow,
    SkillRow,
    TechnologyRow,
)
from sim.scenario.rows import (
    ChainMeta,
    ProcessRow,
    ProductRow,
    RecipeRow,
    RegionRow,
    RouteRow,
    SectorRow,
    TransportRow,
    UseRow,
)


@dataclass(frozen=True)
class ChainTables:
    """Tables of a chain as its author wrote them, before any reconciliation."""

    meta: ChainMeta
    """What `chain.toml` says."""
    regions: tuple[RegionRow, ...]
    """Regions, in the order of the file, as all tables here."""
    products: tuple[ProductRow, ...]
    """Products."""
    recipes: tuple[RecipeRow, ...]
    """Inputs and outputs of recipes."""
    processes: tuple[ProcessRow, ...]
    """Processes."""
    routes: tuple[RouteRow, ...]
    """Routes."""
    transport: tuple[TransportRow, ...]
    """Time and cost between regions."""
    sectors: tuple[SectorRow, ...]
    """Final uses."""
    uses: tuple[UseRow, ...]
    """Demand of the sectors."""
    digest: str
    """SHA-256 of all files together, for provenance."""
    cohorts: tuple[CohortRow, ...] = ()
    """Buyers by cover; this and all below are empty where the chain has no such table."""
    technologies: tuple[TechnologyRow, ...] = ()
    """What it takes to build and run the recipes."""
    skills: tuple[SkillRow, ...] = ()
    """Skilled people."""
    projects: tuple[ProjectRow, ...] = ()
    """Capacity that named projects would add."""
    demand_paths: tuple[DemandPathRow, ...] = ()
    """Service demand by year."""
    lifetimes: tuple[LifetimeRow, ...] = ()
    """Lives of products, and what comes back at their end."""

    def recipe(self, name: str) -> dict[str, float]:
        """Return the coefficients of a recipe by product."""
        return {row.product: row.coefficient for row in self.recipes if row.recipe == name}

    def stage(self, name: str) -> str:
        """Return the stage of a recipe: that of the output worth most; empty if it makes nothing known."""
        products = {row.product: row for row in self.products}
        worth = {
            product: tonnes * products[product].price_usd_per_kg
            for product, tonnes in self.recipe(name).items()
            if tonnes > 0.0 and product in products
        }
        return products[max(worth, key=lambda product: worth[product])].stage if worth else ""

    def technology(self, recipe: str, region: str) -> TechnologyRow | None:
        """Return what it takes to build and run a recipe in a region; none where the chain does not say."""
        rows = {row.region: row for row in self.technologies if row.recipe == recipe}
        return rows.get(region, rows.get(EVERYWHERE))

    def demand_path(self, sector: str, region: str) -> dict[int, float]:
        """Return service demand over that of the base year by calendar year; empty where the chain has no path."""
        rows = [row for row in self.demand_paths if row.sector == sector]
        own = {row.year: row.index for row in rows if row.region == region}
        return own or {row.year: row.index for row in rows if row.region == EVERYWHERE}


@dataclass
class Loading:
    """Tables while they are read: what was understood, and the faults so far."""

    folder: Path
    faults: list[Fault] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    lines: dict[tuple[str, int], int] = field(default_factory=dict)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    alone: bool = False
    """Whether the folder does not matter: a table that is no part of a chain."""

    def file(self, table: str) -> str:
        """Return what messages call a table."""
        return label(table) if self.alone else f"{label(self.folder.name)}/{table}"

    def fault(self, table: str, position: int, column: str, problem: str, cure: str) -> None:
        """Note a fault in the row at a position of a table."""
        row = self.lines[table, position]
        self.faults.append(Fault(self.file(table), f"row {row} {column}".strip(), problem, cure))
