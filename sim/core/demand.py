"""What users want (`MODEL.md`, section 6)."""

from __future__ import annotations

from sim.core.jit import kernel
from sim.core.mathx import ONE, ZERO, clip, exp, log
from sim.core.production import choke
from sim.core.state import Chain, State, Work


@kernel
def want(chain: Chain, now, state: State, work: Work):
    """What every use wants at the price, and what of its service demand is destroyed; t/month."""
    uses, markets, constants = chain.uses, chain.markets, chain.constants
    lanes = work.use_wanted.shape[1]
    for u in range(uses.market.size):
        m = uses.market[u]
        service = uses.demand[u] * chain.trend.use[u, now]
        short_elasticity, slow_elasticity = uses.elasticity[u], uses.slow_elasticity[u]
        multiple = markets.choke[m]
        for lane in range(lanes):
            price = work.transacted[m, lane]
            log_price = log(price)
            short = exp(-short_elasticity * log_price) * choke(price, multiple)
            slow = state.substituted[u, lane]
            step = constants.follow_slow * (slow_elasticity * log_price - slow)
            slow = slow + clip(step, -constants.slow_bound, constants.slow_bound)
            kept = exp(-slow)
            state.substituted[u, lane] = slow
            work.use_wanted[u, lane] = service * short * kept
            work.destroyed[u, lane] = service * max(ONE - short, ZERO)
    for u in range(uses.market.size):
        if uses.substitute[u] >= 0:
            for lane in range(lanes):
                kept = exp(-state.substituted[u, lane])
                replaced = work.use_wanted[u, lane] * (max(ONE - kept, ZERO) / kept)
                work.use_wanted[uses.substitute[u], lane] += replaced


@kernel
def claim(chain: Chain, work: Work):
    """Put what users want before their markets, by class."""
    uses = chain.uses
    for u in range(uses.market.size):
        m = uses.market[u]
        for lane in range(work.use_wanted.shape[1]):
            if uses.priority[u] > 0:
                work.claim_first[m, lane] += work.use_wanted[u, lane]
            else:
                work.claim_local[m, lane] += work.use_wanted[u, lane]
