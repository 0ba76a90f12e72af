"""What a run leaves behind, month by month."""

from __future__ import annotations

from sim.core.fields import (
    ACTIVE,
    ADDED,
    DESTROYED,
    DONE,
    EXPANSION,
    FREE,
    HELD_UP,
    IDLE,
    INTAKE,
    INVENTORY,
    LEGAL,
    PRICE,
    RATIONED,
    RELEASED,
    RENT_DUE,
    RENT_PAID,
    REPLACED,
    RESERVE_FLOWS,
    SAVED,
    SENDER_LOSS,
    STARTED,
    STOCK,
    TRANSACTED,
    USED,
)
from sim.core.flow import sent_into
from sim.core.jit import kernel, topic
from sim.core.lanes import any_positive, flat
from sim.core.losses import lose_exports
from sim.core.mathx import ZERO
from sim.core.origin import content
from sim.core.restrictions import spared
from sim.core.state import QUOTA, Block, Chain, Record


@kernel
def keep(row, values, scale, begins):
    """Put one period, times `scale`, in a monthly row, or add it to the month."""
    if begins:
        for lane in range(values.size):
            row[lane] = scale * values[lane]
    else:
        for lane in range(values.size):
            row[lane] += scale * values[lane]


@kernel
def copy(rows, values):
    """Put values in rows of the same shape."""
    into, out_of = flat(rows), flat(values)
    for i in range(into.size):
        into[i] = out_of[i]


@topic
def record_period(chain: Chain, month, begins, weight, block: Block, record: Record):
    """Record a period in its month: prices and inventory with `weight` (an average), tonnes as they are.

    `begins` says that it is the month's first period.
    """
    market, one = block.market, weight / weight
    if record.price.shape[1] > 0:
        keep(flat(record.price[month]), flat(market[PRICE]), weight, begins)
        keep(flat(record.transacted[month]), flat(market[TRANSACTED]), weight, begins)
        keep(flat(record.flow[month]), flat(market[RELEASED]), one, begins)
        keep(flat(record.intake[month]), flat(market[INTAKE]), one, begins)
        keep(flat(record.sector[month]), flat(block.sector[USED]), one, begins)
        keep(flat(record.stopped[month]), flat(block.sector[IDLE]), one, begins)
    for m in range(record.content.shape[1]):
        keep(record.content[month, m], content(m, block), weight, begins)
    for m in range(record.inventory.shape[1]):
        keep(record.inventory[month, m], market[INVENTORY, m], weight / chain.markets[m].inventory, begins)
    if record.reserve.shape[1] > 0:
        kept, first, last = chain.reserves.size, RESERVE_FLOWS[0], RESERVE_FLOWS[1]
        keep(flat(record.reserve[month, :kept]), flat(block.reserve[STOCK]), one, True)
        keep(flat(record.reserve[month, kept:]), flat(block.reserve[first:last]), one, begins)
    for r in range(record.route.shape[1]):
        sent_into(chain, chain.routes[r], r, block, block.scratch[DONE])
        keep(record.route[month, r], block.scratch[DONE], one, begins)


@topic
def account(chain: Chain, now, block: Block):
    """Rent paid and exports not sent under each restriction in force; t times USD/kg is thousand USD."""
    sent = block.scratch[DONE]
    for k in range(chain.rules.size):
        rule = chain.rules[k]
        if any_positive(block.restriction[ACTIVE, k]):
            for pair in range(rule.route_begin, rule.route_end):
                if spared(chain.route_pairs[pair], now):
                    continue
                c = chain.route_pairs[pair].target
                r = chain.crossings[c].route
                route = chain.routes[r]
                usual = route.flow * chain.trend.route[r, now] * chain.constants.dt
                sent_into(chain, route, r, block, sent)
                if rule.kind == QUOTA:
                    _pay_rent(k, c, sent, block)
                lose_exports(chain, k, c, now, chain.markets[route.origin].price, usual, sent, block)


@kernel
def _pay_rent(k, c, sent, block: Block):
    """Add the licence rent on the legal part of what a route of a quota group sends."""
    restriction, crossing = block.restriction, block.crossing
    for lane in range(sent.size):
        claimed = crossing[LEGAL, c, lane] + crossing[FREE, c, lane]
        legal = crossing[LEGAL, c, lane] / claimed if claimed > ZERO else ZERO
        restriction[RENT_PAID, k, lane] += restriction[RENT_DUE, k, lane] * legal * sent[lane]


@topic
def record_totals(chain: Chain, last, block: Block, record: Record):
    """Sums over the horizon, and what stands at its end."""
    if record.destroyed.shape[0] > 0:
        copy(record.destroyed, block.use[DESTROYED])
        copy(record.rationed, block.use[RATIONED])
        copy(record.substituted, block.use[REPLACED])
        copy(record.saved, block.input[SAVED])
        copy(record.held_up, block.input[HELD_UP])
        copy(record.rent, block.restriction[RENT_PAID])
        copy(record.sender_loss, block.restriction[SENDER_LOSS])
        copy(record.project_start, block.project[STARTED])
        copy(record.ledger, block.ledger)
        copy(record.revenue, block.revenue)
        copy(record.exports, block.exports)
    for p in range(record.capacity.shape[0]):
        trend = chain.processes[p].capacity * chain.building.growth[p, last]
        for lane in range(record.capacity.shape[1]):
            record.capacity[p, lane] = trend * block.capacity[EXPANSION, p, lane] + block.capacity[ADDED, p, lane]
