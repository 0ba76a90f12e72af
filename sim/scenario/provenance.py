"""Where material comes from: the origin a scenario follows, sourcing rules of users, and what both leave free."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from sim.errors import Fault
from sim.scenario.base import Finding, Model, unknown
from sim.scenario.dates import Day, span
from sim.scenario.measures import Measure, Names
from sim.scenario.restrictions import Denial
from sim.scenario.sources import Draft
from sim.scenario.tables import ChainTables

if TYPE_CHECKING:
    from sim.scenario.models import Scenario, Time

Market = tuple[str, str]
"""Product and region."""


class Origin(Model):
    """What is followed along the chain: material made in a listed region at a listed stage, and all that is made of it.

    One a scenario: its sourcing rules and denials all mean this material.
    """

    listed: Names
    """Regions listed."""
    stages: Names
    """Stages whose place counts: what they make in a listed region is tagged whatever it is made of."""

    def lists(self, region: str, stage: str) -> bool:
        """Return whether what is made there is tagged whatever it is made of."""
        return region in self.listed and stage in self.stages


class Provenance(Model):
    """A sourcing rule: from a date on, some users take only material free of the scenario's origin."""

    title: str = ""
    """One line that names the rule in figures and tables."""
    source: str = ""
    """Where it comes from."""
    products: Names
    """Products it binds as they reach the users."""
    sectors: Names
    """Sectors it binds."""
    regions: Names
    """Regions whose users it binds."""
    start: Day = Field(alias="from")
    """Date from which it binds, a month or a day; before the horizon for a rule in force at its start."""

    def binds(self, sector: str, product: str, region: str) -> bool:
        """Return whether it binds a use."""
        return sector in self.sectors and product in self.products and region in self.regions


def check_origin(
    draft: Draft,
    origin: Origin | None,
    rules: Mapping[str, Provenance],
    restrictions: Mapping[str, Measure],
    time: Time | None,
    tables: ChainTables | None,
) -> list[Fault]:
    """Return the faults of the origin, of sourcing rules, and of denials as far as they stand on the origin.

    Parameters
    ----------
    draft: Knows which file wrote a key.
    origin: The origin if it is given and sound.
    rules: Sound sourcing rules by name.
    restrictions: Sound restrictions by name.
    time: Horizon; none if it is at fault itself.
    tables: Tables of the chain; none if they are not free of faults, so that nothing can be told from them.
    """
    denials = {name: row for name, row in restrictions.items() if isinstance(row, Denial)}
    found: list[Finding] = []
    if draft.data.get("origin") is None:
        bound = [*(f"provenance.{name}" for name in rules), *(f"restrictions.{name}" for name in denials)]
        cure = "add [origin] with listed = [regions] and stages = [stages]"
        found += [(key, "needs an origin to be free of, and the scenario has none", cure) for key in bound]
    if origin is not None and tables is not None:
        found += _origin(origin, tables)
    for name, rule in rules.items():
        of_rule = [*_date(rule, time), *_names(rule, tables)]
        found += [(f"provenance.{name}.{key}", problem, cure) for key, problem, cure in of_rule]
    for name, denial in denials.items():
        found += [
            (f"restrictions.{name}.{key}", problem, cure) for key, problem, cure in _denial(denial, origin, tables)
        ]
    return [draft.fault(*finding) for finding in found]


def unmet(scenario: Scenario) -> list[str]:
    """Return a sentence for each product of a sourcing rule that no source can ever meet, with the regions concerned.

    Parameters
    ----------
    scenario: A loaded scenario.
    """
    origin, tables = scenario.origin, scenario.tables
    if origin is None:
        return []
    free = free_markets(tables, origin)
    found = []
    for name, rule in scenario.provenance.items():
        for product in rule.products:
            users = {row.region for row in tables.uses if row.product == product and row.sector in rule.sectors}
            barred = [region for region in rule.regions if region in users and (product, region) not in free]
            if barred:
                found.append(
                    f"provenance.{name}: {product} has no possible free source in {', '.join(barred)}; "
                    "its users there stop when it binds"
                )
    return found


def free_markets(tables: ChainTables, origin: Origin) -> set[Market]:
    """Return the markets that material free of an origin can reach.

    A process makes free products if all its inputs can be had free and what it makes is not tagged where it stands; a
    route carries what is free at its origin. Capacity counts, not activity: a source may be small.

    Parameters
    ----------
    tables: Sound tables of the chain.
    origin: What is tagged.
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
        makes = {p for p, t in recipe.items() if t > 0.0 and not origin.lists(region, stage[p])}
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


def _origin(origin: Origin, tables: ChainTables) -> Iterator[Finding]:
    regions, stages = [row.region for row in tables.regions], list(tables.meta.stages)
    strange = [
        *unknown("listed", origin.listed, regions, "region"),
        *unknown("stages", origin.stages, stages, "stage"),
    ]
    yield from ((f"origin.{key}", problem, cure) for key, problem, cure in strange)
    stage = {row.product: row.stage for row in tables.products}
    made = {(row.region, stage[p]) for row in tables.processes for p, t in tables.recipe(row.recipe).items() if t > 0.0}
    if not strange and not any(origin.lists(*place) for place in made):
        yield "origin", "tags nothing", "list regions and stages at which they make something"


def _names(rule: Provenance, tables: ChainTables | None) -> list[Finding]:
    """Unknown names of a rule, else names by which it binds nobody."""
    if tables is None:
        return []
    found = [*unknown("products", rule.products, [row.product for row in tables.products], "product")]
    found += unknown("sectors", rule.sectors, [row.sector for row in tables.sectors], "sector")
    found += unknown("regions", rule.regions, [row.region for row in tables.regions], "region")
    return found or [*_unbound(rule, tables)]


def _date(rule: Provenance, time: Time | None) -> Iterator[Finding]:
    if time is not None and time.months_to(rule.start) >= 12.0 * time.years:
        yield "from", f"is '{rule.start}', after the horizon", f"give a date before the end, {span(time.years)} on"


def _unbound(rule: Provenance, tables: ChainTables) -> Iterator[Finding]:
    """Sectors, products and regions of a rule that bind nobody."""
    bound = [
        row for row in tables.uses if row.demand_t_per_year > 0.0 and rule.binds(row.sector, row.product, row.region)
    ]
    for key, column in (("products", "product"), ("sectors", "sector"), ("regions", "region")):
        met = {getattr(row, column) for row in bound}
        for name in getattr(rule, key):
            if name not in met:
                yield key, f"names '{name}', where it binds no use", "remove it or name what those users take"


def _denial(denial: Denial, origin: Origin | None, tables: ChainTables | None) -> Iterator[Finding]:
    """What keeps a denial from binding anybody; its unknown names are found with those of all restrictions."""
    if origin is not None and denial.by not in origin.listed:
        yield (
            "by",
            f"is '{denial.by}', which [origin] does not list",
            "list it there: a denial withholds what is tagged",
        )
    if tables is None or any(name not in {row.sector for row in tables.sectors} for name in denial.sectors):
        return
    if not any(
        row.sector in denial.sectors
        and row.product in denial.products
        and denial.weight(row.region)
        and row.demand_t_per_year
        for row in tables.uses
    ):
        yield "sectors", "take none of its products", "name products that these sectors take in the destinations"
