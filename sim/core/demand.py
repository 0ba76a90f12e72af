"""What users want (`MODEL.md`, section 6)."""

from __future__ import annotations

from sim.core.fields import (
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
        _want_one(chain.constants, chain.uses[u], u, chain.trend.use[u, now], block)


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
def _want_one(constants, row, u, growth, block: Block):
    market, use = block.market, block.use
    m, service = row.market, row.demand * growth
    elasticity, slow_elasticity = row.elasticity, row.slow_elasticity
    for lane in range(market.shape[2]):
        log_price = market[LOG_TRANSACTED, m, lane]
        short = exp(-elasticity * log_price) * market[CHOKED, m, lane]
        slow = use[SUBSTITUTED, u, lane]
        step = constants.follow_slow * (slow_elasticity * log_price - slow)
        slow = slow + clip(step, -constants.slow_bound, constants.slow_bound)
        use[SUBSTITUTED, u, lane] = slow
        kept = exp(-slow)
        use[DESIRED, u, lane] = service * short * kept
        use[DESTROYED, u, lane] += service * max(ONE - short, ZERO) * constants.dt
        use[REPLACED, u, lane] += service * min(short, ONE) * max(ONE - kept, ZERO) * constants.dt
