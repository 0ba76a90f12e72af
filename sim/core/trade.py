"""Landed cost, orders, licence queues and quota groups (`MODEL.md`, sections 4 and 7)."""

from __future__ import annotations

import numpy as np

from sim.core.flow import sent_row
from sim.core.jit import kernel
from sim.core.lanes import any_positive
from sim.core.mathx import ONE, ZERO, clip, exp, log
from sim.core.state import QUOTA, Chain, State, Work

LEAST_UNDECIDED = np.float32(1e-30)
"""Share of a queue that counts as undecided at least: keeps the logarithm finite where decisions are immediate."""


@kernel
def order(chain: Chain, now, state: State, work: Work):
    """Landed cost of every route into the sums of its destination, orders, and claims on origins.

    Claims of restricted routes wait for `license_orders` and `ration_quotas`.
    """
    routes = chain.routes
    for r in range(routes.origin.size):
        if routes.control[r] >= 0:
            _order_restricted(chain, r, now, state, work)
        elif routes.latent[r] > ZERO:
            _order_latent(chain, r, now, state, work)
        else:
            _order_freely(chain, r, now, state, work)


@kernel
def ordered(before, advantage, flow, latent, demand, constants):
    """Order after a period: it follows demand at the destination times the reference flow raised by the advantage.

    A route has either a reference flow or a latent one; a latent one opens with a price gap.
    """
    target = (
        flow * min(advantage, constants.order_bound) + latent * max(advantage - ONE, constants.latent_floor)
    ) * demand
    return before + constants.follow_order * (target - before)


@kernel
def _order_freely(chain: Chain, r, now, state: State, work: Work):
    routes, markets, constants = chain.routes, chain.markets, chain.constants
    o, d, slot = routes.origin[r], routes.destination[r], sent_row(chain, r, now)
    alpha, flow, latent = routes.origin_share[r], routes.flow[r], routes.latent[r]
    supply_share = routes.supply_share[r]
    import_share = routes.import_share[r] * constants.cost_pass_import
    per_outflow = ONE / markets.outflow[d]
    for lane in range(work.price.shape[1]):
        landed = alpha * work.price[o, lane] + (ONE - alpha)
        log_landed = log(landed)
        work.source[d, lane] += supply_share * landed
        work.landed[d, lane] += import_share * log_landed
        advantage = exp(constants.order_response * (state.log_price[d, lane] - log_landed))
        demand = state.expected[d, lane] * per_outflow
        asked = ordered(state.order[r, lane], advantage, flow, latent, demand, constants)
        state.order[r, lane] = asked
        state.route_ring[slot, lane] = asked
        work.claim_export[o, lane] += asked


@kernel
def _order_latent(chain: Chain, r, now, state: State, work: Work):
    """Like `_order_freely`, for a route that supplies nothing in the reference and so anchors no price."""
    routes, markets, constants = chain.routes, chain.markets, chain.constants
    o, d, slot = routes.origin[r], routes.destination[r], sent_row(chain, r, now)
    alpha, latent = routes.origin_share[r], routes.latent[r]
    per_outflow = ONE / markets.outflow[d]
    for lane in range(work.price.shape[1]):
        ratio = work.price[d, lane] / (alpha * work.price[o, lane] + (ONE - alpha))
        demand = state.expected[d, lane] * per_outflow
        asked = ordered(state.order[r, lane], ratio, ZERO, latent, demand, constants)
        state.order[r, lane] = asked
        state.route_ring[slot, lane] = asked
        work.claim_export[o, lane] += asked


@kernel
def _order_restricted(chain: Chain, r, now, state: State, work: Work):
    routes, markets, constants = chain.routes, chain.markets, chain.constants
    o, d, c = routes.origin[r], routes.destination[r], routes.control[r]
    alpha, flow, latent = routes.origin_share[r], routes.flow[r], routes.latent[r]
    per_landed, value = routes.per_landed[r], markets.price[o]
    bound = (flow + latent * (constants.order_bound - ONE)) * chain.trend.route[r, now]
    per_outflow = ONE / markets.outflow[d]
    response = ONE if latent > ZERO else constants.order_response
    for lane in range(work.price.shape[1]):
        untaxed = alpha * work.price[o, lane] + (ONE - alpha)
        extra = work.price[o, lane] * value * work.duty[c, lane] + work.route_rent[c, lane]
        landed = untaxed + extra * per_landed
        log_untaxed, log_landed = log(untaxed), log(landed)
        work.source[d, lane] += routes.supply_share[r] * landed
        # Where a cap binds, what is cheap at the origin for lack of buyers is not cheap at the destination.
        capped = work.withheld[c, lane] > ZERO or work.licensed[c, lane] > ZERO
        felt = max(log_untaxed, ZERO) if capped else log_untaxed
        passed = constants.cost_pass_import * felt + (log_landed - log_untaxed)
        work.landed[d, lane] += routes.import_share[r] * passed
        gain = state.log_price[d, lane] - log_landed
        demand = state.expected[d, lane] * per_outflow
        asked = ordered(state.order[r, lane], exp(response * gain), flow, latent, demand, constants)
        state.order[r, lane] = asked
        leakage, withheld = work.leakage[c, lane], work.withheld[c, lane]
        legal = (ONE - leakage) * asked
        work.free[c, lane] = leakage * asked
        work.legal[c, lane] = min(legal, (ONE - withheld) * bound) if withheld > ZERO else legal
    _queue_for_licences(constants, c, bound, state, work)


@kernel
def _queue_for_licences(constants, c, bound, state: State, work: Work):
    """Replace legal orders by what licences let through; a queue left by a past regime drains."""
    dt = constants.dt
    for lane in range(work.legal.shape[1]):
        licensed, queue = work.licensed[c, lane], state.queue[c, lane]
        legal = work.legal[c, lane]
        applied, decide = licensed * legal * dt, work.processing[c, lane]
        # What is applied for in a period has had less time to be decided than what waited before it.
        decided = queue * decide + applied * (ONE + decide / log(max(ONE - decide, LEAST_UNDECIDED)))
        queue = queue + applied
        approved = work.approval[c, lane] * decided
        granted = min(approved, work.throughput[c, lane] * bound * dt) if licensed > ZERO else approved
        share = granted / approved if granted < approved else ONE
        state.queue[c, lane] = max(queue - decided * share, ZERO)
        work.legal[c, lane] = (ONE - licensed) * legal + granted / dt


@kernel
def ration_quotas(chain: Chain, state: State, work: Work):
    """Cut the legal orders of each quota group to its quota, and move the group's licence rent."""
    rules, constants = chain.restrictions, chain.constants
    for k in range(rules.kind.size):
        if rules.kind[k] != QUOTA:
            continue
        if not any_positive(work.active[k]):
            for lane in range(work.active.shape[1]):
                state.rent[k, lane] = ZERO
            continue
        _sum_group(chain, k, work)
        for lane in range(work.active.shape[1]):
            active, quota, wanted = work.active[k, lane], work.level[k, lane], work.total[0, lane]
            state.rent[k, lane] = rent_after(state.rent[k, lane], wanted, quota, active, constants)
            let_through = quota / wanted if wanted > quota else ONE
            work.total[0, lane] = ONE - active * (ONE - let_through)
        for pair in range(rules.route_start[k], rules.route_start[k + 1]):
            c = rules.route_control[pair]
            for lane in range(work.active.shape[1]):
                work.legal[c, lane] *= work.total[0, lane]


@kernel
def _sum_group(chain: Chain, k, work: Work):
    """Legal orders of a quota group, t/yr, into `work.total`; the quota in force into `work.level`."""
    rules = chain.restrictions
    months = chain.constants.months_a_year
    for lane in range(work.active.shape[1]):
        work.total[0, lane] = ZERO
        active = work.active[k, lane]
        work.level[k, lane] = work.level[k, lane] / active if active > ZERO else ZERO
    for pair in range(rules.route_start[k], rules.route_start[k + 1]):
        c = rules.route_control[pair]
        for lane in range(work.active.shape[1]):
            work.total[0, lane] += months * work.legal[c, lane]


@kernel
def rent_after(rent, wanted, quota, active, constants):
    """Licence rent (USD/kg) after a period of orders `wanted` under a quota, both t/yr; zero while not active."""
    excess = clip(log(wanted) - log(quota), -constants.rent_excess_bound, constants.rent_excess_bound)
    moved = (rent + constants.rent_scale) * exp(constants.rent_step * active * excess) - constants.rent_scale
    return max(moved, ZERO) if active > ZERO else ZERO


@kernel
def claim_restricted(chain: Chain, now, state: State, work: Work):
    """Put what restrictions leave of the orders before the origins."""
    routes, rules = chain.routes, chain.restrictions
    for c in range(rules.controlled_route.size):
        r = rules.controlled_route[c]
        o = routes.origin[r]
        slot = sent_row(chain, r, now)
        for lane in range(work.legal.shape[1]):
            shipment = work.free[c, lane] + work.legal[c, lane]
            state.route_ring[slot, lane] = shipment
            work.claim_export[o, lane] += shipment
