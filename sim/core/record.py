"""What a run leaves behind, month by month (`MODEL.md`, section "Record")."""

from __future__ import annotations

from sim.core.jit import kernel
from sim.core.mathx import ZERO
from sim.core.restrictions import any_positive
from sim.core.state import Chain, Record, State, Work


@kernel
def add(row, first, values, scale):
    """Add one period of a block, times `scale`, to the runs from `first` of a monthly row."""
    for lane in range(values.size):
        row[first + lane] += scale * values[lane]


@kernel
def record_period(chain: Chain, now, month, first, weight, state: State, work: Work, record: Record):
    """Add a period to its month: prices and inventory with `weight` (an average), tonnes as they are."""
    one = chain.constants.dt / chain.constants.dt
    for m in range(record.price.shape[0]):
        scale = weight / chain.markets.inventory[m]
        add(record.price[m, month], first, work.price[m], weight)
        add(record.transacted[m, month], first, work.transacted[m], weight)
        add(record.inventory[m, month], first, state.inventory[m], scale)
        add(record.flow[m, month], first, work.released[m], one)
    for u in range(record.sold.shape[0]):
        add(record.sold[u, month], first, work.sold[u], one)
        add(record.destroyed[u, month], first, work.destroyed[u], chain.constants.dt)
        add(record.rationed[u, month], first, work.use_wanted[u], chain.constants.dt)
        add(record.rationed[u, month], first, work.sold[u], -one)
    for p in range(record.activity.shape[0]):
        add(record.activity[p, month], first, work.done[p], one)
    for r in range(record.route.shape[0]):
        add(record.route[r, month], first, work.shipment[r], one)
    for k in range(record.rent.shape[0]):
        if any_positive(work.active[k]):
            _record_restriction(chain, k, now, month, first, work, record)


@kernel
def _record_restriction(chain: Chain, k, now, month, first, work: Work, record: Record):
    """Rent paid and exports not sent on the routes of a restriction in force; t times USD/kg is thousand USD."""
    rules, routes = chain.restrictions, chain.routes
    for pair in range(rules.route_start[k], rules.route_start[k + 1]):
        c = rules.route_control[pair]
        r = rules.controlled_route[c]
        price = chain.markets.price[routes.origin[r]]
        usual = routes.flow[r] * chain.trend.route[r, now] * chain.constants.dt
        for lane in range(work.legal.shape[1]):
            claimed = work.legal[c, lane] + work.free[c, lane]
            legal = work.legal[c, lane] / claimed if claimed > ZERO else ZERO
            sent = work.shipment[r, lane]
            record.rent[k, month, first + lane] += work.rent_paid[k, lane] * legal * sent
            record.sender_loss[k, month, first + lane] += work.active[k, lane] * price * (usual - sent)
