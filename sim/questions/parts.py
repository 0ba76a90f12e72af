"""A firm's parts, as it lists them in a CSV file: read, and checked against the chain of a result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import xarray as xr
from pydantic import BeforeValidator, model_validator

from sim.errors import Fault, ScenarioError
from sim.questions.futures import has_market, known, routes_into
from sim.scenario.base import defect, show
from sim.scenario.rows import NonNegativeCell, PositiveCell, ShareCell, TableRow, Text
from sim.scenario.tables import read_lone
from sim.variables import PRODUCT, REGION, WORLD

SUM_TOLERANCE = 0.005


def _split(cell: object) -> object:
    """Shares by region out of `CN:0.8;JP:0.2`."""
    if not isinstance(cell, str):
        return cell
    shares: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in cell.split(";"))):
        region, colon, share = part.partition(":")
        try:
            number = float(share)
        except ValueError:
            number = -1.0
        if not colon or not 0.0 <= number <= 1.0 or region.strip() in shares:
            raise defect(f"is {show(cell)}", "give each region once with its share, such as CN:0.8;JP:0.2")
        shares[region.strip()] = number
    if abs(sum(shares.values()) - 1.0) > SUM_TOLERANCE:
        raise defect(f"is {show(cell)}, which sums to {sum(shares.values()):g}", "give shares that sum to 1")
    return shares


class PartRow(TableRow):
    """A part that holds rare earths, bought for one line of a plant."""

    key = ("part",)

    part: Text
    """Name of the part."""
    line: Text
    """What it goes into; a line stops when any of its parts runs out."""
    region: Text
    """Where the plant stands, a region of the chain."""
    product: Text
    """Product of the chain that the part is, or that limits it: block, magnet, motor ..."""
    grade: str = ""
    """Ending of the product's name where it has grades: std, hc, smco, ce."""
    kg_per_unit: PositiveCell
    """Kilograms of the product in one unit of the line's output."""
    units_per_year: PositiveCell
    """Units of output of the line a year."""
    suppliers: Annotated[dict[str, float], BeforeValidator(_split)]
    """Share of the part that comes from each region, such as CN:0.8;JP:0.2."""
    cover_weeks: NonNegativeCell
    """The firm's own stock, in weeks of use."""
    output_value_usd_per_unit: PositiveCell
    """Value of one unit of the line's output, USD."""
    switch_share: ShareCell = 0.0
    """Share of what a supplier fails to send that can be bought elsewhere in the region, as far as others there can."""
    note: str = ""
    """Where the numbers come from."""

    @model_validator(mode="after")
    def _has_suppliers(self) -> PartRow:
        if not self.suppliers:
            raise defect("is empty", "give each region with its share, such as CN:0.8;JP:0.2", key="suppliers")
        return self

    @property
    def chain_product(self) -> str:
        """Name of the product in the chain."""
        return f"{self.product}_{self.grade}" if self.grade else self.product


def read_parts(path: str | Path, reference: xr.Dataset) -> tuple[PartRow, ...]:
    """Parts of a firm from a CSV file, which is read here and goes nowhere.

    Parameters
    ----------
    path: File with the columns of `PartRow`, in any order; see `template`.
    reference: `/reference` of the result that questions will be asked of.

    Raises
    ------
    ScenarioError: The file has faults; all of them are listed.
    """
    place = Path(path)
    rows, faults, lines = read_lone(place, PartRow)
    for row, line in zip(rows, lines, strict=True):
        faults += _of_chain(row, f"row {line}", place.name, reference)
    faults += _of_lines(rows, lines, place.name)
    if faults:
        raise ScenarioError(faults)
    return rows


def _of_chain(row: PartRow, place: str, file: str, reference: xr.Dataset) -> list[Fault]:
    """Faults of a row against the chain: unknown names, and trade that there is not."""
    faults: list[Fault] = []
    regions = [str(name) for name in reference[REGION].values if name != WORLD]
    products = [str(name) for name in reference[PRODUCT].values]
    known(faults, file, f"{place} region", row.region, regions, "region")
    column = "product and grade" if row.grade else "product"
    known(faults, file, f"{place} {column}", row.chain_product, products, "product of the chain")
    for supplier in row.suppliers:
        known(faults, file, f"{place} suppliers", supplier, regions, "region")
    if faults:
        return faults
    if not has_market(reference, row.chain_product, row.region):
        have = ", ".join(region for region in regions if has_market(reference, row.chain_product, region))
        problem = f"is {row.chain_product}, which nobody takes in in {row.region}"
        return [Fault(file, f"{place} {column}", problem, f"it is taken in in {have}")]
    origins = set(routes_into(reference, row.chain_product, row.region))
    if float(reference["production"].sel({PRODUCT: row.chain_product, REGION: row.region}).sum()) > 0.0:
        origins.add(row.region)
    return [
        Fault(
            file,
            f"{place} suppliers",
            f"names {supplier}, but the chain has no {row.chain_product} from there in {row.region}",
            f"give one of {', '.join(sorted(origins))}",
        )
        for supplier in row.suppliers
        if supplier not in origins
    ]


def _of_lines(rows: tuple[PartRow, ...], lines: tuple[int, ...], file: str) -> list[Fault]:
    """Faults of parts of one line that do not agree on what the line makes."""
    first: dict[str, tuple[PartRow, int]] = {}
    faults = []
    for row, line in zip(rows, lines, strict=True):
        before, earlier = first.setdefault(row.line, (row, line))
        for column in ("units_per_year", "output_value_usd_per_unit"):
            mine, theirs = getattr(row, column), getattr(before, column)
            if mine != theirs:
                problem = f"is {mine:g}, but {theirs:g} in row {earlier} of the same line"
                faults.append(Fault(file, f"row {line} {column}", problem, "give one number for a line"))
    return faults


def template() -> str:
    """An empty parts file with one example row, as text."""
    columns = [name for name in PartRow.model_fields]
    example = {
        "part": "rotor magnet",
        "line": "traction motor",
        "region": "EU",
        "product": "magnet",
        "grade": "hc",
        "kg_per_unit": "1.8",
        "units_per_year": "250000",
        "suppliers": "CN:0.9;JP:0.1",
        "cover_weeks": "4",
        "output_value_usd_per_unit": "1600",
        "switch_share": "0",
        "note": "example row: replace it",
    }
    return ",".join(columns) + "\n" + ",".join(example[name] for name in columns) + "\n"
