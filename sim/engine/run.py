"""Run a scenario: sample, simulate, collect, label."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from sim import chain as chains
from sim.chain import stability
from sim.chain.reference import Reference
from sim.core.state import Chain
from sim.engine import cluster, expansion, labels, machine_code
from sim.engine.checkpoint import Checkpoint
from sim.engine.chunk import CHUNK, LANES, Chunk, Clock, by_run
from sim.engine.collector import Collector
from sim.engine.outcomes import row_labels
from sim.engine.parts import Part, drawn, draws, draws_of, missing, simulated, together
from sim.scenario import Scenario
from sim.variables import RUN

if TYPE_CHECKING:
    from distributed import Client

Progress = Callable[[int, int], None]
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
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    client: Client | None = None,
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
    progress: Called with the runs done and the runs wanted, from the calling thread.
    checkpoint: Where progress is kept (`sim.Checkpoint`); what is there of the same ensemble is not simulated again.
    client: A `distributed.Client`, whose workers then simulate; counts and outputs come together here.

    Returns
    -------
    Groups `/distribution` (quantile, time, product or sector or stage, region), `/runs` (one value a run),
    `/shocks`, `/capacity` where capacity is not fixed and, if asked for, `/traces`. Attributes of the root hold the
    scenario in full, seed, version and what reconciliation changed.

    Raises
    ------
    ScenarioError: The chain cannot be balanced.
    ResultError: The checkpoint holds progress of another ensemble.
    ClusterError: The workers of the client run other code, or the cluster is lost.
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
    machine_code.discard_damaged()
    reference = chains.build(scenario)
    chain = chains.core_arrays(reference)
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    collector = Collector(reference, chain, clock, -(-min(runs, CHUNK) // LANES))
    wanted = range(first, first + runs)

    with ThreadPoolExecutor(threads) as pool:
        kept = _kept(reference, chain, clock, collector, wanted, seed, pool, checkpoint, client, progress)
        coords = labels.coordinates(reference, clock.count) | {RUN: np.array(wanted)}
        rows = {name: plan.labels for name, plan in collector.plans.items()}
        tree = {
            "distribution": labels.distribution(collector.found, rows, coords),
            **_per_run(reference, collector, kept, coords),
        }
        if traces:
            traced = range(first, first + traces)
            tree["traces"] = _traces(collector, reference, chain, clock, traced, seed, pool, coords)
    results = xr.DataTree.from_dict({name: data for name, data in tree.items()})
    results.attrs = _provenance(reference, runs=runs, seed=seed, first=first)
    return results


def again(scenario: Scenario, numbers: Sequence[int], *, seed: int, threads: int | None = None) -> xr.DataTree:
    """Simulate chosen runs of an ensemble, side by side whatever their numbers: `/runs`, `/shocks`, `/capacity`.

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
    reference = chains.build(scenario)
    chain = chains.core_arrays(reference)
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    buffers = Chunk(chain, clock, min(len(numbers), CHUNK))
    collector = Collector(reference, chain, clock, buffers.blocks)
    with ThreadPoolExecutor(threads or _processors()) as pool:
        kept = together(simulated(reference, buffers, collector, draws_of(reference, numbers, seed), pool))
    coords = labels.coordinates(reference, clock.count) | {RUN: np.array(numbers)}
    return xr.DataTree.from_dict(_per_run(reference, collector, kept, coords))


def _per_run(reference: Reference, collector: Collector, kept: Part, coords: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Groups with a value for each run."""
    scenario = reference.scenario
    kinds = [str(restriction.kind) for restriction in scenario.measures.values()]
    tree = {
        "runs": labels.runs(kept.outcomes, row_labels(collector), coords),
        "shocks": labels.shocks(kept.shocks, kinds, coords),
    }
    if scenario.capacity.followed:
        tree["capacity"] = expansion.dataset(reference, kept.built, coords)
    return tree


def _kept(
    reference: Reference,
    chain: Chain,
    clock: Clock,
    collector: Collector,
    wanted: range,
    seed: int,
    pool: ThreadPoolExecutor,
    checkpoint: Checkpoint | None,
    client: Client | None,
    progress: Progress | None,
) -> Part:
    """Simulate and count all runs that are not on disk yet; what is kept of each run."""
    scenario = reference.scenario
    key = {"scenario": scenario.text, "tables": scenario.tables.digest, "seed": seed}
    key |= {"first": wanted.start, "runs": len(wanted)}
    done = checkpoint.begin(key, collector) if checkpoint is not None else []
    left = missing([range(part.first, part.stop) for part in done], wanted)
    if left and client is None:
        buffers = Chunk(chain, clock, max(min(len(each), CHUNK) for each in left))
        coming = simulated(reference, buffers, collector, draws(reference, left, seed, pool), pool)
    else:
        coming = cluster.simulated_by(client, scenario, left, seed, collector) if client and left else iter(())
    for part in coming:
        done.append(part)
        if checkpoint is not None:
            checkpoint.add(part, collector, pool)
        if progress is not None:
            progress(sum(each.stop - each.first for each in done), len(wanted))
    return together(done)


def _processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
        list(chunk.simulate(*drawn(reference, begin, chunk.padded, seed), pool))
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
