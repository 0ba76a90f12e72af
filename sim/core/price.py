"""Quoted and transacted prices and what anchors them (`MODEL.md`, sections 3 and 4)."""

from __future__ import annotations

import numpy as np

from sim.core.jit import kernel
from sim.core.mathx import ONE, ZERO, clip, exp, log
from sim.core.state import Chain, State, Work

LEAST_COVER = np.float32(1e-6)
LOG_PRICE_LEAST = np.float32(-3)
LOG_PRICE_MOST = np.float32(5)


@kernel
def cover_wish(trend, linear, strength, threshold, bound):
    """Log cover that buyers want because of the price trend: extrapolation plus speculation above a threshold."""
    excess = max(trend - threshold, ZERO)
    return clip(linear * trend + strength * excess * excess, -bound, bound)


@kernel
def quote(chain: Chain, state: State, work: Work):
    """Quoted, transacted and calm price of every market from its position, cost anchor, trend and threat."""
    markets, constants = chain.markets, chain.constants
    response, bound = constants.price_response, constants.log_cover_bound
    lanes = state.log_price.shape[1]
    for m in range(markets.inventory.size):
        scale = markets.outflow[m] / (markets.inventory[m] + markets.inbound[m])
        speculation = constants.speculation * markets.alarm_scale[m]
        alarm = constants.threat_response * markets.alarm_scale[m]
        phi = markets.contract_share[m]
        for lane in range(lanes):
            position = state.inventory[m, lane] + state.inbound[m, lane]
            cover = max(position * scale / state.expected[m, lane], LEAST_COVER)
            trend = state.log_price[m, lane] - state.average[m, lane]
            wish = cover_wish(trend, constants.momentum_linear, speculation, constants.momentum_threshold, bound)
            alarmed = min(wish + alarm * state.threat[m, lane], bound)
            log_price = clip(state.anchor[m, lane] - response * (log(cover) - alarmed), LOG_PRICE_LEAST, LOG_PRICE_MOST)
            state.log_price[m, lane] = log_price
            state.average[m, lane] += constants.follow_momentum * (log_price - state.average[m, lane])
            price = exp(log_price)
            contract = phi * state.contract[m, lane]
            work.price[m, lane] = price
            work.transacted[m, lane] = contract + (ONE - phi) * price
            work.calm[m, lane] = contract + (ONE - phi) * exp(log_price - response * (alarmed - wish))


@kernel
def start_sources(chain: Chain, work: Work):
    """Begin the sums over sources: local supply at the local price, imports and local cost still to come."""
    markets = chain.markets
    for m in range(markets.inventory.size):
        local = markets.local_share[m] + markets.source_gap[m]
        for lane in range(work.price.shape[1]):
            work.source[m, lane] = local * work.price[m, lane]
            work.landed[m, lane] = ZERO
            work.unit_cost[m, lane] = ZERO


@kernel
def follow_sources(chain: Chain, state: State, work: Work):
    """Move contract prices and cost anchors towards the cost of supply, once routes and processes have summed it."""
    markets, constants = chain.markets, chain.constants
    for m in range(markets.inventory.size):
        imports = markets.import_weight[m]
        local = (ONE - imports) * constants.cost_pass_local
        for lane in range(state.anchor.shape[1]):
            contract = state.contract[m, lane]
            state.contract[m, lane] = contract + constants.follow_contract * (work.source[m, lane] - contract)
            cost = imports * work.landed[m, lane]
            if local > ZERO:
                cost += local * log(work.unit_cost[m, lane])
            anchor = state.anchor[m, lane]
            state.anchor[m, lane] = anchor + constants.follow_cost * (cost - anchor)
