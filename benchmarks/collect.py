"""How fast a chunk of runs is counted: nanoseconds for one value of one run in one month.

    python -m benchmarks.collect [--scenario baseline] [--threads 2] [--json]

Counted are all rows of all variables: entities, their sums over the world and over stages, and values per run.
Compilation and the first touch of the histograms are outside the timed part. On a shared machine the best is what the
code can do. The core is timed on the same runs for comparison.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sim
from benchmarks.cases import chain_hash
from benchmarks.output import show
from sim.chain import build, core_arrays
from sim.core.full import LANES
from sim.engine.chunk import CHUNK, Chunk, Clock, Drawn, Months, finish
from sim.engine.collector import Collector
from sim.engine.outcomes import Followed, outcomes
from sim.projects import followed as projects_followed
from sim.shocks import sample


def measure(
    name: str, *, runs: int = CHUNK, threads: int = 2, repeats: int = 9, overrides: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Time collection and core on a chunk of a bundled scenario.

    Parameters
    ----------
    name: Bundled scenario.
    runs: Runs of the chunk, whole blocks of them.
    repeats: Times each is done.
    overrides: Keys of the scenario set otherwise.
    """
    scenario = sim.load(name, overrides=list(overrides))
    reference = build(scenario)
    chain = core_arrays(reference)
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    chunk = Chunk(chain, clock, runs)
    collector = Collector(reference, chain, clock, chunk.blocks, LANES)
    shocks = sample(scenario, reference, first=0, runs=chunk.padded, seed=scenario.ensemble.seed)
    projects = projects_followed(reference, first=0, runs=chunk.padded, seed=scenario.ensemble.seed)
    with ThreadPoolExecutor(threads) as pool:

        def simulate() -> Months:
            *_, ended = chunk.simulated([Drawn(0, runs, shocks, projects)], pool)
            ended.wait()
            return ended

        core = _seconds(simulate, max(1, repeats // 3))
        shifts, record = range(0, clock.count, chunk.months), simulate().record

        def count() -> None:
            for shift in shifts:
                finish(collector.add(record, runs, pool, shift=shift))

        counting = _seconds(count, repeats)

        def follow() -> None:
            followed = Followed(collector, record)
            for shift in shifts:
                finish(followed.add(record, pool, shift=shift))
            outcomes(reference, collector, followed, record, shocks, runs)

        per_run = _seconds(follow, repeats)
    rows = sum(len(plan.labels) for plan in collector.plans.values())
    values = rows * clock.count * runs
    best = min(counting) + min(per_run)
    return {
        "scenario": name,
        "chain_hash": chain_hash(chain),
        "rows": rows,
        "months": clock.count,
        "runs": runs,
        "threads": threads,
        "ns_per_value_and_thread": min(counting) / values * threads * 1e9,
        "counting_seconds": min(counting),
        "counting_seconds_median": statistics.median(counting),
        "per_run_seconds": min(per_run),
        "core_seconds": min(core),
        "share_of_core": best / min(core),
        "oreflow": sim.__version__,
    }


def _seconds(work: Callable[[], object], repeats: int) -> list[float]:
    """Time of every repeat; the first, which compiles or loads and touches memory for the first time, is left out."""
    found = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return found[1:]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scenario", default="baseline", help="bundled scenario to measure on")
    parser.add_argument("--runs", type=int, default=CHUNK, help="runs of a chunk")
    parser.add_argument("--threads", type=int, default=2, help="threads")
    parser.add_argument("--repeats", type=int, default=9, help="times each part is done")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    found = measure(arguments.scenario, runs=arguments.runs, threads=arguments.threads, repeats=arguments.repeats)
    show(found, as_json=arguments.json)


if __name__ == "__main__":
    main()
