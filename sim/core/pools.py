"""Stockpiles that lend to each other: what allies hold in common (`MODEL.md`, section 15)."""

from __future__ import annotations

from sim.core.apart import apart
from sim.core.fields import (
    ASKED,
    CAME,
    COMING,
    COMING_TAGGED,
    DILUTED,
    EXCESS,
    LACKED,
    LACKING,
    LENT,
    OFFERED,
    PAID,
    PRICE,
    RECEIVED,
    RELEASABLE,
    STOCK,
    STOCK_TAGGED,
    TOTAL,
    WATCHED,
)
from sim.core.jit import kernel
from sim.core.lanes import clear
from sim.core.mathx import ONE, ZERO
from sim.core.state import Block, Chain
from sim.core.stockpile import part_of, stocked


@apart(stocked)
def share(chain: Chain, now, block: Block):
    """Take in what comes from allies, and send those who lack what others can spare; it is on its way for a while."""
    for j in range(chain.reserves.size):
        if chain.reserves[j].pool >= 0:
            _take_in(chain.reserves[j], j, block)
    for j in range(chain.reserves.size):
        row = chain.reserves[j]
        if row.pool >= 0 and row.pool_begin <= now < row.pool_end and _leads(chain, j):
            _offer_and_ask(chain, row.pool, block)
            _entitle(chain, row.pool, block)
            _send(chain, row.pool, block)


@kernel
def _leads(chain: Chain, j):
    """Whether a stockpile is the first of its pool."""
    first = True
    for i in range(j):
        first = first and chain.reserves[i].pool != chain.reserves[j].pool
    return first


@kernel
def _take_in(row, j, block: Block):
    """Put what arrives into stock; there is room for it, since nobody asks for more than that."""
    reserve, follow = block.reserve, row.pool_follow
    for lane in range(reserve.shape[2]):
        came = min(follow * reserve[COMING, j, lane], max(row.most - reserve[STOCK, j, lane], ZERO))
        share = part_of(reserve[COMING_TAGGED, j, lane], reserve[COMING, j, lane])
        reserve[COMING, j, lane] -= came
        reserve[COMING_TAGGED, j, lane] -= share * came
        reserve[STOCK, j, lane] += came
        reserve[STOCK_TAGGED, j, lane] += share * came
        reserve[CAME, j, lane] = came
        reserve[LENT, j, lane] = ZERO


@kernel
def _offer_and_ask(chain: Chain, pool, block: Block):
    """What each could give and would have, and the sums: `TOTAL` offered, `EXCESS` the sizes of those who ask."""
    reserve, scratch = block.reserve, block.scratch
    clear(scratch[TOTAL])
    clear(scratch[EXCESS])
    for j in range(chain.reserves.size):
        row = chain.reserves[j]
        if row.pool != pool:
            continue
        most, kept, ahead = row.most, row.pool_kept, row.pool_ahead
        for lane in range(reserve.shape[2]):
            stock, lacked, able = reserve[STOCK, j, lane], reserve[LACKED, j, lane], reserve[RELEASABLE, j, lane]
            spare = min(max(stock - kept, ZERO), max(able, ZERO))
            held = stock + reserve[COMING, j, lane]
            asked = min(max(lacked * ahead - held, ZERO), max(most - held, ZERO))
            reserve[OFFERED, j, lane] = ZERO if lacked > ZERO else spare
            reserve[ASKED, j, lane] = asked
            scratch[TOTAL, lane] += reserve[OFFERED, j, lane]
            scratch[EXCESS, lane] += most if asked > ZERO else ZERO


@kernel
def _entitle(chain: Chain, pool, block: Block):
    """Bound what each asks for by its part of what is offered, where sizes share it; `LACKING` is what is asked."""
    reserve, scratch = block.reserve, block.scratch
    clear(scratch[LACKING])
    for j in range(chain.reserves.size):
        row = chain.reserves[j]
        if row.pool != pool:
            continue
        by_size, most = row.pool_by_size > 0, row.most
        for lane in range(reserve.shape[2]):
            asked = reserve[ASKED, j, lane]
            entitled = scratch[TOTAL, lane] * part_of(most, scratch[EXCESS, lane])
            reserve[ASKED, j, lane] = min(asked, entitled) if by_size else asked
            scratch[LACKING, lane] += reserve[ASKED, j, lane]


@kernel
def _send(chain: Chain, pool, block: Block):
    """Send it, from all in proportion to what they offer; each is paid at its own price, and who gets it the mean."""
    reserve, scratch = block.reserve, block.scratch
    clear(scratch[DILUTED])
    clear(scratch[WATCHED])
    for j in range(chain.reserves.size):
        row = chain.reserves[j]
        if row.pool != pool:
            continue
        value, m = chain.markets[row.market].price, row.market
        for lane in range(reserve.shape[2]):
            lent = reserve[OFFERED, j, lane] * min(part_of(scratch[LACKING, lane], scratch[TOTAL, lane]), ONE)
            tagged = lent * part_of(reserve[STOCK_TAGGED, j, lane], reserve[STOCK, j, lane])
            earned = value * block.market[PRICE, m, lane] * lent
            reserve[STOCK, j, lane] -= lent
            reserve[STOCK_TAGGED, j, lane] -= tagged
            reserve[RELEASABLE, j, lane] -= lent
            reserve[LENT, j, lane] = lent
            reserve[RECEIVED, j, lane] += earned
            scratch[DILUTED, lane] += tagged
            scratch[WATCHED, lane] += earned
    for j in range(chain.reserves.size):
        if chain.reserves[j].pool == pool:
            for lane in range(reserve.shape[2]):
                moved = min(scratch[LACKING, lane], scratch[TOTAL, lane])
                part = part_of(reserve[ASKED, j, lane], scratch[LACKING, lane])
                reserve[COMING, j, lane] += part * moved
                reserve[COMING_TAGGED, j, lane] += part * scratch[DILUTED, lane]
                reserve[PAID, j, lane] += part * scratch[WATCHED, lane]
