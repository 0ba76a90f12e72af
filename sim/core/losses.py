"""What sectors, and regions that restrict, lose in each budget year (`MODEL.md`, section 16)."""

from __future__ import annotations

from sim.core.fields import ACTIVE, COVERED, DESTROYED, RATIONED
from sim.core.jit import kernel, topic
from sim.core.lanes import clear, flat
from sim.core.mathx import ZERO
from sim.core.restrictions import spared
from sim.core.state import Block, Chain, Record


@kernel
def uncover(chain: Chain, k, now, block: Block):
    """Forget in which part of the period before the routes of a restriction were under one."""
    for pair in range(chain.rules[k].route_begin, chain.rules[k].route_end):
        if not spared(chain.route_pairs[pair], now):
            clear(block.crossing[COVERED, chain.route_pairs[pair].target])


@kernel
def lose_exports(chain: Chain, k, c, now, price, usual, sent, block: Block):
    """Add what is not sent on a route to what its region loses, for the part of the period that no rule before covered.

    Parameters
    ----------
    k, c: Restriction and restricted route.
    price: At the origin, USD/kg.
    usual, sent: Tonnes of the reference and, by lane, of the period.
    """
    drivers, crossing = chain.drivers, block.crossing
    regions = block.exports.shape[0] // drivers.years
    row = drivers.year[now] * regions + drivers.senders[c]
    for lane in range(sent.size):
        covered, active = crossing[COVERED, c, lane], block.restriction[ACTIVE, k, lane]
        block.exports[row, lane] += max(active - covered, ZERO) * price * (usual - sent[lane])
        crossing[COVERED, c, lane] = max(covered, active) + ZERO


@kernel
def ends_year(chain: Chain, now):
    """Whether a period is the last of its budget year, or of the horizon; never where losses are not followed."""
    year = chain.drivers.year
    return chain.drivers.years > 0 and (now + 1 == year.size or year[now + 1] != year[now])


@topic
def close_year(chain: Chain, now, block: Block, record: Record):
    """Put what each sector has lost since the start of the horizon into the rows of the year that ends."""
    use, sectors = block.use, block.sector.shape[1]
    if record.lost.shape[0] > 0:
        begin = chain.drivers.year[now] * sectors
        clear(flat(record.lost[begin : begin + sectors]))
        for u in range(chain.uses.size):
            row = begin + chain.uses[u].sector
            for lane in range(use.shape[2]):
                record.lost[row, lane] += use[DESTROYED, u, lane] + use[RATIONED, u, lane]
