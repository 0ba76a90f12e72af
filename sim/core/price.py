"""Quoted and transacted prices and what anchors them (`MODEL.md`, sections 3 and 4)."""

from __future__ import annotations

import numpy as np

from sim.core.fields import (
    ALARMED,
    ANCHOR,
    AVERAGE,
    CALM,
    CLAIM_EXPORT,
    CLAIM_FIRST,
    CLAIM_LOCAL,
    CONTRACT,
    EXCESS,
    EXPECTED,
    INBOUND,
    INVENTORY,
    LANDED,
    LOG_PRICE,
    PRICE,
    SOURCE,
    THREAT,
    TRANSACTED,
    UNIT_COST,
)
from sim.core.jit import kernel, view
from sim.core.lanes import clear
from sim.core.mathx import ONE, ZERO, clip, exp, log
from sim.core.state import Block, Chain

LEAST_COVER = np.float32(1e-6)
LOG_PRICE_LEAST = np.float32(-3)
LOG_PRICE_MOST = np.float32(5)


@kernel
def cover_wish(trend, linear, strength, threshold, bound):
    """Log cover that buyers want because of the price trend: extrapolation plus speculation above a threshold."""
    excess = max(trend - threshold, ZERO)
    return clip(linear * trend + strength * excess * excess, -bound, bound)


@kernel
def quote(chain: Chain, tile, block: Block):
    """Quoted, transacted and calm prices of a product."""
    for m in range(tile.market_begin, tile.market_end):
        _quote_one(chain.constants, chain.markets[m], m, block)


@kernel
def _quote_one(constants, row, m, block: Block):
    """Prices of a market from its position, cost anchor, trend and threat."""
    market, scratch = block.market, block.scratch
    response, bound = constants.price_response, constants.log_cover_bound
    scale = row.outflow / (row.inventory + row.inbound)
    speculation = constants.speculation * row.alarm_scale
    alarm = constants.threat_response * row.alarm_scale
    phi = row.contract_share
    lanes, anxious = market.shape[2], False
    for lane in range(lanes):
        position = market[INVENTORY, m, lane] + market[INBOUND, m, lane]
        cover = max(position * scale / market[EXPECTED, m, lane], LEAST_COVER)
        trend = market[LOG_PRICE, m, lane] - market[AVERAGE, m, lane]
        wish = cover_wish(trend, constants.momentum_linear, speculation, constants.momentum_threshold, bound)
        alarmed = min(wish + alarm * market[THREAT, m, lane], bound)
        log_price = clip(market[ANCHOR, m, lane] - response * (log(cover) - alarmed), LOG_PRICE_LEAST, LOG_PRICE_MOST)
        price = exp(log_price)
        scratch[EXCESS, lane] = alarmed - wish
        anxious |= alarmed > wish
        market[LOG_PRICE, m, lane] = log_price
        market[AVERAGE, m, lane] += constants.follow_momentum * (log_price - market[AVERAGE, m, lane])
        market[PRICE, m, lane] = price
        market[TRANSACTED, m, lane] = phi * market[CONTRACT, m, lane] + (ONE - phi) * price
    market[ALARMED, m, 0] = ONE if anxious else ZERO
    if row.feeds and anxious:
        for lane in range(lanes):
            calm = exp(market[LOG_PRICE, m, lane] - response * scratch[EXCESS, lane])
            market[CALM, m, lane] = phi * market[CONTRACT, m, lane] + (ONE - phi) * calm


@view
def calm_prices(m, market):
    """Transacted price of a market without the part of threat, a row of lanes."""
    return market[CALM, m] if market[ALARMED, m, 0] > ZERO else market[TRANSACTED, m]


@kernel
def start_sums(tile, block: Block):
    """Begin the sums over sources and of claims."""
    first, last = tile.market_begin, tile.market_end
    for field in (SOURCE, LANDED):
        clear(block.sums[field, : last - first])
    for field in (UNIT_COST, CLAIM_FIRST, CLAIM_LOCAL, CLAIM_EXPORT):
        clear(block.market[field, first:last])


@kernel
def follow_sources(chain: Chain, tile, block: Block):
    """Move contract prices and cost anchors towards the landed cost of supply, once routes have summed it.

    What anchors owe to local production follows when processes have summed its cost (`follow_costs`).
    """
    market, sums, constants = block.market, block.sums, chain.constants
    for m in range(tile.market_begin, tile.market_end):
        row, place = chain.markets[m], m - tile.market_begin
        imports, at_home = row.import_weight, row.local_share + row.source_gap
        for lane in range(market.shape[2]):
            contract, anchor = market[CONTRACT, m, lane], market[ANCHOR, m, lane]
            source = sums[SOURCE, place, lane] + at_home * market[PRICE, m, lane]
            market[CONTRACT, m, lane] = contract + constants.follow_contract * (source - contract)
            market[ANCHOR, m, lane] = anchor + constants.follow_cost * (imports * sums[LANDED, place, lane] - anchor)


@kernel
def follow_costs(chain: Chain, tile, block: Block):
    """Move cost anchors by the cost of local production."""
    market, constants = block.market, chain.constants
    for m in range(tile.market_begin, tile.market_end):
        local = (ONE - chain.markets[m].import_weight) * constants.cost_pass_local
        if local > ZERO:
            for lane in range(market.shape[2]):
                market[ANCHOR, m, lane] += constants.follow_cost * (local * log(market[UNIT_COST, m, lane]))
