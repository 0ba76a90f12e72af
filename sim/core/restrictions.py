"""Restrictions in force and the alarm they raise (`MODEL.md`, section 1)."""

from __future__ import annotations

import numpy as np

from sim.core.jit import kernel
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


@kernel
def overlap(now, begin, end):
    """Share of the period that starts at `now` inside `[begin, end)`."""
    return clip(min(now + ONE, end) - max(now, begin), ZERO, ONE)


@kernel
def events_in_force(rules: Restrictions, events: Events, first, now, work: Work):
    """Set `active`, `level`, `fresh` and `alarm` of each restriction; shape (restriction, lane).

    The level of a quota is the quota itself, which has no rise.
    """
    restrictions, slots, _ = events.onset.shape
    lanes = work.active.shape[1]
    for k in range(restrictions):
        quota = rules.kind[k] == QUOTA or rules.kind[k] == PRODUCTION_QUOTA
        for lane in range(lanes):
            work.active[k, lane] = ZERO
            work.level[k, lane] = ZERO
            work.fresh[k, lane] = ONE
            work.alarm[k, lane] = ZERO
        for slot in range(slots):
            for lane in range(lanes):
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
def any_positive(row):
    """Whether a restriction is in force in some lane."""
    for lane in range(row.size):
        if row[lane] > ZERO:
            return True
    return False


@kernel
def set_controls(chain: Chain, now, work: Work):
    """Combine the restrictions in force into drivers of restricted routes and processes."""
    rules, processes = chain.restrictions, chain.processes
    lanes = work.active.shape[1]
    for c in range(rules.controlled_route.size):
        for lane in range(lanes):
            work.withheld[c, lane] = ZERO
            work.licensed[c, lane] = ZERO
            work.approval[c, lane] = ONE
            work.processing[c, lane] = ONE
            work.throughput[c, lane] = NEVER
            work.duty[c, lane] = ZERO
            work.leakage[c, lane] = ZERO
    for c in range(rules.controlled_process.size):
        for lane in range(lanes):
            work.factor[c, lane] = ONE
            work.quota[c, lane] = NEVER
    for k in range(rules.kind.size):
        if rules.kind[k] == LICENSING:
            # A queue drains at its own pace after the regime, so the processing time holds whether in force or not.
            for pair in range(rules.route_start[k], rules.route_start[k + 1]):
                c = rules.route_control[pair]
                for lane in range(lanes):
                    work.processing[c, lane] = min(work.processing[c, lane], rules.processing[k])
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
    c = rules.route_control[pair]
    weight, weight_after = rules.route_weight[pair], rules.route_weight_after[pair]
    kind, leakage = rules.kind[k], rules.leakage[k]
    for lane in range(work.active.shape[1]):
        active = work.active[k, lane]
        fresh = work.fresh[k, lane]
        cut = clip(work.level[k, lane] * (weight * fresh + weight_after * (ONE - fresh)), ZERO, ONE)
        if kind == BAN or kind == OUTAGE:
            work.withheld[c, lane] = ONE - (ONE - work.withheld[c, lane]) * (ONE - cut)
        elif kind == LICENSING:
            work.licensed[c, lane] = max(work.licensed[c, lane], min(active, ONE))
            work.approval[c, lane] *= ONE - cut
            if active > ZERO:
                work.throughput[c, lane] = min(work.throughput[c, lane], rules.throughput[k])
        elif kind == DUTY:
            work.duty[c, lane] += work.level[k, lane] * weight
        if active > ZERO:
            work.leakage[c, lane] = max(work.leakage[c, lane], leakage)


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
