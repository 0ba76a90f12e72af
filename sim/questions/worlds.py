"""Worlds of a scenario: its restrictions with other parameters, another reconciled chain, or other runs.

What asks which of these a figure hangs on draws worlds, simulates them, and keeps the value of every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from sim.engine.run import Progress
from sim.errors import Fault, MetricError, ScenarioError
from sim.questions.asked import gathered, read, runs_for
from sim.questions.expressions import Metric
from sim.questions.priors import PRIORS, Prior
from sim.scenario import Scenario
from sim.scenario.base import nearest
from sim.streams import uniform
from sim.variables import METRIC

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Study:
    """A scenario, what is asked of its worlds, and the parameters they are to have."""

    scenario: Scenario
    metrics: Sequence[Metric]
    drawn: Mapping[str, Values]
    """Two draws of each parameter, shape (draw, 2)."""
    runs: int
    """Runs of each world."""
    seed: int
    threads: int | None = None
    tell: Callable[[], None] = lambda: None
    """Called when a world is done."""

    def told(self, progress: Progress | None, wanted: int) -> Study:
        """The same study, which tells how many of so many worlds are done."""
        if progress is None:
            return self
        done = count(1)
        return replace(self, tell=lambda: progress(next(done), wanted))

    def values(self, parameters: Mapping[str, float], *, chain_draw: int | None = None, first: int = 0) -> Values:
        """Value of each run of a world, shape (metric, run).

        Parameters
        ----------
        parameters: Those that differ from the scenario's own.
        chain_draw: Number of a reconciled chain; the scenario's own by default.
        first: First run.
        """
        world = world_of(self.scenario, parameters, chain_draw)
        found = runs_for(self.metrics, world, runs=self.runs, first=first, seed=self.seed, threads=self.threads)
        self.tell()
        return np.array([metric.values(found) for metric in self.metrics])

    def finite_values(
        self, parameters: Mapping[str, float], *, chain_draw: int | None = None, first: int = 0
    ) -> Values:
        """The same of figures whose variance is to be split.

        Raises
        ------
        MetricError: A run has no finite value.
        """
        values = self.values(parameters, chain_draw=chain_draw, first=first)
        return np.array([finite(metric, each) for metric, each in zip(self.metrics, values, strict=True)])

    def labels(self) -> dict[str, object]:
        """Coordinates of the metrics."""
        units = [metric.units(self.scenario) for metric in self.metrics]
        return {METRIC: [metric.text for metric in self.metrics], "units": (METRIC, units)}

    def source(self, **more: int) -> dict[str, object]:
        """Attributes that say what an answer rests on."""
        return {"title": self.scenario.title, "seed": self.seed, "runs": self.runs, **more}


def study(
    scenario: Scenario,
    metrics: Sequence[str],
    *,
    draws: int,
    runs: int,
    seed: int | None,
    parameters: Sequence[str] | None,
    threads: int | None,
) -> Study:
    """Read what is asked and draw the parameters, as `sim.sensitivity` and `sim.parameter_indices` take them.

    Parameters
    ----------
    draws: Pairs of draws of each parameter.

    Raises
    ------
    MetricError: A metric cannot be read, or names what the scenario does not have.
    ScenarioError: A parameter has no prior.
    ResultError: Several of these, all in one message.
    ValueError: Fewer than 4 draws or 2 runs.
    """
    if draws < 4 or runs < 2:
        raise ValueError(f"{draws} draws and {runs} runs of each world; 4 draws and 2 runs or more are needed")
    asked, priors = gathered(lambda work: work(), (lambda: read(metrics, scenario), lambda: priors_of(parameters)))
    seed = scenario.ensemble.seed if seed is None else seed
    return Study(scenario, asked, drawn_parameters(priors, draws, seed), runs, seed, threads)


def drawn_parameters(priors: Mapping[str, Prior], draws: int, seed: int) -> dict[str, Values]:
    """Two draws of each parameter, shape (draw, 2); the first ones are the same among any number.

    Parameters
    ----------
    priors: Ranges by name.
    """
    found = {}
    for name, prior in priors.items():
        u = uniform(seed, f"parameter {name}", "prior", first=0, runs=draws, draws=2)
        found[name] = prior.low + (prior.high - prior.low) * u
    return found


def world_of(scenario: Scenario, parameters: Mapping[str, float], chain_draw: int | None = None) -> Scenario:
    """The scenario with other parameters and, if asked for, on another reconciled chain.

    Parameters
    ----------
    chain_draw: Number of the chain; the first that is drawn has number 0 here.
    """
    keys = [f"parameters.{name}={float(value)!r}" for name, value in parameters.items()]
    return scenario.replace(*keys, *([] if chain_draw is None else [f"ensemble.chain_draw={chain_draw + 1}"]))


def priors_of(names: Sequence[str] | None) -> dict[str, Prior]:
    """Priors of the parameters asked for.

    Raises
    ------
    ScenarioError: One has none.
    """
    wanted = list(PRIORS) if names is None else list(names)
    faults = [
        Fault("--parameter", name, "has no prior", nearest(name, PRIORS)) for name in wanted if name not in PRIORS
    ]
    if faults or not wanted:
        raise ScenarioError(faults or [Fault("--parameter", "", "names none", "leave it out for all")])
    return {name: PRIORS[name] for name in wanted}


def finite(metric: Metric, values: Values) -> Values:
    """The values if all are finite.

    Parameters
    ----------
    values: One a run.

    Raises
    ------
    MetricError: Some are not, so that they have no variance.
    """
    if not np.isfinite(values).all():
        raise MetricError(metric.text, ["has no finite value in some run, so no variance to split"])
    return values
