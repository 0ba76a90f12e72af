"""Restrictions in force and the alarm they raise (`MODEL.md`, section 1)."""

from __future__ import annotations

import numpy as np

from sim.core.fields import (
    ACTIVE,
    ACTIVITY_QUOTA,
    ALARM,
    APPROVAL,
    CAPACITY_FACTOR,
    COST_FACTOR,
    COUNTED,
    EXTRA_DUTY,
    FRESH,
    HABIT,
    LEAD_FACTOR,
    LEAK,
    LEAKAGE,
    LEVEL,
    LICENSED,
    RENT,
    RENT_DUE,
    ROUTE_RENT,
    SEVERITY,
    STRUCK,
    THREAT,
    THROUGHPUT,
    WITHHELD,
    YIELD_FACTOR,
)
from sim.core.jit import kernel, topic
from sim.core.lanes import any_positive, clear, flat, of_block
from sim.core.mathx import HALF, ONE, ZERO, clip
from sim.core.state import (
    BAN,
    DUMPING,
    DUTY,
    LICENSING,
    NEVER,
    OUTAGE,
    PATENT_BARRIER,
    PRODUCTION_QUOTA,
    QUOTA,
    TECHNOLOGY_BAN,
    Block,
    Chain,
    Events,
    Floats,
)


@kernel
def overlap(now, begin, end):
    """Share of the period that starts at `now` inside `[begin, end)`."""
    return clip(min(now + ONE, end) - max(now, begin), ZERO, ONE)


@kernel
def elapsed_in(now, since, onset, end):
    """Time since a measure's onset in the middle of what an event covers of the period.

    At the period's end recovery would begin early, by half a period.
    """
    return max(HALF * (max(now, onset) + min(now + ONE, end)) - since, ZERO)


@kernel
def spared(pair, now):
    """Whether a restriction leaves what it could act on alone in a period."""
    return pair.spared_from <= now < pair.spared_to


def event_spans(events: Events, first: int, lanes: int) -> Floats:
    """First announcement and last end over a block, of each restriction and slot; shape (restriction, slot, 2)."""
    here = slice(first, first + lanes)
    begin = events.announced[:, :, here].min(axis=2, initial=NEVER)
    ends = np.where(events.onset[:, :, here] < NEVER, events.end[:, :, here], -NEVER)
    return np.stack([begin, ends.max(axis=2, initial=-NEVER)], axis=2).astype(np.float32)


@topic
def events_in_force(chain: Chain, events: Events, spans, first, now, block: Block):
    """Set `ACTIVE`, `LEVEL`, `FRESH`, `ALARM` and `LEAK` of each restriction."""
    restriction = block.restriction
    for k in range(chain.rules.size):
        rule = chain.rules[k]
        leaks = _leaks(rule)
        restriction[STRUCK, k, 0] = ONE if any_positive(restriction[ACTIVE, k]) else ZERO
        for lane in range(restriction.shape[2]):
            restriction[ACTIVE, k, lane] = ZERO
            restriction[LEVEL, k, lane] = ZERO
            restriction[FRESH, k, lane] = ONE
            restriction[ALARM, k, lane] = ZERO
        if leaks:
            clear(restriction[LEAK, k])
        for slot in range(spans.shape[1]):
            if spans[k, slot, 0] < now + ONE and now < spans[k, slot, 1]:
                _add_event(rule, events, k, slot, first, now, restriction)
                if leaks:
                    _leak(rule, events, k, slot, first, now, restriction)


@kernel
def _leaks(rule):
    """Whether some orders evade a restriction, from its onset or later."""
    return rule.leakage > ZERO or rule.leakage_grown > ZERO


@kernel
def _add_event(rule, events: Events, k, slot, first, now, restriction):
    """Add one event to what its restriction does; the level of a quota is the quota itself, which has no rise."""
    quota = rule.kind in (QUOTA, PRODUCTION_QUOTA)
    validity, lapse, lanes = rule.validity, rule.lapse, restriction.shape[2]
    onsets, ends = of_block(events.onset[k, slot], first, lanes), of_block(events.end[k, slot], first, lanes)
    since, announced = of_block(events.since[k, slot], first, lanes), of_block(events.announced[k, slot], first, lanes)
    levels, severity = of_block(events.level[k, slot], first, lanes), of_block(events.severity[k, slot], first, lanes)
    rises, hold = of_block(events.rise[k, slot], first, lanes), of_block(events.hold[k, slot], first, lanes)
    recovery = of_block(events.recovery[k, slot], first, lanes)
    for lane in range(lanes):
        active = overlap(now, onsets[lane], ends[lane])
        elapsed = elapsed_in(now, since[lane], onsets[lane], ends[lane])
        rise = ZERO if quota else rises[lane]
        risen = min(elapsed / rise, ONE) if rise > ZERO else ONE
        fresh = freshness(elapsed, hold[lane], recovery[lane], validity, lapse)
        restriction[ACTIVE, k, lane] += active
        restriction[LEVEL, k, lane] += active * risen * levels[lane]
        restriction[FRESH, k, lane] = min(restriction[FRESH, k, lane], fresh if active > ZERO else ONE) + ZERO
        restriction[ALARM, k, lane] += overlap(now, announced[lane], ends[lane]) * severity[lane]


@kernel
def freshness(elapsed, hold, recovery, validity, lapse):
    """Share of the first severity that is left: recovery eases it, licences that lapse together bring some back."""
    eased = clip((elapsed - hold) / recovery, ZERO, ONE) if recovery > ZERO else ZERO
    fresh = ONE - eased
    if validity > ZERO:
        expiries = np.floor(elapsed / validity)
        caught_up = clip((elapsed - expiries * validity) / recovery, ZERO, ONE) if recovery > ZERO else ONE
        fresh = max(fresh, lapse * (ONE - caught_up)) if expiries > ZERO else fresh
    return fresh


@kernel
def _leak(rule, events: Events, k, slot, first, now, restriction):
    """Share of orders that evades the restriction, which may grow from its onset on."""
    leakage, added, pace = rule.leakage, rule.leakage_grown - rule.leakage, rule.leakage_pace
    lanes = restriction.shape[2]
    onsets, ends = of_block(events.onset[k, slot], first, lanes), of_block(events.end[k, slot], first, lanes)
    since = of_block(events.since[k, slot], first, lanes)
    for lane in range(lanes):
        active = overlap(now, onsets[lane], ends[lane])
        elapsed = elapsed_in(now, since[lane], onsets[lane], ends[lane])
        leak = leakage + added * min(elapsed * pace, ONE)
        restriction[LEAK, k, lane] = max(restriction[LEAK, k, lane], leak if active > ZERO else ZERO) + ZERO


@topic
def clear_controls(block: Block):
    """Take every driver to where it restricts nothing."""
    for c in range(block.crossing.shape[1]):
        _clear_crossing(c, block.crossing)
    for c in range(block.plant.shape[1]):
        _clear_plant(c, block.plant)


@kernel
def _clear_crossing(c, crossing):
    for lane in range(crossing.shape[2]):
        crossing[WITHHELD, c, lane] = ZERO
        crossing[LICENSED, c, lane] = ZERO
        crossing[APPROVAL, c, lane] = ONE
        crossing[THROUGHPUT, c, lane] = NEVER
        crossing[EXTRA_DUTY, c, lane] = ZERO
        crossing[LEAKAGE, c, lane] = ZERO
        crossing[COUNTED, c, lane] = ZERO


@kernel
def _clear_plant(c, plant):
    for lane in range(plant.shape[2]):
        plant[CAPACITY_FACTOR, c, lane] = ONE
        plant[ACTIVITY_QUOTA, c, lane] = NEVER
        plant[COST_FACTOR, c, lane] = ONE
        plant[LEAD_FACTOR, c, lane] = ONE
        plant[YIELD_FACTOR, c, lane] = ONE


@topic
def set_controls(chain: Chain, now, block: Block):
    """Combine the restrictions in force into drivers of restricted routes and processes.

    Only what a restriction in force, or one in force the period before, reaches is touched.
    """
    restriction = block.restriction
    for k in range(chain.rules.size):
        rule = chain.rules[k]
        if restriction[STRUCK, k, 0] > ZERO or any_positive(restriction[ACTIVE, k]):
            for pair in range(rule.route_begin, rule.route_end):
                _clear_crossing(chain.route_pairs[pair].target, block.crossing)
            for pair in range(rule.plant_begin, rule.plant_end):
                _clear_plant(chain.plant_pairs[pair].target, block.plant)
    for k in range(chain.rules.size):
        rule = chain.rules[k]
        if any_positive(restriction[ACTIVE, k]):
            for pair in range(rule.route_begin, rule.route_end):
                if not spared(chain.route_pairs[pair], now):
                    _restrict_crossing(rule, k, chain.route_pairs[pair], block)
            for pair in range(rule.plant_begin, rule.plant_end):
                struck = chain.plant_pairs[pair]
                if spared(struck, now):
                    continue
                p = chain.plants[struck.target]
                if rule.kind in (TECHNOLOGY_BAN, PATENT_BARRIER):
                    _withhold_technology(rule, k, struck, block)
                else:
                    process, growth = chain.processes[p], chain.building.growth[p, now]
                    _restrict_plant(rule.kind, k, struck, process.activity, process.capacity * growth, block)


@kernel
def _restrict_crossing(rule, k, pair, block: Block):
    crossing, restriction = block.crossing, block.restriction
    c, weight, after, kind = pair.target, pair.weight, pair.weight_after, rule.kind
    throughput = rule.throughput
    lanes = crossing.shape[2]
    if kind in (BAN, OUTAGE):
        for lane in range(lanes):
            kept = ONE - cut(k, lane, weight, after, restriction)
            crossing[WITHHELD, c, lane] = ONE - (ONE - crossing[WITHHELD, c, lane]) * kept
    elif kind == LICENSING:
        for lane in range(lanes):
            active = restriction[ACTIVE, k, lane]
            bound = throughput if active > ZERO else NEVER
            crossing[LICENSED, c, lane] = max(crossing[LICENSED, c, lane], min(active, ONE)) + ZERO
            crossing[APPROVAL, c, lane] *= ONE - cut(k, lane, weight, after, restriction)
            crossing[THROUGHPUT, c, lane] = min(crossing[THROUGHPUT, c, lane], bound) + ZERO
    elif kind == DUTY:
        for lane in range(lanes):
            crossing[EXTRA_DUTY, c, lane] += restriction[LEVEL, k, lane] * weight
    elif kind == DUMPING:
        for lane in range(lanes):
            crossing[EXTRA_DUTY, c, lane] -= cut(k, lane, weight, after, restriction)
    if _leaks(rule):
        for lane in range(lanes):
            crossing[LEAKAGE, c, lane] = max(crossing[LEAKAGE, c, lane], restriction[LEAK, k, lane]) + ZERO


@kernel
def cut(k, lane, weight, after, restriction):
    """Severity towards one target, which recovery may leave at another level than its first."""
    fresh = restriction[FRESH, k, lane]
    return clip(restriction[LEVEL, k, lane] * (weight * fresh + after * (ONE - fresh)), ZERO, ONE)


@kernel
def _withhold_technology(rule, k, pair, block: Block):
    """Slow what is built where the origin's know-how is barred: longer, and worse at first."""
    plant, restriction, c = block.plant, block.restriction, pair.target
    weight, worse = pair.weight, pair.weight * (ONE - rule.first_yield)
    for lane in range(plant.shape[2]):
        plant[LEAD_FACTOR, c, lane] *= ONE + weight * restriction[LEVEL, k, lane]
        plant[YIELD_FACTOR, c, lane] *= max(ONE - worse * restriction[ACTIVE, k, lane], ZERO)


@kernel
def _restrict_plant(kind, k, pair, activity, capacity, block: Block):
    plant, restriction = block.plant, block.restriction
    c, weight, after = pair.target, pair.weight, pair.weight_after
    for lane in range(plant.shape[2]):
        active = restriction[ACTIVE, k, lane]
        level = restriction[LEVEL, k, lane]
        if kind == PRODUCTION_QUOTA:
            if active > ZERO:
                capped = level * activity + (ONE - active) * capacity
                plant[ACTIVITY_QUOTA, c, lane] = min(plant[ACTIVITY_QUOTA, c, lane], capped)
        elif kind == DUMPING:
            plant[COST_FACTOR, c, lane] *= ONE - cut(k, lane, weight, after, restriction)
        else:
            plant[CAPACITY_FACTOR, c, lane] *= ONE - min(level, ONE)


@topic
def raise_alarm(chain: Chain, now, block: Block):
    """Threat and habit of each market, from the share of its supply that announced measures put at risk."""
    market, restriction, constants = block.market, block.restriction, chain.constants
    lanes = market.shape[2]
    clear(market[SEVERITY])
    for k in range(chain.rules.size):
        rule = chain.rules[k]
        if any_positive(restriction[ALARM, k]):
            threat = rule.threat
            for index in range(rule.market_begin, rule.market_end):
                pair = chain.market_pairs[index]
                if spared(pair, now):
                    continue
                m, weight, after = pair.target, pair.weight, pair.weight_after
                for lane in range(lanes):
                    fresh = restriction[FRESH, k, lane]
                    at_risk = weight * fresh + after * (ONE - fresh)
                    market[SEVERITY, m, lane] += threat * restriction[ALARM, k, lane] * at_risk
    severities, habits, threats = flat(market[SEVERITY]), flat(market[HABIT]), flat(market[THREAT])
    for i in range(severities.size):
        severity, habit, threat = min(severities[i], ONE), habits[i], threats[i]
        target = max(severity - (ONE - constants.threat_lasting) * habit, ZERO)
        fading = threat + constants.fade_threat * (target - threat)
        threats[i] = target if target > threat else fading
        habits[i] = habit + constants.follow_habit * (severity - habit)


@topic
def set_rents(chain: Chain, now, block: Block):
    """Licence rent each restricted route pays, USD/kg: the sum over the quota groups it belongs to."""
    crossing, restriction = block.crossing, block.restriction
    lanes = crossing.shape[2]
    for c in range(crossing.shape[1]):
        if chain.crossings[c].taxed:
            for lane in range(lanes):
                crossing[ROUTE_RENT, c, lane] = ZERO
    for k in range(chain.rules.size):
        rule = chain.rules[k]
        for lane in range(lanes):
            restriction[RENT_DUE, k, lane] = restriction[RENT, k, lane]
        if rule.kind == QUOTA and any_positive(restriction[RENT, k]):
            for pair in range(rule.route_begin, rule.route_end):
                if spared(chain.route_pairs[pair], now):
                    continue
                c = chain.route_pairs[pair].target
                for lane in range(lanes):
                    crossing[ROUTE_RENT, c, lane] += restriction[RENT, k, lane]
