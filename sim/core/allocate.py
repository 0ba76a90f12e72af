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
        **dict.fromkeys(("struck", "active", "level", "fresh", "alarm", "rent_paid"), "restriction"),
        **dict.fromkeys(("withheld", "licensed", "approval", "processing", "throughput"), "restricted route"),
        **dict.fromkeys(("duty", "leakage", "route_rent", "legal", "free"), "restricted route"),
        **dict.fromkeys(("factor", "quota"), "restricted process"),
        **dict.fromkeys(("total", "cost", "revenue", "choke", "pinched", "target", "lacking"), "one"),
        **dict.fromkeys(("wanted", "done"), "process"),
        **dict.fromkeys(("use_wanted", "destroyed", "sold"), "use"),
    }
    kind = chain.markets.inventory.dtype
    arrays = {name: np.zeros((rows[entity.get(name, "market")], lanes), dtype=kind) for name in Work._fields}
    # Processing times of licences are set from the rules; where there are none a queue would pass at once.
    arrays["processing"][...] = 1.0
    return Work(**arrays)


def monthly_record(chain: Chain, months: int, blocks: int, lanes: int, *, traced_routes: bool = False) -> Record:
    """A zeroed record of a chunk of runs, with an axis of blocks in front; `of_block` takes one out.

    Parameters
    ----------
    months: Months recorded.
    blocks: Blocks of the chunk.
    lanes: Runs of a block.
    traced_routes: Whether to record shipments on every route; they need as much memory as all else.
    """
    kind = chain.markets.inventory.dtype
    markets, restrictions = chain.markets.inventory.size, chain.restrictions.kind.size
    uses = chain.uses.market.size
    monthly = dict.fromkeys(("price", "transacted", "inventory", "flow", "intake"), markets)
    monthly |= {"sector": int(chain.uses.sector.max(initial=-1)) + 1}
    monthly |= {"route": chain.routes.origin.size if traced_routes else 0}
    total = dict.fromkeys(("destroyed", "rationed"), uses) | dict.fromkeys(("rent", "sender_loss"), restrictions)
    return Record(
        **{name: np.zeros((blocks, months, rows, lanes), dtype=kind) for name, rows in monthly.items()},
        **{name: np.zeros((blocks, rows, lanes), dtype=kind) for name, rows in total.items()},
    )


def of_block(record: Record, block: int) -> Record:
    """The part of a chunk's record that a block writes."""
    return Record(*(array[block] for array in record))


def no_record(chain: Chain) -> Record:
    """A record without rows, for callers that look at the state only."""
    kind = chain.markets.inventory.dtype
    totals = ("destroyed", "rationed", "rent", "sender_loss")
    shapes = {name: (0, 0) if name in totals else (0, 0, 0) for name in Record._fields}
    return Record(**{name: np.zeros(shape, dtype=kind) for name, shape in shapes.items()})
