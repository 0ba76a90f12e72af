"""Run a scenario: sample, simulate, collect, label."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import xarray as xr

from sim.engine import cluster, continuation
from sim.engine.checkpoint import Checkpoint
from sim.engine.chunk import CHUNK
from sim.engine.ensemble import Ensemble
from sim.engine.parts import Draw, Part, missing, together
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
    more: More | None = None,
    onto: xr.DataTree | None = None,
    open_ended: bool = False,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
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
    more: Asked, once `runs` are simulated and whenever what it said is, how many runs to go on to.
    onto: A result of the same ensemble with `/counts`, to go on with: `runs` then includes its own.
    open_ended: Whether `/counts` is kept, so that a later call can go on with the ensemble.
    progress: Called with the runs done and the runs wanted, from the calling thread.
    checkpoint: Where progress is kept (`sim.Checkpoint`); what is there of the same ensemble is not simulated again.
        Not together with `more` or `draw`.
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
    first, already = (first, 0) if onto is None else _begun(onto, runs)
    most = CHUNK if more is not None else runs - already
    ensemble = Ensemble(scenario, seed=seed, runs=most, follow=follow, monthly=monthly, draw=draw)
    if onto is not None:
        continuation.check(onto, ensemble.provenance(runs=runs, first=first))

    with ThreadPoolExecutor(threads) as pool:
        onwards = _onwards(progress, already)
        wanted = range(first + already, first + runs)
        wanted, tree = _grown(ensemble, wanted, pool, checkpoint, client, onwards, onto, more)
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


def again(scenario: Scenario, numbers: Sequence[int], *, seed: int, threads: int | None = None) -> xr.DataTree:
    """Simulate chosen runs of an ensemble, side by side whatever their numbers: groups with a value for each run.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    numbers: Numbers of the runs, in any order.
    seed: Seed of the ensemble.
    threads: Threads; as many as the process may use processors by default.

    Raises
    ------
    ScenarioError: The chain cannot be balanced.
    """
    ensemble = Ensemble(scenario, seed=seed, runs=len(numbers))
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
    ensemble: Ensemble,
    wanted: range,
    pool: ThreadPoolExecutor,
    checkpoint: Checkpoint | None,
    client: Client | None,
    progress: Progress | None,
    onto: xr.DataTree | None,
    more: More | None,
) -> tuple[range, dict[str, xr.Dataset]]:
    """Simulate the wanted runs, and more as long as more are asked for; all runs simulated, and their groups."""
    done: list[Part] = []
    already = 0 if onto is None else int(onto.attrs["runs"])
    while True:
        done = _simulated(ensemble, done, wanted, pool, checkpoint, client, progress)
        tree = ensemble.per_run(together(done), wanted)
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


def _simulated(
    ensemble: Ensemble,
    done: list[Part],
    wanted: range,
    pool: ThreadPoolExecutor,
    checkpoint: Checkpoint | None,
    client: Client | None,
    progress: Progress | None,
) -> list[Part]:
    """Simulate and count all wanted runs that are not done yet, in memory or on disk; all parts together."""
    if checkpoint is not None:
        key = ensemble.key | {"first": wanted.start, "runs": len(wanted)}
        done = checkpoint.begin(key, ensemble.collector)
    left = missing([range(part.first, part.stop) for part in done], wanted)
    coming = ensemble.simulate(left, pool) if client is None else cluster.simulated_by(client, ensemble, left)
    for part in coming:
        done.append(part)
        if checkpoint is not None:
            checkpoint.add(part, ensemble.collector, pool)
        if progress is not None:
            progress(sum(each.stop - each.first for each in done), len(wanted))
    return done
