"""Concentration and dependence on the path without shocks, by stage and year, against policy targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.engine.baseline import reference_path
from sim.questions.futures import MONTHS_A_YEAR, Values, checked_market, need, opened, routes_into
from sim.scenario import Scenario
from sim.variables import ELEMENT, MONTH, ORIGIN, PRODUCT, REGION, STAGE, WORLD

YEAR, TARGET = "year", "target"
SCRAP = "scrap"
MAGNET_ELEMENTS = ("ce", "ndpr", "sm", "dy", "tb")
"""Rare earths for permanent magnets as the EU lists them (Nd, Pr, Tb, Dy, Gd, Sm, Ce; Regulation (EU) 2024/1252, annex
I), as far as the chain follows them; cerium is left out of the benchmarks, as nearly all of it goes elsewhere."""
COUNTED = tuple(element for element in MAGNET_ELEMENTS if element != "ce")
TARGETS = {
    "extraction": (0.10, "at least"),
    "processing": (0.40, "at least"),
    "recycling": (0.25, "at least"),
    "largest_supplier": (0.65, "at most"),
}
"""Benchmarks of the Union for 2030: Regulation (EU) 2024/1252, article 5; 65 % is for any one third country at any
relevant stage."""
FALLING = "falling"
"""Sense of the target that the share imported, of what a region takes in of a stage, falls from its first year on."""
FALLING_STAGE = "magnet"
LEAST_FALL = 1e-4
"""A fall below this is rounding: values are kept in single precision."""
REST = "RW"
"""The rest of the world, which is no one country."""


def dependence(source: str | Path | xr.DataTree | Scenario, *, region: str = "EU") -> xr.DataTree:
    """How much of each stage a region makes, from whom the rest comes, and whether targets are met.

    Parameters
    ----------
    source: Scenario, result or catalogue; only the path without shocks counts, so a scenario is not simulated.
    region: Region whose dependence is asked about.

    Returns
    -------
    Groups `/stages` (stage, year), `/makers` (stage, region, year) and `/targets` (target, year);
    `sim/questions/COLUMNS.md` defines each column.

    Raises
    ------
    ScenarioError: The region is unknown, or the chain of a scenario cannot be balanced.
    ResultError: The result is of an older version.
    """
    from sim import __version__

    if isinstance(source, Scenario):
        reference = reference_path(source)
        title = source.title
    else:
        found = opened(source)
        need(found)
        reference, title = found["reference"].dataset, str(found.attrs["title"])
    tree = xr.DataTree.from_dict({"reference": reference})
    checked_market(tree, None, region, where="--region")
    yearly = _yearly(reference)
    stages = _stages(reference, yearly, region)
    result = xr.DataTree.from_dict(
        {
            "stages": stages,
            "makers": _makers(reference, yearly),
            "targets": _with_imports(_targets(reference, yearly, region), stages),
        }
    )
    result.attrs = {"title": title, "region": region, "oreflow_version": __version__}
    return result


def _yearly(reference: xr.Dataset) -> xr.Dataset:
    """Tonnes a year of production, flows and uses in each full calendar year, or in what there is of one."""
    monthly = reference[["need", "production", "use_need", "route_flow"]]
    years = monthly[MONTH].dt.year.rename(YEAR)
    return monthly.groupby(years).mean() * MONTHS_A_YEAR


def _value(reference: xr.Dataset) -> Values:
    return np.asarray(reference["unit_price"].values, dtype=float)


def stages_of(reference: xr.Dataset) -> dict[str, list[str]]:
    """Products of each stage, upstream first, scrap left out."""
    found: dict[str, list[str]] = {}
    for product, stage in zip(reference[PRODUCT].values, reference["stage_of"].values, strict=True):
        if stage != SCRAP:
            found.setdefault(str(stage), []).append(str(product))
    return found


def _makers(reference: xr.Dataset, yearly: xr.Dataset) -> xr.Dataset:
    """Share of each region in what the world makes of a stage, by value, and its concentration."""
    regions = [name for name in reference[REGION].values if name != WORLD]
    made = yearly["production"].sel({REGION: regions}).fillna(0.0) * reference["unit_price"]
    rows = [made.sel({PRODUCT: products}).sum(PRODUCT) for products in stages_of(reference).values()]
    total = xr.concat(rows, dim=xr.Variable(STAGE, list(stages_of(reference))))
    share = total / total.sum(REGION)
    return xr.Dataset(
        {
            "production_share": share.assign_attrs(units="1"),
            "production_hhi": (share**2).sum(REGION).assign_attrs(units="1"),
        }
    )


def suppliers(reference: xr.Dataset, flows: xr.Dataset, product: str, region: str) -> dict[str, Values]:
    """Tonnes of a product that come to a region's market from each region, its own makers among them, by year.

    Parameters
    ----------
    flows: `production` and `route_flow` with any dimension in the place of months.
    """
    found = {
        origin: np.asarray(flows["route_flow"].sel(route=label).values, dtype=float)
        for origin, label in routes_into(reference, product, region).items()
    }
    home = flows["production"].sel({PRODUCT: product, REGION: region}).fillna(0.0).values
    if float(home.sum()) > 0.0:
        found[region] = np.asarray(home, dtype=float)
    return found


def _stages(reference: xr.Dataset, yearly: xr.Dataset, region: str) -> xr.Dataset:
    """One row a stage and year, products weighted by reference price."""
    groups, count = stages_of(reference), yearly.sizes[YEAR]
    names = ("supply", "import_penetration", "supply_hhi", "chinese_supply", "chinese_content", "largest_share")
    grid: dict[str, NDArray[Any]] = {name: np.full((len(groups), count), np.nan) for name in (*names, "largest_loss")}
    largest = np.full((len(groups), count), "", dtype=object)
    for row, products in enumerate(groups.values()):
        supply, touched = _supply_of_stage(reference, yearly, products, region)
        if not supply:
            continue
        total = sum(supply.values(), np.zeros(count))
        foreign = {origin: values for origin, values in supply.items() if origin != region}
        # Shares of nothing are no numbers.
        share = {origin: values / np.where(total > 0.0, total, np.nan) for origin, values in supply.items()}
        grid["supply"][row] = total / 1e3
        grid["import_penetration"][row] = sum((share[origin] for origin in foreign), np.zeros(count))
        grid["supply_hhi"][row] = sum((value**2 for value in share.values()), np.zeros(count))
        grid["chinese_supply"][row] = share.get("CN", np.zeros(count))
        grid["chinese_content"][row] = touched / np.where(total > 0.0, total, np.nan)
        if foreign:
            origins, values = list(foreign), np.stack(list(foreign.values()))
            best = values.argmax(axis=0)
            largest[row] = [origins[index] for index in best]
            grid["largest_loss"][row] = values.max(axis=0) / 1e3
            grid["largest_share"][row] = values.max(axis=0) / np.where(total > 0.0, total, np.nan)
    units = {"supply": "million USD/year", "largest_loss": "million USD/year"}
    entries = {name: ((STAGE, YEAR), values, {"units": units.get(name, "1")}) for name, values in grid.items()}
    entries["largest_supplier"] = ((STAGE, YEAR), largest, {"units": ""})
    return xr.Dataset(entries, coords={STAGE: list(groups), YEAR: yearly[YEAR].values})


def _supply_of_stage(
    reference: xr.Dataset, yearly: xr.Dataset, products: Sequence[str], region: str
) -> tuple[dict[str, Values], Values]:
    """Supply of a stage's products by origin, thousand USD a year, and the part of it that China has touched."""
    supply: dict[str, Values] = {}
    touched = np.zeros(yearly.sizes[YEAR])
    for product in products:
        price = float(reference["unit_price"].sel({PRODUCT: product}))
        for origin, tonnes in suppliers(reference, yearly, product, region).items():
            supply[origin] = supply.get(origin, np.zeros(yearly.sizes[YEAR])) + price * tonnes
            if "CN" in reference[ORIGIN].values:
                at = {ORIGIN: "CN", PRODUCT: product, REGION: region}
                touched += price * tonnes * float(reference["touched"].sel(at).fillna(0.0))
    return supply, touched


def _targets(reference: xr.Dataset, yearly: xr.Dataset, region: str) -> xr.Dataset:
    """Benchmarks of the EU's Critical Raw Materials Act, for any region, in contained magnet rare earths."""
    contained = reference["contained"].sel({ELEMENT: [name for name in COUNTED if name in reference[ELEMENT]]})
    content = contained.sum(ELEMENT)
    uses = reference["use_region"] == region
    of_use = content.sel({PRODUCT: reference["use_product"].astype(str)}).drop_vars(PRODUCT)
    consumption = (yearly["use_need"] * of_use).where(uses, 0.0).sum("use")
    made = yearly["production"].sel({REGION: region}).fillna(0.0) * content
    groups = stages_of(reference)

    def stage(name: str, weight: Callable[[xr.DataArray], xr.DataArray] = lambda made: made) -> Values:
        """Contained tonnes made at a stage over consumption, by year."""
        return np.asarray((weight(made.sel({PRODUCT: groups.get(name, [])})).sum(PRODUCT) / consumption).values)

    scrap = reference["from_scrap"].sel({REGION: region}).fillna(0.0)
    recycled = np.asarray(((made * scrap).sum(PRODUCT) / consumption).values)
    concentration = _largest_third_country(reference, yearly, region)
    found = {
        "extraction": stage("mining"),
        "processing": stage("separation"),
        "recycling": recycled,
        "largest_supplier": concentration,
    }
    bound = np.array([TARGETS[name][0] for name in found])
    least = np.array([TARGETS[name][1] == "at least" for name in found])
    values = np.stack(list(found.values()))
    met = np.where(least[:, None], values >= bound[:, None], values <= bound[:, None])
    return xr.Dataset(
        {
            "value": ((TARGET, YEAR), values, {"units": "1"}),
            "bound": (TARGET, bound, {"units": "1"}),
            "sense": (TARGET, np.array([TARGETS[name][1] for name in found], dtype=object), {"units": ""}),
            "met": ((TARGET, YEAR), met, {"units": "1"}),
            "consumption": (YEAR, consumption.values, {"units": "t/year"}),
        },
        coords={TARGET: list(found), YEAR: yearly[YEAR].values},
    )


def _with_imports(targets: xr.Dataset, stages: xr.Dataset) -> xr.Dataset:
    """Targets with that of a falling import penetration of magnets, held against its first year."""
    if FALLING_STAGE not in stages[STAGE]:
        return targets
    value = stages["import_penetration"].sel({STAGE: FALLING_STAGE}, drop=True)
    falling = xr.Dataset(
        {
            "value": value,
            "bound": value.isel({YEAR: 0}, drop=True),
            "sense": ((), np.array(FALLING, dtype=object)),
            "met": value < value.isel({YEAR: 0}, drop=True) - LEAST_FALL,
        }
    ).assign_coords({TARGET: "import_penetration"})
    shared = targets.drop_vars("consumption")
    joined = xr.concat([shared, falling], dim=TARGET, combine_attrs="override")
    return joined.assign(consumption=targets["consumption"])


def _largest_third_country(reference: xr.Dataset, yearly: xr.Dataset, region: str) -> Values:
    """Largest share of one foreign country in the supply of any stage, by value and year."""
    found = np.zeros(yearly.sizes[YEAR])
    for products in stages_of(reference).values():
        supply, _ = _supply_of_stage(reference, yearly, products, region)
        total = sum(supply.values(), np.zeros_like(found))
        for origin, values in supply.items():
            if origin not in (region, REST):
                found = np.fmax(found, values / np.where(total > 0.0, total, np.nan))
    return found
