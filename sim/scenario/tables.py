"""Tables of a chain: read, checked row by row, and handed on as one frozen object."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from sim.errors import Fault, ScenarioError
from sim.scenario.base import nearest
from sim.scenario.dynamics import (
    CohortRow,
    DemandPathRow,
    LifetimeRow,
    ProjectRow,
    SkillRow,
    TechnologyRow,
)
from sim.scenario.dynamics_checks import inspect_dynamics
from sim.scenario.faults import Location, Place, translate
from sim.scenario.loading import ChainTables, Loading
from sim.scenario.rows import (
    ChainMeta,
    ProcessRow,
    ProductRow,
    RecipeRow,
    RegionRow,
    RouteRow,
    SectorRow,
    TableRow,
    TransportRow,
    UseRow,
    cell_values,
)
from sim.scenario.soundness import inspect
from sim.scenario.sources import TABLE_BYTES, plain, read_text, read_toml

__all__ = ["ChainTables", "read_lone", "read_rows", "read_tables"]

AnyRow = TypeVar("AnyRow", bound=TableRow)

OPTIONAL = ("cohorts.csv", "technologies.csv", "skills.csv", "projects.csv", "demand_paths.csv", "lifetimes.csv")
"""Tables a chain may go without."""
SEPARATORS = {";": "semicolons", "\t": "tabulators", "|": "bars"}
"""What other programs write between cells instead of commas."""


def read_tables(folder: Path) -> tuple[ChainTables | None, list[Fault]]:
    """Return the tables in a folder with their faults; no tables where too little was understood to check more.

    Parameters
    ----------
    folder: Folder with `chain.toml` and the CSV files.
    """
    loading = Loading(folder)
    meta = _meta(loading)
    elements = meta.elements if meta is not None else ()
    tables = ChainTables(
        meta=meta or ChainMeta.model_construct(name="", title="", base_year=0, elements=(), stages=(), confidence={}),
        regions=read_rows(loading, "regions.csv", RegionRow),
        products=read_rows(loading, "products.csv", ProductRow, elements),
        recipes=read_rows(loading, "recipes.csv", RecipeRow),
        processes=read_rows(loading, "processes.csv", ProcessRow),
        routes=read_rows(loading, "routes.csv", RouteRow),
        transport=read_rows(loading, "transport.csv", TransportRow),
        sectors=read_rows(loading, "sectors.csv", SectorRow),
        uses=read_rows(loading, "uses.csv", UseRow),
        cohorts=read_rows(loading, "cohorts.csv", CohortRow),
        technologies=read_rows(loading, "technologies.csv", TechnologyRow),
        skills=read_rows(loading, "skills.csv", SkillRow),
        projects=read_rows(loading, "projects.csv", ProjectRow),
        demand_paths=read_rows(loading, "demand_paths.csv", DemandPathRow),
        lifetimes=read_rows(loading, "lifetimes.csv", LifetimeRow),
        digest="",
    )
    tables = replace(tables, digest=loading.digest.hexdigest())
    _misnamed(loading)
    inspect(tables, loading)
    inspect_dynamics(tables, loading)
    named = {"chain.toml", "regions.csv", "products.csv"}.isdisjoint(loading.broken)
    return tables if named else None, loading.faults


def read_lone(path: Path, model: type[AnyRow]) -> tuple[tuple[AnyRow, ...], list[Fault], tuple[int, ...]]:
    """Rows of a table that stands alone, with its faults and the line of each row.

    Parameters
    ----------
    path: A CSV file.
    model: What its rows are; its `key` names the columns that no two rows share.
    """
    loading = Loading(path.parent, alone=True)
    rows = read_rows(loading, path.name, model)
    return rows, loading.faults, tuple(loading.lines[path.name, index] for index in range(len(rows)))


def _misnamed(loading: Loading) -> None:
    """Note files that look like optional tables under a wrong name: they would be left out without a word."""
    for path in sorted(loading.folder.glob("*.csv")):
        close = get_close_matches(path.name, OPTIONAL, n=1, cutoff=0.85)
        if close and path.name not in OPTIONAL:
            fault = Fault(loading.file(path.name), "", "is not a table", f"did you mean {close[0]}?")
            loading.faults.append(fault)


def _meta(loading: Loading) -> ChainMeta | None:
    file = loading.file("chain.toml")
    try:
        data = read_toml(loading.folder / "chain.toml", file)
        loading.digest.update(repr(data).encode())
        return ChainMeta.model_validate(plain(data), strict=True)
    except ScenarioError as error:
        loading.faults += error.faults
    except ValidationError as error:
        loading.faults += translate(error, ChainMeta, lambda at: (file, ".".join(map(str, at))))
    loading.broken.add("chain.toml")
    return None


def read_rows(loading: Loading, table: str, model: type[AnyRow], elements: tuple[str, ...] = ()) -> tuple[AnyRow, ...]:
    """Rows of a table as typed objects; what is wrong with them goes to the faults of `loading`.

    Parameters
    ----------
    loading: Ledger of the folder that is being read.
    table: Name of the file.
    model: What a row is.
    elements: Names of the element columns, for products.
    """
    before = len(loading.faults)
    if table in OPTIONAL and not (loading.folder / table).exists():
        return ()
    if model is ProductRow and not elements:
        # Without chain.toml no column of an element is known, and each would look like a fault of its own.
        loading.broken.add(table)
        return ()
    try:
        cells = _cells(loading, table, model, elements)
    except ScenarioError as error:
        loading.faults += error.faults
        cells = []
    rows: list[AnyRow] = []
    for line, record in cells:
        values = cell_values(record, elements) if model is ProductRow else dict(record)
        optional = [name for name, info in model.model_fields.items() if not info.is_required()]
        values = {name: value for name, value in values.items() if value != "" or name not in optional}
        try:
            row = model.model_validate(values)
        except ValidationError as error:
            place = _row_place(loading.file(table), line)
            loading.faults += translate(error, model, place)
        else:
            loading.lines[table, len(rows)] = line
            rows.append(row)
    if len(loading.faults) > before:
        loading.broken.add(table)
    _duplicates(loading, table, rows)
    return tuple(rows)


def _row_place(file: str, line: int) -> Place:
    def place(location: Location) -> tuple[str, str]:
        """File, line and column of a fault."""
        return file, f"row {line} {location[-1]}"

    return place


def _cells(
    loading: Loading, table: str, model: type[TableRow], elements: tuple[str, ...]
) -> list[tuple[int, dict[str, str]]]:
    file = loading.file(table)
    text = read_text(loading.folder / table, file, limit=TABLE_BYTES)
    loading.digest.update(text.encode())
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ScenarioError([Fault(file, "", f"is not CSV: {error}", "correct the quotes")]) from None
    header = [name.strip() for name in lines[0]]
    faults = _header_faults(file, header, model, elements)
    if not any(any(cell.strip() for cell in line) for line in lines[1:]):
        faults.append(Fault(file, "", "has no rows", "add at least one row below the header"))
    if faults:
        raise ScenarioError(faults)
    records = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(header):
            problem = f"has {len(line)} cells for {len(header)} columns"
            loading.faults.append(Fault(file, f"row {number}", problem, "add or quote cells"))
            continue
        records.append((number, {name: cell.strip() for name, cell in zip(header, line, strict=True)}))
    return records


def _header_faults(file: str, header: Sequence[str], model: type[TableRow], elements: tuple[str, ...]) -> list[Fault]:
    columns = {info.alias or name: info.is_required() for name, info in model.model_fields.items()}
    if columns.pop("content", False):
        columns |= dict.fromkeys(elements, True)
    # Two tables have a column that may be left blank but not left out.
    columns |= {name: True for name in ("blocs", "substitute") if name in columns}
    # Spreadsheets of much of Europe write semicolons, so that every column would be missing.
    other = [words for sign, words in SEPARATORS.items() if len(header) < len(columns) and sign in header[0]]
    if other:
        return [Fault(file, "", f"has cells separated by {other[0]}", "save it as CSV with commas and decimal points")]
    missing = [name for name, required in columns.items() if required and name not in header]
    faults = [Fault(file, name, "is a missing column", "add it") for name in missing]
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            faults.append(Fault(file, name or "header", "names two columns", "keep one"))
        if name not in columns:
            cure = nearest(name, set(columns) - set(header), otherwise="remove it")
            faults.append(Fault(file, name or "header", "is not a known column", cure))
    return faults


def _duplicates(loading: Loading, table: str, rows: Sequence[TableRow]) -> None:
    seen: dict[tuple[object, ...], int] = {}
    for position, row in enumerate(rows):
        name = tuple(getattr(row, column) for column in row.key)
        if name in seen:
            problem = f"repeats {' '.join(map(str, name))} of row {loading.lines[table, seen[name]]}"
            loading.fault(table, position, row.key[0], problem, "keep one of the rows")
        seen.setdefault(name, position)
