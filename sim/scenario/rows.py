"""Rows of a chain's tables, as written in its CSV files."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from sim.scenario.base import Model, defect, show

PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

MOST = 1e12
"""Largest number in a table: beyond any tonnage or price, and what is calculated from two of them stays finite."""


def _number(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    plain = PLAIN.fullmatch(cell.strip()) is not None
    if not plain or not math.isfinite(float(cell)):
        unit = not plain and re.match(r"\s*[+-]?[\d.,]+\s*[^\d\s.,]", cell) is not None
        cure = "give the number alone, in the unit of the column" if unit else "give a finite number, such as 12.5"
        raise defect(f"is {show(cell)}", cure)
    if abs(float(cell)) > MOST:
        raise defect(f"is {show(cell)}", f"give a number of at most {MOST:g}")
    return float(cell)


def _whole(cell: object) -> object:
    value = _number(cell)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _flag(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    flags = {"0": False, "1": True, "false": False, "true": True}
    if cell.strip().lower() not in flags:
        raise defect(f"is {show(cell)}", "give 0 or 1")
    return flags[cell.strip().lower()]


def _names(cell: object) -> object:
    return tuple(part.strip() for part in cell.split(";") if part.strip()) if isinstance(cell, str) else cell


def _filled(cell: str) -> str:
    if not cell.strip():
        raise defect("is empty", "fill the cell")
    return cell.strip()


Number = Annotated[float, BeforeValidator(_number)]
NonNegativeCell = Annotated[Number, Field(ge=0.0)]
PositiveCell = Annotated[Number, Field(gt=0.0)]
ShareCell = Annotated[Number, Field(ge=0.0, le=1.0)]
Whole = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[str, AfterValidator(_filled)]
NameList = Annotated[tuple[str, ...], BeforeValidator(_names)]


class TableRow(Model):
    """A row of any table."""

    key: ClassVar[tuple[str, ...]] = ()
    """Columns that name a row; no two rows share them."""


class Row(TableRow):
    """What the rows of all tables of a chain have in common."""

    source: Text
    """Where the row comes from."""
    confidence: Text
    """Class of confidence; `chain.toml` gives its relative standard deviation."""


class RegionRow(Row):
    """A country or bloc."""

    key = ("region",)

    region: Text
    """Short name."""
    name: Text
    """Name in full."""
    blocs: NameList = ()
    """Blocs it belongs to."""


class ProductRow(Row):
    """What a stage makes."""

    key = ("product",)

    product: Text
    """Short name."""
    stage: Text
    """Stage that makes it, one of those in `chain.toml`."""
    name: Text
    """Name in full."""
    unit: Text
    """What its tonnes count."""
    price_usd_per_kg: PositiveCell
    """Reference price, USD/kg."""
    cover_months: PositiveCell
    """Normal inventory over outflow, months."""
    choke: Annotated[Number, Field(gt=1.0)]
    """Price multiple at which its buyers stop."""
    contract_share: ShareCell
    """Share of trade at contract prices."""
    disposable: Flag
    """Whether surplus may be thrown away."""
    content: dict[str, NonNegativeCell]
    """Contained element over its own tonnes, by element."""


class RecipeRow(Row):
    """One input or output of a recipe, for each tonne of activity."""

    key = ("recipe", "product")

    recipe: Text
    """Recipe it belongs to."""
    product: Text
    """Product made or consumed."""
    coefficient: Number
    """Tonnes made (above 0) or consumed (below 0) for a tonne of activity."""
    thrift_floor: Annotated[Number, Field(gt=0.0, le=1.0)] = 1.0
    """Least intensity of an input that thrifting can reach, over the reference; 1 allows none."""


class ProcessRow(Row):
    """A recipe run in a region."""

    key = ("process", "region")

    process: Text
    """Short name."""
    region: Text
    """Where it stands."""
    recipe: Text
    """What it consumes and makes."""
    activity_t_per_year: NonNegativeCell
    """Reference activity, t per year."""
    capacity_t_per_year: NonNegativeCell
    """Largest activity, t per year."""
    conversion_cost_usd_per_kg: NonNegativeCell
    """Cost besides the inputs, USD for a kilogram of activity."""
    lead_months: NonNegativeCell
    """Months from input to output."""


class RouteRow(Row):
    """Trade in one product between two markets."""

    key = ("product", "origin", "destination")

    product: Text
    """Product traded."""
    origin: Text
    """Region it leaves."""
    destination: Text
    """Region it enters."""
    flow_t_per_year: NonNegativeCell
    """Reference flow, t per year."""
    duty: NonNegativeCell
    """Import duty over the price."""


class TransportRow(Row):
    """Time and cost between two regions, for any product."""

    key = ("origin", "destination")

    origin: Text
    """Region of departure."""
    destination: Text
    """Region of arrival."""
    transit_months: NonNegativeCell
    """Months from shipment to arrival."""
    freight_usd_per_kg: NonNegativeCell
    """Freight, USD/kg."""


class SectorRow(Row):
    """A final use."""

    key = ("sector",)

    sector: Text
    """Short name."""
    name: Text
    """Name in full."""
    sector_class: Literal["defence", "essential", "other"] = Field(alias="class")
    """Class of use."""
    priority: Flag
    """Whether it is served first in a rationed market."""
    elasticity_short: NonNegativeCell
    """Fall of demand with price within months, as a number of 0 or more."""
    elasticity_long: NonNegativeCell
    """Fall of demand with price over years, as a number of 0 or more."""
    growth_per_year: Annotated[Number, Field(gt=-1.0, le=10.0)]
    """Growth of service demand a year."""
    output_value_usd_per_kg: NonNegativeCell
    """Value of the sector's output for a kilogram of the product used, USD."""
    value_added_usd_per_kg: NonNegativeCell
    """Value added for a kilogram of the product used, USD."""


class UseRow(Row):
    """Demand of a sector in a region for a product."""

    key = ("sector", "region", "product")

    sector: Text
    """Sector that uses it."""
    region: Text
    """Where it is used."""
    product: Text
    """What is used."""
    demand_t_per_year: NonNegativeCell
    """Reference demand, t per year."""
    substitute: str = ""
    """Product users can turn to; empty for none."""


class ChainMeta(Model):
    """What `chain.toml` says of a chain."""

    name: Text
    """Short name."""
    title: Text
    """One line that names it."""
    base_year: Annotated[int, Field(ge=1900, le=2200)]
    """Year of the reference state."""
    currency: Literal["USD"] = "USD"
    """Currency of all prices, costs and values."""
    elements: Annotated[tuple[str, ...], Field(min_length=1)]
    """Elements whose content is tracked."""
    stages: Annotated[tuple[str, ...], Field(min_length=1)]
    """Stages in order, upstream first."""
    confidence: dict[str, Annotated[float, Field(gt=0.0, le=10.0)]]
    """Relative standard deviation of each class of confidence."""


def cell_values(cells: dict[str, str], elements: tuple[str, ...]) -> dict[str, Any]:
    """Return the cells of a product row with the columns of elements gathered under `content`."""
    values: dict[str, Any] = {name: cell for name, cell in cells.items() if name not in elements}
    return values | {"content": {element: cells[element] for element in elements if element in cells}}
