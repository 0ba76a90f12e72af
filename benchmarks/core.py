"""How fast the core is: nanoseconds for one entity, one run and one period.

    python -m benchmarks.core [--scenario still] [--json]

Compilation is outside the timed part. Only entities that take part are counted: markets, processes, routes (latent ones
included, since they are followed too) and uses. The chain is named by a hash, so that figures of different chains are
not compared by accident. One thread, best and median of several blocks: on a shared machine the best is what the core
can do.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from typing import Any

import numpy as np

import sim
from benchmarks.output import show
from sim.chain import build, core_arrays
from sim.core import allocate, loop
from sim.core.state import Chain
from sim.engine.chunk import LANES, Clock
from sim.projects import followed
from sim.shocks import sample


def chain_hash(chain: Chain) -> str:
    """Digest of all arrays of a chain."""
    digest = hashlib.blake2b(digest_size=8)
    for part in chain:
        for array in part:
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def measure(name: str, *, blocks: int = 9) -> dict[str, Any]:
    """Time the core on a bundled scenario, with its shocks, recorded monthly.

    Parameters
    ----------
    name: Bundled scenario.
    blocks: Blocks timed.
    """
    scenario = sim.load(name)
    reference = build(scenario)
    chain = core_arrays(reference)
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    events = sample(scenario, reference, first=0, runs=LANES, seed=scenario.ensemble.seed).events(clock.dt)
    projects = followed(reference, first=0, runs=LANES, seed=scenario.ensemble.seed)
    record = allocate.of_block(allocate.monthly_record(chain, clock.count, 1, LANES), 0)
    seconds = []
    for _ in range(blocks + 1):
        runs = allocate.block_at_reference(chain, LANES)
        start = time.perf_counter()
        loop.simulate(chain, events, projects, 0, 0, clock.periods, clock.months, clock.weights, runs, record)
        seconds.append(time.perf_counter() - start)
    entities = {
        "markets": len(reference.markets),
        "processes": len(reference.processes),
        "routes": len(reference.routes),
        "uses": len(reference.uses),
    }
    steps = sum(entities.values()) * clock.periods * LANES
    timed = seconds[1:]  # the first block compiles or loads, and touches memory for the first time
    return {
        "scenario": name,
        "chain_hash": chain_hash(chain),
        "entities": entities,
        "lanes": LANES,
        "periods": clock.periods,
        "ns_per_entity_step": min(timed) / steps * 1e9,
        "ns_per_entity_step_median": statistics.median(timed) / steps * 1e9,
        "runs_per_second": LANES / min(timed),
        "oreflow": sim.__version__,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--scenario", default="still", help="bundled scenario to measure on")
    parser.add_argument("--blocks", type=int, default=9, help="blocks of runs timed")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    found = measure(arguments.scenario, blocks=arguments.blocks)
    show(found, as_json=arguments.json)


if __name__ == "__main__":
    main()
