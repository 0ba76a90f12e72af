"""Material that moves: arrivals, production, shipments, sales (`MODEL.md`, sections 2 and 9)."""

from __future__ import annotations

from sim.core.jit import kernel
from sim.core.mathx import ONE, ZERO
from sim.core.state import Chain, State, Work


@kernel
def ring_row(start, length, entered):
    """Row of a pipeline of `length` rows that took in the flow of period `entered` (which may lie before the start)."""
    return start + (entered % length + length) % length


@kernel
def sent_row(chain: Chain, r, now):
    """Row of a route's pipeline that takes in this period's shipment."""
    routes = chain.routes
    return ring_row(routes.ring[r], routes.ring[r + 1] - routes.ring[r], now)


@kernel
def arrive(chain: Chain, now, state: State, work: Work):
    """Move what arrives this period from inbound to inventory."""
    for m in range(chain.markets.inventory.size):
        for lane in range(work.arrived.shape[1]):
            work.arrived[m, lane] = ZERO
    _arrive_from_routes(chain, now, state, work)
    _arrive_from_processes(chain, now, state, work)
    for m in range(chain.markets.inventory.size):
        for lane in range(work.arrived.shape[1]):
            state.inventory[m, lane] += work.arrived[m, lane]
            state.inbound[m, lane] -= work.arrived[m, lane]


@kernel
def _arrive_from_routes(chain: Chain, now, state: State, work: Work):
    routes = chain.routes
    for r in range(routes.origin.size):
        d, start, part = routes.destination[r], routes.ring[r], routes.delay_part[r]
        length = routes.ring[r + 1] - start
        on_time = ring_row(start, length, now - routes.delay[r])
        if part > ZERO:
            late = ring_row(start, length, now - routes.delay[r] - 1)
            for lane in range(work.arrived.shape[1]):
                arrived = (ONE - part) * state.route_ring[on_time, lane] + part * state.route_ring[late, lane]
                work.arrived[d, lane] += arrived
        else:
            for lane in range(work.arrived.shape[1]):
                work.arrived[d, lane] += state.route_ring[on_time, lane]


@kernel
def _arrive_from_processes(chain: Chain, now, state: State, work: Work):
    processes = chain.processes
    for p in range(processes.activity.size):
        start, part = processes.ring[p], processes.delay_part[p]
        length = processes.ring[p + 1] - start
        on_time = ring_row(start, length, now - processes.delay[p])
        late = ring_row(start, length, now - processes.delay[p] - 1)
        for row in range(processes.output_start[p], processes.output_start[p + 1]):
            m, coefficient = processes.output_market[row], processes.output_coefficient[row]
            for lane in range(work.arrived.shape[1]):
                activity = (ONE - part) * state.process_ring[on_time, lane] + part * state.process_ring[late, lane]
                work.arrived[m, lane] += coefficient * activity


@kernel
def produce(chain: Chain, now, state: State, work: Work):
    """Run every process at the lowest fill of its inputs; draw inputs, start outputs."""
    processes = chain.processes
    dt = chain.constants.dt
    for p in range(processes.activity.size):
        slot = ring_row(processes.ring[p], processes.ring[p + 1] - processes.ring[p], now)
        for lane in range(work.done.shape[1]):
            work.choke[0, lane] = ONE
        for row in range(processes.input_start[p], processes.input_start[p + 1]):
            m = processes.input_market[row]
            for lane in range(work.done.shape[1]):
                work.choke[0, lane] = min(work.choke[0, lane], work.fill_local[m, lane])
        for lane in range(work.done.shape[1]):
            done = work.wanted[p, lane] * work.choke[0, lane] * dt
            work.done[p, lane] = done
            state.process_ring[slot, lane] = done
        for row in range(processes.input_start[p], processes.input_start[p + 1]):
            m, coefficient = processes.input_market[row], processes.input_coefficient[row]
            for lane in range(work.done.shape[1]):
                work.released[m, lane] += coefficient * state.intensity[row, lane] * work.done[p, lane]
                work.intake[m, lane] += coefficient * work.done[p, lane]
        for row in range(processes.output_start[p], processes.output_start[p + 1]):
            m, coefficient = processes.output_market[row], processes.output_coefficient[row]
            for lane in range(work.done.shape[1]):
                state.inbound[m, lane] += coefficient * work.done[p, lane]


@kernel
def ship(chain: Chain, now, state: State, work: Work):
    """Send the filled part of every export claim on its way."""
    routes = chain.routes
    dt = chain.constants.dt
    for r in range(routes.origin.size):
        o, d = routes.origin[r], routes.destination[r]
        slot = sent_row(chain, r, now)
        for lane in range(work.released.shape[1]):
            sent = state.route_ring[slot, lane] * work.fill_export[o, lane] * dt
            state.route_ring[slot, lane] = sent
            work.released[o, lane] += sent
            state.inbound[d, lane] += sent


@kernel
def sell(chain: Chain, work: Work):
    """Deliver the filled part of what users want."""
    uses = chain.uses
    dt = chain.constants.dt
    for u in range(uses.market.size):
        m = uses.market[u]
        for lane in range(work.sold.shape[1]):
            fill = work.fill_first[m, lane] if uses.priority[u] > 0 else work.fill_local[m, lane]
            sold = work.use_wanted[u, lane] * fill * dt
            work.sold[u, lane] = sold
            work.released[m, lane] += sold
            work.intake[m, lane] += sold


@kernel
def draw_down(chain: Chain, state: State, work: Work):
    """Take what was released and disposed of from inventory."""
    for m in range(chain.markets.inventory.size):
        for lane in range(work.released.shape[1]):
            left = state.inventory[m, lane] - (work.released[m, lane] + work.dumped[m, lane])
            state.inventory[m, lane] = max(left, ZERO)
