"""What is kept of a range of runs: a pure function of scenario, seed and range; ranges come together in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from itertools import groupby, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.chain.reference import Reference
from sim.core.state import ProjectDraws
from sim.engine.chunk import Chunk, Drawn, Months, Tasks, drop, finish
from sim.engine.collector import Collector
from sim.engine.keepers import Keeper
from sim.engine.pieces import Joined
from sim.projects import followed as projects_followed
from sim.scenario.belief import GROUP
from sim.shocks import Shocks, joined, sample

Draw = Callable[[Reference, int, int], tuple[Shocks, ProjectDraws]]
"""All that is drawn of a range of runs: of a reconciled chain, the first run and how many."""
UnderWay = Callable[[int], None]
"""Told how many runs the months add up to that are counted of a chunk."""
AT_ONCE = 4
"""Chunks that are drawn at once."""
Arrays = dict[str, NDArray[Any]]
SHOCKS = "shocks"
"""What arrays of shocks begin their names with; the others begin with their group."""


@dataclass(frozen=True)
class Part:
    """Per-run output of a range of runs; what is counted over runs stands in the collector."""

    first: int
    """Number of the first run."""
    kept: Mapping[str, Mapping[str, NDArray[Any]]]
    """Arrays of each group, runs last."""
    shocks: Shocks
    """Shocks that came."""

    @property
    def stop(self) -> int:
        """Number after the last run."""
        return self.first + int(self.shocks.onset.shape[2])

    def arrays(self) -> Arrays:
        """The part as named arrays without objects, as a file or a message can hold them."""
        shocks = {field.name: np.asarray(getattr(self.shocks, field.name)) for field in fields(Shocks)}
        groups: dict[str, Mapping[str, NDArray[Any]]] = {**self.kept, SHOCKS: shocks}
        named = {f"{group}.{name}": array for group, found in groups.items() for name, array in found.items()}
        return {"first": np.array(self.first)} | named


@dataclass(frozen=True)
class Stored:
    """A range of runs whose output is in a folder and no longer in memory."""

    first: int
    """Number of the first run."""
    stop: int
    """Number after the last run."""
    slots: int
    """Events that a restriction has in a run, at most."""


def part_of(arrays: Mapping[str, NDArray[Any]]) -> Part:
    """The part that `Part.arrays` took apart.

    Raises
    ------
    KeyError, TypeError: An array is missing.
    """
    groups: dict[str, Arrays] = {}
    for name, array in arrays.items():
        group, dot, rest = name.partition(".")
        if dot:
            groups.setdefault(group, {})[rest] = array
    shocks: dict[str, Any] = groups.pop(SHOCKS)
    for name in ("names", "regimes"):
        shocks[name] = tuple(shocks[name].tolist())
    return Part(int(arrays["first"]), groups, Shocks(**shocks))


def together(parts: Iterable[Part]) -> Part:
    """Parts, in any order, of ranges that follow each other without a gap, as one."""
    ordered = sorted(parts, key=lambda part: part.first)
    if any(part.stop != later.first for part, later in pairwise(ordered)):
        raise ValueError("the parts leave gaps or overlap")
    kept = {group: Joined([part.kept.get(group, {}) for part in ordered]) for group in ordered[0].kept}
    return Part(ordered[0].first, kept, joined([part.shocks for part in ordered]))


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
    chunk: Chunk,
    collector: Collector,
    keepers: Sequence[Keeper],
    draws: Iterable[Drawn],
    pool: ThreadPoolExecutor,
    under_way: UnderWay | None = None,
) -> Iterator[Part]:
    """Simulate and count chunks of runs, in their order; yields what is kept of each.

    Parameters
    ----------
    chunk: Room for them.
    collector, keepers: Count the chunks and keep what is wanted of each run.
    draws: Chunks as drawn.
    pool: Threads: they have the next months to simulate while some are counted, and while a part is made and used.
    under_way: Told of months that are simulated of a chunk, but for its last, once the chunk before is counted.
    """

    def told(months: Months) -> None:
        """Tell how many runs the months of a chunk up to these add up to."""
        if under_way is not None and not months.last:
            under_way(months.drawn.size * (months.shift + chunk.months) // chunk.clock.count)

    try:
        for months in _counted(_one_behind(chunk.simulated(draws, pool)), collector, keepers, pool, told):
            if months.last:
                yield _part(months, collector, keepers)
    finally:
        chunk.drop()


def _counted(
    coming: Iterable[Months],
    collector: Collector,
    keepers: Sequence[Keeper],
    pool: ThreadPoolExecutor,
    told: Callable[[Months], None],
) -> Iterator[Months]:
    """Count months; yields them once they are counted, and begins with the next when those after it are under way.

    `told` is called with months that are simulated, once those before are counted.
    """
    before: Months | None = None
    tasks: Tasks = []
    try:
        for months in coming:
            if before is not None:
                finish(tasks)
                yield before
            months.wait()
            told(months)
            tasks = collector.add(months.record, months.drawn.size, pool, shift=months.shift)
            for keeper in keepers:
                tasks += keeper.add(months.record, pool, shift=months.shift)
            before = months
        if before is not None:
            finish(tasks)
            yield before
    finally:
        drop(tasks)


def _one_behind(coming: Iterable[Months]) -> Iterator[Months]:
    """The same, each once the next has been taken."""
    before = None
    for months in coming:
        if before is not None:
            yield before
        before = months
    if before is not None:
        yield before


def _part(months: Months, collector: Collector, keepers: Sequence[Keeper]) -> Part:
    """What is kept of the chunk that ended with these months."""
    size, came = months.drawn.size, months.came
    collector.finish(size)
    kept = {each.group: each.kept(months.record, came, size) for each in keepers}
    return Part(months.drawn.first, kept, came)


def drawn(reference: Reference, first: int, runs: int, *, seed: int) -> tuple[Shocks, ProjectDraws]:
    """All that is drawn of a range of runs."""
    shocks = sample(reference.scenario, reference, first=first, runs=runs, seed=seed)
    return shocks, projects_followed(reference, first=first, runs=runs, seed=seed)


def draws(
    reference: Reference,
    runs: Sequence[range],
    draw: Draw,
    pool: ThreadPoolExecutor,
    *,
    lanes: int,
    size: int,
) -> Iterator[Drawn]:
    """Yield ranges of runs as drawn, chunk after chunk; the next are drawn while the core is at work.

    Each is filled with the runs that would come next. Several are drawn at once, which takes little longer than one.

    Parameters
    ----------
    reference: The reconciled chain.
    runs: Ranges of runs.
    draw: Where shocks and projects come from.
    pool: Threads.
    lanes: Runs of a block.
    size: Runs of a chunk at most.
    """
    grouped = reference.scenario.posterior is not None

    def chunks(pieces: Sequence[range]) -> list[Drawn]:
        """Chunks of runs that follow each other."""
        first, last = pieces[0].start, pieces[-1]
        shocks, projects = draw(reference, first, last.start - first + _filled(len(last), lanes))
        found = []
        for piece in pieces:
            here = np.arange(piece.start, piece.start + _filled(len(piece), lanes)) - first
            groups = (
                tuple(run // GROUP for run in range(piece.start, piece.start + here.size, GROUP)) if grouped else ()
            )
            followed = ProjectDraws(*(np.take(array, here, axis=-1) for array in projects))
            found.append(Drawn(piece.start, len(piece), shocks.of(here), followed, groups))
        return found

    several = []
    for each in filter(None, runs):
        pieces = list(_pieces(each, size, grouped=grouped))
        # The first two alone: nothing is at work until the first is there, and little while the second is drawn.
        bounds = sorted({0, 1, *range(2, len(pieces), AT_ONCE), len(pieces)})
        several += [pieces[begin:end] for begin, end in pairwise(bounds)]
    coming = pool.submit(chunks, several[0])
    for after in several[1:]:
        ready = coming.result()
        coming = pool.submit(chunks, after)
        yield from ready
    yield from coming.result()


def _pieces(runs: range, size: int, *, grouped: bool) -> Iterator[range]:
    """Parts of a range of at most some runs; a group that it begins inside of comes alone.

    Example
    -------
    >>> list(_pieces(range(10, 50), 32, grouped=True))
    [range(10, 16), range(16, 48), range(48, 50)]
    """
    begin = runs.start
    while begin < runs.stop:
        inside = begin % GROUP if grouped else 0
        end = min(begin + (GROUP - inside if inside else size), runs.stop)
        yield range(begin, end)
        begin = end


def draws_of(reference: Reference, numbers: Sequence[int], seed: int, *, lanes: int, size: int) -> Iterator[Drawn]:
    """Yield chosen runs as drawn, side by side in the order given; their places stand for their numbers.

    `lanes` are the runs of a block, `size` those of a chunk at most.
    """
    grouped = reference.scenario.posterior is not None
    together = groupby(numbers, key=lambda run: run // GROUP) if grouped else [(0, numbers)]
    chunks = [list(chosen) for _, chosen in together]
    place = 0
    for chosen in (chunk[begin : begin + size] for chunk in chunks for begin in range(0, len(chunk), size)):
        several = [drawn(reference, number, 1, seed=seed) for number in chosen]
        several += several[-1:] * (_filled(len(chosen), lanes) - len(chosen))
        projects = [np.concatenate(arrays, axis=1) for arrays in zip(*(each[1] for each in several), strict=True)]
        groups = (chosen[0] // GROUP,) * (len(several) // GROUP) if grouped else ()
        yield Drawn(place, len(chosen), joined([each[0] for each in several]), ProjectDraws(*projects), groups)
        place += len(chosen)


def _filled(runs: int, lanes: int) -> int:
    return -(-runs // lanes) * lanes
