"""What users want (`MODEL.md`, section 6)."""

from __future__ import annotations

import numpy as np

from sim.core import support
from sim.core.fields import (
    DESIRED,
    DESTROYED,
    KEPT,
    OWN,
    REPLACED,
    SHORT,
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
    for u in range(tile.use_begin, tile.use_end):
        row = chain.uses[u]
        if row.leader == u:
            _react(chain, row, u, now, block)
        _want_one(chain.constants, row.demand * chain.trend.use[u, now], u, row.leader, block.use)


@kernel
def is_first(chain: Chain, u, now):
    """Whether a use is served with the first class: always, or by a rating."""
    rated = chain.drivers.rated
    return chain.uses[u].priority > 0 or (rated.shape[0] > 0 and rated[u, now] > 0)


@kernel
def _react(chain: Chain, row, u, now, block: Block):
    """What the price that a use feels, its market's less its aids, leaves of demand at once and in the long run."""
    market, use, constants, m = block.market, block.use, chain.constants, row.market
    multiple, elasticity, slow_elasticity = chain.markets[m].choke, row.elasticity, row.slow_elasticity
    if chain.drivers.research.shape[0] > 0:
        slow_elasticity *= chain.drivers.research[u, now]
    aid = support.aid(chain.drivers, u, now)
    least = LEAST_PRICE if aid > ZERO else ZERO
    for lane in range(use.shape[2]):
        price = max(market[TRANSACTED, m, lane] - aid, least)
        log_price = log(price)
        use[SHORT, u, lane] = exp(-elasticity * log_price) * choke(price, multiple)
        slow = use[SUBSTITUTED, u, lane]
        step = constants.follow_slow * (slow_elasticity * log_price - slow)
        slow = slow + clip(step, -constants.slow_bound, constants.slow_bound)
        use[SUBSTITUTED, u, lane] = slow
        use[KEPT, u, lane] = exp(-slow)


@kernel
def _want_one(constants, service, u, leader, use):
    """What a use wants and gives up of its service demand, from what the price leaves of that of its leader."""
    dt = constants.dt
    for lane in range(use.shape[2]):
        short, kept = use[SHORT, leader, lane], use[KEPT, leader, lane]
        use[DESIRED, u, lane] = service * short * kept
        use[DESTROYED, u, lane] += service * max(ONE - short, ZERO) * dt
        use[REPLACED, u, lane] += service * min(short, ONE) * max(ONE - kept, ZERO) * dt


@kernel
def given_up(own, kept):
    """What a use gives up to its substitute, of what it would want by itself at the price."""
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
        other, leader = chain.uses[u].substitute, chain.uses[u].leader
        if other >= 0:
            for lane in range(use.shape[2]):
                taken = given_up(use[OWN, u, lane], use[KEPT, leader, lane])
                use[DESIRED, other, lane] += taken
                use[REPLACED, other, lane] -= taken * chain.constants.dt
