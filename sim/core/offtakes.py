"""Firm purchases, kept when a market cannot serve all (`MODEL.md`, section 14)."""

from __future__ import annotations

from sim.core.apart import apart
from sim.core.fields import CLAIM_EXPORT, CLAIM_FIRM, CLAIM_FIRST, FILL_FIRM, FILL_FIRST, FIRM, FREE, LEGAL, ORDER
from sim.core.jit import kernel
from sim.core.lanes import clear, flat
from sim.core.mathx import ZERO
from sim.core.state import Block, Chain


@kernel
def agreed(chain: Chain):
    """Whether there are firm purchases."""
    return chain.drivers.firms.size > 0


@apart(agreed)
def claim(chain: Chain, now, block: Block):
    """Move the firm part of what a route claims to the first class of its origin."""
    market = block.market
    for i in range(chain.drivers.firms.size):
        clear(market[CLAIM_FIRM, chain.routes[chain.drivers.firms[i].route].origin])
    for i in range(chain.drivers.firms.size):
        firm = chain.drivers.firms[i]
        r, volume = firm.route, chain.drivers.rate[firm.row, now]
        o, c = chain.routes[r].origin, chain.routes[r].control
        for lane in range(market.shape[2]):
            restricted = block.crossing[FREE, c, lane] + block.crossing[LEGAL, c, lane] if c >= 0 else ZERO
            claimed = restricted if c >= 0 else block.route[ORDER, r, lane]
            kept = min(claimed, volume)
            block.route[FIRM, r, lane] = kept
            market[CLAIM_FIRST, o, lane] += kept
            market[CLAIM_FIRM, o, lane] += kept
            market[CLAIM_EXPORT, o, lane] = max(market[CLAIM_EXPORT, o, lane] - kept, ZERO)


@apart(agreed)
def fill(tile, block: Block):
    """Keep the fill of firm purchases as rationing leaves it: a stockpile relieves those at home only."""
    first, last = tile.market_begin, tile.market_end
    filled, firm = flat(block.market[FILL_FIRST, first:last]), flat(block.market[FILL_FIRM, first:last])
    for i in range(filled.size):
        firm[i] = filled[i]
