"""One ensemble simulated again and again with stockpiles of other sizes, on the same shocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import chain as chains
from sim.chain.reference import Reference
from sim.core.full import LANES
from sim.core.state import Chain
from sim.engine.chunk import CHUNK, Chunk, Clock, Drawn, by_run, finish
from sim.engine.parts import drawn
from sim.engine.run import processors
from sim.engine.stockpiles import Followed
from sim.errors import Fault, ScenarioError
from sim.policies import driven

Values = NDArray[np.float64]
SIZED = ("most", "opening", "kept", "pace", "outflow")
"""What of a stockpile is in proportion to its size."""


@dataclass(frozen=True)
class Tried:
    """What an ensemble comes to with stockpiles of some sizes."""

    rationed: Values
    """By use and run, t over the horizon."""
    destroyed: Values
    """By use and run, t over the horizon."""
    cost: Values
    """Public cost by run, million USD: opening stock at reference prices, purchases and holding, less receipts and the
    stock that is left, at reference prices too."""


class Bench:
    """An ensemble ready to be tried with stockpiles of other sizes than those of its scenario."""

    def __init__(self, reference: Reference, *, runs: int, seed: int) -> None:
        """Draw all shocks; a trial draws nothing.

        Parameters
        ----------
        reference: The chain, with stockpiles of the largest sizes to be tried.
        runs: Runs of a trial.
        seed: Seed of all random draws; trials share them with `sim.run`.

        Raises
        ------
        ScenarioError: The scenario has a posterior.
        """
        if reference.scenario.posterior is not None:
            cure = "leave it out: a stockpile is sized at one set of parameters"
            raise ScenarioError([Fault("scenario", "posterior", "is not followed here", cure)])
        self.reference, self.runs, self.seed = reference, runs, seed
        self.chain = driven(chains.core_arrays(reference), reference)
        time = reference.scenario.time
        self.clock = Clock(time.periods, time.periods_per_year)
        self._chunk = Chunk(self.chain, self.clock, min(runs, CHUNK), months=0)
        self._drawn = [self._draw(first, seed) for first in range(0, runs, CHUNK)]

    def _draw(self, first: int, seed: int) -> Drawn:
        """Runs that count, and all that is drawn of them and of those that fill the last block."""
        size = min(CHUNK, self.runs - first)
        padded = -(-size // LANES) * LANES
        return Drawn(first, size, *drawn(self.reference, first, padded, seed=seed))

    def tried(self, scale: Values) -> Tried:
        """Simulate all runs with every stockpile at a share of its size.

        Parameters
        ----------
        scale: Share of its size that each stockpile has, shape (stockpile,), ordered as `sim.chain.stockpiles.held`.
        """
        self._chunk.go_on_with(scaled(self.chain, scale))
        found = []
        with ThreadPoolExecutor(processors()) as pool:
            for months in self._chunk.simulated(self._drawn, pool):
                months.wait()
                record, size = months.record, months.drawn.size
                if months.shift == 0:
                    stocks = Followed(self.reference, self.clock, record)
                finish(stocks.add(record, pool, shift=months.shift))
                if months.last:
                    rationed, destroyed = (
                        by_run(part, size).astype(float) for part in (record.rationed, record.destroyed)
                    )
                    found.append(Tried(rationed, destroyed, self._cost(stocks, scale, size)))
        names = ("rationed", "destroyed", "cost")
        return Tried(*(np.concatenate([getattr(part, name) for part in found], axis=-1) for name in names))

    def _cost(self, stocks: Followed, scale: Values, size: int) -> Values:
        """Public cost of each run, million USD."""
        moved = stocks.found(size)
        flows = moved["stockpile_purchases"] + moved["stockpile_holding"] - moved["stockpile_receipts"]
        price = self.chain.markets.price[self.chain.reserves.market].astype(float)
        opening = (scale * self.chain.reserves.opening * price).sum() / 1e3
        closing = (price[:, None] * moved["stockpile_closing"]).sum(axis=0) / 1e3
        return np.asarray(opening + flows.sum(axis=(0, 1), dtype=float) - closing)


def scaled(chain: Chain, scale: Values) -> Chain:
    """The chain with every stockpile at a share of its size."""
    rows = chain.reserves.copy()
    for name in SIZED:
        rows[name] = rows[name] * scale
    return chain._replace(reserves=rows)
