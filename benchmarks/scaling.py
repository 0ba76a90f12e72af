"""How time and memory grow with runs, years and size of the chain.

    python -m benchmarks.scaling [--most 100000] [--all] [--json]

Runs: `sim.make` of `baseline` into a Zarr folder, all distributions collected and all values of each run written, each
size in a process of its own, warm, with the most memory that the process ever held; a million runs are of one year,
with --all of ten years too. Years: 1,024 runs, likewise. Size: the core alone on random chains that balance (those of
the tests, which need hypothesis), path without shocks. An exponent of 1 is linear; it is the slope through the
logarithms.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

RUNS = (1_000, 10_000, 100_000)
MILLION = 1_000_000
HORIZON = 10
YEARS, YEARS_RUNS = (2, 5, 10, 20), 1024
REGIONS, STAGES, PERIODS = (2, 4, 8, 16), 6, 48


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Slope of time over size, both as logarithms; of a single size there is none.

    Example
    -------
    >>> round(exponent([1, 2, 4], [3, 12, 48]), 6)
    2.0
    """
    if len(sizes) < 2:
        return float("nan")
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def whole_run(runs: int, years: int, *, scenario: str = "baseline") -> dict[str, float]:
    """Time and most memory of a run of this many, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scaling", "--child", scenario, str(runs), str(years)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def child(scenario: str, runs: int, years: int) -> dict[str, float]:
    """What `whole_run` does in its own process."""
    import sim

    loaded = sim.load(scenario, overrides=[f"time.years={years}"])
    sim.run(loaded, runs=1)  # loads the machine code
    with tempfile.TemporaryDirectory() as place:
        used, began = time.process_time(), time.perf_counter()
        sim.make(loaded, Path(place) / "runs.zarr", runs=runs)
        took = {"seconds": time.perf_counter() - began, "processor_seconds": time.process_time() - used}
    return {
        "runs": runs,
        "years": years,
        **took,
        "peak_megabytes": peak_megabytes(),
    }


def peak_megabytes() -> float:
    """Most memory that this process has held, in megabytes (2**20 bytes).

    The kernel's own count where there is one: that of `getrusage` begins with what the parent held when it started us.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def core_on_random_chains(*, repeats: int = 5) -> list[dict[str, float]]:
    """Time of the core on random chains of growing size, of the processor."""
    from sim.core.full import LANES
    from tests.core.arrays import advance, block
    from tests.small_chains import balanced_chain

    found = []
    for regions in REGIONS:
        small = balanced_chain(1, regions=regions, stages=STAGES)
        entities = sum(len(getattr(small, kind)) for kind in ("markets", "processes", "routes", "uses"))
        seconds = []
        for _ in range(repeats + 1):
            runs = block(small, [[]], PERIODS, np.float32, lanes=LANES)
            began = time.thread_time()
            advance(runs, 0, PERIODS)
            seconds.append(time.thread_time() - began)
        best = min(seconds[1:])
        steps = entities * PERIODS * LANES
        found.append({"entities": entities, "seconds": best, "ns_per_entity_step": best / steps * 1e9})
    return found


def measure(*, runs: Sequence[int] = RUNS, years: Sequence[int] = YEARS, million: Sequence[int] = ()) -> dict[str, Any]:
    """All three curves and their exponents.

    Parameters
    ----------
    runs: Sizes of ensembles of ten years.
    years: Horizons of small ensembles.
    million: Horizons of a million runs, years.
    """
    over_size = core_on_random_chains()  # First: what it needs may be missing, and the rest takes minutes.
    over_runs = [whole_run(count, HORIZON) for count in runs]
    largest = [whole_run(MILLION, count) for count in million]
    over_years = [whole_run(YEARS_RUNS, count) for count in years]
    return {
        "runs": over_runs,
        "million": largest,
        "years": over_years,
        "size": over_size,
        "exponent_of_runs": _exponent(over_runs, "runs", "processor_seconds"),
        "exponent_of_years": _exponent(over_years, "years", "processor_seconds"),
        "exponent_of_size": _exponent(over_size, "entities", "seconds"),
        "peak_megabytes": max(found["peak_megabytes"] for found in (*over_runs, *largest)),
    }


def million(*, every: bool) -> tuple[int, ...]:
    """Horizons of a million runs, years: what takes minutes, and what takes an hour where all is asked for."""
    return (1, HORIZON) if every else (1,)


def _exponent(found: Sequence[dict[str, float]], size: str, seconds: str) -> float:
    return exponent([each[size] for each in found], [each[seconds] for each in found])


def main() -> None:
    """Measure and print."""
    from benchmarks.output import show

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--most", type=int, default=RUNS[-1], help="most runs measured")
    parser.add_argument("--all", action="store_true", help="a million runs of ten years too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(child(given.child[0], int(given.child[1]), int(given.child[2]))))
        return
    counts = tuple(count for count in RUNS if count <= given.most)
    show(measure(runs=counts, million=million(every=given.all) if given.most >= RUNS[-1] else ()), as_json=given.json)


if __name__ == "__main__":
    main()
