"""The reduced chain compiled for one run at a time."""

from __future__ import annotations

import math

import numba
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
    STOPPED_STAGE,
    STRUCK,
    Paths,
    Stops,
)
from sim.core.jit import OPTIONS

_DEMAND, _COVER = np.array(DEMAND, dtype=np.float32), np.array(COVER, dtype=np.float32)
_STRUCK, _LEAD, _LONGEST = np.array(STRUCK), np.array(LEAD), max(LEAD)
_LEAST, _DEAREST, _ZERO = (np.float32(value) for value in (LEAST, math.log(HIGHEST), 0))
_SLOPE, _ELASTICITY = np.float32(-SLOPE), np.float32(-ELASTICITY)


def simulate(stops: Stops, room: Paths | None = None) -> Paths:
    """Simulate all runs, one after another; `room` is what an earlier call of as many runs returned."""
    if room is None:  # Runs in front, as one run at a time wants them.
        made = [np.empty((stops.begin.size, PERIODS, REGIONS), dtype=np.float32) for _ in range(2)]
        room = Paths(*(np.moveaxis(array, 0, -1) for array in made))
    _runs(stops.begin, stops.end, *(np.moveaxis(array, -1, 0) for array in room))
    return room


@numba.njit(**OPTIONS)
def _runs(begin, end, price, owed):  # type: ignore[no-untyped-def]
    """Every run and region in turn."""
    hand, claims = np.empty(STAGES, np.float32), np.empty(STAGES, np.float32)
    ways = np.empty((STAGES, _LONGEST), np.float32)
    for run in range(begin.size):
        for region in range(REGIONS):
            _region(region, begin[run], end[run], hand, claims, ways, price[run, :, region], owed[run, :, region])


@numba.njit(**OPTIONS)
def _region(region, begin, end, hand, claims, ways, price, owed):  # type: ignore[no-untyped-def]
    """One region of one run."""
    demand = _DEMAND[region]
    for stage in range(STAGES):
        hand[stage], claims[stage] = _COVER[stage] * demand, _ZERO
        ways[stage, :] = demand
    reference = _COVER[STAGES - 1] * demand
    for now in range(PERIODS):
        dear = min(max(_SLOPE * math.log(max(hand[STAGES - 1] / reference, _LEAST)), _ZERO), _DEAREST)
        asked = demand * math.exp(_ELASTICITY * dear)
        sent = asked
        for stage in range(STAGES):
            row = now % _LEAD[stage]
            hand[stage] += ways[stage, row]
            ways[stage, row] = sent
            claims[stage] += asked
            sent = min(hand[stage], claims[stage])
            if stage == STOPPED_STAGE and _STRUCK[region] and begin <= now < end:
                sent = _ZERO
            hand[stage] -= sent
            claims[stage] -= sent
        price[now], owed[now] = math.exp(dear), claims[STAGES - 1]
