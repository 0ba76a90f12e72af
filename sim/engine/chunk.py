"""Chunks of runs through the core: blocks in threads, some months while those before are counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import cycle, pairwise

import numpy as np
from numpy.typing import NDArray

from sim.core import allocate, loop
from sim.core.full import LANES
from sim.core.state import NEVER, Chain, Events, ProjectDraws, Record
from sim.engine.groups import sector_need
from sim.scenario.belief import GROUP
from sim.shocks import Shocks

CHUNK, LESSER = 512, 256
"""Runs recorded before they are counted, and where memory is dearer than time; `size_of` has those of many threads."""
WIDEST = 1024
"""Most runs of a chunk: what is written to disk comes in pieces of as many."""
SLICE = 30
"""Most months recorded before they are counted: memory does not grow with longer horizons."""
ROOM, LITTLE = CHUNK * SLICE, LESSER * 12
"""Months of runs recorded before they are counted, and with little memory; some 5 kB each, three times over."""
SHORTEST = 6
"""Months of many runs recorded at a time: with fewer, threads wait for each other too often."""
RECORDS = 3
"""Records that take turns: months are simulated, those before are counted, and those to come have room already."""
ALL = 1.0 - 1e-6
"""Share of a sector's lines that stand still at most; all but for rounding, which must not lift a sum above one."""

_MONTHLY = ("price", "transacted", "inventory", "flow", "intake", "sector", "stopped", "route", "content")
_OF_MONTHS = (*_MONTHLY, "reserve")

Floats = NDArray[np.float32]
Tasks = list[Future[None]]
"""Work under way in threads."""


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


@dataclass(frozen=True)
class Drawn:
    """All that is drawn of a chunk of runs; the last block is filled with runs that are simulated and not counted."""

    first: int
    size: int
    """Runs that count."""
    shocks: Shocks
    projects: ProjectDraws
    groups: tuple[int, ...] = ()
    """Number of the group of runs in each block, where groups differ in parameters."""


@dataclass(frozen=True)
class Months:
    """Months of a chunk of runs, simulated or about to be; after the last its sums over the horizon are complete."""

    drawn: Drawn
    shift: int
    """First month."""
    last: bool
    """Whether they are the last of the chunk."""
    record: Record
    """What is recorded of them, once they are simulated."""
    events: Events
    blocks: Tasks

    def wait(self) -> None:
        """Wait until they are simulated."""
        finish(self.blocks)

    @property
    def came(self) -> Shocks:
        """Shocks of the runs that count, without candidates that the state of the chain has ruled out; of the last."""
        return self.drawn.shocks.that_came(self.events).head(self.drawn.size)


class Chunk:
    """Simulates chunks of runs, a few months after the other, and keeps the room for their state and record."""

    def __init__(
        self,
        chain: Chain,
        clock: Clock,
        runs: int,
        *,
        traced: bool = False,
        routes: bool = False,
        months: int = SLICE,
        sets: Sequence[Chain] = (),
        lanes: int = LANES,
    ) -> None:
        """Allocate for chunks of up to `runs` runs.

        Parameters
        ----------
        runs: Runs, rounded up to whole blocks.
        traced: Whether all months are recorded at once, and routes.
        routes: Whether shipments on every route are recorded.
        months: Most months recorded at a time; with 0 only sums over the horizon are, and months of stockpiles.
        sets: The chain with each set of parameters, where runs differ in them.
        lanes: Runs of a block; those of a group where there are sets.
        """
        self.months = min(clock.count, months) if months and not traced else clock.count
        self.chain, self.clock, self.sets = chain, clock, sets
        self._lines, self._lanes = _lines(chain, clock), lanes
        self._under_way: Tasks = []
        self.blocks = -(-runs // lanes)
        self.padded = self.blocks * lanes

        def room(months: int) -> Record:
            """Room to record so many months, and sums over the horizon."""
            return allocate.monthly_record(chain, months, self.blocks, lanes, traced_routes=traced or routes)

        # Sums over a horizon take turns chunk by chunk: where a chunk has no more than these months, its sums are read
        # while the next has been simulated and the one after is.
        whole = [room(self.months) for _ in range(RECORDS)]
        self._monthly = cycle(whole if months else map(_totals_only, whole))
        self._totals = cycle(whole)
        self._unused = allocate.of_block(whole[0], 0)
        # Kept and set back: to make them anew for every chunk took a tenth of a run.
        self._start = allocate.block_at_reference(chain, lanes)
        self._states = [allocate.copy(self._start) for _ in range(self.blocks)]

    def go_on_with(self, chain: Chain) -> None:
        """Simulate another chain from now on, one with as many entities of every class."""
        self.chain, self._lines = chain, _lines(chain, self.clock)
        allocate.set_back(self._start, allocate.block_at_reference(chain, self._lanes))

    def simulated(self, chunks: Iterable[Drawn], pool: Executor) -> Iterator[Months]:
        """Have chunks simulated, in their order; yields months as soon as they are under way.

        To ask for the next waits for those before, since a run goes on from where it is. What is recorded of months is
        there until the third after them are asked for, and so are sums over a horizon that ends with them.
        """
        # The first runs are drawn meanwhile.
        pool.submit(self._load)
        for drawn in chunks:
            events, totals = drawn.shocks.events(self.clock.dt), next(self._totals)
            for shift in range(0, self.clock.count, self.months):
                finish(self._under_way)
                monthly = next(self._monthly)
                record = totals._replace(**{name: getattr(monthly, name) for name in _OF_MONTHS})
                count = events.onset.shape[2] // self._lanes
                self._under_way = [
                    pool.submit(self._advance, drawn, events, record, block, shift) for block in range(count)
                ]
                last = shift + self.months >= self.clock.count
                yield Months(drawn, shift, last, record, events, self._under_way)

    def _load(self) -> None:
        """Have machine code of the core by simulating no period."""
        chain, clock, (lanes, kind) = self.chain, self.clock, (self._lanes, self.chain.constants.dt.dtype)
        events = Events(*(np.full((chain.rules.size, 1, lanes), NEVER, kind) for _ in Events._fields))
        projects = ProjectDraws(*(np.ones((chain.projects.size, lanes), kind) for _ in ProjectDraws._fields))
        loop.simulate(chain, events, projects, 0, 0, 0, clock.months, clock.weights, self._start, self._unused)

    def drop(self) -> None:
        """Leave what has not begun undone, as when nobody waits for it any more."""
        drop(self._under_way)

    def _advance(self, drawn: Drawn, events: Events, record: Record, block: int, shift: int) -> None:
        """Run one block through the months that the record holds from `shift` on."""
        clock, lines = self.clock, self._lines[shift : shift + self.months]
        begin, end = np.searchsorted(clock.months, (shift, shift + self.months)).tolist()
        part, state = allocate.of_block(record, block), self._states[block]
        if begin == 0:
            allocate.set_back(state, self._start)
        chain = self.sets[drawn.groups[block] % len(self.sets)] if self.sets else self.chain
        first, months = block * self._lanes, clock.months - np.int32(shift)
        loop.simulate(chain, events, drawn.projects, first, begin, end, months, clock.weights, state, part)
        # Where a product is cheap more is wanted, and may be missing, than lines were built for.
        if part.stopped.shape[1]:
            np.minimum(part.stopped[: len(lines)], lines, out=part.stopped[: len(lines)])


def _lines(chain: Chain, clock: Clock) -> Floats:
    """Tonnes that the lines of each sector take in each month, shape (month, sector, 1)."""
    need = ALL * sector_need(chain, clock.months).T[:, :, None]
    return need.astype(chain.markets.inventory.dtype)


def _totals_only(record: Record) -> Record:
    """A record that keeps no month but of stockpiles."""
    return record._replace(**{name: getattr(record, name)[:, :, :0] for name in _MONTHLY})


def lanes_of(*, grouped: bool) -> int:
    """Runs simulated side by side: those of a group, where groups differ in parameters."""
    return GROUP if grouped else LANES


def size_of(threads: int, lanes: int, *, sparing: bool = False) -> int:
    """Runs of a chunk: every thread has a block of it to simulate, up to a number of threads; `sparing` of room.

    Example
    -------
    >>> [(size_of(threads, 128), size_of(threads, 128, sparing=True)) for threads in (1, 2, 4, 8, 64)]
    [(512, 256), (512, 256), (512, 512), (1024, 1024), (1024, 1024)]
    """
    size = LESSER if sparing else CHUNK
    while size < WIDEST and size // lanes < threads:
        size *= 2
    return size


def months_of(size: int, *, sparing: bool = False) -> int:
    """Months recorded at a time: fewer of larger chunks, so that they take little more room.

    Example
    -------
    >>> [(months_of(size), months_of(size, sparing=True)) for size in (64, 256, 512, 1024)]
    [(30, 30), (30, 12), (30, 6), (15, 6)]
    """
    return min(SLICE, max(SHORTEST, (LITTLE if sparing else ROOM) // size))


def by_run(array: Floats, runs: int) -> Floats:
    """An array with blocks in front and lanes last, as one with the first `runs` runs last."""
    moved = np.moveaxis(array, 0, -2)
    return moved.reshape(*moved.shape[:-2], moved.shape[-2] * moved.shape[-1])[..., :runs]


def finish(tasks: Tasks) -> None:
    """Wait until all are done."""
    for task in tasks:
        task.result()


def drop(tasks: Tasks) -> None:
    """Leave what has not begun undone."""
    for task in tasks:
        task.cancel()


def share(pool: Executor, items: int, work: Callable[[int, int], None]) -> Tasks:
    """Have `work(begin, end)` called on ranges of items in threads; each range owns its items."""
    parts = np.linspace(0, items, min(items, 8) + 1).astype(int).tolist()
    return [pool.submit(work, begin, end) for begin, end in pairwise(parts)]
