"""From the record of a chunk to distributions and per-run values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from sim import variables
from sim.chain.reference import Reference
from sim.core import collect
from sim.core.collect import Members
from sim.core.state import Chain, Record
from sim.engine.chunk import Clock, Floats, Tasks
from sim.engine.groups import Groups, Label, Layout, layout, needs
from sim.engine.histograms import MULTIPLE, NO_VOLUME, SHARE, Histogram, Scale

Values = NDArray[np.float64]
AT_ONCE = 32
"""Rows of a variable that a thread counts in one go, all months of each: their counters then stay close at hand."""
NOTHING = 1e-9
"""Tonnes below which a reference counts as nothing: no share of it is formed."""
_RECORDED = ("price", "transacted", "inventory", "flow", "intake", "sector", "stopped", "content", "reserve")
_price, _transacted, _inventory, _flow, _intake, _sector, _stopped, _content, _reserve = map(attrgetter, _RECORDED)


@dataclass(frozen=True)
class Part:
    """Rows of a variable that stand together: recorded entities, or sums over them."""

    labels: tuple[Label, ...]
    members: Members
    source: Callable[[Record], Floats]
    """Array that holds the members, shape (block, month, entity, lane)."""
    volume: Callable[[Record], Floats] = lambda _: NO_VOLUME
    """What rows are means by, of the same shape; without blocks where they are sums."""


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


@dataclass(frozen=True)
class Piece:
    """Neighbouring rows of a variable that a thread counts in one go."""

    variable: str
    first: int
    """Row of the variable that the first of these is."""
    rows: Part


class Collector:
    """Counts chunks of an ensemble; memory does not grow with the runs."""

    def __init__(
        self,
        reference: Reference,
        chain: Chain,
        clock: Clock,
        blocks: int,
        lanes: int,
        *,
        counted: Collection[str] | None = None,
    ) -> None:
        """Lay out the rows of all variables for chunks of up to `blocks` blocks of `lanes` runs.

        Parameters
        ----------
        counted: Variables that are counted over runs; all by default.
        """
        self.months, self.dt = clock.count, clock.dt
        self.layout: Layout = layout(reference, chain)
        self.need, self.sector_need = needs(reference, chain, clock.months)
        self.plans = self._plans(reference, clock)
        if chain.origins.share.size:
            self.plans["content"] = self._content()
        if chain.reserves.size:
            self.plans["stock"] = self._stock(chain)
        self.found = {
            name: Histogram(plan.scale, len(plan.labels), clock.count, (blocks, lanes), plan.threshold)
            for name, plan in self.plans.items()
            if counted is None or name in counted
        }
        self._pieces = tuple(piece for name in self.found for piece in _pieces(name, self.plans[name]))

    def _plans(self, reference: Reference, clock: Clock) -> dict[str, Plan]:
        lay, months = self.layout, clock.count
        markets = np.arange(len(lay.markets), dtype=np.int32)
        days = np.bincount(clock.months) * clock.dt / 12.0
        flow = np.outer(reference.flows.outflow - reference.flows.disposal, days)

        def plain(labels: tuple[Label, ...], read: Callable[[Record], Floats]) -> Part:
            """Markets as recorded."""
            return Part(labels, _alone(markets, np.ones((months, len(labels)), dtype=np.float32)), read)

        def relative(
            labels: tuple[Label, ...],
            rows: NDArray[np.int32],
            base: Values,
            read: Callable[[Record], Floats],
            *,
            missing: bool,
        ) -> Part:
            """Recorded entities over their references."""
            return Part(labels, _alone(rows, _inverse(base), missing=missing), read)

        def summed(
            groups: Groups, read: Callable[[Record], Floats], base: Values | None = None, *, missing: bool = False
        ) -> Part:
            """Sums of recorded entities, over those of a reference if there is one."""
            ones = np.ones((months, len(groups.labels)), dtype=np.float32)
            factor = ones if base is None else _inverse(groups.total(base))
            return Part(groups.labels, Members(groups.start, groups.member, groups.weight, factor, missing), read)

        volume = lay.world_volume
        paid = replace(summed(volume, _transacted), volume=_flow)
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
            "stopped": Plan(
                SHARE,
                short,
                (
                    relative(lay.sectors, sectors, self.sector_need, _stopped, missing=False),
                    summed(lay.world_sector, _stopped, self.sector_need),
                ),
            ),
            "stage_price": Plan(MULTIPLE, dear, (summed(lay.stage_price, _price),)),
            "stage_shortage": Plan(SHARE, short, (summed(lay.stage_intake, _intake, self.need, missing=True),)),
        }

    def _content(self) -> Plan:
        """Tagged share of intake: of markets with takers, and of the world, weighted by intake."""
        lay, world = self.layout, self.layout.world_intake
        ones = [np.ones((self.months, count), dtype=np.float32) for count in (lay.takers.size, len(world.labels))]
        takers = tuple(lay.markets[index] for index in lay.takers)
        mean = Members(world.start, world.member, world.weight, ones[1], False)
        parts = (Part(takers, _alone(lay.takers, ones[0]), _content), Part(world.labels, mean, _content, _intake))
        return Plan(SHARE, None, parts)

    def _stock(self, chain: Chain) -> Plan:
        """What stockpiles hold over their sizes; the levels are the first rows recorded of them."""
        rows = np.arange(chain.reserves.size, dtype=np.int32)
        places = tuple(self.layout.markets[market] for market in chain.reserves.market)
        size = np.repeat(chain.reserves.most.astype(float)[:, None], self.months, axis=1)
        return Plan(SHARE, None, (Part(places, _alone(rows, _inverse(size)), _reserve),))

    def add(self, record: Record, runs: int, pool: Executor, *, shift: int = 0) -> Tasks:
        """Have the months of a record, of which the first is `shift`, counted for its first `runs` runs.

        Threads own rows.

        A chunk begins with month 0.
        """
        if shift == 0:
            for histogram in self.found.values():
                histogram.begin()
        end = min(shift + record.price.shape[1], self.months)

        def count(piece: Piece) -> None:
            """Count some rows of a variable."""
            source, volume = piece.rows.source(record), piece.rows.volume(record)
            histogram, members = self.found[piece.variable], piece.rows.members
            histogram.add(source, members, piece.first, runs, shift, end, shift=shift, volume=volume)

        return [pool.submit(count, piece) for piece in self._pieces]

    def finish(self, runs: int) -> None:
        """End a chunk of `runs` runs."""
        for histogram in self.found.values():
            histogram.finish(runs)

    def paths(self, record: Record, runs: int, pool: Executor) -> dict[str, Floats]:
        """Full monthly paths of the first runs of a record, shape (run, month, row), for every variable."""
        found = pool.map(lambda plan: paths(plan, record, runs), self.plans.values())
        return dict(zip(self.plans, found, strict=True))


def paths(plan: Plan, record: Record, runs: int, *, shift: int = 0) -> Floats:
    """Monthly paths of a variable of the first runs of a record, of which the first month is `shift`.

    Returns
    -------
    Shape (run, month, row), of the months that belong to the horizon.
    """
    rows = []
    for part in plan.parts:
        members = part.members
        factor = members.factor[shift : shift + record.price.shape[1]]
        values = recorded(part, record)[: len(factor), :, :runs] * factor[:, :, None]
        rows.append(np.clip(1.0 - values, 0.0, 1.0) if members.missing else values)
    return np.moveaxis(np.concatenate(rows, axis=1), 2, 0).astype(np.float32)


def recorded(part: Part, record: Record) -> Floats:
    """Recorded values of rows before they are related to a reference, shape (month, row, run and padding)."""
    source, volume = part.source(record), part.volume(record)
    blocks, months, _, lanes = source.shape
    out = np.empty((months, len(part.labels), blocks * lanes), dtype=np.float32)
    collect.lay_out(source, volume, part.members, 0, months, out)
    return out


def _pieces(variable: str, plan: Plan) -> Iterator[Piece]:
    """All rows of a variable, a few at a time."""
    first = 0
    for part in plan.parts:
        for begin in range(0, len(part.labels), AT_ONCE):
            end = min(begin + AT_ONCE, len(part.labels))
            start, factor = part.members.start[begin : end + 1], part.members.factor[:, begin:end]
            members = part.members._replace(start=start, factor=np.ascontiguousarray(factor))
            yield Piece(variable, first + begin, replace(part, labels=part.labels[begin:end], members=members))
        first += len(part.labels)


def _alone(entities: NDArray[np.int32], factor: Floats, *, missing: bool = False) -> Members:
    """Members of rows that are one recorded entity each."""
    start = np.arange(entities.size + 1, dtype=np.int32)
    return Members(start, entities, np.ones(entities.size, dtype=np.float32), factor, missing)


def _inverse(base: Values) -> Floats:
    """One over a reference of shape (row, month), as (month, row); nothing is ever missing of nothing."""
    return np.ascontiguousarray((1.0 / np.maximum(base, NOTHING)).T.astype(np.float32))
