"""Run a scenario: sample, simulate, collect, label."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path as PathName
from typing import TYPE_CHECKING, Any

from sim.engine import cluster, continuation
from sim.engine.checkpoint import Checkpoint
from sim.engine.chunk import CHUNK
from sim.engine.ensemble import Ensemble
from sim.engine.parts import Draw, Part, Stored, missing, together
from sim.engine.stream import Stream
from sim.scenario import Scenario
from sim.variables import Path

if TYPE_CHECKING:
    import xarray as xr
    from distributed import Client

Progress = Callable[[int, int], None]
More = Callable[["xr.DataTree"], int]
"""From the groups with a value a run, so far, to the runs to go on to; no more than there are if they are enough."""


def run(
    scenario: Scenario,
    *,
    runs: int | None = None,
    seed: int | None = None,
    first: int = 0,
    threads: int | None = None,
    traces: int = 0,
    follow: Iterable[Path | str] = (),
    monthly: Collection[str] = (),
    per_run: Collection[str] | None = None,
    more: More | None = None,
    onto: xr.DataTree | None = None,
    open_ended: bool = False,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    stream: str | PathName | None = None,
    client: Client | None = None,
    draw: Draw | None = None,
    distribution: bool = True,
) -> xr.DataTree:
    """Simulate an ensemble and return its labelled results.

    The same scenario and seed give the same bits for any number of threads; run 17 is the same run in any range.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    runs, seed, threads: Their number (the scenario's by default), what all draws follow from (that of `onto` or the
        scenario's by default), and how many simulate (as many as the process may use processors by default).
    first, traces: Number of the first run, of a part of an ensemble, and runs from it whose full paths are kept.
    follow, monthly: Rows such as `price[dy_oxide, EU]` and variables (`sim.engine.monthly.NAMES`) whose monthly paths
        are kept of every run.
    per_run: Variables of `/runs` and `/years` that are kept; all by default.
    more: Asked, once `runs` are simulated and whenever what it said is, how many runs to go on to.
    onto: A result of the same ensemble with `/counts`, to go on with: `runs` then includes its own.
    open_ended: Whether `/counts` is kept, so that a later call can go on with the ensemble.
    progress: Called in the calling thread with runs done, counting those that months under way add up to, and wanted.
    checkpoint: Where progress is kept and taken up (`sim.Checkpoint`); not together with `more` or `draw`.
    stream: Zarr folder that groups with a value a run go to in place of memory; not together with `more` or `onto`.
    client: A `distributed.Client`, whose workers then simulate; not together with `draw`.
    draw: Where shocks and projects come from instead of the seed; asked for more runs than count, to fill a block.
    distribution: Whether `/distribution` and `/reference` are made; without them it takes a quarter less time.

    Returns
    -------
    Groups `/distribution` (quantile, time, product or sector or stage, region), `/runs` (one value a run), `/years`,
    `/shocks`, `/reference` (the path without shocks) and, where there is such a thing or it was asked for, `/capacity`,
    `/policies`, `/stockpiles`, `/parameters`, `/traces`, `/paths`, `/monthly`, `/counts`; attributes of their origin.

    Raises
    ------
    ScenarioError: The chain cannot be balanced, or what is to be kept does not exist or is too much.
    ResultError: `onto` or the checkpoint is of another ensemble, or cannot go on.
    ClusterError: The workers of the client run other code, or the cluster is lost.
    OSError: The folder of `stream` cannot be written.
    ValueError: `runs`, `threads`, `first` or `traces` out of range, or options that exclude each other.

    Example
    -------
    >>> import sim
    >>> results = sim.run(sim.load("still", overrides=["time.years=1"]), runs=2)
    >>> round(float(results["distribution"].price_maximum.max()), 4)
    1.0
    """
    _check(more, onto, checkpoint, stream, client, draw)
    _check_counted(distribution, open_ended, onto, checkpoint, client)
    runs, seed, threads = _given(scenario, onto, runs, seed, threads)
    _check_numbers(runs, first, threads, traces)
    first, already = (first, 0) if onto is None else _begun(onto, runs)
    kept = partial(Ensemble, scenario, follow=follow, monthly=monthly, per_run=per_run, distribution=distribution)
    begun = CHUNK if more is not None else runs - already
    ensemble = kept(seed=seed, runs=begun, threads=threads, draw=draw, sparing=stream is not None)
    if onto is not None:
        continuation.check(onto, ensemble.provenance(runs=runs, first=first))
    with ThreadPoolExecutor(threads) as pool:
        making = _Making(ensemble, pool, checkpoint, client, _onwards(progress, already), distribution)
        wanted, tree = making.groups(range(first + already, first + runs), onto, more, stream)
        tree |= making.besides(range(first, first + traces), open_ended)
    return _attributed(tree, ensemble.provenance(runs=wanted.stop - first, first=first))


def again(
    scenario: Scenario,
    numbers: Sequence[int],
    *,
    seed: int,
    follow: Iterable[Path | str] = (),
    monthly: Collection[str] = (),
    per_run: Collection[str] | None = None,
    threads: int | None = None,
) -> xr.DataTree:
    """Simulate chosen runs of an ensemble, side by side whatever their numbers: groups with a value for each run.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    numbers: Numbers of the runs, in any order.
    seed: Seed of the ensemble.
    follow, monthly, per_run: What is kept, as of `run`.
    threads: Threads; as many as the process may use processors by default.

    Raises
    ------
    ScenarioError: The chain cannot be balanced.
    """
    import xarray as xr

    threads = threads or processors()
    kept = partial(Ensemble, scenario, follow=follow, monthly=monthly, per_run=per_run)
    ensemble = kept(seed=seed, runs=len(numbers), threads=threads)
    with ThreadPoolExecutor(threads) as pool:
        part = ensemble.pick(numbers, pool)
    return xr.DataTree.from_dict(ensemble.per_run(part, numbers))


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _given(
    scenario: Scenario, onto: xr.DataTree | None, runs: int | None, seed: int | None, threads: int | None
) -> tuple[int, int, int]:
    """Runs, seed and threads, with what stands for those not given."""
    if seed is None:
        seed = scenario.ensemble.seed if onto is None else int(onto.attrs["seed"])
    return scenario.ensemble.runs if runs is None else runs, seed, processors() if threads is None else threads


def _attributed(tree: dict[str, xr.Dataset], attributes: dict[str, Any]) -> xr.DataTree:
    import xarray as xr

    results = xr.DataTree.from_dict(tree)
    results.attrs = attributes
    return results


def _check(
    more: More | None,
    onto: xr.DataTree | None,
    checkpoint: Checkpoint | None,
    stream: str | PathName | None,
    client: Client | None,
    draw: Draw | None,
) -> None:
    """Refuse options that exclude each other.

    Raises
    ------
    ValueError: They do.
    """
    if checkpoint is not None and (more is not None or draw is not None):
        raise ValueError("a checkpoint keeps ensembles of a given size that are drawn from the seed")
    if client is not None and draw is not None:
        raise ValueError("workers of a cluster draw from the seed")
    if stream is not None and (more is not None or onto is not None):
        raise ValueError("an ensemble that goes on is kept in memory, and not written as it comes")


def _check_counted(
    counted: bool, open_ended: bool, onto: xr.DataTree | None, checkpoint: Checkpoint | None, client: Client | None
) -> None:
    """Refuse what needs counts over runs where none are made.

    Raises
    ------
    ValueError: Something does.
    """
    if not counted and (open_ended or onto is not None or checkpoint is not None or client is not None):
        raise ValueError("an ensemble that goes on, or elsewhere, keeps what is counted over its runs")


def _check_numbers(runs: int, first: int, threads: int, traces: int) -> None:
    """Refuse numbers out of range.

    Raises
    ------
    ValueError: One is.
    """
    if runs < 1 or first < 0 or threads < 1 or not 0 <= traces <= runs:
        raise ValueError("runs and threads must be at least 1, first at least 0, traces at most runs")


def _begun(onto: xr.DataTree, runs: int) -> tuple[int, int]:
    """First run and number of runs of an ensemble that goes on to `runs`.

    Raises
    ------
    ValueError: It has that many already.
    """
    already = int(onto.attrs["runs"])
    if runs <= already:
        raise ValueError(f"the ensemble has {already} runs already; runs must be more")
    return int(onto.attrs["first_run"]), already


def _onwards(progress: Progress | None, already: int) -> Progress | None:
    """Progress of the runs that an ensemble goes on with as progress of the ensemble."""
    if progress is None:
        return None
    return lambda done, wanted: progress(already + done, already + wanted)


@dataclass(frozen=True)
class _Making:
    """How runs of an ensemble are simulated, where their progress is kept and who is told of it."""

    ensemble: Ensemble
    pool: ThreadPoolExecutor
    checkpoint: Checkpoint | None
    client: Client | None
    progress: Progress | None
    distribution: bool
    """Whether what is counted over runs, and the path without shocks, are among the groups."""

    def groups(
        self, wanted: range, onto: xr.DataTree | None, more: More | None, stream: str | PathName | None
    ) -> tuple[range, dict[str, xr.Dataset]]:
        """Simulate the wanted runs and what `more` asks for; the runs simulated, and the groups of all there are."""
        tree: dict[str, xr.Dataset] = {}
        if stream is None:
            wanted, tree = self._grown(wanted, onto, more)
        else:
            self.write(Stream(PathName(stream).resolve(), wanted.start, len(wanted)), wanted)
        if onto is not None:
            continuation.take_up(self.ensemble.collector, onto)
        if not self.distribution:
            return wanted, tree
        return wanted, {"distribution": self.ensemble.distribution()} | tree | {"reference": self.ensemble.path()}

    def besides(self, traced: range, open_ended: bool) -> dict[str, xr.Dataset]:
        """Paths of the traced runs, and counts to go on with, where they are asked for."""
        tree: dict[str, xr.Dataset] = {}
        if traced:
            tree["traces"] = self.ensemble.traces(traced, self.pool)
        if open_ended:
            tree["counts"] = continuation.counts(self.ensemble.collector, self.pool)
        return tree

    def _grown(self, wanted: range, onto: xr.DataTree | None, more: More | None) -> tuple[range, dict[str, xr.Dataset]]:
        """Simulate the wanted runs, and more as long as more are asked for; all runs simulated, and their groups."""
        done: list[Part] = []
        already = 0 if onto is None else int(onto.attrs["runs"])
        while True:
            done = self.gather(done, wanted)
            tree = self.ensemble.per_run(together(done), wanted)
            if onto is not None:
                tree = {name: continuation.appended(onto, name, data) for name, data in tree.items()}
            if more is None:
                return wanted, tree
            so_far = self.ensemble.provenance(runs=len(wanted), first=wanted.start)
            goal = more(_attributed(tree, so_far)) - already
            if goal <= len(wanted):
                return wanted, tree
            wanted = range(wanted.start, wanted.start + goal)

    def gather(self, done: list[Part], wanted: range) -> list[Part]:
        """Simulate and count all wanted runs that are not done yet, in memory or on disk; all parts together."""
        before: list[Any] = self._before(wanted, None) or list(done)
        return [*before, *self._coming(before, wanted, None)]

    def write(self, stream: Stream, wanted: range) -> None:
        """Simulate and count all wanted runs that are not on disk, and write what is kept of each.

        Raises
        ------
        ValueError: The folder is not that of the checkpoint, or, without one, exists.
        """
        if stream.folder != self.checkpoint.output if self.checkpoint is not None else stream.folder.exists():
            raise ValueError("a stream is the output of the checkpoint, or a folder that does not exist yet")
        before = self._before(wanted, stream)
        found = [*before, *self._coming(before, wanted, stream)]
        stream.finish(max(piece.slots for piece in found))

    def _before(self, wanted: range, stream: Stream | None) -> list[Any]:
        """What a checkpoint has of the wanted runs; it is counted."""
        if self.checkpoint is None:
            return []
        key = self.ensemble.key | {"first": wanted.start, "runs": len(wanted)}
        return list(self.checkpoint.begin(key, self.ensemble.collector, stream))

    def _coming(self, done: Sequence[Part | Stored], wanted: range, stream: Stream | None) -> Iterator[Any]:
        """Simulate, count and note all wanted runs that are not done; yields parts, or what was stored."""
        ensemble = self.ensemble
        left = missing([range(part.first, part.stop) for part in done], wanted)
        word = _Word(self.progress, sum(part.stop - part.first for part in done), len(wanted))
        coming: Iterable[Part | Stored]
        if self.client is not None:
            coming = word.of(cluster.simulated_by(self.client, ensemble, left, stream))
        else:
            parts = word.of(ensemble.simulate(left, self.pool, word.say))
            coming = parts if stream is None else stream.stored(ensemble, parts)
        for part in coming:
            if self.checkpoint is not None:
                self.checkpoint.add(part, ensemble.collector, self.pool)
            yield part


@dataclass
class _Word:
    """Who is told how far the runs have come."""

    progress: Progress | None
    done: int
    wanted: int

    def say(self, under_way: int = 0) -> None:
        """Tell of the runs that are done, and of those that months of others add up to."""
        if self.progress is not None:
            self.progress(self.done + under_way, self.wanted)

    def of(self, parts: Iterable[Any]) -> Iterator[Any]:
        """Parts as they come, and word of each once it is noted; those of a piece not yet stored, once counted."""
        for part in parts:
            yield part
            self.done += part.stop - part.first
            self.say()
