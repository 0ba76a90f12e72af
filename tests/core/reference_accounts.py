"""Sums over a history for the reference: the parts of shortage of `sim/core/MODEL.md`, sections 6 and 9, in tonnes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.core.described import SmallChain

if TYPE_CHECKING:
    from tests.reference import Run


class Accounts:
    """What uses went without and inputs saved or held up since the start; inputs process after process."""

    def __init__(self, chain: SmallChain) -> None:
        inputs = sum(len(process.inputs) for process in chain.processes)
        self.destroyed, self.replaced, self.rationed = ([0.0] * len(chain.uses) for _ in range(3))
        self.saved, self.held_up = ([0.0] * inputs for _ in range(2))

    def add(self, run: Run) -> None:
        """Add the period that `run` has just executed, before its intensities move."""
        dt = run.chain.dt
        for u, buyers in enumerate(run.buyers):
            self.destroyed[u] += run.destroyed[u] * dt
            self.replaced[u] += run.replaced[u] * dt
            self.rationed[u] = buyers.rationed
        row = 0
        for p, process in enumerate(run.chain.processes):
            fills = [run.fill[feed.market][1] for feed in process.inputs]
            if fills and min(fills) < 1:
                self.held_up[row + fills.index(min(fills))] += run.wanted[p] * dt - run.done[p]
            for i, feed in enumerate(process.inputs):
                self.saved[row] += feed.coefficient * (1 - run.intensity[p][i]) * run.done[p]
                row += 1


def under_way(run: Run) -> list[float]:
    """What the pipelines hold for each market between two periods, t."""
    total = [0.0] * len(run.chain.markets)
    for process, pipe in zip(run.chain.processes, run.process_pipeline, strict=True):
        activity = sum(list(pipe)[: process.delay]) + process.delay_part * pipe[process.delay]
        for output in process.outputs:
            total[output.market] += output.coefficient * activity
    for route, pipe in zip(run.chain.routes, run.route_pipeline, strict=True):
        total[route.destination] += sum(list(pipe)[: route.delay]) + route.delay_part * pipe[route.delay]
    return total
