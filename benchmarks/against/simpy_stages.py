"""The reduced chain in SimPy: a process for each stage of each region; shipments arrive as events."""

from __future__ import annotations

from collections.abc import Iterator
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

SHIPPING = 0.5
"""Part of a period after which stages ship: claims are made at its beginning, arrivals come with it."""


class Stage:
    """A stage of a region: what it holds, owes, and is asked for."""

    def __init__(self, env: Any, number: int, demand: float) -> None:
        """Begin at the reference, with shipments on their way."""
        self.env, self.number, self.demand = env, number, demand
        self.hand, self.owed, self.asked = COVER[number] * demand, 0.0, demand
        for period in range(LEAD[number]):
            env.process(self.arrive(demand, period))

    def arrive(self, tonnes: float, delay: float) -> Iterator[Any]:
        """A shipment on its way."""
        yield self.env.timeout(delay)
        self.hand += tonnes


def simulate(stops: Stops) -> Paths:
    """Simulate all runs, each region in an environment of its own."""
    paths = Paths(*(np.empty((PERIODS, REGIONS, stops.begin.size)) for _ in range(2)))
    for run in range(stops.begin.size):
        for region in range(REGIONS):
            stop = (stops.begin[run], stops.end[run]) if STRUCK[region] else (PERIODS, PERIODS)
            _region(region, stop, paths.price[:, region, run], paths.owed[:, region, run])
    return paths


def _region(region: int, stop: tuple[int, int], price: Any, owed: Any) -> None:
    """One region of one run."""
    import simpy

    env = simpy.Environment()
    stages = [Stage(env, number, DEMAND[region]) for number in range(STAGES)]
    env.process(_buyers(env, stages, price))
    for stage in stages:
        later = stages[stage.number + 1] if stage.number + 1 < STAGES else None
        env.process(_ship(env, stage, later, stop if stage.number == STOPPED_STAGE else (PERIODS, PERIODS), owed))
    env.run(until=PERIODS)


def _buyers(env: Any, stages: list[Stage], price: Any) -> Iterator[Any]:
    """Prices, and claims that every stage passes on at once."""
    last = stages[-1]
    reference = COVER[-1] * last.demand
    hand = last.hand
    for now in range(PERIODS):
        price[now] = min(max(max(hand / reference, LEAST) ** -SLOPE, 1.0), HIGHEST)
        for stage in stages:
            stage.asked = last.demand * price[now] ** -ELASTICITY
            stage.owed += stage.asked
        yield env.timeout(SHIPPING + 0.25)  # after this period's shipments, before the next one's arrivals
        hand = last.hand
        yield env.timeout(1.0 - SHIPPING - 0.25)


def _ship(env: Any, stage: Stage, later: Stage | None, stop: tuple[int, int], owed: Any) -> Iterator[Any]:
    """Shipments of a stage, and of nature where it is the first."""
    yield env.timeout(SHIPPING)
    for now in range(PERIODS):
        sent = 0.0 if stop[0] <= now < stop[1] else min(stage.hand, stage.owed)
        stage.hand -= sent
        stage.owed -= sent
        if later is None:
            owed[now] = stage.owed
        else:
            env.process(later.arrive(sent, LEAD[later.number] - SHIPPING))
        if stage.number == 0:
            env.process(stage.arrive(stage.asked, LEAD[0] - SHIPPING))
        yield env.timeout(1.0)
