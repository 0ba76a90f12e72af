"""The reduced chain as oreflow's core is written: compiled, a block of runs side by side, lanes innermost."""

from __future__ import annotations

import numpy as np

from benchmarks.against.model import (
    COVER,
    DEMAND,
    ELASTICITY,
    HIGHEST,
    LEAD,
    LEAST,
    PERIODS,
    REGIONS,
    SLOPE,
    STAGES,
    STRUCK,
    Paths,
    Stops,
)
from sim.core.full import LANES
from sim.core.jit import entry, kernel
from sim.core.mathx import ONE, ZERO, clip, exp, log

_DEMAND, _COVER = np.array(DEMAND, dtype=np.float32), np.array(COVER, dtype=np.float32)
_STRUCK, _LEAD, _LONGEST = np.array(STRUCK), np.array(LEAD), max(LEAD)
_LEAST, _DEAREST = np.float32(LEAST), np.float32(np.log(HIGHEST))
_SLOPE, _ELASTICITY = np.float32(-SLOPE), np.float32(-ELASTICITY)


def simulate(stops: Stops, room: Paths | None = None) -> Paths:
    """Simulate all runs, block after block; `room` is what an earlier call of as many runs returned.

    The last block is filled with runs without a stop.
    """
    runs = stops.begin.size
    padded = -(-runs // LANES) * LANES
    begin, end = np.full(padded, PERIODS, dtype=np.int32), np.full(padded, PERIODS, dtype=np.int32)
    begin[:runs], end[:runs] = stops
    if room is None:
        shape = (padded // LANES, PERIODS, REGIONS, LANES)
        room = Paths(*(np.moveaxis(np.empty(shape, dtype=np.float32), 0, -2) for _ in range(2)))
    paths = [np.moveaxis(path, -2, 0) for path in room]
    hand, claims = (np.empty((STAGES, LANES), dtype=np.float32) for _ in range(2))
    ways = np.empty((STAGES, _LONGEST, LANES), dtype=np.float32)
    for block in range(padded // LANES):
        lanes = slice(block * LANES, (block + 1) * LANES)
        _block(begin[lanes], end[lanes], hand, claims, ways, paths[0][block], paths[1][block])
    return room


def by_run(room: Paths, runs: int) -> Paths:
    """Paths of blocks as paths of runs, the filling of the last block left out."""
    return Paths(*(path.reshape(PERIODS, REGIONS, -1)[..., :runs] for path in room))


@entry
def _block(begin, end, hand, claims, ways, price, owed):  # type: ignore[no-untyped-def]
    """All periods of a block, region after region."""
    for region in range(REGIONS):
        demand, struck = _DEMAND[region], _STRUCK[region]
        per_reference = ONE / (_COVER[STAGES - 1] * demand)
        for stage in range(STAGES):
            hand[stage, :] = _COVER[stage] * demand
            claims[stage, :] = ZERO
            ways[stage] = demand
        for now in range(PERIODS):
            way = (ways[0, now % _LEAD[0]], ways[1, now % _LEAD[1]], ways[2, now % _LEAD[2]], ways[3, now % _LEAD[3]])
            first, last = (begin, end) if struck else (end, end)
            paths = price[now, region], owed[now, region]
            _period(np.int32(now), demand, per_reference, first, last, hand, claims, way, *paths)


@kernel
def _period(now, demand, per_reference, begin, end, hand, claims, way, price, owed):  # type: ignore[no-untyped-def]
    """One period of a region: price, demand, and every stage in turn, all in one loop over lanes."""
    for lane in range(LANES):
        dear = clip(_SLOPE * log(max(hand[3, lane] * per_reference, _LEAST)), ZERO, _DEAREST)
        price[lane] = exp(dear)
        asked = demand * exp(_ELASTICITY * dear)
        free = ZERO if begin[lane] <= now < end[lane] else ONE
        sent = _ship(hand[0], claims[0], way[0], lane, asked, asked, ONE)
        sent = _ship(hand[1], claims[1], way[1], lane, asked, sent, free)
        sent = _ship(hand[2], claims[2], way[2], lane, asked, sent, ONE)
        _ship(hand[3], claims[3], way[3], lane, asked, sent, ONE)
        owed[lane] = claims[3, lane]


@kernel
def _ship(hand, claims, way, lane, asked, sent, free):  # type: ignore[no-untyped-def]
    """What a stage ships, after arrivals and claims; `sent` by the stage before goes on its way."""
    there, wanted = hand[lane] + way[lane], claims[lane] + asked
    way[lane] = sent
    leaves = free * min(there, wanted)
    hand[lane], claims[lane] = there - leaves, wanted - leaves
    return leaves
