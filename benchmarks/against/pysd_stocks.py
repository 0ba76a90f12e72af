"""The reduced chain in PySD: stocks, flows and fixed delays of one region, run once for each region of each run."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

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

CONTROL = f"""
demand = 100 ~~|
begin = 0 ~~|
end = 0 ~~|
price = MIN(MAX(MAX(hand {STAGES - 1} / ({COVER[-1]} * demand), {LEAST}) ^ (-{SLOPE}), 1), {HIGHEST}) ~~|
asked = demand * price ^ (-{ELASTICITY}) ~~|
open = IF THEN ELSE(Time >= begin :AND: Time < end, 0, 1) ~~|
left = owed {STAGES - 1} + asked - sent {STAGES - 1} ~~|
INITIAL TIME = 0 ~~|
FINAL TIME = {PERIODS - 1} ~~|
TIME STEP = 1 ~~|
SAVEPER = TIME STEP ~~|
"""
STAGE = """
arrived {i} = DELAY FIXED({supply}, {lead}, demand) ~~|
sent {i} = MIN(hand {i} + arrived {i}, owed {i} + asked) * {open} ~~|
hand {i} = INTEG(arrived {i} - sent {i}, {cover} * demand) ~~|
owed {i} = INTEG(asked - sent {i}, 0) ~~|
"""


def equations() -> str:
    """One region in Vensim's language, which PySD translates."""
    stages = [
        STAGE.format(
            i=i,
            supply=f"sent {i - 1}" if i else "asked",
            lead=LEAD[i],
            cover=COVER[i],
            open="open" if i == STOPPED_STAGE else "1",
        )
        for i in range(STAGES)
    ]
    return "{UTF-8}\n" + "".join(stages) + CONTROL


@lru_cache(maxsize=1)
def _translated() -> Any:
    """The model as PySD made it."""
    import pysd

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "region.mdl"
        path.write_text(equations(), encoding="utf-8")
        return pysd.read_vensim(str(path))


def simulate(stops: Stops) -> Paths:
    """Simulate all runs, one region after the other."""
    model = _translated()
    paths = Paths(*(np.empty((PERIODS, REGIONS, stops.begin.size)) for _ in range(2)))
    for run in range(stops.begin.size):
        for region in range(REGIONS):
            begin, end = (int(stops.begin[run]), int(stops.end[run])) if STRUCK[region] else (PERIODS, PERIODS)
            given = {"demand": DEMAND[region], "begin": begin, "end": end}
            found = model.run(params=given, return_columns=["price", "left"])
            paths.price[:, region, run], paths.owed[:, region, run] = found["price"], found["left"]
    return paths
