"""Sums over a history for the reference: parts of shortage and losses by year (`sim/core/MODEL.md`, 6, 9, 16)."""

from __future__ import annotations

import math
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


class YearlyLosses:
    """What section 16 of the page keeps by year: tonnes lost by uses, and exports that markets do not send.

    Parameters
    ----------
    run: A history that has not begun.
    length: Periods of a year.
    """

    def __init__(self, run: Run, length: int) -> None:
        self.run, self.length = run, length
        self.lost: list[list[float]] = []
        self.exports: list[list[float]] = []

    def step(self) -> None:
        """Advance the history by a period and add what is lost in it."""
        run, chain = self.run, self.run.chain
        if run.now % self.length == 0:
            self.lost.append([0.0] * len(chain.uses))
            self.exports.append([0.0] * len(chain.markets))
        before = [a + b for a, b in zip(run.accounts.destroyed, run.accounts.rationed, strict=True)]
        growth = [math.exp(route.growth * run.now * chain.dt) for route in chain.routes]
        now = run.now
        run.step()
        for u, past in enumerate(before):
            self.lost[-1][u] += run.accounts.destroyed[u] + run.accounts.rationed[u] - past
        for r, route in enumerate(chain.routes):
            active = [
                in_force.active
                for rule, in_force in zip(chain.restrictions, run.forces, strict=True)
                if any(t.route == r and not t.spared[0] <= now < t.spared[1] for t in rule.targets)
            ]
            missing = route.flow * growth[r] * chain.dt - run.shipment[r]
            self.exports[-1][route.origin] += max([0.0, *active]) * chain.markets[route.origin].price * missing


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
