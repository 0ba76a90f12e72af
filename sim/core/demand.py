"""What users want (`MODEL.md`, section 6)."""

from __future__ import annotations

import numpy as np

from sim.core import support
from sim.core.fields import (
    AIDED_CHOKE,
    AIDED_LOG,
    CHOKED,
    DESIRED,
    DESTROYED,
    LOG_TRANSACTED,
    OWN,
    REPLACED,
    SUBSTITUTED,
    TRANSACTED,
)
from sim.core.jit import kernel, topic
from sim.core.mathx import ONE, ZERO, clip, exp, log
from sim.core.production import choke
from sim.core.state import Block, Chain

LEAST_PRICE = np.float32(0.0625)
"""Price multiple below which no aid takes what users feel."""


@kernel
def want(chain: Chain, tile, now, block: Block):
    """What every use of a product wants at the price, t/month, and what of its service demand is given up."""
    market = block.market
    for m in range(tile.market_begin, tile.market_end):
        if chain.markets[m].sells:
            multiple = chain.markets[m].choke
            for lane in range(market.shape[2]):
                price = market[TRANSACTED, m, lane]
                market[LOG_TRANSACTED, m, lane] = log(price)
                market[CHOKED, m, lane] = choke(price, multiple)
    for u in range(tile.use_begin, tile.use_end):
        row = chain.uses[u]
        logs, choked = felt(chain, row.market, u, now, block)
        slow_elasticity = row.slow_elasticity
        if chain.drivers.research.shape[0] > 0:
            slow_elasticity *= chain.drivers.research[u, now]
        _want_one(chain.constants, row, u, chain.trend.use[u, now], slow_elasticity, logs, choked, block.use)


@kernel
def is_first(chain: Chain, u, now):
    """Whether a use is served with the first class: always, or by a rating."""
    rated = chain.drivers.rated
    return chain.uses[u].priority > 0 or (rated.shape[0] > 0 and rated[u, now] > 0)


@kernel
def felt(chain: Chain, m, u, now, block: Block):
    """Log and choke of the price that a use feels: the market's, less the aids that it gets."""
    scratch, rate = block.scratch, support.aid(chain.drivers, u, now)
    logs, choked = block.market[LOG_TRANSACTED, m], block.market[CHOKED, m]
    if rate > ZERO:
        multiple = chain.markets[m].choke
        for lane in range(scratch.shape[1]):
            price = max(block.market[TRANSACTED, m, lane] - rate, LEAST_PRICE)
            scratch[AIDED_LOG, lane] = log(price)
            scratch[AIDED_CHOKE, lane] = choke(price, multiple)
        logs, choked = scratch[AIDED_LOG], scratch[AIDED_CHOKE]
    return logs, choked


@kernel
def given_up(own, slow):
    """What a use gives up to its substitute, of what it would want by itself at the price."""
    kept = exp(-slow)
    return own * (max(ONE - kept, ZERO) / kept)


@topic
def substitute(chain: Chain, block: Block):
    """Add what other uses give up to the uses that take over."""
    use = block.use
    # Their own demand first: a use that takes over may give up some of its own, but nothing of what it takes.
    for u in range(chain.uses.size):
        if chain.uses[u].substitute >= 0:
            for lane in range(use.shape[2]):
                use[OWN, u, lane] = use[DESIRED, u, lane]
    for u in range(chain.uses.size):
        other = chain.uses[u].substitute
        if other >= 0:
            for lane in range(use.shape[2]):
                use[DESIRED, other, lane] += given_up(use[OWN, u, lane], use[SUBSTITUTED, u, lane])
            for lane in range(use.shape[2]):
                taken = given_up(use[OWN, u, lane], use[SUBSTITUTED, u, lane])
                use[REPLACED, other, lane] -= taken * chain.constants.dt


@kernel
def _want_one(constants, row, u, growth, slow_elasticity, logs, choked, use):
    service, elasticity = row.demand * growth, row.elasticity
    for lane in range(use.shape[2]):
        log_price = logs[lane]
        short = exp(-elasticity * log_price) * choked[lane]
        slow = use[SUBSTITUTED, u, lane]
        step = constants.follow_slow * (slow_elasticity * log_price - slow)
        slow = slow + clip(step, -constants.slow_bound, constants.slow_bound)
        use[SUBSTITUTED, u, lane] = slow
        kept = exp(-slow)
        use[DESIRED, u, lane] = service * short * kept
        use[DESTROYED, u, lane] += service * max(ONE - short, ZERO) * constants.dt
        use[REPLACED, u, lane] += service * min(short, ONE) * max(ONE - kept, ZERO) * constants.dt
