"""What a run leaves behind, month by month."""

from __future__ import annotations

from sim.core.flow import sent_row
from sim.core.jit import kernel
from sim.core.lanes import any_positive
from sim.core.mathx import ZERO
from sim.core.state import Chain, Record, State, Work


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
def record_period(chain: Chain, now, month, begins, weight, state: State, work: Work, record: Record):
    """Record a period in its month: prices and inventory with `weight` (an average), tonnes as they are.

    `begins` says that it is the month's first period.
    """
    one = chain.constants.dt / chain.constants.dt
    for m in range(record.price.shape[1]):
        scale = weight / chain.markets.inventory[m]
        keep(record.price[month, m], work.price[m], weight, begins)
        keep(record.transacted[month, m], work.transacted[m], weight, begins)
        keep(record.inventory[month, m], state.inventory[m], scale, begins)
        keep(record.flow[month, m], work.released[m], one, begins)
        keep(record.intake[month, m], work.intake[m], one, begins)
    if record.sector.shape[1] > 0:
        for u in range(chain.uses.market.size):
            row = chain.uses.sector[u]
            # Uses of a sector in a region stand together, so the first of them begins the row.
            opens = begins and (u == 0 or chain.uses.sector[u - 1] != row)
            keep(record.sector[month, row], work.sold[u], one, opens)
    for r in range(record.route.shape[1]):
        slot = sent_row(chain, r, now)
        keep(record.route[month, r], state.route_ring[slot], one, begins)
    for u in range(record.destroyed.shape[0]):
        for lane in range(work.sold.shape[1]):
            record.destroyed[u, lane] += work.destroyed[u, lane] * chain.constants.dt
            record.rationed[u, lane] += work.use_wanted[u, lane] * chain.constants.dt - work.sold[u, lane]
    for k in range(record.rent.shape[0]):
        if any_positive(work.active[k]):
            _record_restriction(chain, k, now, state, work, record)


@kernel
def _record_restriction(chain: Chain, k, now, state: State, work: Work, record: Record):
    """Rent paid and exports not sent on the routes of a restriction in force; t times USD/kg is thousand USD."""
    rules, routes = chain.restrictions, chain.routes
    for pair in range(rules.route_start[k], rules.route_start[k + 1]):
        c = rules.route_control[pair]
        r = rules.controlled_route[c]
        slot = sent_row(chain, r, now)
        price = chain.markets.price[routes.origin[r]]
        usual = routes.flow[r] * chain.trend.route[r, now] * chain.constants.dt
        for lane in range(work.legal.shape[1]):
            claimed = work.legal[c, lane] + work.free[c, lane]
            legal = work.legal[c, lane] / claimed if claimed > ZERO else ZERO
            sent = state.route_ring[slot, lane]
            record.rent[k, lane] += work.rent_paid[k, lane] * legal * sent
            record.sender_loss[k, lane] += work.active[k, lane] * price * (usual - sent)
