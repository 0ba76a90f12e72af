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
    CLAIM_FIRST,
    CLAIM_LOCAL,
    CLAIM_MAKERS,
    CONTENT,
    DEPLETED,
    DESIRED,
    DIRTY,
    DUMPED,
    FILL_FIRST,
    FILL_LOCAL,
    INTAKE,
    INVENTORY,
    LEFT,
    RELEASED,
    RESTOCK,
    SOLD,
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
def note_makers(block: Block):
    """Keep what processes claim before users add their claims to it."""
    claims, makers = flat(block.market[CLAIM_LOCAL]), flat(block.origin[CLAIM_MAKERS])
    for i in range(makers.size):
        makers[i] = claims[i]


@kernel
def part(chain: Chain, tile, now, block: Block):
    """What bound users may have of the markets of a product, and the mix that users leave to all others."""
    clear(block.origin[CLAIM_BOUND, tile.market_begin : tile.market_end])
    for u in range(tile.use_begin, tile.use_end):
        if chain.uses[u].bindable and any_positive(block.use[BOUND, u]):
            _claim_free(chain, chain.uses[u], u, now, block)
    for m in range(tile.market_begin, tile.market_end):
        _mix(chain.constants, chain.markets[m], m, block)


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
def _mix(constants, row, m, block: Block):
    market, origin = block.market, block.origin
    dt, release, fresh = constants.dt, row.release, row.release_fresh
    for lane in range(market.shape[2]):
        stock = market[INVENTORY, m, lane]
        available = releasable(stock, market[ARRIVED, m, lane], release, fresh)
        tagged = available * (origin[TAGGED, m, lane] / max(stock, LEAST))
        first = market[FILL_FIRST, m, lane] * market[CLAIM_FIRST, m, lane]
        local = market[FILL_LOCAL, m, lane] * (market[CLAIM_LOCAL, m, lane] - origin[CLAIM_MAKERS, m, lane])
        users = (first + local) * dt
        bound = min(origin[CLAIM_BOUND, m, lane], users)
        allowed = served(available - tagged, bound)
        others = users - bound
        dirty = min(others, tagged)
        sold = allowed * bound + others
        origin[ALLOWED, m, lane] = allowed
        origin[SOLD, m, lane] = sold
        origin[DIRTY, m, lane] = dirty
        origin[LEFT, m, lane] = clip((tagged - dirty) / max(available - sold, LEAST), ZERO, ONE)


@kernel
def draw_down(block: Block):
    """Take the tagged part of what left out of the tagged inventories; its share of what was taken in."""
    market, origin = block.market, block.origin
    released, intake, dumped = flat(market[RELEASED]), flat(market[INTAKE]), flat(market[DUMPED])
    inventory, tagged, content = flat(market[INVENTORY]), flat(origin[TAGGED]), flat(origin[CONTENT])
    sold, dirty, left = flat(origin[SOLD]), flat(origin[DIRTY]), flat(origin[LEFT])
    for i in range(inventory.size):
        mixed = max(released[i] - sold[i], ZERO) + dumped[i]
        tagged[i] = clip(tagged[i] - (dirty[i] + left[i] * mixed), ZERO, inventory[i])
        taken = dirty[i] + left[i] * max(intake[i] - sold[i], ZERO)
        content[i] = min(taken / max(intake[i], LEAST), ONE)
