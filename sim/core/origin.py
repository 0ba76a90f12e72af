"""Tagged material: who is bound to do without it, who takes it, and what is left (`MODEL.md`, section 13)."""

from __future__ import annotations

import numpy as np
from numba import types

from sim.core.apart import apart
from sim.core.cohorts import growing
from sim.core.demand import is_first
from sim.core.fields import (
    ACTIVE,
    ALLOWED,
    ARRIVED,
    BOUND,
    CLAIM_BOUND,
    DESIRED,
    DILUTED,
    DUMPED,
    FILL_FIRST,
    FILL_LOCAL,
    GIVEN,
    INTAKE,
    INVENTORY,
    LACKED,
    LEFT,
    PRICE,
    RECEIVED,
    RELEASABLE,
    RELEASED,
    RELIEF,
    RELIEF_TAGGED,
    RELIEVED,
    RESERVED,
    RESTOCK,
    STOCK,
    STOCK_TAGGED,
    TAGGED,
)
from sim.core.flow import followed
from sim.core.jit import kernel, topic, view
from sim.core.lanes import any_positive, clear, flat
from sim.core.mathx import ONE, ZERO, clip
from sim.core.rationing import releasable, served
from sim.core.restrictions import cut, spared
from sim.core.state import DENIAL, Block, Chain

LEAST = np.float32(1e-30)
"""Tonnes below which there is nothing to take a share of."""
TRIFLE = np.float32(1e-5)
"""Share of what bound users claim below which what they lack is rounding."""


@apart(followed, types.boolean)
def bind(chain: Chain, now, block: Block):
    """Share of each use's users who take free material only: by sourcing rules of the date, and by denials in force.

    Returns whether anybody is bound; if not, the shares are as they were.
    """
    use, restriction = block.use, block.restriction
    if not _binds(chain, now, restriction):
        return False
    for u in range(chain.uses.size):
        if chain.uses[u].bindable:
            sourced = chain.origins.sourcing[u, now]
            for lane in range(use.shape[2]):
                use[BOUND, u, lane] = sourced
    for k in range(chain.rules.size):
        rule = chain.rules[k]
        if rule.kind == DENIAL and any_positive(restriction[ACTIVE, k]):
            for index in range(rule.use_begin, rule.use_end):
                pair = chain.use_pairs[index]
                if spared(pair, now):
                    continue
                u, weight, after = pair.target, pair.weight, pair.weight_after
                for lane in range(use.shape[2]):
                    denied = cut(k, lane, weight, after, restriction)
                    use[BOUND, u, lane] = ONE - (ONE - use[BOUND, u, lane]) * (ONE - denied)
    return True


@kernel
def _binds(chain: Chain, now, restriction):
    """Whether a sourcing rule or a denial binds some use in a period."""
    found = False
    for u in range(chain.uses.size):
        found |= chain.uses[u].bindable > 0 and chain.origins.sourcing[u, now] > ZERO
    for k in range(chain.rules.size):
        if chain.rules[k].kind == DENIAL:
            found |= any_positive(restriction[ACTIVE, k])
    return found


@apart(followed)
def part(chain: Chain, tile, now, bound, block: Block):
    """What bound users may have of the markets of a product, and the mix that is left to all others."""
    origin, first, last = block.origin, tile.market_begin, tile.market_end
    for m in range(first, last):
        origin[RESERVED, m, 0] = ZERO
    clear(origin[GIVEN, first:last])
    if bound:
        for u in range(tile.use_begin, tile.use_end):
            if chain.uses[u].bindable and any_positive(block.use[BOUND, u]):
                _claim_free(chain, chain.uses[u], u, now, block)
    left, tagged = flat(origin[LEFT, first:last]), flat(origin[TAGGED, first:last])
    inventory = flat(block.market[INVENTORY, first:last])
    for i in range(left.size):
        left[i] = tagged[i] / max(inventory[i], LEAST)
    for m in range(first, last):
        row = chain.markets[m]
        if row.reserve >= 0:
            if not origin[RESERVED, m, 0] > ZERO:
                clear(origin[CLAIM_BOUND, m])
            _reserve_from_stock(row, chain.reserves[row.reserve], row.reserve, block)
        elif origin[RESERVED, m, 0] > ZERO:
            _reserve(row, m, block)


@kernel
def _claim_free(chain: Chain, row, u, now, block: Block):
    """Add what bound users would get if all material were free."""
    use, origin, m = block.use, block.origin, row.market
    _, _, building = growing(chain, row, u, now)
    fill = FILL_FIRST if is_first(chain, u, now) else FILL_LOCAL
    if not origin[RESERVED, m, 0] > ZERO:
        clear(origin[CLAIM_BOUND, m])
    origin[RESERVED, m, 0] = ONE
    for lane in range(use.shape[2]):
        ordered = (use[DESIRED, u, lane] + building + use[RESTOCK, u, lane]) * chain.constants.dt
        origin[CLAIM_BOUND, m, lane] += use[BOUND, u, lane] * block.market[fill, m, lane] * ordered


@kernel
def _reserve(row, m, block: Block):
    """Give bound users of a market what there is of free material; the mix of the rest has the more tagged."""
    market, origin = block.market, block.origin
    release, fresh = row.release, row.release_fresh
    for lane in range(market.shape[2]):
        share, bound = origin[LEFT, m, lane], origin[CLAIM_BOUND, m, lane]
        available = releasable(market[INVENTORY, m, lane], market[ARRIVED, m, lane], release, fresh)
        allowed = served(available * (ONE - share), bound)
        given = allowed * bound
        origin[ALLOWED, m, lane] = allowed
        origin[GIVEN, m, lane] = given
        # The quotient is exactly 1 where nobody is bound.
        origin[LEFT, m, lane] = min(share * (max(available, LEAST) / max(available - given, LEAST)), ONE)


@kernel
def _reserve_from_stock(row, reserve, j, block: Block):
    """The same where a stockpile stands by: what bound users still lack comes from the free part of it."""
    market, origin, held, m = block.market, block.origin, block.reserve, reserve.market
    release, fresh = row.release, row.release_fresh
    for lane in range(market.shape[2]):
        share, bound = origin[LEFT, m, lane], origin[CLAIM_BOUND, m, lane]
        available = releasable(market[INVENTORY, m, lane], market[ARRIVED, m, lane], release, fresh)
        relief, of_it = held[RELIEF, j, lane], held[RELIEF_TAGGED, j, lane]
        free = available * (ONE - share) + max(relief - of_it, ZERO)
        lacking = max(bound - free, ZERO)
        in_stock = max(held[STOCK, j, lane] - held[STOCK_TAGGED, j, lane], ZERO)
        more = min(lacking, min(in_stock, max(held[RELEASABLE, j, lane], ZERO))) if reserve.relieves else ZERO
        allowed = served(free + more, bound)
        given = allowed * bound
        origin[ALLOWED, m, lane] = allowed
        origin[GIVEN, m, lane] = given
        rest = max(available + relief + more - given, LEAST)
        origin[LEFT, m, lane] = min((share * available + of_it) / rest, ONE)
        held[LACKED, j, lane] += lacking if lacking > TRIFLE * bound else ZERO
        held[STOCK, j, lane] = max(held[STOCK, j, lane] - more, ZERO)
        held[RELEASABLE, j, lane] -= more
        held[RELIEF, j, lane] += more
        held[RELIEVED, j, lane] += more
        held[RECEIVED, j, lane] += row.price * market[PRICE, m, lane] * more


@kernel
def remaining(tagged, share, mixed, stock):
    """Tagged tonnes of what is left in stock once `mixed` tonnes have left, of which a share was tagged."""
    return clip(tagged - share * mixed, ZERO, stock)


@topic
def draw_down(block: Block):
    """Take the tagged part of what left out of the tagged inventories."""
    market, origin = block.market, block.origin
    released, dumped, inventory = flat(market[RELEASED]), flat(market[DUMPED]), flat(market[INVENTORY])
    tagged, left, given = flat(origin[TAGGED]), flat(origin[LEFT]), flat(origin[GIVEN])
    for i in range(tagged.size):
        mixed = max(released[i] - given[i], ZERO) + dumped[i]
        tagged[i] = remaining(tagged[i], left[i], mixed, inventory[i])


@view
def content(m, block: Block):
    """Tagged share of what a market's takers take in, a row of lanes."""
    reserved = block.origin[RESERVED, m, 0] > ZERO
    if reserved:
        _mix_of_intake(m, block)
    return block.scratch[DILUTED] if reserved else block.origin[LEFT, m]


@kernel
def _mix_of_intake(m, block: Block):
    """The same into `DILUTED`, where bound users take free material first."""
    origin, share = block.origin, block.scratch[DILUTED]
    for lane in range(share.size):
        taken = max(block.market[INTAKE, m, lane], LEAST)
        share[lane] = origin[LEFT, m, lane] * max(ONE - origin[GIVEN, m, lane] / taken, ZERO)
