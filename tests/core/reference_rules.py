"""For the reference, from `sim/core/MODEL.md`: what events do, what a route is held to, who is served."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.core.state import BAN, DUTY, LICENSING, OUTAGE, PRODUCTION_QUOTA, QUOTA
from tests.core.described import Event, Market, Restriction, Target


@dataclass(frozen=True)
class Force:
    """A restriction in one period."""

    active: float
    level: float
    fresh: float
    alarm: float


@dataclass
class Control:
    """What the restrictions on one route add up to in one period; processing in months."""

    withheld: float = 0.0
    licensed: float = 0.0
    approval: float = 1.0
    processing: float = 0.0
    throughput: float = float("inf")
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


def force(now: int, rule: Restriction, events: list[Event]) -> Force:
    """The restriction in period `now`, summed over its events."""
    active_sum, level, fresh, alarm = 0.0, 0.0, 1.0, 0.0
    for event in events:
        active = overlap(now, event.onset, event.end)
        elapsed = max(now + 1 - event.onset, 0.0)
        rise = min(1.0, elapsed / event.rise) if event.rise > 0 else 1.0
        if active > 0 and event.recovery > 0:
            fresh = 1 - clip((elapsed - event.hold) / event.recovery, 0.0, 1.0)
        if rule.kind in (QUOTA, PRODUCTION_QUOTA):
            level += event.level if active > 0 else 0.0
        else:
            level += active * rise * event.level
        active_sum += active
        alarm += overlap(now, event.announced, event.end) * event.severity * rule.threat
    return Force(active_sum, level, fresh, alarm)


def restrict_route(rule: Restriction, now: Force, target: Target, control: Control) -> None:
    """Add one restriction to what a route is held to."""
    cut = clip(now.level * (target.weight * now.fresh + target.weight_after * (1 - now.fresh)), 0.0, 1.0)
    if rule.kind in (BAN, OUTAGE):  # an outage on a route is a closed crossing
        control.withheld = 1 - (1 - control.withheld) * (1 - cut)
    if rule.kind == LICENSING:
        control.licensed = max(control.licensed, now.active)
        control.approval *= 1 - cut
        control.processing = max(control.processing, rule.processing)
        control.throughput = min(control.throughput, rule.throughput)
    if rule.kind == DUTY:
        control.duty += now.level * target.weight
    if now.active > 0:
        control.leakage = max(control.leakage, rule.leakage)


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
