"""Section 13 of `sim/core/MODEL.md` for the reference: tagged material, and who is bound to do without it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from sim.core.state import DENIAL
from tests.core.described import Process, SmallChain, Use
from tests.core.reference_rules import clip
from tests.core.reference_support import first_class

if TYPE_CHECKING:
    from tests.reference import Run


def sourced(use: Use, now: int) -> float:
    """Share of a period after the date of the use's sourcing rule."""
    return clip(now + 1.0 - use.sourced_from, 0.0, 1.0) if use.sourced_from is not None else 0.0


def tagged_share(process: Process, listed: bool, left: Sequence[float]) -> float:
    """Tagged share of an output: that of the most tagged input where it is not tagged whatever it is made of."""
    return 1.0 if listed else max([0.0, *(left[i.market] for i in process.inputs)])


@lru_cache(maxsize=64)
def shares(small: SmallChain) -> list[float]:
    """Tagged share of the supply of each market that the reference flows reproduce."""
    supply = [market.outflow * small.dt for market in small.markets]
    share = [1.0] * len(supply)
    for _ in range(10_000):
        before, share = (
            share,
            [min(tagged / total, 1.0) for tagged, total in zip(_inflow(small, share), supply, strict=True)],
        )
        if max(abs(a - b) for a, b in zip(before, share, strict=True)) < 1e-15:
            break
    return share


def _inflow(small: SmallChain, left: Sequence[float]) -> list[float]:
    """Tagged inflow of each market in a period at the reference, t."""
    tagged = [0.0] * len(small.markets)
    for process in small.processes:
        for output in process.outputs:
            share = tagged_share(process, output.listed, left)
            tagged[output.market] += share * output.coefficient * process.activity * small.dt
    for route in small.routes:
        tagged[route.destination] += left[route.origin] * route.flow * small.dt
    return tagged


class Origin:
    """Tagged tonnes of one history; nothing of it is there where origins are not followed.

    Parameters
    ----------
    chain: The reference state.
    """

    def __init__(self, chain: SmallChain) -> None:
        self.chain = chain
        self.tagged: list[float] = []
        if not chain.followed:
            return
        left = shares(chain)
        self.tagged = [share * market.inventory for share, market in zip(left, chain.markets, strict=True)]
        self.made = [
            [self._full(p.delay, tagged_share(p, o.listed, left) * o.coefficient * p.activity) for o in p.outputs]
            for p in chain.processes
        ]
        self.shipped = [self._full(r.delay, left[r.origin] * r.flow) for r in chain.routes]

    def _full(self, delay: int, rate: float) -> deque[float]:
        """A pipeline of a steady flow, t/month."""
        return deque([rate * self.chain.dt] * (delay + 2), delay + 2)

    def arrive(self) -> None:
        """Tagged arrivals of a period."""
        if not self.chain.followed:
            return
        for process, pipes in zip(self.chain.processes, self.made, strict=True):
            for output, pipe in zip(process.outputs, pipes, strict=True):
                part = process.delay_part
                self.tagged[output.market] += (1 - part) * pipe[process.delay - 1] + part * pipe[process.delay]
        for route, pipe in zip(self.chain.routes, self.shipped, strict=True):
            part = route.delay_part
            self.tagged[route.destination] += (1 - part) * pipe[route.delay - 1] + part * pipe[route.delay]

    def part(self, run: Run) -> list[float]:
        """Share of its orders that each use gets; what users leave to the rest."""
        uses = self.chain.uses
        of_class = [run.fill[use.market][0 if first_class(run.chain, u, run.now) else 1] for u, use in enumerate(uses)]
        if not self.chain.followed:
            return of_class
        beta = [self._bound(u, run) for u in range(len(uses))]
        served = [share * sum(one.orders) for share, one in zip(of_class, run.buyers, strict=True)]
        self.given, self.left = [], []
        allowed = []
        for m in range(len(self.chain.markets)):
            bound = sum(beta[u] * served[u] for u, use in enumerate(uses) if use.market == m)
            gamma = self.tagged[m] / run.inventory[m] if run.inventory[m] > 0 else 0.0
            free, tagged = max(run.release[m] * (1 - gamma), 0.0), run.release[m] * gamma
            stock = run.stockpiles.of(m)
            if stock is not None:
                run.stockpiles.relieve_bound(stock, run, bound, max(bound - free - max(stock.free_relief, 0.0), 0.0))
                free, tagged = free + max(stock.free_relief, 0.0), tagged + stock.tagged_relief
            allowed.append(free / bound if bound > free else 1.0)
            self.given.append(allowed[m] * bound)
            rest = free + tagged - self.given[m]
            self.left.append(min(tagged / rest, 1.0) if rest > 0 else 0.0)
        return [s * (1 - b * (1 - allowed[use.market])) for s, b, use in zip(of_class, beta, uses, strict=True)]

    def _bound(self, u: int, run: Run) -> float:
        """Share of a use's users bound to free material."""
        free = 1 - sourced(self.chain.uses[u], run.now)
        for rule, force in zip(self.chain.restrictions, run.forces, strict=True):
            for denied in rule.denied:
                if rule.kind == DENIAL and denied.use == u:
                    share = denied.weight * force.fresh + denied.weight_after * (1 - force.fresh)
                    free *= 1 - clip(force.level * share, 0.0, 1.0)
        return 1 - free

    def carry(self, run: Run) -> None:
        """Send tagged outputs and shipments on their way, and take what left out of the inventories."""
        if not self.chain.followed:
            return
        for process, activity, pipes in zip(self.chain.processes, run.done, self.made, strict=True):
            for output, pipe in zip(process.outputs, pipes, strict=True):
                share = tagged_share(process, output.listed, self.left)
                pipe.appendleft(share * output.coefficient * activity)
        for route, tonnes, pipe in zip(self.chain.routes, run.shipment, self.shipped, strict=True):
            pipe.appendleft(self.left[route.origin] * tonnes)
        for m in range(len(self.tagged)):
            self.tagged[m] -= self.left[m] * (run.released[m] + run.dumped[m] - self.given[m])

    def intake(self, run: Run) -> list[float]:
        """What the takers of each market took in, process inputs at reference intensity, t."""
        intake = [0.0] * len(self.tagged)
        for process, activity in zip(self.chain.processes, run.done, strict=True):
            for feed in process.inputs:
                intake[feed.market] += feed.coefficient * activity
        for use, sold in zip(self.chain.uses, run.sold, strict=True):
            intake[use.market] += sold
        return intake

    def content(self, run: Run) -> list[float]:
        """Tagged share of it; the mix left in the market where nothing was taken in."""
        parts = zip(self.given, self.intake(run), strict=True)
        free = [min(given / taken, 1.0) if taken > 0 else 0.0 for given, taken in parts]
        return [left * (1 - share) for left, share in zip(self.left, free, strict=True)]
