"""What sectors do not produce for want of magnets: vehicles, turbines, revenue and value added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sim.errors import ScenarioError
from sim.questions.futures import Values, opened, years
from sim.results import intervals
from sim.results.lookup import chain_file, chosen, labels
from sim.scenario.rows import PositiveCell, Row, ShareCell, Text
from sim.scenario.tables import read_lone
from sim.variables import REGION, RUN, SECTOR, WORLD

UNIT = "unit"
LARGE = 0.95
"""Quantile over runs that is quoted beside the mean."""


class UnitRow(Row):
    """What a sector makes with its magnets."""

    key = ("sector", "unit")

    sector: Text
    """Sector of the chain."""
    unit: Text
    """Short name of the unit."""
    label: Text
    """What is counted, in words."""
    kg_per_unit: PositiveCell
    """Kilograms of magnet in one."""
    value_usd: PositiveCell
    """Value of one, USD."""
    value_added_usd: PositiveCell
    """Value added in making one, USD."""
    share: ShareCell
    """Share of the sector's magnets that goes into this unit."""


def read_units(path: str | Path) -> tuple[UnitRow, ...]:
    """Units of the sectors of a chain.

    Raises
    ------
    ScenarioError: The file has faults; all are listed.

    Example
    -------
    >>> from sim.scenario.sources import scenario_root
    >>> rows = read_units(scenario_root() / "chains" / "rare_earths_2024" / "units.csv")
    >>> rows[0].unit, rows[0].kg_per_unit
    ('vehicle', 2.0)
    """
    rows, faults, _ = read_lone(Path(path), UnitRow)
    if faults:
        raise ScenarioError(faults)
    return rows


def units_of(found: xr.DataTree) -> tuple[UnitRow, ...]:
    """Units of the chain that a result was made with; none where the bundled chains have no table of them."""
    place = chain_file(found, "units.csv")
    return read_units(place) if place is not None else ()


def downstream(
    source: str | Path | xr.DataTree, *, region: str | None = None, units: str | Path | None = None
) -> xr.DataTree:
    """Units, revenue and value added that sectors do not produce, a year.

    A tonne rationed, or given up for its price, takes its whole share of output with it: an upper figure where users
    could have saved magnets first. Tonnes replaced by something else are not lost.

    Parameters
    ----------
    source: Result or catalogue.
    region: Region of the users; the sum over all by default.
    units: Table of units; that of the chain by default.

    Returns
    -------
    Groups `/units` (unit) and `/sectors` (sector); `sim/questions/COLUMNS.md` defines each column.

    Raises
    ------
    ResultError: The region is unknown.
    ScenarioError: The table of units has faults.
    """
    found = opened(source)
    rows = read_units(units) if units is not None else units_of(found)
    data, span = found["runs"].dataset, years(found)
    names = ("rationed_tonnes", "destroyed_tonnes", "lost_output", "lost_value_added")
    per_run = {name: _of_region(data[name], region) / span for name in names}
    lost = per_run["rationed_tonnes"] + per_run["destroyed_tonnes"]
    sectors = [str(name) for name in lost[SECTOR].values]
    rows = tuple(row for row in rows if row.sector in sectors)
    result = xr.DataTree.from_dict({"units": _units(rows, lost), "sectors": _sectors(lost, per_run, sectors)})
    result.attrs = {"title": str(found.attrs["title"]), "region": region or WORLD, "runs": found.attrs["runs"]}
    return result


def _of_region(values: xr.DataArray, region: str | None) -> xr.DataArray:
    regions = labels(values, REGION)
    if region is None or region == WORLD:
        return values.sel({REGION: [name for name in regions if name != WORLD]}).sum(REGION)
    return values.sel({REGION: chosen(region, regions, REGION)}).fillna(0.0)


def _units(rows: tuple[UnitRow, ...], lost: xr.DataArray) -> xr.Dataset:
    """One row a unit, a year."""
    entries: dict[str, list[Any]] = {}
    for row in rows:
        made = lost.sel({SECTOR: row.sector}).transpose(RUN).values * row.share * 1e3 / row.kg_per_unit
        revenue, added = made * row.value_usd / 1e6, made * row.value_added_usd / 1e6
        record = {"sector": row.sector, "label": row.label, "kg_per_unit": row.kg_per_unit}
        record |= {"confidence": row.confidence}
        for name, values in (("not_made", made), ("revenue", revenue), ("value_added", added)):
            record |= _columns(name, values)
        for name, value in record.items():
            entries.setdefault(name, []).append(value)
    return _dataset(UNIT, [row.unit for row in rows], entries)


def _sectors(lost: xr.DataArray, per_run: dict[str, xr.DataArray], sectors: list[str]) -> xr.Dataset:
    """One row a sector, a year, in tonnes and money of the sector table."""
    entries: dict[str, list[Any]] = {}
    for sector in sectors:
        record: dict[str, Any] = {}
        for name, values in (
            ("tonnes", lost),
            ("revenue", per_run["lost_output"]),
            ("value_added", per_run["lost_value_added"]),
        ):
            record |= _columns(name, values.sel({SECTOR: sector}).values)
        for name, value in record.items():
            entries.setdefault(name, []).append(value)
    return _dataset(SECTOR, sectors, entries)


def _columns(name: str, values: Values) -> dict[str, float]:
    """Mean a year with its interval, and the mean year of the run at the 95 % quantile."""
    mean = intervals.mean(np.asarray(values, dtype=float))
    high = float(np.quantile(values, LARGE, method="inverted_cdf"))
    return {name: mean.value, f"{name}_low": mean.low, f"{name}_high": mean.high, f"{name}_q95": high}


UNITS = {
    "tonnes": "t/year",
    "revenue": "million USD/year",
    "value_added": "million USD/year",
    "not_made": "1/year",
    "kg_per_unit": "kg",
}
"""Units of columns; text has none."""


def _dataset(dim: str, names: list[str], entries: dict[str, list[Any]]) -> xr.Dataset:
    columns: dict[str, Any] = {}
    for name, values in entries.items():
        base = name.removesuffix("_low").removesuffix("_high").removesuffix("_q95")
        kind = object if isinstance(values[0], str) else float
        columns[name] = (dim, np.array(values, dtype=kind), {"units": UNITS.get(base, "")})
    return xr.Dataset(columns, coords={dim: names})
