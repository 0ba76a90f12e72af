"""Rules on where material comes from: sourcing rules of users, and denial of exports to an end use.

Not part of a scenario yet: the core does not follow the origin of material, and a rule that is read and then left out
would be worse than one that is refused. The models, their checks and what a rule leaves free stand here on their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from sim.scenario.base import Model, nearest
from sim.scenario.dates import Day
from sim.scenario.distributions import ShareQuantity
from sim.scenario.models import Time
from sim.scenario.restrictions import Names, RouteMeasure
from sim.scenario.tables import ChainTables

Finding = tuple[str, str, str]
"""Key inside the rule, problem and cure."""
Market = tuple[str, str]
"""Product and region."""


class Provenance(Model):
    """A sourcing rule: from a date on, some users take only material free of the listed origins."""

    title: str = ""
    """One line that names the rule in figures and tables."""
    source: str = ""
    """Where it comes from."""
    listed: Names
    """Regions whose making or material is barred."""
    stages: Names
    """Stages whose origin counts: what is made at one in a listed region is tagged, and all that is made of it."""
    products: Names
    """Products it binds as they reach the users."""
    sectors: Names
    """Sectors it binds."""
    regions: Names
    """Regions whose users it binds."""
    start: Day = Field(alias="from")
    """Date from which it binds, a month or a day; before the horizon for a rule in force at its start."""


class Denial(RouteMeasure):
    """Exports denied to an end use: part of a sector's users abroad may not have what comes from a region."""

    kind: Literal["denial"]
    """Kind of restriction."""
    sectors: Names
    """Sectors denied, abroad."""
    users: ShareQuantity
    """Share of their users who are denied at full severity."""


def check_provenance(
    rules: Mapping[str, Provenance], time: Time, tables: ChainTables
) -> tuple[list[Finding], list[str]]:
    """Return what is wrong with sourcing rules, and warnings about those no source can meet.

    Parameters
    ----------
    rules: Sound rules by name.
    time: Horizon.
    tables: Sound tables of the chain.

    Returns
    -------
    Findings, keyed below the scenario, and warnings: one for each rule and product without any free source.
    """
    findings: list[Finding] = []
    warnings: list[str] = []
    for name, rule in rules.items():
        found = [*_names(rule, tables), *_date(rule, time)] or [*_bound(rule, tables)]
        findings += [(f"provenance.{name}.{key}", problem, cure) for key, problem, cure in found]
        if not found:
            warnings += [f"provenance.{name}: {text}" for text in _unmet(rule, tables)]
    return findings, warnings


def check_denial(denial: Denial, tables: ChainTables) -> list[Finding]:
    """Return what is wrong with a denial: unknown sectors, and one that hits nothing.

    Parameters
    ----------
    denial: A sound denial whose other names are checked with all restrictions.
    tables: Sound tables of the chain.
    """
    found = [*_unknown("sectors", denial.sectors, [row.sector for row in tables.sectors], "sector")]
    if found:
        return found
    leaves = any(
        row.origin == denial.by and row.product in denial.products and denial.weight(row.destination)
        for row in tables.routes
    )
    users = any(
        row.sector in denial.sectors and denial.weight(row.region) and row.demand_t_per_year for row in tables.uses
    )
    if not leaves:
        found.append(("products", "hits nothing", f"name products that leave {denial.by} for its destinations"))
    if not users:
        found.append(("sectors", "hits nobody", "name sectors with users in the destinations"))
    return found


def free_markets(tables: ChainTables, listed: tuple[str, ...], stages: tuple[str, ...]) -> set[Market]:
    """Return the markets that material free of the listed origins can reach.

    A process makes free products if all its inputs can be had free and what it makes is not tagged where it stands; a
    route carries what is free at its origin. Capacity counts, not activity: a source may be small.

    Parameters
    ----------
    tables: Sound tables of the chain.
    listed: Regions barred.
    stages: Stages whose origin counts.
    """
    stage = {row.product: row.stage for row in tables.products}
    recipes: dict[str, dict[str, float]] = defaultdict(dict)
    for row in tables.recipes:
        recipes[row.recipe][row.product] = row.coefficient
    steps: list[tuple[set[Market], set[Market]]] = []
    for process in tables.processes:
        if process.capacity_t_per_year <= 0.0:
            continue
        recipe, region = recipes[process.recipe], process.region
        makes = {p for p, t in recipe.items() if t > 0.0 and (stage[p] not in stages or region not in listed)}
        steps.append(({(p, region) for p, t in recipe.items() if t < 0.0}, {(p, region) for p in makes}))
    steps += [
        ({(row.product, row.origin)}, {(row.product, row.destination)})
        for row in tables.routes
        if row.flow_t_per_year > 0.0
    ]
    free: set[Market] = set()
    while True:
        reached = {market for takes, makes in steps if takes <= free for market in makes}
        if reached <= free:
            return free
        free |= reached


def _names(rule: Provenance, tables: ChainTables) -> Iterator[Finding]:
    regions = [row.region for row in tables.regions]
    yield from _unknown("listed", rule.listed, regions, "region")
    yield from _unknown("stages", rule.stages, list(tables.meta.stages), "stage")
    yield from _unknown("products", rule.products, [row.product for row in tables.products], "product")
    yield from _unknown("sectors", rule.sectors, [row.sector for row in tables.sectors], "sector")
    yield from _unknown("regions", rule.regions, regions, "region")


def _unknown(key: str, names: tuple[str, ...], known: list[str], kind: str) -> Iterator[Finding]:
    for name in names:
        if name not in known:
            yield key, f"names '{name}', not a known {kind}", nearest(name, known)


def _date(rule: Provenance, time: Time) -> Iterator[Finding]:
    if time.months_to(rule.start) >= 12.0 * time.years:
        yield "from", f"is '{rule.start}', after the horizon", f"give a date before the end, {time.years:g} years on"


def _bound(rule: Provenance, tables: ChainTables) -> Iterator[Finding]:
    """Sectors, products and regions of a rule that bind nobody."""
    bound = [
        row
        for row in tables.uses
        if row.demand_t_per_year > 0.0
        and row.sector in rule.sectors
        and row.product in rule.products
        and row.region in rule.regions
    ]
    for key, column in (("products", "product"), ("sectors", "sector"), ("regions", "region")):
        met = {getattr(row, column) for row in bound}
        for name in getattr(rule, key):
            if name not in met:
                yield key, f"names '{name}', where it binds no use", "remove it or name what those users take"


def _unmet(rule: Provenance, tables: ChainTables) -> Iterator[str]:
    """Products of a rule without any free source, with the regions concerned."""
    free = free_markets(tables, rule.listed, rule.stages)
    for product in rule.products:
        users = {row.region for row in tables.uses if row.product == product and row.sector in rule.sectors}
        barred = [region for region in rule.regions if region in users and (product, region) not in free]
        if barred:
            yield f"{product} has no possible free source in {', '.join(barred)}; its users there stop when it binds"
