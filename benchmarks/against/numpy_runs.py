"""The reduced chain in NumPy: all runs at once, an operation at a time."""

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
    STOPPED_STAGE,
    STRUCK,
    Paths,
    Stops,
)


def simulate(stops: Stops, room: Paths | None = None, *, kind: type = np.float32) -> Paths:
    """Simulate all runs.

    Parameters
    ----------
    stops: Export stops, by run.
    room: Paths of as many runs to write to; made anew by default.
    kind: Precision.
    """
    shape = (PERIODS, REGIONS, stops.begin.size)
    paths = Paths(*(np.empty(shape, dtype=kind) for _ in range(2))) if room is None else room
    for region in range(REGIONS):
        _region(region, stops, kind, paths)
    return paths


def _region(region: int, stops: Stops, kind: type, paths: Paths) -> None:
    """One region of all runs; regions do not meet."""
    runs, demand = stops.begin.size, kind(DEMAND[region])
    hand = np.repeat(np.array(COVER, dtype=kind)[:, None] * demand, runs, axis=1)
    owed = np.zeros((STAGES, runs), dtype=kind)
    ways = [np.full((lead, runs), demand, dtype=kind) for lead in LEAD]
    reference, highest = kind(COVER[-1]) * demand, kind(np.log(HIGHEST))
    for now in range(PERIODS):
        dear = np.clip(kind(-SLOPE) * np.log(np.maximum(hand[-1] / reference, kind(LEAST))), kind(0), highest)
        price = np.exp(dear)
        asked = demand * np.exp(kind(-ELASTICITY) * dear)
        sent = asked
        for stage in range(STAGES):
            row = now % LEAD[stage]
            hand[stage] += ways[stage][row]
            ways[stage][row] = sent
            owed[stage] += asked
            sent = np.minimum(hand[stage], owed[stage])
            if stage == STOPPED_STAGE and STRUCK[region]:
                sent[(stops.begin <= now) & (now < stops.end)] = 0
            hand[stage] -= sent
            owed[stage] -= sent
        paths.price[now, region], paths.owed[now, region] = price, owed[-1]
