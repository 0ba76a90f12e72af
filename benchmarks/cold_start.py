"""How long a user waits: for help, import, first progress of a run, the whole run, the first run of all.

    python -m benchmarks.cold_start [--first] [--json]

Each is measured in processes of its own. With --first also, once each, the first progress with an empty compile cache,
and `sim warmup` with another one: a minute or two.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.output import show

FIRST_TICK = """
import os, sys, tempfile
from sim.cli import progress
def update(self, done, wanted):
    sys.stdout.write("tick"); sys.stdout.flush(); os._exit(0)
progress.Meter.update = update
from sim.cli.app import app
place = tempfile.mkdtemp(dir=sys.argv[2])
app(["run", sys.argv[1], "--runs", "10000", "--out", os.path.join(place, "out.nc")])
"""
"""Ends when the bar would first move; in a folder of its own, or it would take up what the one before has left."""
RUNS = 10_000
"""Runs of an ensemble that a user waits for."""
ENSEMBLES = """
import sys, time, sim
scenario = sim.load(sys.argv[1])
sim.run(scenario, runs=256)
for _ in range(int(sys.argv[3])):
    began = time.perf_counter()
    sim.run(scenario, runs=int(sys.argv[2]))
    print(time.perf_counter() - began)
"""
"""Prints how long each of some ensembles takes in memory, once machine code is loaded."""


def waits(*, repeats: int = 5, scenario: str = "baseline", runs: int = RUNS, first: bool = False) -> dict[str, Any]:
    """Median and spread of each wait, seconds.

    Parameters
    ----------
    repeats: Times each is measured, after one that is not counted.
    runs: Runs of ensembles that go to their end.
    first: Whether the compilation is measured too, once.
    """
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "help": ["-m", "sim", "--help"],
            "import": ["-c", "import sim; sim.load, sim.run"],
            "first_tick": ["-c", FIRST_TICK, scenario, folder],
            "whole": ["-m", "sim", "run", scenario, "--runs", str(runs), "--out", "out.nc", "--overwrite"],
        }
        taken = {name: [_seconds(command, folder) for _ in range(repeats + 1)] for name, command in commands.items()}
        printed = _printed(["-c", ENSEMBLES, scenario, str(runs), str(repeats + 1)], folder)
        taken["ensemble"] = [float(line) for line in printed.split()]
        found: dict[str, Any] = {"scenario": scenario, "repeats": repeats, "runs": runs}
        for name, seconds in taken.items():
            counted = seconds[1:]
            found[f"{name}_seconds"] = statistics.median(counted)
            found[f"{name}_seconds_least"], found[f"{name}_seconds_most"] = min(counted), max(counted)
        if first:
            compiled = {"first_run": commands["first_tick"], "compile": ["-m", "sim", "warmup"]}
            for name, command in compiled.items():
                empty = {"OREFLOW_CACHE_DIR": os.path.join(folder, name)}
                found[f"{name}_seconds"] = _seconds(command, folder, **empty)
    return found


def _seconds(command: list[str], folder: str, **environment: str) -> float:
    """Time of one process, by the clock."""
    began = time.perf_counter()
    _printed(command, folder, **environment)
    return time.perf_counter() - began


def _printed(command: list[str], folder: str, **environment: str) -> str:
    """What a process prints; it finds this project wherever it was started."""
    paths = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), os.getcwd())))
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": paths} | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=5, help="processes measured, of each kind")
    parser.add_argument("--scenario", default="baseline", help="bundled scenario that is run")
    parser.add_argument("--first", action="store_true", help="measure the compilation too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    show(waits(repeats=given.repeats, scenario=given.scenario, first=given.first), as_json=given.json)


if __name__ == "__main__":
    main()
