"""Run a scenario: sample, simulate, collect, label."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path as PathName
from typing import TYPE_CHECKING, Any

import xarray as xr

from sim.engine import cluster, continuation
from sim.engine.checkpoint import Checkpoint
from sim.engine.chunk import CHUNK
from sim.engine.ensemble import Ensemble
from sim.engine.parts import Draw, Part, Stored, missing, together
from sim.engine.stream import Stream
from sim.scenario import Scenario
from sim.variables import Path

if TYPE_CHECKING:
    from distributed import Client

Progress = Callable[[int, int], None]
More = Callable[[xr.DataTree], int]
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
) -> xr.DataTree:
    """Simulate an ensemble and return its labelled results.

    The same scenario and seed give the same bits for any number of threads; run 17 is the same run in any range.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    runs: Number of runs; the scenario's `ensemble.runs` by default.
    seed: Seed of all random draws; by default that of `onto`, else the scenario's `ensemble.seed`.
    first: Number of the first run, to simulate a part of an ensemble.
    threads: Threads; as many as the process may use processors by default.
    traces: Runs, from the first, whose full monthly paths are kept.
    follow: Rows such as `price[dy_oxide, EU]` whose monthly paths are kept of every run.
    monthly: Variables whose paths are kept of every run: price, inventory, shortage, sector_shortage, stopped,
        delivery.
    per_run: Variables of `/runs` that are kept; all by default.
    more: Asked, once `runs` are simulated and whenever what it said is, how many runs to go on to.
    onto: A result of the same ensemble with `/counts`, to go on with: `runs` then includes its own.
    open_ended: Whether `/counts` is kept, so that a later call can go on with the ensemble.
    progress: Called with the runs done and the runs wanted, from the calling thread.
    checkpoint: Where progress is kept (`sim.Checkpoint`); what is there of the same ensemble is not simulated again.
        Not together with `more` or `draw`.
    stream: Zarr folder that the groups with a value a run go to as they come, in place of memory; they are then not in
        what is returned. Not together with `more` or `onto`. `sim.make` makes whole results that
        way.
    client: A `distributed.Client`, whose workers then simulate; counts and outputs come together here. Not together
        with `draw`.
    draw: Where shocks and projects come from instead of the seed, as for a question that leaves some of them out. It is
        asked for more runs than count, to fill the last block.

    Returns
    -------
    Groups `/distribution` (quantile, time, product or sector or stage, region), `/runs` (one value a run), `/shocks`,
    `/reference` (the path without shocks), `/capacity` where capacity is not fixed, `/policies` and `/stockpiles`
    where there are any and, if asked for, `/traces`, `/paths`, `/monthly` and `/counts`. Attributes of the root hold
    the scenario in full, seed, version and what reconciliation changed.

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
    runs = scenario.ensemble.runs if runs is None else runs
    if seed is None:
        seed = scenario.ensemble.seed if onto is None else int(onto.attrs["seed"])
    threads = processors() if threads is None else threads
    if runs < 1 or first < 0 or threads < 1 or not 0 <= traces <= runs:
        raise ValueError("runs and threads must be at least 1, first at least 0, traces at most runs")
    _check(more, checkpoint, client, draw)
    if stream is not None and (more is not None or onto is not None):
        raise ValueError("an ensemble that goes on is kept in memory, and not written as it comes")
    first, already = (first, 0) if onto is None else _begun(onto, runs)
    most = CHUNK if more is not None else runs - already
    ensemble = Ensemble(scenario, seed=seed, runs=most, follow=follow, monthly=monthly, per_run=per_run, draw=draw)
    if onto is not None:
        continuation.check(onto, ensemble.provenance(runs=runs, first=first))

    with ThreadPoolExecutor(threads) as pool:
        onwards = _onwards(progress, already)
        wanted = range(first + already, first + runs)
        making = _Making(ensemble, pool, checkpoint, client, onwards)
        tree: dict[str, xr.Dataset] = {}
        if stream is None:
            wanted, tree = _grown(making, wanted, onto, more)
        else:
            making.write(Stream(PathName(stream).resolve(), wanted.start, len(wanted)), wanted)
        runs = wanted.stop - first
        if onto is not None:
            continuation.take_up(ensemble.collector, onto)
        tree = {"distribution": ensemble.distribution()} | tree | {"reference": ensemble.path()}
        if traces:
            tree["traces"] = ensemble.traces(range(first, first + traces), pool)
        if open_ended:
            tree["counts"] = continuation.counts(ensemble.collector, pool)
    results = xr.DataTree.from_dict(tree)
    results.attrs = ensemble.provenance(runs=runs, first=first)
    return results


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
    ensemble = Ensemble(scenario, seed=seed, runs=len(numbers), follow=follow, monthly=monthly, per_run=per_run)
    with ThreadPoolExecutor(threads or processors()) as pool:
        kept = ensemble.pick(numbers, pool)
    return xr.DataTree.from_dict(ensemble.per_run(kept, numbers))


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check(more: More | None, checkpoint: Checkpoint | None, client: Client | None, draw: Draw | None) -> None:
    """Refuse options that exclude each other.

    Raises
    ------
    ValueError: They do.
    """
    if checkpoint is not None and (more is not None or draw is not None):
        raise ValueError("a checkpoint keeps ensembles of a given size that are drawn from the seed")
    if client is not None and draw is not None:
        raise ValueError("workers of a cluster draw from the seed")


def _grown(
    making: _Making, wanted: range, onto: xr.DataTree | None, more: More | None
) -> tuple[range, dict[str, xr.Dataset]]:
    """Simulate the wanted runs, and more as long as more are asked for; all runs simulated, and their groups."""
    done: list[Part] = []
    already = 0 if onto is None else int(onto.attrs["runs"])
    while True:
        done = making.gather(done, wanted)
        tree = making.ensemble.per_run(together(done), wanted)
        if onto is not None:
            tree = {name: continuation.appended(onto, name, data) for name, data in tree.items()}
        goal = 0 if more is None else more(xr.DataTree.from_dict(tree)) - already
        if goal <= len(wanted):
            return wanted, tree
        wanted = range(wanted.start, wanted.start + goal)


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
        ensemble, finished = self.ensemble, sum(each.stop - each.first for each in done)
        left = missing([range(part.first, part.stop) for part in done], wanted)
        coming: Iterable[Part | Stored]
        if self.client is not None:
            coming = cluster.simulated_by(self.client, ensemble, left, stream)
        else:
            parts = ensemble.simulate(left, self.pool)
            coming = parts if stream is None else stream.stored(ensemble, parts)
        for part in coming:
            finished += part.stop - part.first
            if self.checkpoint is not None:
                self.checkpoint.add(part, ensemble.collector, self.pool)
            if self.progress is not None:
                self.progress(finished, len(wanted))
            yield part
