"""A chunk of runs through the core: blocks in threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.core import allocate, loop
from sim.core.state import Chain, ProjectDraws, Record
from sim.engine.groups import sector_need
from sim.scenario.belief import GROUP
from sim.shocks import Shocks

LANES = 128
"""Runs simulated side by side; a multiple of every vector width, so that a run's bits do not depend on its lane."""
FEWER = (32, 64)
"""Runs simulated side by side where there are no more."""
CHUNK = 256
"""Runs recorded before they are counted."""
SLICE = 24
"""Months recorded before they are counted: memory does not grow with longer horizons."""
UNCOUNTED = 120
"""Months recorded at a time where none are counted: threads need not wait for each other within a chunk."""
ALL = 1.0 - 1e-6
"""Share of a sector's lines that stand still at most; all but for rounding, which must not lift a sum above one."""

_MONTHLY = ("price", "transacted", "inventory", "flow", "intake", "sector", "stopped", "route", "content")

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
    """The record of a chunk of runs; used again for every chunk of an ensemble."""

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
        """Allocate for up to `runs` runs.

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
        self.came: Shocks
        self._under_way: list[Future[None]] = []
        self.blocks = -(-runs // lanes)
        self.padded = self.blocks * lanes
        record = allocate.monthly_record(chain, self.months, self.blocks, lanes, traced_routes=traced or routes)
        self.record: Record = record if months else _totals_only(record)
        # Kept and set back: to make them anew for every chunk took a tenth of a run.
        self._start = allocate.block_at_reference(chain, lanes)
        self._states = [allocate.copy(self._start) for _ in range(self.blocks)]

    def go_on_with(self, chain: Chain) -> None:
        """Simulate another chain from now on, one with as many entities of every class."""
        self.chain, self._lines = chain, _lines(chain, self.clock)
        allocate.set_back(self._start, allocate.block_at_reference(chain, self._lanes))

    def begin(self, shocks: Shocks, projects: ProjectDraws, pool: Executor, *, groups: Sequence[int] = ()) -> None:
        """Have all blocks simulated up to the last month that the record holds; `slices` waits for them.

        Parameters
        ----------
        shocks: Shocks of the runs, of whole blocks.
        projects: What is drawn of their projects.
        pool: Threads.
        groups: Number of the group of runs in each block, where runs differ in parameters.
        """
        self._shocks, self._events = shocks, shocks.events(self.clock.dt)
        self._projects, self._pool, self._groups = projects, pool, groups
        self._submit(0)

    def slices(self) -> Iterator[int]:
        """Wait for all blocks, a few months at a time.

        Yields the first month that `record` holds each time, until the next is asked for. After the last, its sums over
        the horizon are complete, and `came` holds the shocks without candidates that the state of the chain has ruled
        out.
        """
        for shift in range(0, self.clock.count, self.months):
            if shift > 0:
                self._submit(shift)
            for block in self._under_way:
                block.result()
            if shift + self.months >= self.clock.count:
                self.came = self._shocks.that_came(self._events)
            yield shift

    def drop(self) -> None:
        """Leave what has not begun undone, as when nobody waits for it any more."""
        for block in self._under_way:
            block.cancel()

    def _submit(self, shift: int) -> None:
        """Have all blocks run through the months that the record holds from `shift` on."""
        count = self._events.onset.shape[2] // self._lanes
        self._under_way = [self._pool.submit(self._advance, block, shift) for block in range(count)]

    def _advance(self, block: int, shift: int) -> None:
        """Run one block through these months."""
        clock, lines = self.clock, self._lines[shift : shift + self.months]
        begin, end = np.searchsorted(clock.months, (shift, shift + self.months)).tolist()
        part, state = allocate.of_block(self.record, block), self._states[block]
        if begin == 0:
            allocate.set_back(state, self._start)
        chain = self.sets[self._groups[block] % len(self.sets)] if self.sets else self.chain
        first, months = block * self._lanes, clock.months - np.int32(shift)
        loop.simulate(chain, self._events, self._projects, first, begin, end, months, clock.weights, state, part)
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


def lanes_of(runs: int, *, grouped: bool = False) -> int:
    """Runs simulated side by side, of an ensemble of so many: those of a group, where groups differ in parameters."""
    return GROUP if grouped else next((few for few in FEWER if runs <= few), LANES)


def by_run(array: Floats, runs: int) -> Floats:
    """An array with blocks in front and lanes last, as one with the first `runs` runs last."""
    moved = np.moveaxis(array, 0, -2)
    return moved.reshape(*moved.shape[:-2], moved.shape[-2] * moved.shape[-1])[..., :runs]


def share(pool: Executor, items: int, work: Callable[[int, int], object]) -> None:
    """Call `work(begin, end)` on ranges of items in threads; each range owns its items."""
    parts = np.linspace(0, items, min(items, 8) + 1).astype(int).tolist()
    list(pool.map(lambda part: work(*part), pairwise(parts)))
