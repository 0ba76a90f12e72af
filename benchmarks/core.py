"""How fast the core is: nanoseconds for one entity, one run and one period, and the share of the machine's peak.

    python -m benchmarks.core [--case everything] [--json]

Compilation is outside the timed part. Only entities that take part are counted: markets, processes, routes (latent ones
included, since they are followed too) and uses. Cases are in `benchmarks.cases`; each is named by a hash of its chain,
so that figures of different chains are not compared by accident. One core: time of the processor, which on a quiet
machine is that of the clock. Two: time of the clock. Best and median of several blocks of runs; on a shared machine the
best is what the core can do. Operations are counted by `benchmarks.operations`, the peak is measured by
`benchmarks.peak`.
"""

from __future__ import annotations

import argparse
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sim
from benchmarks import operations, peak
from benchmarks.cases import CASES, Ready, chain_hash, ready
from benchmarks.output import show
from sim.core import allocate, loop
from sim.core.full import LANES

DEFAULT = "everything"
THREADS = 2


def measure(name: str, *, blocks: int = 9) -> dict[str, Any]:
    """Time the core on one thread and on two, with shocks, recorded monthly.

    Parameters
    ----------
    name: Case or bundled scenario.
    blocks: Blocks timed, of each.
    """
    case = ready(name)
    alone, beside, together = _timed(case, blocks)
    steps = case.entity_steps * LANES
    return {
        "scenario": name,
        "chain_hash": chain_hash(case.chain),
        "entities": case.entities,
        "lanes": LANES,
        "periods": case.clock.periods,
        "blocks": blocks,
        "ns_per_entity_step": min(alone) / steps * 1e9,
        "ns_per_entity_step_median": statistics.median(alone) / steps * 1e9,
        "runs_per_second": LANES / min(alone),
        "runs_per_second_threads": THREADS * LANES / min(together),
        "threads_speedup": THREADS * min(beside) / min(together),
        "threads_speedup_median": THREADS * statistics.median(beside) / statistics.median(together),
        "oreflow": sim.__version__,
    }


def judged(name: str, *, blocks: int = 9, most: dict[str, float] | None = None) -> dict[str, Any]:
    """What `measure` says, with operations a second and their share of the peak.

    Parameters
    ----------
    most: What `peak.gflops` found on this machine; measured by default.
    """
    found = measure(name, blocks=blocks)
    count = operations.known(name, found["chain_hash"])
    most = peak.gflops() if most is None else most
    gflops = count["operations_per_entity_step"] / found["ns_per_entity_step"]
    return found | {
        "operations_per_entity_step": count["operations_per_entity_step"],
        "gflops": gflops,
        "peak_gflops": most["best"],
        "share_of_peak": gflops / most["best"],
    }


def _timed(case: Ready, blocks: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of a block alone (of the processor, and of the clock) and of two side by side (of the clock)."""
    states = [allocate.block_at_reference(case.chain, LANES) for _ in range(THREADS + 1)]
    start = states.pop()
    record = allocate.monthly_record(case.chain, case.clock.count, THREADS, LANES)

    def run(place: int) -> tuple[float, float]:
        """Simulate one block; processor and clock seconds."""
        clock, part = case.clock, allocate.of_block(record, place)
        allocate.set_back(states[place], start)
        used, began = time.thread_time(), time.perf_counter()
        loop.simulate(
            *(case.chain, case.events, case.projects, 0, 0, clock.periods, clock.months, clock.weights),
            *(states[place], part),
        )
        return time.thread_time() - used, time.perf_counter() - began

    alone, beside, together = [], [], []
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(run, range(THREADS)))  # compiles or loads, and touches memory for the first time
        for _ in range(blocks):  # in turn, so that what disturbs one disturbs the other
            used, seconds = run(0)
            alone.append(used)
            beside.append(seconds)
            began = time.perf_counter()
            list(pool.map(run, range(THREADS)))
            together.append(time.perf_counter() - began)
    return alone, beside, together


def main() -> None:
    """Measure and print: the case asked for, and in short the others."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--case", "--scenario", default=DEFAULT, help=f"{', '.join(CASES)}, or a bundled scenario")
    parser.add_argument("--blocks", type=int, default=9, help="blocks of runs timed")
    parser.add_argument("--alone", action="store_true", help="leave the other cases out")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    most = peak.gflops()
    found = judged(arguments.case, blocks=arguments.blocks, most=most)
    if not arguments.alone:
        short = ("chain_hash", "ns_per_entity_step", "runs_per_second", "threads_speedup", "gflops", "share_of_peak")
        others = {name: judged(name, blocks=arguments.blocks, most=most) for name in CASES if name != arguments.case}
        found["others"] = {name: {key: other[key] for key in short} for name, other in others.items()}
    show(found, as_json=arguments.json)


if __name__ == "__main__":
    main()
