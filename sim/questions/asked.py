"""Runs of a scenario with what metrics need, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from sim import engine
from sim.engine.parts import Draw
from sim.engine.run import Progress
from sim.questions.expressions import Metric
from sim.scenario import Scenario


def runs_for(
    metrics: Sequence[Metric],
    scenario: Scenario,
    *,
    runs: int | None,
    seed: int | None,
    first: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
    draw: Draw | None = None,
) -> xr.DataTree:
    """Simulate a scenario, keeping the paths and the values a run that some metric is made from; nothing is counted.

    Parameters
    ----------
    metrics: Metrics that the scenario can answer.
    runs, seed, first, threads, progress, draw: As of `sim.run`.

    Raises
    ------
    ScenarioError: The chain cannot be balanced, or what is to be kept is too much.
    """
    return engine.run(
        scenario,
        runs=runs,
        seed=seed,
        first=first,
        threads=threads,
        follow=dict.fromkeys(path for metric in metrics for path in metric.paths(scenario)),
        per_run={name for metric in metrics for name in metric.kept(scenario)},
        progress=progress,
        draw=draw,
        distribution=False,
    )
