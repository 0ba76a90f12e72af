"""Checks of what makes restrictions cluster: regimes, hazards that multiply, and escalation."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sim.scenario.arrival import Hazard, highest
from sim.scenario.base import Finding, nearest
from sim.scenario.dates import span
from sim.scenario.measures import Measure
from sim.scenario.models import Time
from sim.scenario.restrictions import Restriction
from sim.scenario.tables import ChainTables

MOST_PER_YEAR = 50.0
"""Largest hazard, in conflict and with all that escalates it in force, that a run in a million may pass."""
MOST_AROUND = 10.0
"""Largest product of factors around a circle of escalation."""
MOST_STEPS = 20_000
"""Steps in the search for circles; a net so dense that it takes more is judged by its hazards alone."""


@dataclass(frozen=True)
class Clustering:
    """What the checks of one restriction need to know of the others."""

    restrictions: Mapping[str, Restriction]
    """Sound restrictions by name."""
    named: Collection[str]
    """Names of all restrictions, sound or not."""
    regimes: Collection[str]
    """Names of all regimes, sound or not."""
    tables: ChainTables | None

    def governing(self, region: str) -> list[str]:
        """Return the regimes of a region and of the blocs it belongs to."""
        return governing(region, self.regimes, self.tables)


def governing(region: str, regimes: Iterable[str], tables: ChainTables | None) -> list[str]:
    """Return those of some regimes that hold for a region: its own, and those of the blocs it belongs to."""
    blocs = {bloc for row in tables.regions if row.region == region for bloc in row.blocs} if tables else set()
    return [name for name in regimes if name == region or name in blocs]


def check_regimes(regimes: Collection[str], tables: ChainTables | None) -> Iterator[Finding]:
    """Yield the regimes that are of no region or bloc of the chain."""
    if tables is None:
        return
    known = {row.region for row in tables.regions} | {bloc for row in tables.regions for bloc in row.blocs}
    for name in regimes:
        if name not in known:
            yield name, "is not a known region or bloc", nearest(name, known)


def check_clustering(name: str, restriction: Measure, among: Clustering, time: Time | None) -> Iterator[Finding]:
    """Yield what is wrong with how a restriction depends on regimes, on others, and with its truce."""
    yield from _regime(restriction, among)
    yield from _escalation(name, restriction, among)
    yield from _hazard(name, restriction, among)
    yield from _truce(restriction, time)


def _regime(restriction: Measure, among: Clustering) -> Iterator[Finding]:
    onset = restriction.onset
    if not isinstance(onset, Hazard) or (onset.in_conflict is None and onset.conflict_hazard_per_year is None):
        return
    key = "onset.in_conflict" if onset.in_conflict is not None else "onset.conflict_hazard_per_year"
    if onset.in_conflict is not None and onset.conflict_hazard_per_year is not None:
        yield key, "stands beside conflict_hazard_per_year", "keep one of the two"
    found = among.governing(restriction.by)
    known = among.tables is not None and any(row.region == restriction.by for row in among.tables.regions)
    if not found and known:
        cure = f"add [regimes.{restriction.by}] with calm_years and conflict_years, or remove the key"
        yield key, f"is given, but {restriction.by} has no regime", cure
    elif len(found) > 1:
        yield key, f"is given, but {restriction.by} has the regimes {' and '.join(found)}", "keep one of them"


def _escalation(name: str, restriction: Measure, among: Clustering) -> Iterator[Finding]:
    yield from check_escalated(name, restriction.escalates, among.named)
    for other in restriction.escalates:
        if other != name and other in among.restrictions and not isinstance(among.restrictions[other].onset, Hazard):
            key = f"escalates.{other}"
            yield key, "has a date, so that there is no hazard to escalate", "remove it or give the other a hazard"
    circle = _circle(name, among)
    if circle is not None:
        path, product = circle
        yield (
            f"escalates.{path[1]}",
            f"escalates in a circle ({' > '.join(path)}) by factors whose product is {product:g}",
            f"give factors with a product of at most {MOST_AROUND:g}",
        )


def check_escalated(name: str, escalates: Iterable[str], named: Collection[str]) -> Iterator[Finding]:
    """Yield the names under `escalates` that are of no other restriction."""
    for other in escalates:
        if other == name:
            yield f"escalates.{other}", "is the restriction itself", "name another restriction"
        elif other not in named:
            cure = nearest(other, set(named) - {name}, otherwise="give the name of a restriction")
            yield f"escalates.{other}", "is not a known restriction", cure


def _circle(name: str, among: Clustering) -> tuple[list[str], float] | None:
    """Return the first circle whose product is too large and whose first name in order is this one."""
    steps = 0
    names = list(among.restrictions)
    open_paths = [([name], 1.0)]
    while open_paths and steps < MOST_STEPS:
        path, product = open_paths.pop()
        steps += 1
        for other, factor in among.restrictions[path[-1]].escalates.items():
            if other == name and len(path) > 1 and product * factor > MOST_AROUND:
                return [*path, other], product * factor
            # Every circle is found once, from the first of its names.
            if other in among.restrictions and other not in path and names.index(other) > names.index(name):
                open_paths.append(([*path, other], product * factor))
    return None


def _hazard(name: str, restriction: Measure, among: Clustering) -> Iterator[Finding]:
    onset = restriction.onset
    if not isinstance(onset, Hazard):
        return
    base = highest(onset.hazard_per_year) * max(onset.in_conflict or 1.0, 1.0)
    if onset.conflict_hazard_per_year is not None:
        base = max(base, highest(onset.conflict_hazard_per_year))
    factors = [max(other.escalates.get(name, 1.0), 1.0) for other in among.restrictions.values()]
    most = base
    for factor in factors:
        most *= factor
    if most > MOST_PER_YEAR:
        with_all = "" if most == base else " with all that escalates it in force"
        yield (
            "onset.hazard_per_year",
            f"reaches {most:.3g} a year{with_all}",
            f"give hazards and factors that stay below {MOST_PER_YEAR:g} a year in all but a run in a million",
        )


def _truce(restriction: Measure, time: Time | None) -> Iterator[Finding]:
    truce = restriction.truce
    if truce is None:
        return
    if truce.hazard_per_year is not None and highest(truce.hazard_per_year) > MOST_PER_YEAR:
        most = highest(truce.hazard_per_year)
        yield "truce.hazard_per_year", f"reaches {most:.3g} a year", f"stay below {MOST_PER_YEAR:g} a year"
    if truce.at is None or time is None:
        return
    onset = 0.0 if isinstance(restriction.onset, Hazard) else time.months_to(restriction.onset.at)
    if not onset < time.months_to(truce.at) < 12.0 * time.years:
        after = time.start if isinstance(restriction.onset, Hazard) else restriction.onset.at
        cure = f"give a date after {after} in the {span(time.years)} from {time.start}"
        yield "truce.at", f"is '{truce.at}', outside the horizon or before the onset", cure
