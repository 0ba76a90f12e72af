"""Arrays of a block at the reference, and of its monthly record."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.core import fields
from sim.core.drivers import SIDES
from sim.core.state import Block, Chain, Floats, Record

LINE = 64
"""Bytes of a line of the cache; rows that begin at one are read without touching two for one vector."""


def zeros(shape: tuple[int, ...], kind: np.dtype[Any]) -> Floats:
    """Zeros that begin at a line of the cache. NumPy's own begin a quarter of one later."""
    size = math.prod(shape) * kind.itemsize
    room = np.zeros(size + LINE, dtype=np.uint8)
    begin = -room.ctypes.data % LINE
    return room[begin : begin + size].view(kind).reshape(shape)


def block_at_reference(chain: Chain, lanes: int) -> Block:
    """A block of runs at the reference, in the precision of the chain.

    Parameters
    ----------
    chain: The reference state.
    lanes: Runs simulated side by side.
    """
    markets = chain.markets
    kind = markets.inventory.dtype
    followed = chain.origins.share.size

    def rows(*shape: int) -> Floats:
        """An array with lanes last."""
        return zeros((*shape, lanes), kind)

    def alike(values: np.ndarray[Any, np.dtype[np.float64]]) -> Floats:
        """Rows that are the same in all lanes."""
        found = rows(len(values))
        found[...] = values[:, None]
        return found

    block = Block(
        market=rows(fields.MARKET_FIELDS, markets.size),
        process=rows(fields.PROCESS_FIELDS, chain.processes.size),
        input=rows(fields.INPUT_FIELDS, chain.inputs.size),
        route=rows(fields.ROUTE_FIELDS, chain.routes.size),
        use=rows(fields.USE_FIELDS, chain.uses.size),
        cohort=rows(fields.COHORT_FIELDS, chain.cohorts.size),
        sector=rows(fields.SECTOR_FIELDS, int(chain.uses.sector.max(initial=-1)) + 1),
        restriction=rows(fields.RESTRICTION_FIELDS, chain.rules.size),
        crossing=rows(fields.CROSSING_FIELDS, chain.crossings.size),
        plant=rows(fields.PLANT_FIELDS, chain.plants.size),
        scratch=rows(fields.SCRATCH_FIELDS),
        sums=rows(fields.SUM_FIELDS, int((chain.tiles.market_end - chain.tiles.market_begin).max(initial=0))),
        pipeline=alike(_pipelines(chain)),
        # One row that changes nothing, for all processes, where capacity does not answer.
        capacity=rows(fields.CAPACITY_FIELDS, max(chain.builders.size, 1)),
        skill=rows(fields.SKILL_FIELDS, chain.skills.size),
        project=rows(fields.PROJECT_FIELDS, chain.projects.size),
        origin=rows(fields.ORIGIN_FIELDS, followed),
        ledger=rows(SIDES * int(chain.drivers.years) * int(chain.drivers.accounts)),
        tagged=alike(_pipelines(chain, tagged=True)),
        reserve=rows(fields.RESERVE_FIELDS, chain.reserves.size),
        debt=rows(chain.drivers.debts.size),
        revenue=rows(revenue_rows(chain)),
        exports=rows(export_rows(chain)),
    )
    if followed:
        block.origin[fields.TAGGED] = (chain.origins.share * markets.inventory)[:, None]
        held = chain.origins.share[chain.reserves.market] * chain.reserves.opening
        block.reserve[fields.STOCK_TAGGED] = held[:, None]
    block.reserve[fields.STOCK] = chain.reserves.opening[:, None]
    block.market[fields.INVENTORY] = markets.inventory[:, None]
    block.market[fields.EXPECTED] = markets.outflow[:, None]
    block.market[fields.CONTRACT] = 1.0
    for fill in (fields.FILL_FIRST, fields.FILL_LOCAL, fields.FILL_EXPORT, fields.FILL_FIRM):
        block.market[fill] = 1.0
    block.scratch[fields.WHOLE] = 1.0
    block.process[fields.UTILISATION] = 1.0
    block.input[fields.INTENSITY] = 1.0
    block.cohort[fields.FULLNESS] = 1.0
    block.route[fields.ORDER] = chain.routes.flow[:, None]
    for whole in (fields.EXPANSION, fields.RUN_IN, fields.LEAD, fields.FIRST_YIELD):
        block.capacity[whole] = 1.0
    block.skill[fields.FREE_PEOPLE] = chain.skills.free[:, None]
    return block


def revenue_rows(chain: Chain) -> int:
    """Rows in which the revenue of makers is kept: years times places."""
    return int(chain.drivers.years) * (int(chain.drivers.places.max(initial=-1)) + 1)


def export_rows(chain: Chain) -> int:
    """Rows in which exports not sent are kept: years times regions."""
    return int(chain.drivers.years) * (int(chain.drivers.senders.max(initial=-1)) + 1)


def copy(block: Block) -> Block:
    """Another block in the same state."""
    other = Block(*(zeros(array.shape, array.dtype) for array in block))
    set_back(other, block)
    return other


def set_back(block: Block, start: Block) -> None:
    """Put a block into the state of another one, in its own memory."""
    for target, source in zip(block, start, strict=True):
        target[...] = source


def _pipelines(chain: Chain, *, tagged: bool = False) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Tonnes on their way at the reference, row of the pipelines by row; all of them, or the tagged part.

    There is no tagged part, not even rows, where origins are not followed.
    """
    markets, share = chain.markets, chain.origins.share
    if tagged and not share.size:
        return np.zeros(0)
    rows = np.zeros(int(markets.pipeline_rows.sum()))

    def fill(market: int, delay: int, part: float, tonnes: float) -> None:
        """Put a steady flow of `tonnes` a period on its way."""
        start = int(markets.pipeline[market])
        rows[start : start + delay] += tonnes
        if part > 0.0:
            rows[start + delay] += part * tonnes

    dt = float(chain.constants.dt)
    for process in chain.processes:
        feeds = chain.inputs.market[process.input_begin : process.input_end]
        diluted = float(share[feeds].max(initial=0.0)) if tagged else 1.0
        for j in range(process.output_begin, process.output_end):
            output = chain.outputs[j]
            made = float(output.coefficient) * float(process.activity) * dt
            counted = 1.0 if output.listed else diluted
            fill(output.market, process.delay, process.delay_part, counted * made)
    for route in chain.routes:
        counted = float(share[route.origin]) if tagged else 1.0
        fill(route.destination, route.delay, route.delay_part, counted * float(route.flow) * dt)
    return rows


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
    monthly = dict.fromkeys(("price", "transacted", "inventory", "flow", "intake"), chain.markets.size)
    sectors = int(chain.uses.sector.max(initial=-1)) + 1
    monthly |= dict.fromkeys(("sector", "stopped"), sectors)
    monthly |= {"route": chain.routes.size if traced_routes else 0, "content": chain.origins.share.size}
    monthly |= {"reserve": fields.RESERVE_RECORD * chain.reserves.size}
    total = dict.fromkeys(("destroyed", "rationed", "substituted"), chain.uses.size)
    total |= dict.fromkeys(("saved", "held_up"), chain.inputs.size)
    total |= dict.fromkeys(("rent", "sender_loss"), chain.rules.size)
    total |= {"capacity": chain.builders.size, "project_start": chain.projects.size}
    total |= {"ledger": SIDES * int(chain.drivers.years) * int(chain.drivers.accounts)}
    total |= {"revenue": revenue_rows(chain), "exports": export_rows(chain)}
    total |= {"lost": int(chain.drivers.years) * sectors}
    return Record(
        **{name: zeros((blocks, months, rows, lanes), kind) for name, rows in monthly.items()},
        **{name: zeros((blocks, rows, lanes), kind) for name, rows in total.items()},
    )


def of_block(record: Record, block: int) -> Record:
    """The part of a chunk's record that a block writes."""
    return Record(*(array[block] for array in record))


def no_record(chain: Chain) -> Record:
    """A record without rows, for callers that look at the state only."""
    kind = chain.markets.inventory.dtype
    totals = (
        *("destroyed", "rationed", "substituted", "saved", "held_up"),
        *("rent", "sender_loss", "capacity", "project_start", "ledger", "revenue", "exports", "lost"),
    )
    shapes = {name: (0, 0) if name in totals else (0, 0, 0) for name in Record._fields}
    return Record(**{name: np.zeros(shape, dtype=kind) for name, shape in shapes.items()})
