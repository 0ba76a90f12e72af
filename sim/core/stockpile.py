"""Strategic stockpiles: what they buy, sell and release to those they serve (`MODEL.md`, section 15)."""

from __future__ import annotations

from sim.core.apart import apart
from sim.core.demand import is_first
from sim.core.fields import (
    BOUGHT,
    BUYING,
    CLAIM_FIRM,
    CLAIM_FIRST,
    CLAIM_LOCAL,
    COMING,
    COVERED,
    DESTROYED,
    FILL_FIRST,
    FILL_LOCAL,
    INTAKE,
    INVENTORY,
    LACKED,
    LEFT,
    LOST_STOCK,
    PAID,
    PRICE,
    RECEIVED,
    RELEASABLE,
    RELEASED,
    RELIEF,
    RELIEF_TAGGED,
    RELIEVED,
    SHORT,
    SOLD,
    STOCK,
    STOCK_TAGGED,
    TAGGED,
    TOTAL,
    USED,
)
from sim.core.jit import kernel
from sim.core.mathx import ONE, ZERO, clip
from sim.core.state import NEVER, Block, Chain


@kernel
def in_force(row, now):
    """Whether a stockpile buys and releases in a period."""
    return row.begin <= now < row.end


@kernel
def part_of(amount, whole):
    """Amount as a share of a whole; nothing of nothing."""
    return amount / whole if whole > ZERO else ZERO


@kernel
def stocked(chain: Chain):
    """Whether there are stockpiles."""
    return chain.reserves.size > 0


@apart(stocked)
def offer(chain: Chain, now, followed, block: Block):
    """Lose what does not keep, sell into the market where the price is high, and claim what is to be bought."""
    for j in range(chain.reserves.size):
        row = chain.reserves[j]
        if followed:
            _take_tagged(row, j, now, block)
        _offer_one(row, j, now, chain.constants.dt, block)


@kernel
def _sold(row, j, now, lane, block: Block):
    """Tonnes lost and sold into the market in a period."""
    level = block.reserve[STOCK, j, lane]
    lost = row.loss * level
    outflow = row.outflow if in_force(row, now) else ZERO
    dear = block.market[PRICE, row.market, lane] > row.sell_above
    return lost, min(max(level - lost - row.kept, ZERO), outflow) if dear else ZERO


@kernel
def _take_tagged(row, j, now, block: Block):
    """The tagged part of what is lost and sold."""
    reserve, m = block.reserve, row.market
    for lane in range(reserve.shape[2]):
        lost, sold = _sold(row, j, now, lane, block)
        share = part_of(reserve[STOCK_TAGGED, j, lane], reserve[STOCK, j, lane])
        reserve[STOCK_TAGGED, j, lane] -= share * (lost + sold)
        block.origin[TAGGED, m, lane] += share * sold


@kernel
def _offer_one(row, j, now, dt, block: Block):
    reserve, market, m = block.reserve, block.market, row.market
    active = in_force(row, now)
    pace, outflow = (row.pace if active else ZERO), (row.outflow if active else ZERO)
    for lane in range(reserve.shape[2]):
        lost, sold = _sold(row, j, now, lane, block)
        level = max(reserve[STOCK, j, lane] - lost - sold, ZERO)
        calm = reserve[LACKED, j, lane] <= ZERO
        cheap = market[PRICE, m, lane] <= row.buy_below
        room = max(row.most - level - reserve[COMING, j, lane], ZERO)
        buying = min(pace, room / dt) if calm and cheap else ZERO
        reserve[STOCK, j, lane] = level
        reserve[LOST_STOCK, j, lane] = lost
        reserve[SOLD, j, lane] = sold
        reserve[RELEASABLE, j, lane] = outflow - sold
        reserve[BUYING, j, lane] = buying
        market[INVENTORY, m, lane] += sold
        market[CLAIM_LOCAL, m, lane] += buying


@apart(stocked)
def relieve(chain: Chain, tile, now, block: Block):
    """After rationing: take in what was bought, and give those served what they lack, as far as there is any."""
    for m in range(tile.market_begin, tile.market_end):
        j = chain.markets[m].reserve
        if j >= 0:
            row = chain.reserves[j]
            _relieve_claims(row, j, chain.markets[m].price, chain.constants.dt, block)
            if row.relief_above < NEVER:
                _cover(chain, tile, row, j, now, block)


@kernel
def _relieve_claims(row, j, value, dt, block: Block):
    """Take purchases; fill up cut claims, priority sectors first, others at home from what is not kept."""
    reserve, market, m = block.reserve, block.market, row.market
    serves_all = row.kept < row.most
    for lane in range(reserve.shape[2]):
        first_fill, local_fill = market[FILL_FIRST, m, lane], market[FILL_LOCAL, m, lane]
        price = value * market[PRICE, m, lane]
        buying, level = reserve[BUYING, j, lane], reserve[STOCK, j, lane]
        bought = buying * local_fill * dt
        at_home = max(market[CLAIM_FIRST, m, lane] - market[CLAIM_FIRM, m, lane], ZERO)
        first_lack = (ONE - first_fill) * at_home * dt
        local_lack = (ONE - local_fill) * max(market[CLAIM_LOCAL, m, lane] - buying, ZERO) * dt
        able = reserve[RELEASABLE, j, lane] if row.relieves else ZERO
        to_first = min(first_lack, min(able, level))
        spare = max(min(able - to_first, level - to_first - row.kept), ZERO)
        to_local = min(local_lack, spare) if serves_all else ZERO
        relieved = to_first + to_local
        share = part_of(reserve[STOCK_TAGGED, j, lane], level)
        market[FILL_FIRST, m, lane] = min(first_fill + (ONE - first_fill) * part_of(to_first, first_lack), ONE)
        market[FILL_LOCAL, m, lane] = min(local_fill + (ONE - local_fill) * part_of(to_local, local_lack), ONE)
        market[RELEASED, m, lane] += bought
        reserve[LACKED, j, lane] = first_lack + (local_lack if serves_all else ZERO)
        reserve[STOCK, j, lane] = max(level - relieved, ZERO)
        reserve[STOCK_TAGGED, j, lane] -= share * relieved
        reserve[RELEASABLE, j, lane] -= relieved
        reserve[BOUGHT, j, lane] = bought
        reserve[RELIEVED, j, lane] = relieved
        reserve[COVERED, j, lane] = ZERO
        reserve[RELIEF, j, lane] = relieved
        reserve[RELIEF_TAGGED, j, lane] = share * relieved
        reserve[PAID, j, lane] = price * bought
        reserve[RECEIVED, j, lane] = price * (reserve[SOLD, j, lane] + relieved)


@kernel
def foregone(service, short, dt):
    """What a use gives up of its service demand because of the price in a period, t, as section 6 counts it."""
    return service * max(ONE - short, ZERO) * dt


@kernel
def _cover(chain: Chain, tile, row, j, now, block: Block):
    """Give priority sectors what they would give up because of the price, at the price above which that is done."""
    reserve, market, m, dt = block.reserve, block.market, row.market, chain.constants.dt
    total, served = block.scratch[TOTAL], row.relief_above * chain.markets[m].price
    for lane in range(total.size):
        total[lane] = ZERO
    for u in range(tile.use_begin, tile.use_end):
        if chain.uses[u].market == m and is_first(chain, u, now):
            service, leader = chain.uses[u].demand * chain.trend.use[u, now], chain.uses[u].leader
            for lane in range(total.size):
                total[lane] += foregone(service, block.use[SHORT, leader, lane], dt)
    for lane in range(total.size):
        level = reserve[STOCK, j, lane]
        able = max(min(level, reserve[RELEASABLE, j, lane]), ZERO)
        dear = market[PRICE, m, lane] > row.relief_above
        covered = min(total[lane], able) if dear else ZERO
        share = part_of(reserve[STOCK_TAGGED, j, lane], level)
        reserve[STOCK, j, lane] = max(level - covered, ZERO)
        reserve[STOCK_TAGGED, j, lane] -= share * covered
        reserve[RELEASABLE, j, lane] -= covered
        reserve[COVERED, j, lane] = covered
        reserve[RELIEF, j, lane] += covered
        reserve[RELIEF_TAGGED, j, lane] += share * covered
        reserve[RECEIVED, j, lane] += served * covered
        market[RELEASED, m, lane] += covered
        market[INTAKE, m, lane] += covered
        total[lane] = part_of(covered, total[lane])
    for u in range(tile.use_begin, tile.use_end):
        if chain.uses[u].market == m and is_first(chain, u, now):
            s, leader = chain.uses[u].sector, chain.uses[u].leader
            service = chain.uses[u].demand * chain.trend.use[u, now]
            for lane in range(total.size):
                had = total[lane] * foregone(service, block.use[SHORT, leader, lane], dt)
                block.use[DESTROYED, u, lane] -= had
                block.sector[USED, s, lane] += had


@apart(stocked)
def pass_on(chain: Chain, tile, followed, block: Block):
    """Put what was released into the market it leaves at once, and what was bought into stock."""
    reserve = block.reserve
    for m in range(tile.market_begin, tile.market_end):
        j = chain.markets[m].reserve
        if j >= 0:
            for lane in range(reserve.shape[2]):
                block.market[INVENTORY, m, lane] += reserve[RELIEF, j, lane]
                held = reserve[STOCK, j, lane] + reserve[BOUGHT, j, lane]
                reserve[STOCK, j, lane] = min(held, chain.reserves[j].most)
            if followed:
                for lane in range(reserve.shape[2]):
                    block.origin[TAGGED, m, lane] += reserve[RELIEF_TAGGED, j, lane]
                    taken = block.origin[LEFT, m, lane] * reserve[BOUGHT, j, lane]
                    held = reserve[STOCK_TAGGED, j, lane] + taken
                    reserve[STOCK_TAGGED, j, lane] = clip(held, ZERO, reserve[STOCK, j, lane])
