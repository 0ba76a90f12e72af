"""Arrays of a block: the state at the reference, scratch, and the monthly record."""

from __future__ import annotations

import numpy as np

from sim.core.state import Chain, Floats, Record, State, Work


def initial_state(chain: Chain, lanes: int) -> State:
    """State of a block of runs at the reference, in the precision of the chain.

    Parameters
    ----------
    chain: The reference state.
    lanes: Runs simulated side by side.

    Returns
    -------
    Arrays of shape (entity, lane).
    """
    markets, processes, routes, rules = chain.markets, chain.processes, chain.routes, chain.restrictions
    kind = markets.inventory.dtype

    def level(values: Floats) -> Floats:
        return np.repeat(values.astype(kind)[:, None], lanes, axis=1)

    def full(rows: int, value: float) -> Floats:
        return np.full((rows, lanes), value, dtype=kind)

    count = markets.inventory.size
    return State(
        inventory=level(markets.inventory),
        inbound=level(markets.inbound),
        log_price=full(count, 0),
        average=full(count, 0),
        anchor=full(count, 0),
        contract=full(count, 1),
        expected=level(markets.outflow),
        threat=full(count, 0),
        habit=full(count, 0),
        utilisation=full(processes.activity.size, 1),
        intensity=full(processes.input_market.size, 1),
        order=level(routes.flow),
        queue=full(rules.controlled_route.size, 0),
        rent=full(rules.kind.size, 0),
        substituted=full(chain.uses.market.size, 0),
        process_ring=level(np.repeat(processes.activity, np.diff(processes.ring)) * chain.constants.dt),
        route_ring=level(np.repeat(routes.flow, np.diff(routes.ring)) * chain.constants.dt),
    )


def work_space(chain: Chain, lanes: int) -> Work:
    """Scratch of a block, zeroed; shapes as in `Work`."""
    rows = {
        "market": chain.markets.inventory.size,
        "process": chain.processes.activity.size,
        "use": chain.uses.market.size,
        "restriction": chain.restrictions.kind.size,
        "restricted route": chain.restrictions.controlled_route.size,
        "restricted process": chain.restrictions.controlled_process.size,
        "one": 1,
    }
    entity = {
        **dict.fromkeys(("active", "level", "fresh", "alarm", "rent_paid"), "restriction"),
        **dict.fromkeys(("withheld", "licensed", "approval", "processing", "throughput"), "restricted route"),
        **dict.fromkeys(("duty", "leakage", "route_rent", "legal", "free"), "restricted route"),
        **dict.fromkeys(("factor", "quota"), "restricted process"),
        **dict.fromkeys(("total", "cost", "revenue", "choke"), "one"),
        **dict.fromkeys(("wanted", "done"), "process"),
        **dict.fromkeys(("service", "use_wanted", "destroyed", "replaced", "sold"), "use"),
    }
    kind = chain.markets.inventory.dtype
    return Work(*(np.zeros((rows[entity.get(name, "market")], lanes), dtype=kind) for name in Work._fields))


def monthly_record(chain: Chain, months: int, runs: int, *, traced_routes: bool = False) -> Record:
    """A zeroed record of a chunk of runs.

    Parameters
    ----------
    months: Months recorded.
    runs: Runs of the chunk, a multiple of the lanes.
    traced_routes: Whether to record shipments on every route; they need as much memory as all else.
    """
    kind = chain.markets.inventory.dtype
    uses, processes = chain.uses.market.size, chain.processes.activity.size

    markets, restrictions = chain.markets.inventory.size, chain.restrictions.kind.size
    routes = chain.routes.origin.size if traced_routes else 0
    monthly = dict.fromkeys(("price", "transacted", "inventory", "flow"), markets)
    monthly |= {"consumed": uses + processes, "route": routes}
    total = dict.fromkeys(("destroyed", "rationed"), uses) | dict.fromkeys(("rent", "sender_loss"), restrictions)
    return Record(
        **{name: np.zeros((months, rows, runs), dtype=kind) for name, rows in monthly.items()},
        **{name: np.zeros((rows, runs), dtype=kind) for name, rows in total.items()},
    )


def no_record(chain: Chain) -> Record:
    """A record without rows, for callers that look at the state only."""
    kind = chain.markets.inventory.dtype
    totals = ("destroyed", "rationed", "rent", "sender_loss")
    shapes = {name: (0, 0) if name in totals else (0, 0, 0) for name in Record._fields}
    return Record(**{name: np.zeros(shape, dtype=kind) for name, shape in shapes.items()})
