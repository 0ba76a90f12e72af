"""What sectors, and regions that restrict, lose in each budget year (`MODEL.md`, section 16)."""

from __future__ import annotations

from sim.core.fields import ACTIVE, COUNTED, DESTROYED, RATIONED, SENDER_LOSS
from sim.core.jit import kernel, topic
from sim.core.lanes import clear, flat
from sim.core.mathx import ZERO
from sim.core.state import Block, Chain, Record


@kernel
def lose_exports(chain: Chain, k, c, now, price, usual, sent, block: Block):
    """Add what is not sent on a route to what its restriction loses the sender, and its region.

    A region loses by a restriction only in the part of the period that none before it covered.

    Parameters
    ----------
    k, c: Restriction and restricted route.
    price: At the origin, USD/kg.
    usual, sent: Tonnes of the reference and, by lane, of the period.
    """
    drivers, crossing, restriction = chain.drivers, block.crossing, block.restriction
    if drivers.senders.size > 0:
        regions = block.exports.shape[0] // drivers.years
        row = drivers.year[now] * regions + drivers.senders[c]
        for lane in range(sent.size):
            active, counted = restriction[ACTIVE, k, lane], crossing[COUNTED, c, lane]
            lost = price * (usual - sent[lane])
            restriction[SENDER_LOSS, k, lane] += active * lost
            block.exports[row, lane] += max(active - counted, ZERO) * lost
            crossing[COUNTED, c, lane] = max(active, counted) + ZERO
    else:
        for lane in range(sent.size):
            restriction[SENDER_LOSS, k, lane] += restriction[ACTIVE, k, lane] * (price * (usual - sent[lane]))


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
