"""What a block moved in the period just simulated, worked out from its state in double precision."""

from __future__ import annotations

import numpy as np

from sim.core import fields
from tests.core.arrays import Block
from tests.core.described import SmallChain


def inbound(block: Block) -> np.ndarray:
    """What the pipelines hold for each market and lane, t in double precision."""
    starts = block.chain.markets.pipeline
    total: np.ndarray = np.add.reduceat(block.runs.pipeline.astype(float), starts, axis=0)
    return total


def sent(small: SmallChain, block: Block) -> np.ndarray:
    """What the period just simulated put on its way to each market, from the activity and shipments it records; t."""
    total = np.zeros((len(small.markets), block.runs.market.shape[2]))
    for process, done in zip(small.processes, activity(small, block), strict=True):
        for output in process.outputs:
            total[output.market] += output.coefficient * done
    for route, shipped in zip(small.routes, shipments(block), strict=True):
        total[route.destination] += shipped
    return total


def activity(small: SmallChain, block: Block) -> np.ndarray:
    """What each process did in the last period, t; shape (process, lane)."""
    fill = block.work.fill_local.astype(float)
    one = np.ones(fill.shape[1])
    lowest = [np.min([one, *(fill[feed.market] for feed in p.inputs)], axis=0) for p in small.processes]
    done: np.ndarray = block.work.wanted.astype(float) * np.array(lowest) * small.dt
    return done


def sales(small: SmallChain, block: Block) -> np.ndarray:
    """What each use bought in the last period, where its buyers keep no stock; t, shape (use, lane)."""
    work = block.work
    fills = [(work.fill_first if use.priority else work.fill_local)[use.market] for use in small.uses]
    bought: np.ndarray = work.use_wanted.astype(float) * np.array(fills) * small.dt
    return bought


def stocks(small: SmallChain, block: Block) -> np.ndarray:
    """Stocks of the users' own without growth, t; shape (use, lane)."""
    targets = [share * cover * use.demand for use in small.uses for share, cover in use.cohorts]
    starts = block.chain.uses.cohort_begin
    held: np.ndarray = np.add.reduceat(block.state.fullness.astype(float) * np.array(targets)[:, None], starts, axis=0)
    return held


def shipments(block: Block) -> np.ndarray:
    """What each route shipped in the last period, t; shape (route, lane)."""
    asked = block.state.order.astype(float)
    for c, crossing in enumerate(block.chain.crossings):
        asked[crossing.route] = block.runs.crossing[fields.FREE, c] + block.runs.crossing[fields.LEGAL, c]
    fill = block.work.fill_export[block.chain.routes.origin]
    return np.asarray(asked * fill * float(block.chain.constants.dt))
