"""Numbers of the reduced chain, and the export stops that are drawn for its runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

PERIODS = 120
STAGES = 4
DEMAND = (100.0, 40.0, 25.0)
"""At the reference price, t a period, by region."""
LEAD = (2, 1, 3, 2)
"""Periods that a shipment to each stage takes."""
COVER = (1.0, 1.0, 2.0, 3.0)
"""Inventory of each stage at the reference, periods of demand."""
SLOPE, ELASTICITY, HIGHEST = 0.8, 0.3, 8.0
LEAST = 1e-6
"""What is on hand counts as at least this share of the reference where it makes the price."""
STOPPED_STAGE = 1
"""The stage whose shipments stop: separation."""
STRUCK = (False, True, True)
"""Whether an export stop strikes each region."""
REGIONS = len(DEMAND)
STAGE_STEPS = STAGES * REGIONS * PERIODS
"""Stage-steps of one run."""


class Stops(NamedTuple):
    """Export stops, by run."""

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    """First period in which exports are free again."""


class Paths(NamedTuple):
    """What is kept of each run, shape (period, region, run)."""

    price: NDArray[np.floating]
    owed: NDArray[np.floating]
    """Claims for magnets not yet served, t."""


def stops(runs: int, *, seed: int = 1) -> Stops:
    """Export stops of the first runs of a seed."""
    rng = np.random.Generator(np.random.Philox(seed))
    drawn = rng.random((runs, 2))
    begin = 6 + (drawn[:, 0] * 54).astype(np.int64)
    return Stops(begin, begin + 3 + (drawn[:, 1] * 21).astype(np.int64))


def farthest(found: Paths, other: Paths) -> float:
    """Largest difference of two answers, over the demand of the region for tonnes, and over the price."""
    demand = np.array(DEMAND)[:, None]
    price = np.abs(np.asarray(found.price, dtype=float) / other.price - 1.0).max()
    owed = np.abs((np.asarray(found.owed, dtype=float) - other.owed) / demand).max()
    return float(max(price, owed))
