"""Random restrictions on small chains, and random events of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from sim.core.state import (
    BAN,
    DENIAL,
    DUMPING,
    DUTY,
    LICENSING,
    OUTAGE,
    PATENT_BARRIER,
    PRODUCTION_QUOTA,
    QUOTA,
    TECHNOLOGY_BAN,
)
from tests.core.described import (
    Denied,
    Event,
    Restriction,
    SmallChain,
    Target,
    Use,
)

BYPRODUCT = -1
Place = tuple[int, int]
"""Product and region of a market; the by-product has number -1."""


KINDS = (BAN, LICENSING, QUOTA, DUTY, PRODUCTION_QUOTA, OUTAGE, DUMPING, TECHNOLOGY_BAN, PATENT_BARRIER, DENIAL)


def restricted(
    small: SmallChain, seed: int, *, leaks: bool = True, threats: bool = True, kinds: tuple[int, ...] = KINDS
) -> SmallChain:
    """The chain with a random restriction of each kind that it has room for; bans and duties may share routes.

    Where origins are followed there are also sourcing rules.
    """
    small = replace(small, followed=True) if kinds == (DENIAL,) else small
    rng, rules = Random(seed), []
    origins = sorted({route.origin for route in small.routes})
    for kind in kinds:
        leakage = rng.choice([0.0, rng.uniform(0, 0.3)]) if leaks else 0.0
        threat = rng.uniform(0, 1) if threats else 0.0
        if kind in (TECHNOLOGY_BAN, PATENT_BARRIER):
            some = tuple(sorted(rng.sample(range(len(small.processes)), (len(small.processes) + 1) // 2)))
            weight, worse = rng.uniform(0.3, 1), rng.uniform(0.5, 1)
            rules.append(Restriction(kind, (), some, threat=threat, on_processes=(weight, weight), first_yield=worse))
            continue
        if kind in (PRODUCTION_QUOTA, OUTAGE):
            some = rng.sample(range(len(small.processes)), min(2, len(small.processes)))
            crossing = rng.sample(range(len(small.routes)), min(2, len(small.routes)))
            closed = tuple(Target(r, rng.uniform(0.3, 1), 0.2) for r in crossing) if kind == OUTAGE else ()
            rules.append(Restriction(kind, closed, tuple(sorted(some)), threat=threat, leakage=leakage))
            continue
        if kind == DENIAL:
            if small.followed:
                some = [u for u in range(len(small.uses)) if rng.random() < 0.4]
                denied = tuple(Denied(u, rng.uniform(0.3, 1), 0.2) for u in some)
                rules.append(Restriction(kind, denied=denied, threat=threat))
            continue
        chosen = rng.sample(origins, min(2, len(origins)))
        routes = [r for r, route in enumerate(small.routes) if route.origin in chosen]
        if kind == QUOTA and not any(small.routes[r].flow for r in routes):
            continue
        targets = tuple(Target(r, rng.uniform(0.3, 1), rng.uniform(0, 0.3)) for r in routes)
        made = rng.sample(range(len(small.processes)), min(2, len(small.processes))) if kind == DUMPING else []
        if kind == DUMPING:
            leakage = 0.0
        grows = rng.random() < 0.5 and leakage > 0
        rules.append(Restriction(
            kind, targets, tuple(sorted(made)), leakage=leakage, processing=rng.uniform(0.5, 4), threat=threat,
            throughput=rng.choice([1e9, rng.uniform(0.2, 1.0)]), leakage_grown=rng.uniform(0, 0.6) if grows else None,
            leakage_periods=rng.uniform(2, 20) if grows else 0.0,
            # In eighths of a period, as times of events are: licences expire in the same period in any precision.
            validity=rng.choice([0.0, rng.randint(16, 80) / 8]) if kind == LICENSING else 0.0,
            renewal=rng.uniform(0, 1), filed_early=rng.choice([0.0, rng.uniform(0, 1)]),
            on_processes=(rng.uniform(0, 1), rng.uniform(0, 0.5)),
        ))  # fmt: skip
    return replace(small, restrictions=tuple(rules), uses=_sourced(small, rng))


def _sourced(small: SmallChain, rng: Random) -> tuple[Use, ...]:
    """Uses, some of them under a sourcing rule from a date in eighths of a period on."""
    if not small.followed:
        return small.uses
    dates = [round(rng.uniform(-8, 320)) / 8 if rng.random() < 0.2 else None for _ in small.uses]
    return tuple(replace(use, sourced_from=date) for use, date in zip(small.uses, dates, strict=True))


def _draw_level(rng: Random, small: SmallChain, rule: Restriction) -> float:
    if rule.kind == QUOTA:
        return 12 * sum(small.routes[t.route].flow for t in rule.targets) * rng.uniform(0.2, 1.0)
    if rule.kind == DUTY:
        return rng.uniform(0.05, 1.0)
    return rng.uniform(0.1, 1.0)


def _next_step(before: Event, end: float, level: float, severity: float) -> Event:
    """The next step of a schedule: it begins where the step before ends, and counts from the onset of that."""
    return replace(
        before, announced=before.end, onset=before.end, end=end, level=level, severity=severity,
        first_onset=before.since,
    )  # fmt: skip


def random_events(small: SmallChain, seed: int, periods: int) -> list[list[Event]]:
    """Zero to two events of each restriction; times lie on eighths of a period, exact in any precision."""
    rng = Random(seed)

    def grid(low: float, high: float) -> float:
        return round(rng.uniform(low, high) * 8) / 8

    events: list[list[Event]] = []
    for rule in small.restrictions:
        row, free = [], 0.0
        for _ in range(rng.choice([0, 1, 1, 2])):
            announced = free + grid(0, periods / 3)
            onset = announced + rng.choice([0.0, grid(0, 6)])
            end = onset + grid(1, periods / 2)
            row.append(Event(
                announced, onset, end, _draw_level(rng, small, rule), rng.uniform(0, 1), rng.choice([0.0, grid(0, 8)]),
                grid(0, 6), rng.choice([0.0, grid(1, 12)]),
            ))  # fmt: skip
            if rng.random() < 0.3:
                row.append(_next_step(row[-1], end + grid(1, 8), _draw_level(rng, small, rule), rng.uniform(0, 1)))
            free = row[-1].end + 2
        events.append(row)
    return events
