"""What is kept of a range of runs: a pure function of scenario, seed and range; ranges come together in any order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.chain.reference import Reference
from sim.core.state import ProjectDraws
from sim.engine import expansion
from sim.engine.chunk import CHUNK, LANES, Chunk
from sim.engine.collector import Collector
from sim.engine.outcomes import Followed, outcomes
from sim.projects import followed as projects_followed
from sim.shocks import Shocks, joined, sample

Values = dict[str, NDArray[np.float32]]
Arrays = dict[str, NDArray[Any]]
OUTCOMES, BUILT, SHOCKS = "outcomes", "built", "shocks"
"""What the arrays of a part begin their names with."""


@dataclass(frozen=True)
class Part:
    """Per-run output of a range of runs; what is counted over runs stands in the collector."""

    first: int
    """Number of the first run."""
    outcomes: Values
    """Values of `/runs`, shape (row, run)."""
    built: Values
    """Values of `/capacity`, shape (row, run); empty where capacity is fixed."""
    shocks: Shocks
    """Shocks that came."""

    @property
    def stop(self) -> int:
        """Number after the last run."""
        return self.first + int(self.shocks.onset.shape[2])

    def arrays(self) -> Arrays:
        """The part as named arrays without objects, as a file or a message can hold them."""
        shocks = {field.name: np.asarray(getattr(self.shocks, field.name)) for field in fields(Shocks)}
        groups = {OUTCOMES: self.outcomes, BUILT: self.built, SHOCKS: shocks}
        named = {f"{group}.{name}": array for group, found in groups.items() for name, array in found.items()}
        return {"first": np.array(self.first)} | named


def part_of(arrays: Mapping[str, NDArray[Any]]) -> Part:
    """The part that `Part.arrays` took apart.

    Raises
    ------
    KeyError, TypeError: An array is missing.
    """
    groups: dict[str, Arrays] = {OUTCOMES: {}, BUILT: {}, SHOCKS: {}}
    for name, array in arrays.items():
        group, dot, rest = name.partition(".")
        if dot:
            groups[group][rest] = array
    shocks: dict[str, Any] = groups[SHOCKS]
    for name in ("names", "regimes"):
        shocks[name] = tuple(shocks[name].tolist())
    return Part(int(arrays["first"]), groups[OUTCOMES], groups[BUILT], Shocks(**shocks))


def together(parts: Iterable[Part]) -> Part:
    """Parts, in any order, of ranges that follow each other without a gap, as one."""
    ordered = sorted(parts, key=lambda part: part.first)
    if any(part.stop != later.first for part, later in pairwise(ordered)):
        raise ValueError("the parts leave gaps or overlap")
    return Part(
        ordered[0].first,
        _joined([part.outcomes for part in ordered]),
        _joined([part.built for part in ordered]),
        joined([part.shocks for part in ordered]),
    )


def missing(done: Iterable[range], wanted: range) -> list[range]:
    """Ranges of wanted runs that are not done.

    Example
    -------
    >>> missing([range(4, 6), range(0, 2)], range(0, 8))
    [range(2, 4), range(6, 8)]
    """
    gaps, begin = [], wanted.start
    for each in sorted(done, key=lambda each: each.start):
        if each.start > begin:
            gaps.append(range(begin, each.start))
        begin = max(begin, each.stop)
    if begin < wanted.stop:
        gaps.append(range(begin, wanted.stop))
    return gaps


def simulated(
    reference: Reference,
    buffers: Chunk,
    collector: Collector,
    runs: Sequence[range],
    seed: int,
    pool: ThreadPoolExecutor,
) -> Iterator[Part]:
    """Simulate and count ranges of runs; yields what is kept of chunk after chunk."""
    for begin, size, drawn, projects in _draws(reference, runs, seed, pool):
        followed = Followed(collector, buffers.record)
        for shift in buffers.simulate(drawn, projects, pool):
            collector.add(buffers.record, size, pool, shift=shift)
            followed.add(buffers.record, pool, shift=shift)
        collector.finish(size)
        came = buffers.came.head(size)
        kept = outcomes(reference, collector, followed, buffers.record, came, size)
        fixed = not reference.scenario.capacity.followed
        built = {} if fixed else expansion.capacities(reference, buffers.record, collector.dt, size)
        yield Part(begin, kept, built, came)


def drawn(reference: Reference, first: int, runs: int, seed: int) -> tuple[Shocks, ProjectDraws]:
    """All that is drawn of a range of runs."""
    shocks = sample(reference.scenario, reference, first=first, runs=runs, seed=seed)
    return shocks, projects_followed(reference, first=first, runs=runs, seed=seed)


def _draws(
    reference: Reference, runs: Sequence[range], seed: int, pool: ThreadPoolExecutor
) -> Iterator[tuple[int, int, Shocks, ProjectDraws]]:
    """First run, runs that count, shocks and projects of each chunk; the next is drawn while the core is at work.

    The last block is filled with the runs that would come next; they are simulated and not counted.
    """
    chunks = ((begin, min(CHUNK, each.stop - begin)) for each in runs for begin in each[::CHUNK])

    def draw(begin: int, size: int) -> tuple[int, int, Shocks, ProjectDraws]:
        """The chunk that begins with a run."""
        padded = -(-size // LANES) * LANES
        return begin, size, *drawn(reference, begin, padded, seed)

    coming = None
    for later in chunks:
        now, coming = coming, pool.submit(draw, *later)
        if now is not None:
            yield now.result()
    if coming is not None:
        yield coming.result()


def _joined(parts: list[Values]) -> Values:
    return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
