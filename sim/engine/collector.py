"""From the record of a chunk to distributions and per-run values."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import variables
from sim.chain.reference import Reference
from sim.core import collect
from sim.core.state import Chain, Record
from sim.engine.chunk import LANES, Clock, Floats, by_run, share
from sim.engine.groups import Groups, Label, Layout, layout, needs
from sim.engine.histograms import MULTIPLE, SHARE, Histogram, Members, Scale

Values = NDArray[np.float64]
NOTHING = 1e-9
"""Tonnes below which a reference counts as nothing: no share of it is formed."""


@dataclass(frozen=True)
class Part:
    """Rows of a variable that stand together: recorded entities, or sums over them."""

    labels: tuple[Label, ...]
    members: Members
    source: Callable[[Record, Executor], Floats]
    """Array that holds the members, shape (block, month, entity, lane)."""


@dataclass(frozen=True)
class Plan:
    """How a variable is counted."""

    scale: Scale
    threshold: float | None
    """Value above which months of a run count; none where runs are not followed."""
    parts: tuple[Part, ...]

    @property
    def labels(self) -> tuple[Label, ...]:
        """First dimension and region of each row."""
        return tuple(label for part in self.parts for label in part.labels)


class Collector:
    """Counts chunks of an ensemble; memory does not grow with the runs."""

    def __init__(self, reference: Reference, chain: Chain, clock: Clock, blocks: int) -> None:
        """Lay out the rows of all variables for chunks of up to `blocks` blocks."""
        self.layout: Layout = layout(reference, chain)
        self.need, self.sector_need = needs(reference, chain, clock.months)
        self.plans = self._plans(reference, clock)
        self.found = {
            name: Histogram(plan.scale, len(plan.labels), clock.count, (blocks, LANES), plan.threshold)
            for name, plan in self.plans.items()
        }

    def _plans(self, reference: Reference, clock: Clock) -> dict[str, Plan]:
        lay, months = self.layout, clock.count
        markets = np.arange(len(lay.markets), dtype=np.int32)
        days = np.bincount(clock.months) * clock.dt / 12.0
        flow = np.outer(reference.flows.outflow - reference.flows.disposal, days)

        def plain(labels: tuple[Label, ...], read: Callable[[Record], Floats]) -> Part:
            factor = np.ones((months, len(labels)), dtype=np.float32)
            return Part(labels, Members(markets, factor), lambda record, _: read(record))

        def relative(
            labels: tuple[Label, ...],
            rows: NDArray[np.int32],
            base: Values,
            read: Callable[[Record], Floats],
            *,
            missing: bool,
        ) -> Part:
            return Part(labels, Members(rows, _inverse(base), missing), lambda record, _: read(record))

        def summed(
            groups: Groups, read: Callable[[Record], Floats], base: Values | None = None, *, missing: bool = False
        ) -> Part:
            rows = np.arange(len(groups.labels), dtype=np.int32)
            factor = np.ones((months, rows.size), dtype=np.float32) if base is None else _inverse(groups.total(base))
            return Part(
                groups.labels, Members(rows, factor, missing), lambda record, pool: combined(groups, read(record), pool)
            )

        volume = lay.world_volume
        paid = Part(
            volume.labels,
            Members(
                np.arange(len(volume.labels), dtype=np.int32), np.ones((months, len(volume.labels)), dtype=np.float32)
            ),
            lambda record, pool: averaged(volume, record.transacted, record.flow, pool),
        )
        takers = tuple(lay.markets[index] for index in lay.takers)
        sectors = np.arange(len(lay.sectors), dtype=np.int32)
        short, dear = variables.SHORT, variables.DEAR
        return {
            "price": Plan(MULTIPLE, dear, (plain(lay.markets, _price), summed(lay.world_price, _price))),
            "transacted_price": Plan(MULTIPLE, None, (plain(lay.markets, _transacted), paid)),
            "inventory": Plan(
                MULTIPLE, None, (plain(lay.markets, _inventory), summed(lay.world_inventory, _inventory))
            ),
            "flow": Plan(
                MULTIPLE,
                None,
                (relative(lay.markets, markets, flow, _flow, missing=False), summed(volume, _flow, flow)),
            ),
            "shortage": Plan(
                SHARE,
                short,
                (
                    relative(takers, lay.takers, self.need[lay.takers], _intake, missing=True),
                    summed(lay.world_intake, _intake, self.need, missing=True),
                ),
            ),
            "sector_shortage": Plan(
                SHARE,
                short,
                (
                    relative(lay.sectors, sectors, self.sector_need, _sector, missing=True),
                    summed(lay.world_sector, _sector, self.sector_need, missing=True),
                ),
            ),
            "stage_price": Plan(MULTIPLE, dear, (summed(lay.stage_price, _price),)),
            "stage_shortage": Plan(SHARE, short, (summed(lay.stage_intake, _intake, self.need, missing=True),)),
        }

    def add(self, record: Record, runs: int, pool: Executor) -> None:
        """Count the first `runs` runs of a record; threads own rows."""
        for name, plan in self.plans.items():
            histogram, first = self.found[name], 0
            for part in plan.parts:
                source = part.source(record, pool)
                _count(histogram, source, part.members, first, runs, pool)
                first += len(part.labels)
            histogram.runs += runs

    def paths(self, record: Record, runs: int, pool: Executor) -> dict[str, Floats]:
        """Full monthly paths of the first runs of a record, shape (run, month, row), for every variable."""
        return {name: _paths(plan, record, runs, pool) for name, plan in self.plans.items()}


def _paths(plan: Plan, record: Record, runs: int, pool: Executor) -> Floats:
    rows = []
    for part in plan.parts:
        values = by_run(part.source(record, pool), runs)[:, part.members.entities] * part.members.factor[:, :, None]
        rows.append(np.clip(1.0 - values, 0.0, 1.0) if part.members.missing else values)
    return np.moveaxis(np.concatenate(rows, axis=1), 2, 0).astype(np.float32)


def _count(histogram: Histogram, source: Floats, members: Members, first: int, runs: int, pool: Executor) -> None:
    share(pool, members.entities.size, lambda begin, end: histogram.add(source, members, first, runs, begin, end))


def _inverse(base: Values) -> Floats:
    """One over a reference of shape (row, month), as (month, row); nothing is ever missing of nothing."""
    return np.ascontiguousarray((1.0 / np.maximum(base, NOTHING)).T.astype(np.float32))


def combined(groups: Groups, source: Floats, pool: Executor) -> Floats:
    """Weighted sums of rows of `source`, shape (block, month, row, lane)."""
    out = np.empty((*source.shape[:2], len(groups.labels), source.shape[3]), dtype=np.float32)
    share(
        pool,
        out.shape[1],
        lambda begin, end: collect.combine(groups.start, groups.member, groups.weight, source, begin, end, out),
    )
    return out


def averaged(groups: Groups, price: Floats, volume: Floats, pool: Executor) -> Floats:
    """Volume-weighted mean prices, shape (block, month, row, lane)."""
    out = np.empty((*price.shape[:2], len(groups.labels), price.shape[3]), dtype=np.float32)
    share(
        pool,
        out.shape[1],
        lambda begin, end: collect.average(groups.start, groups.member, price, volume, begin, end, out),
    )
    return out


def _price(record: Record) -> Floats:
    return record.price


def _transacted(record: Record) -> Floats:
    return record.transacted


def _inventory(record: Record) -> Floats:
    return record.inventory


def _flow(record: Record) -> Floats:
    return record.flow


def _intake(record: Record) -> Floats:
    return record.intake


def _sector(record: Record) -> Floats:
    return record.sector
