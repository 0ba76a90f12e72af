"""Run a scenario: sample, simulate, collect, label."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim import chain as chains
from sim.chain import stability
from sim.chain.reference import Reference
from sim.core.state import Chain, ProjectDraws
from sim.engine import continuation, expansion, labels
from sim.engine.chunk import CHUNK, LANES, Chunk, Clock, by_run
from sim.engine.collector import Collector
from sim.engine.outcomes import Followed, outcomes, row_labels
from sim.engine.paths import Paths
from sim.projects import followed as projects_followed
from sim.scenario import Scenario
from sim.shocks import Shocks, joined, sample
from sim.variables import RUN, Path

Progress = Callable[[int, int], None]
Draw = Callable[[Reference, int, int], tuple[Shocks, ProjectDraws]]
"""All that is drawn of a range of runs: of a reconciled chain, the first run and how many."""
More = Callable[[xr.DataTree], int]
"""From `/runs` and `/paths` so far to the runs to go on to; no more than there are if they are enough."""
Values = dict[str, NDArray[np.float32]]
TRACED_AT_ONCE = 64
"""Runs traced in one go: every route of every one of them is kept."""


def run(
    scenario: Scenario,
    *,
    runs: int | None = None,
    seed: int | None = None,
    first: int = 0,
    threads: int | None = None,
    traces: int = 0,
    follow: Iterable[Path | str] = (),
    more: More | None = None,
    onto: xr.DataTree | None = None,
    open_ended: bool = False,
    progress: Progress | None = None,
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
    more: Asked, once `runs` are simulated and whenever what it said is, how many runs to go on to.
    onto: A result of the same ensemble with `/counts`, to go on with: `runs` then includes its own.
    open_ended: Whether `/counts` is kept, so that a later call can go on with the ensemble.
    progress: Called with the runs done and the runs wanted, from the calling thread.
    draw: Where shocks and projects come from instead of the seed, as for a question that leaves some of them out. It is
        asked for more runs than count, to fill the last block.

    Returns
    -------
    Groups `/distribution` (quantile, time, product or sector or stage, region), `/runs` (one value a run),
    `/shocks`, `/capacity` where capacity is not fixed and, if asked for, `/traces`, `/paths` and `/counts`. Attributes
    of the root hold the scenario in full, seed, version and what reconciliation changed.

    Raises
    ------
    ScenarioError: The chain cannot be balanced, or a row to follow does not exist.
    ResultError: `onto` is of another ensemble, or cannot go on.
    ValueError: `runs`, `threads`, `first` or `traces` out of range.

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
    threads = _processors() if threads is None else threads
    if runs < 1 or first < 0 or threads < 1 or not 0 <= traces <= runs:
        raise ValueError("runs and threads must be at least 1, first at least 0, traces at most runs")
    reference = chains.build(scenario)
    chain = chains.core_arrays(reference)
    draw = draw or partial(_drawn, seed=seed)
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    first, already = (first, 0) if onto is None else _begun(onto, runs)
    buffers = Chunk(chain, clock, CHUNK if more is not None else min(runs - already, CHUNK))
    collector = Collector(reference, chain, clock, buffers.blocks)
    kept = Kept(Paths(follow, collector))
    if onto is not None:
        continuation.check(onto, _provenance(reference, runs=runs, seed=seed, first=first))
        continuation.take_up(collector, onto)

    with ThreadPoolExecutor(threads) as pool:
        numbers = range(first + already, first + runs)
        while numbers:
            _simulate(reference, buffers, collector, kept, numbers, draw, pool, _onwards(progress, runs))
            tree = _per_run(reference, collector, kept, clock, range(first + already, first + runs), onto)
            goal = runs if more is None else more(xr.DataTree.from_dict(tree))
            numbers, runs = range(first + runs, first + goal), max(goal, runs)
        coords = labels.coordinates(reference, clock.count)
        rows = {name: plan.labels for name, plan in collector.plans.items()}
        tree = {"distribution": labels.distribution(collector.found, rows, coords)} | tree
        if traces:
            traced = range(first, first + traces)
            tree["traces"] = _traces(collector, reference, chain, clock, traced, draw, pool, coords)
    if open_ended:
        tree["counts"] = continuation.counts(collector)
    results = xr.DataTree.from_dict(tree)
    results.attrs = _provenance(reference, runs=runs, seed=seed, first=first)
    return results


@dataclass
class Kept:
    """What is kept of each run so far, chunk after chunk."""

    paths: Paths
    outcomes: list[Values] = field(default_factory=list)
    built: list[Values] = field(default_factory=list)
    """Capacities; empty where they are fixed."""
    struck: list[Shocks] = field(default_factory=list)
    """Shocks that came."""


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


def _onwards(progress: Progress | None, runs: int) -> Progress | None:
    """Progress of the runs of one batch as progress of the ensemble."""
    if progress is None:
        return None
    return lambda done, wanted: progress(runs - wanted + done, runs)


def _simulate(
    reference: Reference,
    buffers: Chunk,
    collector: Collector,
    kept: Kept,
    runs: range,
    draw: Draw,
    pool: ThreadPoolExecutor,
    progress: Progress | None,
) -> None:
    """Simulate, count and keep a range of runs."""
    done = 0
    for size, drawn, projects in _draws(reference, runs, draw, pool):
        followed = Followed(collector, buffers.record)
        for shift in buffers.simulate(drawn, projects, pool):
            collector.add(buffers.record, size, pool, shift=shift)
            followed.add(buffers.record, pool, shift=shift)
            kept.paths.add(buffers.record, size, pool, shift=shift)
        collector.finish(size)
        came = buffers.came.head(size)
        kept.outcomes.append(outcomes(reference, collector, followed, buffers.record, came, size))
        if reference.scenario.capacity.followed:
            kept.built.append(expansion.capacities(reference, buffers.record, collector.dt, size))
        kept.struck.append(came)
        done += size
        if progress is not None:
            progress(done, len(runs))


def _per_run(
    reference: Reference, collector: Collector, kept: Kept, clock: Clock, runs: range, onto: xr.DataTree | None
) -> dict[str, xr.Dataset]:
    """Groups with a value for each run, those of the ensemble that is gone on with in front."""
    scenario = reference.scenario
    coords = labels.coordinates(reference, clock.count) | {RUN: np.arange(runs.start, runs.stop)}
    kinds = [str(restriction.kind) for restriction in scenario.measures.values()]
    tree = {
        "runs": labels.runs(_joined(kept.outcomes), row_labels(collector), coords),
        "shocks": labels.shocks(joined(kept.struck), kinds, coords),
    }
    if scenario.capacity.followed:
        tree["capacity"] = expansion.dataset(reference, _joined(kept.built), coords)
    if kept.paths:
        tree["paths"] = kept.paths.dataset(coords)
    return tree if onto is None else {name: continuation.appended(onto, name, data) for name, data in tree.items()}


def _draws(
    reference: Reference, runs: range, draw: Draw, pool: ThreadPoolExecutor
) -> Iterator[tuple[int, Shocks, ProjectDraws]]:
    """Runs that count, shocks and projects of chunk after chunk; the next is drawn while the core is at work on one.

    The last block is filled with the runs that would come next; they are simulated and not counted.
    """

    def chunk(begin: int) -> tuple[int, Shocks, ProjectDraws]:
        """The chunk that begins with a run."""
        size = min(CHUNK, runs.stop - begin)
        padded = -(-size // LANES) * LANES
        return size, *draw(reference, begin, padded)

    begins = runs[::CHUNK]
    coming = pool.submit(chunk, begins[0])
    for later in begins[1:]:
        now, coming = coming, pool.submit(chunk, later)
        yield now.result()
    yield coming.result()


def _drawn(reference: Reference, first: int, runs: int, *, seed: int) -> tuple[Shocks, ProjectDraws]:
    """All that is drawn of a range of runs."""
    shocks = sample(reference.scenario, reference, first=first, runs=runs, seed=seed)
    return shocks, projects_followed(reference, first=first, runs=runs, seed=seed)


def _processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _joined(parts: list[Values]) -> Values:
    return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}


def _traces(
    collector: Collector,
    reference: Reference,
    chain: Chain,
    clock: Clock,
    runs: range,
    draw: Draw,
    pool: ThreadPoolExecutor,
    coords: dict[str, Any],
) -> xr.Dataset:
    """Simulate the chosen runs again, keeping every route: the same bits, since a run depends on its number only."""
    parts = []
    chunk = Chunk(chain, clock, min(len(runs), TRACED_AT_ONCE), traced=True)
    rows = {name: plan.labels for name, plan in collector.plans.items()}
    for begin in runs[:: chunk.padded]:
        used = min(chunk.padded, runs.stop - begin)
        # All months come at once: there is one slice.
        list(chunk.simulate(*draw(reference, begin, chunk.padded), pool))
        here = coords | {RUN: np.arange(begin, begin + used)}
        paths = collector.paths(chunk.record, used, pool)
        parts.append(labels.traces(paths, rows, by_run(chunk.record.route, used), here))
    return xr.concat(parts, dim=RUN)


def _certificate(scenario: Scenario) -> str:
    """The stored stability certificate, as JSON; empty where the chain has none with these parameters and steps."""
    found = stability.stored(scenario)
    return json.dumps(asdict(found)) if found is not None else ""


def _provenance(reference: Reference, *, runs: int, seed: int, first: int) -> dict[str, Any]:
    """All that is needed to make the result again and to judge it."""
    from sim import __version__

    scenario = reference.scenario
    changes = [
        {
            "name": change.name,
            "confidence": change.confidence,
            "published": change.published,
            "reconciled": change.reconciled,
        }
        for change in reference.changes
    ]
    return {
        "title": scenario.title,
        "oreflow_version": __version__,
        "scenario": scenario.text,
        "scenario_file": scenario.path.name if scenario.path else "",
        "tables_digest": scenario.tables.digest,
        "seed": seed,
        "runs": runs,
        "first_run": first,
        "reconciliation": json.dumps(changes),
        "certificate": _certificate(scenario),
    }
