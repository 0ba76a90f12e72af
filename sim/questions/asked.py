"""What is asked, read from its words, and runs of a scenario with what that needs and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import xarray as xr

from sim import engine
from sim.engine.parts import Draw
from sim.engine.run import Progress
from sim.errors import OreflowError, ResultError
from sim.questions.expressions import Metric, parse
from sim.scenario import Scenario


def read(metrics: Sequence[str], scenario: Scenario | None = None) -> list[Metric]:
    """Metrics as read, and checked against a scenario where one is given; one error has the faults of all.

    Raises
    ------
    MetricError: One cannot be read, or names what the scenario does not have.
    ResultError: Several do.

    Example
    -------
    >>> read(["mean(lost_output)"])[0].statistic
    Mean()
    """

    def checked(text: str) -> Metric:
        """One of them."""
        metric = parse(text)
        if scenario is not None:
            metric.check(scenario)
        return metric

    return gathered(checked, metrics)


def gathered(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Results of work on each item.

    Raises
    ------
    OreflowError: That of the one item that fails.
    ResultError: The messages of all that fail, if several do.
    """
    found: list[Any] = []
    errors: list[OreflowError] = []
    for item in items:
        try:
            found.append(work(item))
        except OreflowError as error:
            errors.append(error)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ResultError("\n".join(dict.fromkeys(map(str, errors))))
    return found


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
