"""Landed cost, orders, licence queues and quota groups (`MODEL.md`, sections 4 and 7)."""

from __future__ import annotations

import numpy as np

from sim.core.fields import (
    ACTIVE,
    APPROVAL,
    CLAIM_EXPORT,
    CLAIMED,
    EXPECTED,
    EXTRA_DUTY,
    FREE,
    LANDED,
    LEAKAGE,
    LEGAL,
    LEVEL,
    LEVY,
    LICENSED,
    LICENSED_BEFORE,
    LOG_PRICE,
    ORDER,
    PRICE,
    QUEUE,
    RENT,
    ROUTE_RENT,
    SOURCE,
    THROUGHPUT,
    TOTAL,
    WITHHELD,
)
from sim.core.jit import kernel, topic
from sim.core.lanes import any_positive
from sim.core.mathx import ONE, ZERO, clip, exp, log
from sim.core.restrictions import spared
from sim.core.state import QUOTA, Block, Chain

LEAST_DUTY = np.float32(-0.9375)
"""What discounts may take off the price at origin: a sixteenth is left, so that a landed cost stays positive."""


@kernel
def order(chain: Chain, tile, now, block: Block):
    """Landed cost of every route of a product into the sums of its destination, orders, and claims on origins.

    Claims of restricted routes wait for `ration_quotas`.
    """
    for r in range(tile.route_begin, tile.route_end):
        route = chain.routes[r]
        place, per_outflow = route.destination - tile.market_begin, ONE / chain.markets[route.destination].outflow
        if route.control >= 0:
            crossing = chain.crossings[route.control]
            bound = (route.flow + route.latent * (chain.constants.order_bound - ONE)) * chain.trend.route[r, now]
            if crossing.taxed:
                value = chain.markets[route.origin].price
                _order_taxed(chain.constants, route, r, place, value, per_outflow, block)
            else:
                _order_untaxed(chain.constants, route, r, place, per_outflow, block)
            _withhold(route, r, bound, block)
            if crossing.licensed:
                _queue_for_licences(chain.constants, crossing, route.control, bound, block.crossing)
        elif route.latent > ZERO:
            _order_latent(chain.constants, route, r, per_outflow, block)
        else:
            _order_freely(chain.constants, route, r, place, per_outflow, block)


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
def _order_freely(constants, route, r, place, per_outflow, block: Block):
    market, sums = block.market, block.sums
    o, d, alpha, flow, latent = route.origin, route.destination, route.origin_share, route.flow, route.latent
    supply_share, import_share = route.supply_share, route.import_share * constants.cost_pass_import
    for lane in range(market.shape[2]):
        landed = alpha * market[PRICE, o, lane] + (ONE - alpha)
        log_landed = log(landed)
        sums[SOURCE, place, lane] += supply_share * landed
        sums[LANDED, place, lane] += import_share * log_landed
        advantage = exp(constants.order_response * (market[LOG_PRICE, d, lane] - log_landed))
        demand = market[EXPECTED, d, lane] * per_outflow
        asked = ordered(block.route[ORDER, r, lane], advantage, flow, latent, demand, constants)
        block.route[ORDER, r, lane] = asked
        market[CLAIM_EXPORT, o, lane] += asked


@kernel
def _order_latent(constants, route, r, per_outflow, block: Block):
    """Like `_order_freely`, for a route that supplies nothing in the reference and so anchors no price."""
    market = block.market
    o, d, alpha, latent = route.origin, route.destination, route.origin_share, route.latent
    for lane in range(market.shape[2]):
        ratio = market[PRICE, d, lane] / (alpha * market[PRICE, o, lane] + (ONE - alpha))
        demand = market[EXPECTED, d, lane] * per_outflow
        asked = ordered(block.route[ORDER, r, lane], ratio, ZERO, latent, demand, constants)
        block.route[ORDER, r, lane] = asked
        market[CLAIM_EXPORT, o, lane] += asked


@kernel
def _felt(c, lane, log_untaxed, crossing):
    """What a landed cost anchors: what a cap leaves cheap at the origin is not cheap where it is missing."""
    capped = crossing[WITHHELD, c, lane] > ZERO or crossing[LICENSED, c, lane] > ZERO
    return max(log_untaxed, ZERO) if capped else log_untaxed


@kernel
def _order_untaxed(constants, route, r, place, per_outflow, block: Block):
    """Like `_order_freely`, for a route that may be capped but pays no extra duty or rent."""
    market, sums, c = block.market, block.sums, route.control
    o, d, alpha, flow, latent = route.origin, route.destination, route.origin_share, route.flow, route.latent
    supply_share, import_share = route.supply_share, route.import_share * constants.cost_pass_import
    response = ONE if latent > ZERO else constants.order_response
    for lane in range(market.shape[2]):
        landed = alpha * market[PRICE, o, lane] + (ONE - alpha)
        log_landed = log(landed)
        sums[SOURCE, place, lane] += supply_share * landed
        sums[LANDED, place, lane] += import_share * _felt(c, lane, log_landed, block.crossing)
        advantage = exp(response * (market[LOG_PRICE, d, lane] - log_landed))
        demand = market[EXPECTED, d, lane] * per_outflow
        asked = ordered(block.route[ORDER, r, lane], advantage, flow, latent, demand, constants)
        block.route[ORDER, r, lane] = asked


@kernel
def _order_taxed(constants, route, r, place, value, per_outflow, block: Block):
    """Like `_order_untaxed`, for a route that may also pay an extra duty or a licence rent, passed on in full."""
    market, sums, c = block.market, block.sums, route.control
    o, d, alpha, flow, latent = route.origin, route.destination, route.origin_share, route.flow, route.latent
    supply_share, import_share, per_landed = route.supply_share, route.import_share, route.per_landed
    response = ONE if latent > ZERO else constants.order_response
    for lane in range(market.shape[2]):
        duty = max(block.crossing[EXTRA_DUTY, c, lane] + block.crossing[LEVY, c, lane], LEAST_DUTY)
        rent = block.crossing[ROUTE_RENT, c, lane]
        untaxed = alpha * market[PRICE, o, lane] + (ONE - alpha)
        landed = untaxed + (market[PRICE, o, lane] * value * duty + rent) * per_landed
        log_untaxed, log_landed = log(untaxed), log(landed)
        passed = constants.cost_pass_import * _felt(c, lane, log_untaxed, block.crossing) + (log_landed - log_untaxed)
        sums[SOURCE, place, lane] += supply_share * landed
        sums[LANDED, place, lane] += import_share * passed
        advantage = exp(response * (market[LOG_PRICE, d, lane] - log_landed))
        demand = market[EXPECTED, d, lane] * per_outflow
        asked = ordered(block.route[ORDER, r, lane], advantage, flow, latent, demand, constants)
        block.route[ORDER, r, lane] = asked


@kernel
def _withhold(route, r, bound, block: Block):
    """Part orders into what evades a restriction and what a ban lets through of the rest."""
    crossing, c = block.crossing, route.control
    for lane in range(crossing.shape[2]):
        asked, leakage, withheld = block.route[ORDER, r, lane], crossing[LEAKAGE, c, lane], crossing[WITHHELD, c, lane]
        legal = (ONE - leakage) * asked
        crossing[FREE, c, lane] = leakage * asked
        crossing[LEGAL, c, lane] = min(legal, (ONE - withheld) * bound) if withheld > ZERO else legal


@kernel
def _queue_for_licences(constants, rule, c, bound, crossing):
    """Replace legal orders by what licences let through; a queue left by a past regime drains."""
    dt, decide, decide_fresh = constants.dt, rule.decide, rule.decide_fresh
    if rule.filed > ZERO:
        _file_early(rule, c, dt, crossing)
    for lane in range(crossing.shape[2]):
        licensed, legal = crossing[LICENSED, c, lane], crossing[LEGAL, c, lane]
        applied = licensed * legal * dt
        # What is applied for in a period has had less time to be decided than what waited before it.
        decided = crossing[QUEUE, c, lane] * decide + applied * decide_fresh
        approved = crossing[APPROVAL, c, lane] * decided
        granted = min(approved, crossing[THROUGHPUT, c, lane] * bound * dt) if licensed > ZERO else approved
        share = granted / approved if granted < approved else ONE
        crossing[QUEUE, c, lane] = max(crossing[QUEUE, c, lane] + applied - decided * share, ZERO)
        crossing[LEGAL, c, lane] = (ONE - licensed) * legal + granted / dt


@kernel
def _file_early(rule, c, dt, crossing):
    """Put in the queue what was applied for before the onset: a share of what a steady inflow of today keeps there."""
    months = rule.filed * (ONE - rule.decide_fresh) / rule.decide * dt
    for lane in range(crossing.shape[2]):
        begun = max(crossing[LICENSED, c, lane] - crossing[LICENSED_BEFORE, c, lane], ZERO)
        crossing[QUEUE, c, lane] += months * begun * crossing[LEGAL, c, lane]
        crossing[LICENSED_BEFORE, c, lane] = crossing[LICENSED, c, lane]


@topic
def ration_quotas(chain: Chain, now, block: Block):
    """Cut the legal orders of each quota group to its quota, and move the group's licence rent."""
    restriction, crossing, scratch = block.restriction, block.crossing, block.scratch
    lanes = restriction.shape[2]
    for k in range(chain.rules.size):
        rule = chain.rules[k]
        if rule.kind != QUOTA:
            continue
        if not any_positive(restriction[ACTIVE, k]):
            for lane in range(lanes):
                restriction[RENT, k, lane] = ZERO
            continue
        _sum_group(chain, rule, k, now, block)
        for lane in range(lanes):
            active, quota, wanted = restriction[ACTIVE, k, lane], restriction[LEVEL, k, lane], scratch[TOTAL, lane]
            restriction[RENT, k, lane] = rent_after(restriction[RENT, k, lane], wanted, quota, active, chain.constants)
            let_through = quota / wanted if wanted > quota else ONE
            scratch[TOTAL, lane] = ONE - active * (ONE - let_through)
        for pair in range(rule.route_begin, rule.route_end):
            if spared(chain.route_pairs[pair], now):
                continue
            c = chain.route_pairs[pair].target
            for lane in range(lanes):
                crossing[LEGAL, c, lane] *= scratch[TOTAL, lane]


@kernel
def _sum_group(chain: Chain, rule, k, now, block: Block):
    """Legal orders of a quota group, t/yr, into `TOTAL`; the quota in force into `LEVEL`."""
    restriction, months = block.restriction, chain.constants.months_a_year
    lanes = restriction.shape[2]
    for lane in range(lanes):
        block.scratch[TOTAL, lane] = ZERO
        active = restriction[ACTIVE, k, lane]
        restriction[LEVEL, k, lane] = restriction[LEVEL, k, lane] / active if active > ZERO else ZERO
    for pair in range(rule.route_begin, rule.route_end):
        if spared(chain.route_pairs[pair], now):
            continue
        c = chain.route_pairs[pair].target
        for lane in range(lanes):
            block.scratch[TOTAL, lane] += months * block.crossing[LEGAL, c, lane]


@kernel
def rent_after(rent, wanted, quota, active, constants):
    """Licence rent (USD/kg) after a period of orders `wanted` under a quota, both t/yr; zero while not active."""
    excess = clip(log(wanted) - log(quota), -constants.rent_excess_bound, constants.rent_excess_bound)
    moved = (rent + constants.rent_scale) * exp(constants.rent_step * active * excess) - constants.rent_scale
    return max(moved, ZERO) if active > ZERO else ZERO


@topic
def claim_restricted(chain: Chain, block: Block):
    """Put what restrictions leave of the orders before the origins."""
    for c in range(chain.crossings.size):
        o = chain.routes[chain.crossings[c].route].origin
        for lane in range(block.market.shape[2]):
            claimed = block.crossing[FREE, c, lane] + block.crossing[LEGAL, c, lane]
            block.crossing[CLAIMED, c, lane] = claimed
            block.market[CLAIM_EXPORT, o, lane] += claimed
