"""A chunk of runs through the core: blocks in threads, then rows in threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

import numpy as np
from numpy.typing import NDArray

from sim.chain.reference import Reference
from sim.core import allocate, collect, loop
from sim.core.state import Chain, Record
from sim.engine.groups import Groups, Layout, layout, needs
from sim.engine.histograms import MULTIPLE, SHARE, Histogram
from sim.shocks import Shocks

LANES = 64
"""Runs simulated side by side; a multiple of every vector width, so that a run's bits do not depend on its lane."""
CHUNK = 256
"""Runs recorded before they are counted."""

Floats = NDArray[np.float32]


class Clock:
    """Periods and months of a horizon."""

    def __init__(self, periods: int, periods_per_year: int) -> None:
        """Assign every period to the month it begins in."""
        self.periods = periods
        self.dt = 12.0 / periods_per_year
        self.months = np.floor(np.arange(periods) * self.dt + 1e-9).astype(np.int32)
        self.weights = (1.0 / np.bincount(self.months)[self.months]).astype(np.float32)

    @property
    def count(self) -> int:
        """Number of months."""
        return int(self.months[-1]) + 1


class Chunk:
    """Buffers of a chunk and what is computed in them; used again for every chunk of a run."""

    def __init__(self, reference: Reference, chain: Chain, clock: Clock, runs: int, *, traced: bool = False) -> None:
        """Allocate for up to `runs` runs.

        Parameters
        ----------
        runs: Runs, rounded up to whole blocks.
        traced: Whether shipments on every route are recorded.
        """
        self.chain, self.clock = chain, clock
        self.padded = -(-runs // LANES) * LANES
        self.record: Record = allocate.monthly_record(chain, clock.count, self.padded, traced_routes=traced)
        self.layout: Layout = layout(reference, chain)
        need = needs(reference, chain, clock.months)
        uses = chain.uses.market.size
        self.need = {
            "intake": self.layout.intake.total(need),
            "sector": self.layout.sector.total(need[:uses]),
        }
        self.outflow = np.maximum(self.layout.volume.total(_usual_flow(reference, clock)), 1e-9).astype(np.float32)
        self.values: dict[str, Floats] = {}

    def simulate(self, shocks: Shocks, pool: Executor) -> None:
        """Run all blocks; `record` then holds the monthly record of the shocks' runs."""
        for total in (self.record.destroyed, self.record.rationed, self.record.rent, self.record.sender_loss):
            total[...] = 0.0
        events = shocks.events(self.clock.dt)
        first = range(0, events.onset.shape[2], LANES)

        def block(begin: int) -> None:
            state, work = allocate.initial_state(self.chain, LANES), allocate.work_space(self.chain, LANES)
            clock = self.clock
            loop.simulate(
                self.chain, events, begin, 0, clock.periods, clock.months, clock.weights, state, work, self.record
            )

        list(pool.map(block, first))

    def combined(self, groups: Groups, source: Floats, pool: Executor) -> Floats:
        """Weighted sums of rows of `source`, shape (month, row, run)."""
        out = np.empty((source.shape[0], len(groups.labels), source.shape[2]), dtype=np.float32)
        _share_months(
            pool,
            out.shape[0],
            lambda begin, end: collect.combine(groups.start, groups.member, groups.weight, source, begin, end, out),
        )
        return out

    def derive(self, pool: Executor) -> dict[str, Floats]:
        """The variables of `/distribution` from the record, shape (month, row, run)."""
        record, plan = self.record, self.layout
        intake = self.combined(plan.intake, record.consumed, pool)
        sector = self.combined(plan.sector, record.consumed, pool)
        moved = self.combined(plan.volume, record.flow, pool)
        paid = self.combined(plan.volume, record.flow * record.transacted, pool)
        # Where nothing moved in the whole world no price was paid; the reference stands in.
        np.divide(paid, moved, out=paid, where=moved > 0.0)
        paid[moved <= 0.0] = 1.0
        paid[:, : record.transacted.shape[1]] = record.transacted
        return {
            "price": self.combined(plan.price, record.price, pool),
            "transacted_price": paid,
            "inventory": self.combined(plan.inventory, record.inventory, pool),
            "flow": moved / self.outflow.T[:, :, None],
            "shortage": self._short(plan.world_intake, intake, self.need["intake"], pool),
            "sector_shortage": self._short(plan.world_sector, sector, self.need["sector"], pool),
            "stage_price": self.combined(plan.stage_price, record.price, pool),
            "stage_shortage": self._short(plan.stage_intake, intake, self.need["intake"], pool),
        }

    def _short(self, groups: Groups, got: Floats, need: NDArray[np.float64], pool: Executor) -> Floats:
        wanted = groups.total(need).astype(np.float32)
        short = self.combined(groups, got, pool)
        np.divide(short, wanted.T[:, :, None], out=short)
        np.subtract(np.float32(1), short, out=short)
        return np.clip(short, np.float32(0), np.float32(1), out=short)


def _usual_flow(reference: Reference, clock: Clock) -> NDArray[np.float64]:
    """Material that leaves each market in each month of the reference, disposal apart; t, shape (market, month)."""
    outflow = (reference.flows.outflow - reference.flows.disposal) / 12.0
    months = np.bincount(clock.months) * clock.dt
    return np.asarray(outflow[:, None] * months[None, :])


def _share_months(pool: Executor, months: int, work: Callable[[int, int], object]) -> None:
    parts = np.linspace(0, months, min(months, 8) + 1).astype(int)
    list(pool.map(lambda part: work(*part), zip(parts[:-1].tolist(), parts[1:].tolist(), strict=True)))


def histograms(chunk: Chunk) -> dict[str, Histogram]:
    """Empty histograms of the variables of `/distribution`."""
    plan, months = chunk.layout, chunk.clock.count
    rows = {
        "price": (MULTIPLE, plan.price),
        "transacted_price": (MULTIPLE, plan.volume),
        "inventory": (MULTIPLE, plan.inventory),
        "flow": (MULTIPLE, plan.volume),
        "shortage": (SHARE, plan.world_intake),
        "sector_shortage": (SHARE, plan.world_sector),
        "stage_price": (MULTIPLE, plan.stage_price),
        "stage_shortage": (SHARE, plan.stage_intake),
    }
    return {name: Histogram(scale, len(groups.labels), months) for name, (scale, groups) in rows.items()}


def count(histogram: Histogram, values: Floats, runs: int, pool: Executor) -> None:
    """Add a chunk to a histogram; threads own months."""
    _share_months(pool, values.shape[0], lambda begin, end: histogram.add(values, runs, begin, end))
    histogram.runs += runs
