"""The tables of a chain as one object, and the ledger kept while they are read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from sim.errors import Fault
from sim.scenario.base import label
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

    def recipe(self, name: str) -> dict[str, float]:
        """Return the coefficients of a recipe by product."""
        return {row.product: row.coefficient for row in self.recipes if row.recipe == name}


@dataclass
class Loading:
    """Tables while they are read: what was understood, and the faults so far."""

    folder: Path
    faults: list[Fault] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    lines: dict[tuple[str, int], int] = field(default_factory=dict)
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def file(self, table: str) -> str:
        """Return what messages call a table."""
        return f"{label(self.folder.name)}/{table}"

    def fault(self, table: str, position: int, column: str, problem: str, cure: str) -> None:
        """Note a fault in the row at a position of a table."""
        row = self.lines[table, position]
        self.faults.append(Fault(self.file(table), f"row {row} {column}".strip(), problem, cure))
