"""Checks of a scenario against its horizon and the tables of its chain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sim.errors import Fault
from sim.scenario.arrival import At
from sim.scenario.base import Finding, texts, unknown
from sim.scenario.clustering import Clustering, check_clustering, check_escalated, check_regimes
from sim.scenario.dates import span
from sim.scenario.measures import Measure, RouteMeasure, Spilling
from sim.scenario.models import Time
from sim.scenario.restriction_checks import check_details, watched
from sim.scenario.restrictions import Denial, Dumping, Outage, ProductionQuota, Restriction, Technology, spilled
from sim.scenario.sources import Draft
from sim.scenario.tables import ChainTables

DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|1\d|2[0-8]))?", re.ASCII)
"""A date that surely exists: other days are for the models to judge."""


def check(
    draft: Draft,
    restrictions: Mapping[str, Restriction],
    time: Time | None,
    tables: ChainTables | None,
    *,
    complete: bool = True,
) -> list[Fault]:
    """Return the faults between parts of a scenario that are each sound.

    Parameters
    ----------
    draft: Knows which file wrote a key.
    restrictions: Sound restrictions by name.
    time: Horizon; none if it is at fault itself.
    tables: Tables of the chain; none if too little of them could be read.
    complete: Whether the tables are free of faults, so that what is not in them does not exist.
    """
    regimes = _names_in(draft, "regimes")
    faults = [draft.fault(f"regimes.{key}", *rest) for key, *rest in check_regimes(regimes, tables)]
    among = Clustering(restrictions, _names_in(draft, "restrictions"), regimes, tables)
    for name, restriction in restrictions.items():
        found = [*_date(restriction, time), *_itself(restriction), *check_details(restriction, time)]
        found += check_clustering(name, restriction, among, time)
        if tables is not None:
            unknown = list(_names(restriction, tables))
            found += unknown if unknown or not complete else list(_target(restriction, tables))
        faults += [draft.fault(f"restrictions.{name}.{key}".rstrip("."), *rest) for key, *rest in found]
    return faults


def check_unsound(
    draft: Draft, sound: Mapping[str, Restriction], time: Time | None, tables: ChainTables | None
) -> list[Fault]:
    """Return what can be told of restrictions that are at fault themselves: unknown names and dates out of reach.

    Parameters
    ----------
    sound: Restrictions that `check` looks at.
    """
    faults: list[Fault] = []
    raw = draft.data.get("restrictions")
    names = _names_in(draft, "restrictions")
    for name, given in raw.items() if isinstance(raw, dict) else ():
        if name in sound or not isinstance(given, dict):
            continue
        found: list[Finding] = []
        if tables is not None:
            found += _names_given(given, tables)
        escalates = given.get("escalates")
        found += check_escalated(name, escalates if isinstance(escalates, dict) else (), names)
        onset = given.get("onset")
        at = onset.get("at") if isinstance(onset, dict) else None
        if isinstance(at, str) and time is not None and DATE.fullmatch(at) is not None:
            found += _outside(at, time)
        faults += [draft.fault(f"restrictions.{name}.{key}", *rest) for key, *rest in found]
    return faults


def _names_given(given: Mapping[str, Any], tables: ChainTables) -> Iterator[Finding]:
    """Unknown names in a restriction as it was written, of whatever type its values are."""
    regions, products = [row.region for row in tables.regions], [row.product for row in tables.products]
    spillover, reacts = (_table(given.get(key)) for key in ("spillover", "reacts"))
    towards = [name for name in texts(given.get("towards")) if name not in ("all", "default")]
    yield from unknown("by", texts(given.get("by")), regions, "region")
    yield from unknown("products", texts(given.get("products")), products, "product")
    yield from unknown("towards", towards, regions, "region")
    yield from unknown("spillover.products", texts(spillover.get("products")), products, "product")
    yield from unknown("reacts.product", texts(reacts.get("product")), products, "product")
    yield from unknown("reacts.regions", texts(reacts.get("regions")), regions, "region")
    yield from unknown("sectors", texts(given.get("sectors")), [row.sector for row in tables.sectors], "sector")


def _table(value: object) -> Mapping[str, Any]:
    """What may or may not be a table as one."""
    return value if isinstance(value, dict) else {}


def _names_in(draft: Draft, section: str) -> list[str]:
    given = draft.data.get(section)
    return list(given) if isinstance(given, dict) else []


def _date(restriction: Measure, time: Time | None) -> Iterator[Finding]:
    if time is not None and isinstance(restriction.onset, At):
        yield from _outside(restriction.onset.at, time)


def _outside(at: str, time: Time) -> Iterator[Finding]:
    if not 0.0 <= time.months_to(at) < 12.0 * time.years:
        yield (
            "onset.at",
            f"is '{at}', outside the horizon",
            f"give a date in the {span(time.years)} from {time.start}",
        )


def _destinations(restriction: Measure) -> list[str]:
    if not isinstance(restriction, RouteMeasure):
        return []
    towards = restriction.towards
    names = [towards] if isinstance(towards, str) else list(towards)
    return [name for name in names if name not in ("all", "default") or (name == "all") != isinstance(towards, str)]


def _itself(restriction: Measure) -> Iterator[Finding]:
    if restriction.by in _destinations(restriction):
        yield "towards", f"names {restriction.by}, which imposes it", "name other regions"
    if isinstance(restriction, Outage) and restriction.acts_on == "capacity" and restriction.towards != "all":
        yield "towards", "is given for an outage of capacity", 'remove it or set acts_on = "crossing"'


def _names(restriction: Measure, tables: ChainTables) -> Iterator[Finding]:
    regions = [row.region for row in tables.regions]
    products = [row.product for row in tables.products]
    remaining = restriction.profile.recovers_to
    yield from unknown("by", [restriction.by], regions, "region")
    yield from unknown("products", restriction.products, products, "product")
    yield from unknown("towards", [n for n in _destinations(restriction) if n != "default"], regions, "region")
    if restriction.reacts is not None:
        yield from unknown("reacts.product", [restriction.reacts.product], products, "product")
        yield from unknown("reacts.regions", restriction.reacts.regions, regions, "region")
    if isinstance(restriction, Spilling) and restriction.spillover is not None:
        yield from unknown("spillover.products", restriction.spillover.products, products, "product")
    if isinstance(restriction, Denial):
        yield from unknown("sectors", restriction.sectors, [row.sector for row in tables.sectors], "sector")
    if isinstance(remaining, dict):
        named = [name for name in remaining if name != "default"]
        yield from unknown("profile.recovers_to", named, regions, "region")


def _target(restriction: Restriction, tables: ChainTables) -> Iterator[Finding]:
    on_processes = isinstance(restriction, ProductionQuota) or (
        isinstance(restriction, Outage) and restriction.acts_on == "capacity"
    )
    if on_processes:
        if restriction.by not in _makers(restriction, tables):
            yield "", "hits nothing", f"name products that processes in {restriction.by} make"
    elif isinstance(restriction, Technology):
        if not any(restriction.weight(region) for region in _makers(restriction, tables)):
            yield "", "hits nothing", f"name products that processes outside {restriction.by} make"
    elif isinstance(restriction, RouteMeasure) and not _sends(restriction, tables):
        subsidised = isinstance(restriction, Dumping) and restriction.on_cost > 0.0
        if not subsidised or restriction.by not in _makers(restriction, tables):
            yield "", "hits nothing", f"name products that leave {restriction.by} for its destinations"
    if restriction.reacts is not None:
        yield from watched(restriction.reacts, tables)
    spill = spilled(restriction)
    if spill is not None and not _sends(spill, tables):
        cure = f"name products that leave {restriction.by} for its destinations"
        yield "spillover.products", "hits nothing", cure


def _makers(restriction: Measure, tables: ChainTables) -> set[str]:
    """Return the regions whose processes make a covered product."""
    recipes = {row.recipe for row in tables.recipes if row.coefficient > 0.0 and row.product in restriction.products}
    return {row.region for row in tables.processes if row.recipe in recipes}


def _sends(restriction: RouteMeasure, tables: ChainTables) -> bool:
    """Return whether the region sends a covered product to a covered destination."""
    return any(
        row.origin == restriction.by and row.product in restriction.products and restriction.weight(row.destination)
        for row in tables.routes
    )
