"""Run a scenario: sample, simulate, collect, label."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim import chain as chains
from sim.chain import stability
from sim.chain.reference import Reference
from sim.core.state import Chain, ProjectDraws
from sim.engine import baseline, expansion, labels
from sim.engine.chunk import CHUNK, LANES, Chunk, Clock, by_run
from sim.engine.collector import Collector
from sim.engine.monthly import DELIVERY, Monthly, checked
from sim.engine.outcomes import Followed, outcomes, row_labels
from sim.projects import followed as projects_followed
from sim.scenario import Scenario
from sim.shocks import Shocks, joined, sample
from sim.variables import RUN

Progress = Callable[[int, int], None]
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
    monthly: Collection[str] = (),
    progress: Progress | None = None,
) -> xr.DataTree:
    """Simulate an ensemble and return its labelled results.

    The same scenario and seed give the same bits for any number of threads; run 17 is the same run in any range.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    runs: Number of runs; the scenario's `ensemble.runs` by default.
    seed: Seed of all random draws; the scenario's `ensemble.seed` by default.
    first: Number of the first run, to simulate a part of an ensemble.
    threads: Threads; as many as the process may use processors by default.
    traces: Runs, from the first, whose full monthly paths are kept.
    monthly: Variables whose paths are kept of every run, of those of `variables.MONTHLY`.
    progress: Called with the runs done and the runs wanted, from the calling thread.

    Returns
    -------
    Groups `/distribution` (quantile, time, product or sector or stage, region), `/runs` (one value a run),
    `/shocks`, `/reference` (the path without shocks), `/capacity` where capacity is not fixed and, if asked for,
    `/traces` and `/monthly`. Attributes of the root hold the scenario in full, seed, version and what reconciliation
    changed.

    Raises
    ------
    ScenarioError: The chain cannot be balanced, or `monthly` is unknown or too much.
    ValueError: `runs`, `threads`, `first` or `traces` out of range.

    Example
    -------
    >>> import sim
    >>> results = sim.run(sim.load("still", overrides=["time.years=1"]), runs=2)
    >>> round(float(results["distribution"].price_maximum.max()), 4)
    1.0
    """
    runs = scenario.ensemble.runs if runs is None else runs
    seed = scenario.ensemble.seed if seed is None else seed
    threads = _processors() if threads is None else threads
    if runs < 1 or first < 0 or threads < 1 or not 0 <= traces <= runs:
        raise ValueError("runs and threads must be at least 1, first at least 0, traces at most runs")
    reference = chains.build(scenario)
    chain = chains.core_arrays(reference)
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    kept_paths = checked(monthly, runs=runs, cells=clock.count * len(reference.markets))
    buffers = Chunk(chain, clock, min(runs, CHUNK), routes=DELIVERY in kept_paths)
    collector = Collector(reference, chain, clock, buffers.blocks)
    paths = Monthly(kept_paths, reference, collector, clock)

    with ThreadPoolExecutor(threads) as pool:
        numbers = range(first, first + runs)
        kept, built, struck = _simulated(reference, buffers, collector, paths, numbers, seed, pool, progress)
        coords = labels.coordinates(reference, clock.count) | {RUN: np.arange(first, first + runs)}
        kinds = [str(restriction.kind) for restriction in scenario.measures.values()]
        rows = {name: plan.labels for name, plan in collector.plans.items()}
        tree = {
            "distribution": labels.distribution(collector.found, rows, coords),
            "runs": labels.runs(_joined(kept), row_labels(collector), coords),
            "shocks": labels.shocks(joined(struck), kinds, coords),
            "reference": baseline.dataset(reference, chain, clock),
        }
        if kept_paths:
            tree["monthly"] = paths.dataset(coords)
        if scenario.capacity.followed:
            tree["capacity"] = expansion.dataset(reference, _joined(built), coords)
        if traces:
            traced = range(first, first + traces)
            tree["traces"] = _traces(collector, reference, chain, clock, traced, seed, pool, coords)
    results = xr.DataTree.from_dict(dict(tree))
    results.attrs = _provenance(reference, runs=runs, seed=seed, first=first)
    return results


def _simulated(
    reference: Reference,
    buffers: Chunk,
    collector: Collector,
    paths: Monthly,
    runs: range,
    seed: int,
    pool: ThreadPoolExecutor,
    progress: Progress | None,
) -> tuple[list[Values], list[Values], list[Shocks]]:
    """Simulate and count all runs; what is kept of each chunk: outcomes, capacities if not fixed, shocks that came."""
    kept: list[Values] = []
    built: list[Values] = []
    struck: list[Shocks] = []
    for size, drawn, projects in _draws(reference, runs, seed, pool):
        followed = Followed(collector, buffers.record)
        for shift in buffers.simulate(drawn, projects, pool):
            collector.add(buffers.record, size, pool, shift=shift)
            followed.add(buffers.record, pool, shift=shift)
            paths.add(buffers.record, size, pool, shift=shift)
        collector.finish(size)
        came = buffers.came.head(size)
        kept.append(outcomes(reference, collector, followed, buffers.record, came, size))
        if reference.scenario.capacity.followed:
            built.append(expansion.capacities(reference, buffers.record, collector.dt, size))
        struck.append(came)
        if progress is not None:
            progress(sum(part.onset.shape[2] for part in struck), len(runs))
    return kept, built, struck


def _draws(
    reference: Reference, runs: range, seed: int, pool: ThreadPoolExecutor
) -> Iterator[tuple[int, Shocks, ProjectDraws]]:
    """Runs that count, shocks and projects of chunk after chunk; the next is drawn while the core is at work on one.

    The last block is filled with the runs that would come next; they are simulated and not counted.
    """

    def draw(begin: int) -> tuple[int, Shocks, ProjectDraws]:
        """The chunk that begins with a run."""
        size = min(CHUNK, runs.stop - begin)
        padded = -(-size // LANES) * LANES
        return size, *_drawn(reference, begin, padded, seed)

    begins = runs[::CHUNK]
    coming = pool.submit(draw, begins[0])
    for later in begins[1:]:
        now, coming = coming, pool.submit(draw, later)
        yield now.result()
    yield coming.result()


def _drawn(reference: Reference, first: int, runs: int, seed: int) -> tuple[Shocks, ProjectDraws]:
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
    seed: int,
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
        list(chunk.simulate(*_drawn(reference, begin, chunk.padded, seed), pool))
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
