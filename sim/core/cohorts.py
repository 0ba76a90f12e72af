"""Buyers with stocks of their own: what they order and use, and when their lines stop (`MODEL.md`, section 11)."""

from __future__ import annotations

import numpy as np

from sim.core import support
from sim.core.demand import is_first
from sim.core.fields import (
    ALLOWED,
    BEYOND,
    BOUND,
    CLAIM_FIRST,
    CLAIM_LOCAL,
    DEPLETED,
    DESIRED,
    DONE,
    FILL_FIRST,
    FILL_LOCAL,
    FILLED,
    FULLNESS,
    IDLE,
    INTAKE,
    MISSING,
    RATIONED,
    RELEASED,
    RESERVED,
    RESTOCK,
    STRAINED,
    USED,
)
from sim.core.jit import kernel
from sim.core.lanes import any_below, any_positive, clear
from sim.core.mathx import ONE, ZERO
from sim.core.state import Block, Chain

NEARLY = np.float32(0.99)
"""Fullness from which all that lacks is ordered at once."""


@kernel
def refilled(fullness, follow):
    """Share of what a stock lacks that is ordered in a period."""
    return follow if fullness < NEARLY else ONE


@kernel
def growing(chain: Chain, use, u, now):
    """Service demand before the period and in it, and what cohorts order as their stocks grow with it; t/month."""
    before, after = use.demand * chain.trend.use[u, max(now - 1, 0)], use.demand * chain.trend.use[u, now]
    return before, after, use.cover * max(after - before, ZERO) / chain.constants.dt


@kernel
def claim(chain: Chain, tile, now, block: Block):
    """Put what users want, and what fills their stocks, before their markets, by class."""
    market, use = block.market, block.use
    for u in range(tile.use_begin, tile.use_end):
        row = chain.uses[u]
        _, _, building = growing(chain, row, u, now)
        m, claims = row.market, CLAIM_FIRST if is_first(chain, u, now) else CLAIM_LOCAL
        if use[DEPLETED, u, 0] > ZERO:
            for lane in range(market.shape[2]):
                market[claims, m, lane] += use[DESIRED, u, lane] + building + use[RESTOCK, u, lane]
        else:
            for lane in range(market.shape[2]):
                market[claims, m, lane] += use[DESIRED, u, lane] + building


@kernel
def sell(chain: Chain, tile, now, block: Block):
    """Deliver the filled part of what users of a product claim; what is missing stops lines once stocks are used up."""
    market, use, sector, dt = block.market, block.use, block.sector, chain.constants.dt
    lanes, aided = market.shape[2], support.aided(chain)
    for u in range(tile.use_begin, tile.use_end):
        row = chain.uses[u]
        m, s = row.market, row.sector
        before, after, building = growing(chain, row, u, now)
        depleted = use[DEPLETED, u, 0] > ZERO
        reserved = row.bindable > 0 and block.origin[RESERVED, m, 0] > ZERO
        barred = reserved and any_below(block.origin[ALLOWED, m], ONE)
        cut = depleted or barred or market[STRAINED, m, 0] > ZERO
        if cut:
            _fill(row.market, u, is_first(chain, u, now), barred, block)
        if aided and chain.drivers.aid_starts[u] < chain.drivers.aid_starts[u + 1]:
            _buy(u, building, cut, dt, block)
            support.help_buyers(chain, u, now, block)
        if cut:
            for lane in range(lanes):
                sold = (use[DESIRED, u, lane] + building + use[RESTOCK, u, lane]) * block.scratch[FILLED, lane] * dt
                market[RELEASED, m, lane] += sold
                market[INTAKE, m, lane] += sold
            _draw_stocks(chain, row, u, barred, before, after, block)
            for lane in range(lanes):
                missing = use[MISSING, u, lane]
                use[RATIONED, u, lane] += missing
                sector[IDLE, s, lane] += missing
                sector[USED, s, lane] = (sector[USED, s, lane] + use[DESIRED, u, lane] * dt) - missing
        else:
            for lane in range(lanes):
                sector[USED, s, lane] += use[DESIRED, u, lane] * dt
                sold = (use[DESIRED, u, lane] + building) * dt
                market[RELEASED, m, lane] += sold
                market[INTAKE, m, lane] += sold


@kernel
def _buy(u, building, cut, dt, block: Block):
    """What a use has bought in the period, t, into `DONE`; `cut` says that its stocks or its claims were not full."""
    use, scratch = block.use, block.scratch
    for lane in range(scratch.shape[1]):
        wanted = use[DESIRED, u, lane] + building
        filled = (wanted + use[RESTOCK, u, lane]) * scratch[FILLED, lane]
        scratch[DONE, lane] = (filled if cut else wanted) * dt


@kernel
def _fill(m, u, first, barred, block: Block):
    """Share of its orders that a use gets into `FILLED`: that of its class, less what bound users may not have."""
    filled, fill = block.scratch[FILLED], FILL_FIRST if first else FILL_LOCAL
    for lane in range(filled.size):
        filled[lane] = block.market[fill, m, lane]
    if barred:
        for lane in range(filled.size):
            filled[lane] *= ONE - block.use[BOUND, u, lane] * (ONE - block.origin[ALLOWED, m, lane])


@kernel
def _draw_stocks(chain: Chain, row, u, barred, before, after, block: Block):
    """Use what was got and what is in stock; `MISSING` is what neither covers, `RESTOCK` what fills stocks again."""
    use, cohort, dt = block.use, block.cohort, chain.constants.dt
    strained = barred or block.market[STRAINED, row.market, 0] > ZERO
    beyond, filled = block.scratch[BEYOND], block.scratch[FILLED]
    # The need stands apart from what fills the stock: a need much larger than it would round it away.
    for lane in range(use.shape[2]):
        need = use[DESIRED, u, lane] * dt
        beyond[lane] = filled[lane] * need - need
    clear(use[MISSING, u])
    clear(use[RESTOCK, u])
    for c in range(row.cohort_begin, row.cohort_end):
        share, cover = chain.cohorts[c].share, chain.cohorts[c].cover
        if strained or any_below(cohort[FULLNESS, c], ONE):
            _draw_one(chain.constants, c, u, share, share * cover * before, share * cover * after, block)
    use[DEPLETED, u, 0] = ONE if any_positive(use[RESTOCK, u]) else ZERO


@kernel
def _draw_one(constants, c, u, share, old, new, block: Block):
    """The same for one cohort, whose full stock is `old` before the period and `new` after it, t."""
    use, cohort, beyond, filled = block.use, block.cohort, block.scratch[BEYOND], block.scratch[FILLED]
    follow, target, building = constants.follow_restock, new / constants.dt, max(new - old, ZERO)
    kept, per_tonne = old / new if new > ZERO else ZERO, ONE / new if new > ZERO else ZERO
    # A stock that is to hold nothing is full.
    begun = ZERO if new > ZERO else ONE
    for lane in range(use.shape[2]):
        full = cohort[FULLNESS, c, lane]
        filling = building + refilled(full, follow) * (ONE - full) * old
        # What is got beyond the need, or less: it comes out of the stock as far as there is one.
        surplus = share * beyond[lane] + filled[lane] * filling
        use[MISSING, u, lane] -= min(full * old + surplus, ZERO)
        left = begun + full * kept + surplus * per_tonne
        full = ONE if left > constants.full else max(left, ZERO)
        cohort[FULLNESS, c, lane] = full
        use[RESTOCK, u, lane] += target * (refilled(full, follow) * (ONE - full))
