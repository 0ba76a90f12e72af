"""For the reference, from `sim/core/MODEL.md`: what events do, what a route is held to, who is served."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.core.state import BAN, DUMPING, DUTY, LICENSING, OUTAGE, PRODUCTION_QUOTA, QUOTA
from sim.scenario.parameters import Parameters
from tests.core.described import Event, Market, Restriction, Target


@dataclass(frozen=True)
class Force:
    """A restriction in one period."""

    active: float
    level: float
    fresh: float
    alarm: float
    leak: float


@dataclass
class Control:
    """What the restrictions on one route add up to in one period; processing in months."""

    withheld: float = 0.0
    licensed: float = 0.0
    approval: float = 1.0
    processing: float = 0.0
    throughput: float = float("inf")
    filed: float = 1.0
    duty: float = 0.0
    leakage: float = 0.0


def choked(price: float, choke: float) -> float:
    """Use left at a price, one half at the choke multiple."""
    return 1 / (1 + (max(price - 1, 0.0) / (choke - 1)) ** 3)


def clip(value: float, low: float, high: float) -> float:
    """The value, held within two bounds."""
    return min(max(value, low), high)


def overlap(now: int, start: float, end: float) -> float:
    """Share of period `now` inside an interval."""
    return max(0.0, min(now + 1.0, end) - max(float(now), start))


def fresh(elapsed: float, rule: Restriction, event: Event) -> float:
    """What recovery has left of the first severity, and what licences that expire together bring back."""
    if event.recovery == 0:
        return 1.0
    left = 1 - clip((elapsed - event.hold) / event.recovery, 0.0, 1.0)
    if rule.validity == 0 or elapsed < rule.validity:
        return left
    since_expiry = math.fmod(elapsed, rule.validity)
    return max(left, (1 - rule.renewal) * (1 - clip(since_expiry / event.recovery, 0.0, 1.0)))


def force(now: int, rule: Restriction, events: list[Event]) -> Force:
    """The restriction in period `now`, summed over its events."""
    active, weighted, left, alarm, leak = 0.0, 0.0, 1.0, 0.0, 0.0
    for event in events:
        share = overlap(now, event.onset, event.end)
        middle = (max(now, event.onset) + min(now + 1, event.end)) / 2
        elapsed = max(middle - event.since, 0.0)
        rise = min(1.0, elapsed / event.rise) if event.rise > 0 else 1.0
        if share > 0:
            grown = rule.leakage if rule.leakage_grown is None else rule.leakage_grown
            part = min(elapsed / rule.leakage_periods, 1.0) if rule.leakage_periods else 0.0
            left = min(left, fresh(elapsed, rule, event))
            leak = max(leak, rule.leakage + (grown - rule.leakage) * part)
        weighted += share * event.level * (1.0 if rule.kind in (QUOTA, PRODUCTION_QUOTA) else rise)
        active += share
        alarm += overlap(now, event.announced, event.end) * event.severity * rule.threat
    quota = rule.kind in (QUOTA, PRODUCTION_QUOTA)
    level = weighted / active if quota and active > 0 else weighted
    return Force(active, level, left, alarm, leak)


def cut(now: Force, before: float, after: float) -> float:
    """Severity on one target, by its weights before and after recovery."""
    return clip(now.level * (before * now.fresh + after * (1 - now.fresh)), 0.0, 1.0)


def restrict_route(rule: Restriction, now: Force, target: Target, control: Control) -> None:
    """Add one restriction to what a route is held to."""
    share = cut(now, target.weight, target.weight_after)
    if rule.kind in (BAN, OUTAGE):  # an outage on a route is a closed crossing
        control.withheld = 1 - (1 - control.withheld) * (1 - share)
    if rule.kind == LICENSING:
        control.licensed = max(control.licensed, now.active)
        control.approval *= 1 - share
        control.processing = max(control.processing, rule.processing)
        control.filed = min(control.filed, rule.filed_early)
        if now.active > 0:
            control.throughput = min(control.throughput, rule.throughput)
    if rule.kind == DUTY:
        control.duty += now.level * target.weight
    if rule.kind == DUMPING:
        control.duty -= share
    control.leakage = max(control.leakage, now.leak)


def releasable(market: Market, release_share: float, dt: float, stock: float, arrived: float) -> float:
    """What a market can release in a period (section 8), t."""
    decay = dt / (release_share * market.inventory / market.outflow)
    share = 1 - math.exp(-decay)
    return max(stock - arrived, 0.0) * share + arrived * (1 - share / decay)


def fills(release: float, claims: tuple[float, float, float], strictness: float) -> list[float]:
    """Share of each class of claims that a market serves (section 8)."""
    total = sum(claims)
    even = min(1.0, release / total) if total > 0 else 1.0
    result, left = [], release
    for claim in claims:
        first = min(1.0, max(left, 0.0) / claim) if claim > 0 else 1.0
        result.append((1 - strictness) * even + strictness * first)
        left -= claim
    return result


def rent_after(rent: float, wanted: float, quota: float, active: float, par: Parameters, dt: float) -> float:
    """Licence rent, USD/kg, after a period of orders `wanted` under a quota, both t/yr."""
    limit = par.rent_excess_bound
    excess = clip(math.log(wanted / quota), -limit, limit) if wanted > 0 else -limit
    grown = math.log(rent + par.rent_scale) + par.rent_response * excess * dt * active
    return max(math.exp(grown) - par.rent_scale, 0.0)
