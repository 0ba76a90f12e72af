"""The compiled core against the second implementation, on random chains under random restrictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import small_chains, small_shocks
from tests.core import arrays
from tests.core.described import Event, Process, Route, SmallChain
from tests.core.reference_capacity import Plant
from tests.reference import Run

MODEST = settings(
    deadline=None, max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=(Phase.explicit, Phase.generate),  # a chain grows from a number: a smaller one is no simpler chain
)  # fmt: skip
PERIODS = 60
RUNS = 4

# Single precision rounds each of some thirty operations a period at 6e-8, and momentum, threat and rationing carry
# an error on with a gain above one for some periods: 1e-3 of the reference level is far below what a wrong term makes.
TOLERANCE = {np.float64: 1e-9, np.float32: 1e-3}


def expected_state(small: SmallChain, run: Run) -> dict[str, np.ndarray]:
    """The state of the reference in the layout of a block."""
    lists = {name: getattr(run, name) for name in arrays.NAMES if hasattr(run, name)}
    lists["intensity"] = [theta for row in run.intensity for theta in row]
    lists["queue"] = [run.queue[r] for r in arrays.controlled_routes(small)]
    lists["pipeline"] = expected_pipelines(small, run)
    lists["tagged"] = run.origin.tagged
    for name in ("level", "lacked"):
        lists[name] = [getattr(stock, name) for stock in run.stockpiles.stocks]
    lists["coming"] = [0.0 for _ in run.stockpiles.stocks]
    lists["level_tagged"] = [stock.tagged if small.followed else 0.0 for stock in run.stockpiles.stocks]
    lists["tagged_pipeline"] = expected_tagged(small, run) if small.followed else []
    lists |= expected_capacity(run)
    return {name: np.array(lists[name], dtype=float) for name in arrays.NAMES}


def expected_capacity(run: Run) -> dict[str, list[float]]:
    """Capacity of the reference; one row at rest where none answers."""
    plants = run.capacities.plants if run.capacities else [Plant()]
    own = ("margin", "spread", "run_in", "expansion", "added")
    return {
        **{name: [getattr(plant, name) for plant in plants] for name in own},
        "under_way": [sum(plant.stages) for plant in plants],
        "starting": [plant.stages[4] for plant in plants],
        "running_in": [plant.stages[5] for plant in plants],
        "free_people": run.capacities.free if run.capacities else [],
        "clock": run.capacities.clocks if run.capacities else [],
    }


class Due:
    """What is still to arrive at each market, period by period, from flows under way."""

    def __init__(self, small: SmallChain, now: int) -> None:
        self.now, self.rows = now, arrays.pipeline_rows(small)
        self.due = [[0.0] * length for length in self.rows]

    def add(self, market: int, entity: Process | Route, pipe: Sequence[float], scale: float) -> None:
        """Add what a process or route has sent, newest first."""
        rows = self.rows[market]
        for age in range(1, entity.delay + 2):
            for delay, share in ((entity.delay, 1 - entity.delay_part), (entity.delay + 1, entity.delay_part)):
                if delay >= age and share > 0:
                    self.due[market][(self.now - age + delay) % rows] += scale * share * pipe[age - 1]

    @property
    def tonnes(self) -> list[float]:
        """Row by row, as a block has them."""
        return [tonnes for row in self.due for tonnes in row]


def expected_pipelines(small: SmallChain, run: Run) -> list[float]:
    """What the reference has under way."""
    due = Due(small, run.now)
    for process, pipe in zip(small.processes, run.process_pipeline, strict=True):
        for output in process.outputs:
            due.add(output.market, process, pipe, output.coefficient)
    for route, pipe in zip(small.routes, run.route_pipeline, strict=True):
        due.add(route.destination, route, pipe, 1.0)
    return due.tonnes


def expected_tagged(small: SmallChain, run: Run) -> list[float]:
    """The tagged part of it."""
    due = Due(small, run.now)
    for process, pipes in zip(small.processes, run.origin.made, strict=True):
        for output, pipe in zip(process.outputs, pipes, strict=True):
            due.add(output.market, process, pipe, 1.0)
    for route, pipe in zip(small.routes, run.origin.shipped, strict=True):
        due.add(route.destination, route, pipe, 1.0)
    return due.tonnes


ACCOUNTS = ("destroyed", "rationed", "replaced", "saved", "held_up")
"""Sums over the history that are compared beside the state."""


def account_scales(small: SmallChain) -> dict[str, np.ndarray]:
    """What a difference of each sum is measured against: a year of the use, of the input, or of its process."""
    demand = np.array([12 * use.demand for use in small.uses])
    activity = np.array([12 * process.activity for process in small.processes for _ in process.inputs])
    drawn = np.array([12 * p.activity * feed.coefficient for p in small.processes for feed in p.inputs])
    return dict.fromkeys(ACCOUNTS[:3], demand) | {"saved": drawn, "held_up": activity}


def scales(small: SmallChain, block: arrays.Block) -> dict[str, np.ndarray]:
    """What a difference of each part of the state is measured against: its reference, or one for prices and shares."""
    start = block.state
    scale = {name: np.ones(getattr(start, name).shape[0]) for name in arrays.NAMES}
    scale["inventory"], scale["expected"] = start.inventory[:, 0].astype(float), start.expected[:, 0].astype(float)
    size = np.array([max(r.flow, 2 * r.latent) for r in small.routes])
    scale["pipeline"] = np.repeat(scale["expected"], arrays.pipeline_rows(small)) * small.dt
    if small.followed:
        scale["tagged"], scale["tagged_pipeline"] = scale["inventory"], scale["pipeline"]
    scale["order"] = size
    scale["queue"] = size[arrays.controlled_routes(small)] * small.dt
    scale["added"] = np.array([p.activity for p in small.processes])[: len(scale["added"])]
    for name in ("level", "level_tagged", "lacked", "coming"):
        scale[name] = np.array([row.size for row in small.reserves])
    scale["rent"] = np.full(len(small.restrictions), small.parameters.rent_scale)
    return scale


def differences(
    small: SmallChain, runs: list[list[list[Event]]], kind: arrays.Kind, periods: int = PERIODS
) -> list[str]:
    """Run both and say where the state differs beyond the tolerance, every twelve periods, in any field."""
    found: list[str] = []
    block = arrays.block(small, runs, periods, kind)
    scale = scales(small, block) | account_scales(small)
    references = [Run(small, events) for events in runs]
    for end in range(12, periods + 1, 12):
        arrays.advance(block, end - 12, end)
        for lane, run in enumerate(references):
            while run.now < end:
                run.step()
            sums = {name: np.array(getattr(run.accounts, name)) for name in ACCOUNTS}
            for name, expected in (expected_state(small, run) | sums).items():
                rows = getattr(block.work if name in ACCOUNTS else block.state, name)
                actual = rows[:, lane].astype(float)
                error = np.abs(actual - expected) / np.maximum(scale[name], np.abs(expected))
                worst = error.argmax() if error.size else 0
                if not np.all(error <= TOLERANCE[kind]):
                    where = f"{name}[{worst}] in lane {lane} before period {end}"
                    found.append(f"{where}: {actual[worst]} is not {expected[worst]}")
    return found


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_simulate__equals_the_reference_without_restrictions(kind: arrays.Kind) -> None:
    for seed in range(6):
        small = small_chains.balanced_chain(seed, regions=2 + seed % 3, stages=2 + seed % 4, growth=0.01)
        assert not differences(small, [[]], kind)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@given(small=small_chains.chains(growth=True, speculation=True), seed=st.integers(0, 10**6))
@MODEST
def test_simulate__equals_the_reference_under_random_restrictions(
    kind: arrays.Kind, small: SmallChain, seed: int
) -> None:
    small = small_shocks.restricted(small, seed)
    if seed % 2:
        small = small_chains.expanded(small, seed)
    events = [small_shocks.random_events(small, seed + run, PERIODS) for run in range(RUNS)]
    assert not differences(small, events, kind)


@pytest.mark.parametrize("rule", small_shocks.KINDS)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_simulate__equals_the_reference_under_each_kind_of_restriction(kind: arrays.Kind, rule: int) -> None:
    for seed in range(4):
        small = small_chains.balanced_chain(seed, regions=3, stages=4)
        small = small_shocks.restricted(small, seed, kinds=(rule,))
        events = [small_shocks.random_events(small, seed + run, PERIODS) for run in range(RUNS)]
        assert not differences(small, events, kind)
