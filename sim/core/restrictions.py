"""Restrictions in force and the alarm they raise (`MODEL.md`, section 1)."""

from __future__ import annotations

import numpy as np

from sim.core.jit import kernel
from sim.core.lanes import any_positive
from sim.core.mathx import ONE, ZERO, clip
from sim.core.state import (
    BAN,
    DUTY,
    LICENSING,
    OUTAGE,
    PRODUCTION_QUOTA,
    QUOTA,
    Chain,
    Events,
    Restrictions,
    State,
    Work,
)

NEVER = np.float32(3e38)
"""Time of an event that does not come, and a bound that does not bind."""


@kernel
def overlap(now, begin, end):
    """Share of the period that starts at `now` inside `[begin, end)`."""
    return clip(min(now + ONE, end) - max(now, begin), ZERO, ONE)


@kernel
def event_spans(events: Events, first, lanes):
    """First announcement and last end over a block, of each restriction and slot; shape (restriction, slot, 2)."""
    restrictions, slots, _ = events.onset.shape
    spans = np.empty((restrictions, slots, 2), np.float32)
    for k in range(restrictions):
        for slot in range(slots):
            begin, end = NEVER, -NEVER
            for lane in range(lanes):
                begin = min(begin, np.float32(events.announced[k, slot, first + lane]))
                if events.onset[k, slot, first + lane] < NEVER:
                    end = max(end, np.float32(events.end[k, slot, first + lane]))
            spans[k, slot, 0], spans[k, slot, 1] = begin, end
    return spans


@kernel
def events_in_force(rules: Restrictions, events: Events, spans, first, now, work: Work):
    """Set `active`, `level`, `fresh` and `alarm` of each restriction; shape (restriction, lane).

    The level of a quota is the quota itself, which has no rise.
    """
    for k in range(rules.kind.size):
        quota = rules.kind[k] == QUOTA or rules.kind[k] == PRODUCTION_QUOTA
        work.struck[k, 0] = ONE if any_positive(work.active[k]) else ZERO
        for lane in range(work.active.shape[1]):
            work.active[k, lane] = ZERO
            work.level[k, lane] = ZERO
            work.fresh[k, lane] = ONE
            work.alarm[k, lane] = ZERO
        for slot in range(spans.shape[1]):
            if spans[k, slot, 0] < now + ONE and now < spans[k, slot, 1]:
                _add_event(events, k, slot, first, now, quota, work)


@kernel
def _add_event(events: Events, k, slot, first, now, quota, work: Work):
    for lane in range(work.active.shape[1]):
        run = first + lane
        onset = events.onset[k, slot, run]
        end = events.end[k, slot, run]
        active = overlap(now, onset, end)
        elapsed = max(now + ONE - onset, ZERO)
        rise = ZERO if quota else events.rise[k, slot, run]
        risen = min(elapsed / rise, ONE) if rise > ZERO else ONE
        recovery = events.recovery[k, slot, run]
        eased = clip((elapsed - events.hold[k, slot, run]) / recovery, ZERO, ONE) if recovery > ZERO else ZERO
        work.active[k, lane] += active
        work.level[k, lane] += active * risen * events.level[k, slot, run]
        work.fresh[k, lane] -= eased if active > ZERO else ZERO
        work.alarm[k, lane] += overlap(now, events.announced[k, slot, run], end) * events.severity[k, slot, run]


@kernel
def clear_controls(chain: Chain, work: Work):
    """Take every driver to where it restricts nothing."""
    rules = chain.restrictions
    for c in range(rules.controlled_route.size):
        _clear_route(c, work)
    for c in range(rules.controlled_process.size):
        _clear_process(c, work)
    for k in range(rules.kind.size):
        if rules.kind[k] == LICENSING:
            # A queue drains at its own pace after the regime, so the processing time holds whether in force or not.
            for pair in range(rules.route_start[k], rules.route_start[k + 1]):
                c = rules.route_control[pair]
                for lane in range(work.active.shape[1]):
                    work.processing[c, lane] = min(work.processing[c, lane], rules.processing[k])


@kernel
def _clear_route(c, work: Work):
    for lane in range(work.active.shape[1]):
        work.withheld[c, lane] = ZERO
        work.licensed[c, lane] = ZERO
        work.approval[c, lane] = ONE
        work.throughput[c, lane] = NEVER
        work.duty[c, lane] = ZERO
        work.leakage[c, lane] = ZERO


@kernel
def _clear_process(c, work: Work):
    for lane in range(work.active.shape[1]):
        work.factor[c, lane] = ONE
        work.quota[c, lane] = NEVER


@kernel
def set_controls(chain: Chain, now, work: Work):
    """Combine the restrictions in force into drivers of restricted routes and processes.

    Only what a restriction in force, or one in force the period before, reaches is touched.
    """
    rules, processes = chain.restrictions, chain.processes
    for k in range(rules.kind.size):
        if work.struck[k, 0] > ZERO or any_positive(work.active[k]):
            for pair in range(rules.route_start[k], rules.route_start[k + 1]):
                _clear_route(rules.route_control[pair], work)
            for pair in range(rules.process_start[k], rules.process_start[k + 1]):
                _clear_process(rules.process_control[pair], work)
    for k in range(rules.kind.size):
        if any_positive(work.active[k]):
            for pair in range(rules.route_start[k], rules.route_start[k + 1]):
                _restrict_route(rules, k, pair, work)
            for pair in range(rules.process_start[k], rules.process_start[k + 1]):
                c = rules.process_control[pair]
                p = rules.controlled_process[c]
                growth = chain.trend.process[p, now]
                _restrict_process(rules.kind[k], k, c, processes.activity[p], processes.capacity[p] * growth, work)


@kernel
def _restrict_route(rules: Restrictions, k, pair, work: Work):
    c, kind = rules.route_control[pair], rules.kind[k]
    weight, after = rules.route_weight[pair], rules.route_weight_after[pair]
    leakage, throughput = rules.leakage[k], rules.throughput[k]
    if kind in (BAN, OUTAGE):
        for lane in range(work.active.shape[1]):
            work.withheld[c, lane] = ONE - (ONE - work.withheld[c, lane]) * (ONE - _cut(k, lane, weight, after, work))
    elif kind == LICENSING:
        for lane in range(work.active.shape[1]):
            active = work.active[k, lane]
            work.licensed[c, lane] = max(work.licensed[c, lane], min(active, ONE))
            work.approval[c, lane] *= ONE - _cut(k, lane, weight, after, work)
            work.throughput[c, lane] = min(work.throughput[c, lane], throughput if active > ZERO else NEVER)
    elif kind == DUTY:
        for lane in range(work.active.shape[1]):
            work.duty[c, lane] += work.level[k, lane] * weight
    if leakage > ZERO:
        for lane in range(work.active.shape[1]):
            work.leakage[c, lane] = max(work.leakage[c, lane], leakage if work.active[k, lane] > ZERO else ZERO)


@kernel
def _cut(k, lane, weight, after, work: Work):
    """Severity towards one destination, which recovery may leave at another level than its first."""
    fresh = work.fresh[k, lane]
    return clip(work.level[k, lane] * (weight * fresh + after * (ONE - fresh)), ZERO, ONE)


@kernel
def _restrict_process(kind, k, c, activity, capacity, work: Work):
    for lane in range(work.active.shape[1]):
        active = work.active[k, lane]
        level = work.level[k, lane]
        if kind == PRODUCTION_QUOTA:
            if active > ZERO:
                capped = level * activity + (ONE - active) * capacity
                work.quota[c, lane] = min(work.quota[c, lane], capped)
        else:
            work.factor[c, lane] *= ONE - min(level, ONE)


@kernel
def raise_alarm(chain: Chain, state: State, work: Work):
    """Threat and habit of each market, from the share of its supply that announced measures put at risk."""
    rules, constants = chain.restrictions, chain.constants
    markets, lanes = state.threat.shape
    for m in range(markets):
        for lane in range(lanes):
            work.severity[m, lane] = ZERO
    for k in range(rules.kind.size):
        if any_positive(work.alarm[k]):
            for pair in range(rules.market_start[k], rules.market_start[k + 1]):
                m = rules.market[pair]
                weight, after = rules.market_weight[pair], rules.market_weight_after[pair]
                threat = rules.threat[k]
                for lane in range(lanes):
                    fresh = work.fresh[k, lane]
                    at_risk = weight * fresh + after * (ONE - fresh)
                    work.severity[m, lane] += threat * work.alarm[k, lane] * at_risk
    for m in range(markets):
        for lane in range(lanes):
            severity = min(work.severity[m, lane], ONE)
            habit = state.habit[m, lane]
            threat = state.threat[m, lane]
            target = max(severity - (ONE - constants.threat_lasting) * habit, ZERO)
            fading = threat + constants.fade_threat * (target - threat)
            state.threat[m, lane] = target if target > threat else fading
            state.habit[m, lane] = habit + constants.follow_habit * (severity - habit)


@kernel
def set_rents(chain: Chain, state: State, work: Work):
    """Licence rent each restricted route pays, USD/kg: the sum over the quota groups it belongs to."""
    rules = chain.restrictions
    lanes = work.active.shape[1]
    for c in range(rules.controlled_route.size):
        for lane in range(lanes):
            work.route_rent[c, lane] = ZERO
    for k in range(rules.kind.size):
        for lane in range(lanes):
            work.rent_paid[k, lane] = state.rent[k, lane]
        if rules.kind[k] == QUOTA and any_positive(state.rent[k]):
            for pair in range(rules.route_start[k], rules.route_start[k + 1]):
                c = rules.route_control[pair]
                for lane in range(lanes):
                    work.route_rent[c, lane] += state.rent[k, lane]
