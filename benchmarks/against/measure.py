"""Time of the reduced chain in every tool that is installed."""

from __future__ import annotations

import importlib
import importlib.util
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from benchmarks.against import lanes, model, numpy_runs


class Tool(NamedTuple):
    """How the reduced chain is run by a tool."""

    module: str
    """Module of this package."""
    package: str
    """Distribution that has to be installed."""
    runs: int
    """Runs of one measurement: as many as suit it best, or as fit in a second."""


TOOLS = {
    "oreflow's lanes": Tool("lanes", "numba", 4096),
    "numba, one run at a time": Tool("one_run", "numba", 4096),
    "NumPy over 1,024 runs": Tool("numpy_runs", "numpy", 1024),
    "NumPy over 16,384 runs": Tool("numpy_runs", "numpy", 16384),
    "SimPy": Tool("simpy_stages", "simpy", 16),
    "stockpyl": Tool("stockpyl_network", "stockpyl", 1),
    "PySD": Tool("pysd_stocks", "pysd", 2),
}
TOLERANCE = 1e-4
"""Largest difference from the reference: of a price over the price, of tonnes over the demand."""


def is_installed(tool: Tool) -> bool:
    """Whether what the tool needs can be imported."""
    return importlib.util.find_spec(tool.package) is not None


def answer(tool: Tool, runs: int) -> model.Paths:
    """Paths of the first runs."""
    found = _simulate(tool)(model.stops(runs))
    return lanes.by_run(found, runs) if tool.module == "lanes" else found


def reference(runs: int) -> model.Paths:
    """Paths of the first runs in double precision, by NumPy."""
    return numpy_runs.simulate(model.stops(runs), kind=np.float64)


def difference(tool: Tool) -> float:
    """Largest difference of its answer from the reference, over a few runs."""
    runs = min(tool.runs, 64)
    return model.farthest(answer(tool, runs), reference(runs))


def measure(*, repeats: int = 5) -> dict[str, Any]:
    """Nanoseconds of a stage-step in each tool: median, least and most; how many times that of oreflow's lanes.

    Tools are measured in turn, again and again, so that what disturbs one disturbs the others; time of the processor.
    """
    there = {name: tool for name, tool in TOOLS.items() if is_installed(tool)}
    work = {name: _prepared(tool) for name, tool in there.items()}
    taken: dict[str, list[float]] = {name: [] for name in there}
    for _ in range(repeats):
        for name, run in work.items():
            began = time.thread_time()
            run()
            steps = there[name].runs * model.STAGE_STEPS
            taken[name].append((time.thread_time() - began) / steps * 1e9)
    ours = statistics.median(taken["oreflow's lanes"])
    found: dict[str, Any] = {
        name: {
            "version": version(there[name].package),
            "runs": there[name].runs,
            "ns_per_stage_step": statistics.median(seconds),
            "least": min(seconds),
            "most": max(seconds),
            "times_lanes": statistics.median(seconds) / ours,
            "difference": model.farthest(
                answer(there[name], min(there[name].runs, 64)), reference(min(there[name].runs, 64))
            ),
        }
        for name, seconds in taken.items()
    }
    return found | {name: "not installed (extra `against`)" for name in TOOLS if name not in there}


def _simulate(tool: Tool) -> Callable[..., model.Paths]:
    simulate: Callable[..., model.Paths] = importlib.import_module(f"benchmarks.against.{tool.module}").simulate
    return simulate


def _prepared(tool: Tool) -> Callable[[], object]:
    """The timed work, done once before: compiled, and with room for paths where the tool writes to it."""
    simulate, stops = _simulate(tool), model.stops(tool.runs)
    room = simulate(stops)
    return (lambda: simulate(stops, room)) if tool.package in ("numba", "numpy") else (lambda: simulate(stops))
