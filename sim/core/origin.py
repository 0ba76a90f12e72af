"""Tagged material: who is bound to do without it, who takes it, and what is left (`MODEL.md`, section 13)."""

from __future__ import annotations

import numpy as np

from sim.core.cohorts import growing
from sim.core.fields import (
    ACTIVE,
    ALLOWED,
    ARRIVED,
    BOUND,
    CLAIM_BOUND,
    CONTENT,
    DEPLETED,
    DESIRED,
    DUMPED,
    FILL_FIRST,
    FILL_LOCAL,
    GIVEN,
    INTAKE,
    INVENTORY,
    LEFT,
    RELEASED,
    RESTOCK,
    TAGGED,
)
from sim.core.jit import kernel
from sim.core.lanes import any_positive, clear, flat
from sim.core.mathx import ONE, ZERO, clip
from sim.core.rationing import releasable, served
from sim.core.restrictions import cut
from sim.core.state import DENIAL, Block, Chain

LEAST = np.float32(1e-30)
"""Tonnes below which there is nothing to take a share of."""


@kernel
def bind(chain: Chain, now, block: Block):
    """Share of each use's users who take free material only: by sourcing rules of the date, and by denials in force."""
    use, restriction = block.use, block.restriction
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
                u, weight, after = pair.target, pair.weight, pair.weight_after
                for lane in range(use.shape[2]):
                    denied = cut(k, lane, weight, after, restriction)
                    use[BOUND, u, lane] = ONE - (ONE - use[BOUND, u, lane]) * (ONE - denied)


@kernel
def part(chain: Chain, tile, now, block: Block):
    """What bound users may have of the markets of a product, and the mix that is left to all others."""
    clear(block.origin[CLAIM_BOUND, tile.market_begin : tile.market_end])
    for u in range(tile.use_begin, tile.use_end):
        if chain.uses[u].bindable and any_positive(block.use[BOUND, u]):
            _claim_free(chain, chain.uses[u], u, now, block)
    for m in range(tile.market_begin, tile.market_end):
        _mix(chain.markets[m], m, block)


@kernel
def _claim_free(chain: Chain, row, u, now, block: Block):
    """Add what bound users would get if all material were free."""
    use, m = block.use, row.market
    _, _, building = growing(chain, row, u, now)
    fill = FILL_FIRST if row.priority > 0 else FILL_LOCAL
    if not use[DEPLETED, u, 0] > ZERO:
        clear(use[RESTOCK, u])
    for lane in range(use.shape[2]):
        ordered = (use[DESIRED, u, lane] + building + use[RESTOCK, u, lane]) * chain.constants.dt
        block.origin[CLAIM_BOUND, m, lane] += use[BOUND, u, lane] * block.market[fill, m, lane] * ordered


@kernel
def _mix(row, m, block: Block):
    market, origin = block.market, block.origin
    release, fresh = row.release, row.release_fresh
    for lane in range(market.shape[2]):
        stock, bound = market[INVENTORY, m, lane], origin[CLAIM_BOUND, m, lane]
        available = releasable(stock, market[ARRIVED, m, lane], release, fresh)
        tagged = available * (origin[TAGGED, m, lane] / max(stock, LEAST))
        allowed = served(available - tagged, bound)
        given = allowed * bound
        origin[ALLOWED, m, lane] = allowed
        origin[GIVEN, m, lane] = given
        origin[LEFT, m, lane] = clip(tagged / max(available - given, LEAST), ZERO, ONE)


@kernel
def draw_down(block: Block):
    """Take the tagged part of what left out of the tagged inventories; its share of what was taken in."""
    market, origin = block.market, block.origin
    released, intake, dumped = flat(market[RELEASED]), flat(market[INTAKE]), flat(market[DUMPED])
    inventory, tagged, content = flat(market[INVENTORY]), flat(origin[TAGGED]), flat(origin[CONTENT])
    given, left = flat(origin[GIVEN]), flat(origin[LEFT])
    for i in range(inventory.size):
        mixed = max(released[i] - given[i], ZERO) + dumped[i]
        tagged[i] = clip(tagged[i] - left[i] * mixed, ZERO, inventory[i])
        content[i] = left[i] * max(intake[i] - given[i], ZERO) / max(intake[i], LEAST)
