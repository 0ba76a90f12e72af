"""What it is worth to a decision between options to know the chain, or one of its parameters, before it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from sim.engine.run import Progress
from sim.errors import Fault, MetricError, ScenarioError
from sim.questions.asked import read, runs_for
from sim.questions.comparison import checked
from sim.questions.declared import INFORMATION
from sim.questions.estimates import Mean, Share
from sim.questions.expressions import Metric
from sim.questions.information import FEWEST, worth
from sim.questions.priors import PRIORS
from sim.questions.tables import labelled
from sim.questions.worlds import Values, drawn_parameters, finite, priors_of, world_of
from sim.scenario import Scenario
from sim.variables import KNOWLEDGE, OPTION

WORLDS, RUNS = 64, 32
"""Worlds, and runs of each world and option, unless asked for more."""
TELLING_WORLDS = 200
"""Worlds from which parameters are ranked without a warning."""
EVERYTHING, WORLD = "everything, shocks to come included", "all parameters and data"
"""Labels of knowledge beyond single parameters."""


def value_of_information(
    options: Mapping[str, Scenario],
    metrics: Sequence[str],
    *,
    highest: bool = False,
    worlds: int = WORLDS,
    runs: int = RUNS,
    seed: int | None = None,
    parameters: Sequence[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """What it saves, on average, to know more before an option is chosen by a mean.

    Worlds differ in their parameters (`sim.questions.priors`), reconciled chain and shocks; the options of a world
    share them. Whoever knows no more takes the option with the best mean over all worlds; whoever knows a parameter
    takes the one with the best mean for its value. What they do better by is the most that study of the parameter can
    be worth.

    Parameters
    ----------
    options: Scenarios by the name they are to have, such as with and without a policy.
    metrics: Means or shares of runs in the same units, which are added up: `mean(lost_output)` and
        `mean(net_public_cost)`. Less is better.
    highest: More is better.
    worlds: Worlds; each takes a chain to build for each option. At least 16.
    runs: Runs of each world and option.
    seed: Seed of all random draws; that of the first scenario by default.
    parameters: Parameters to draw; all with a prior by default.
    threads: Threads; as many as there are processors by default.
    progress: Called with the simulations of worlds done and wanted.

    Returns
    -------
    `value` by knowledge: of everything, of all parameters and data, and of each parameter; `figure`, `difference` to
    the best option, and `chosen` by option; each with its standard error. `sim.questions.information` says what biases
    are left.

    Raises
    ------
    MetricError: A metric cannot be read, is no mean, or has values that are not finite.
    ResultError: A scenario does not have what a metric names, or horizons differ.
    ScenarioError: Fewer than two options, or a parameter without a prior.
    ValueError: Too few worlds or runs.
    """
    if worlds < FEWEST or runs < 2:
        raise ValueError(f"the value of information needs {FEWEST} worlds and 2 runs or more")
    if len(options) < 2:
        raise ScenarioError([Fault("decision", "", f"has {len(options)} option", "give two or more")])
    asked = read(metrics)
    checked(options, asked)
    units = _units(asked, options)
    first = next(iter(options.values()))
    seed = first.ensemble.seed if seed is None else seed
    drawn = drawn_parameters(priors_of(parameters), -(-worlds // 2), seed)
    inputs = {name: row.ravel()[:worlds] for name, row in drawn.items()}
    values = np.empty((len(options), worlds, runs))
    for world in range(worlds):
        for place, option in enumerate(options.values()):
            known = world_of(option, {name: row[world] for name, row in inputs.items()}, world)
            values[place, world] = _summed(asked, known, runs, world * runs, seed, threads)
            if progress is not None:
                progress(world * len(options) + place + 1, worlds * len(options))
    data = described(inputs, dict(zip(options, values, strict=True)), highest=highest, seed=seed)
    data.attrs |= {"title": first.title, "metrics": " + ".join(metric.text for metric in asked), "units": units}
    return data


def _units(metrics: Sequence[Metric], options: Mapping[str, Scenario]) -> str:
    """Units of the sum of metrics.

    Raises
    ------
    MetricError: There are none, some are no means, or their units differ.
    """
    faults = [] if metrics else ["names nothing to decide by; give a mean or a share of runs"]
    if any(not isinstance(metric.statistic, Mean | Share) for metric in metrics):
        faults.append("is no mean over runs; a decision weighs means or shares of runs: write mean(...) or P(...)")
    found = {metric.units(scenario) for metric in metrics for scenario in options.values()}
    if len(found) > 1:
        faults.append(f"adds up {' and '.join(sorted(found))}; give metrics of the same units")
    if faults:
        raise MetricError(" + ".join(metric.text for metric in metrics), faults)
    return found.pop()


def _summed(
    metrics: Sequence[Metric], scenario: Scenario, runs: int, first: int, seed: int, threads: int | None
) -> Values:
    """Sum of the metrics in each run of a scenario, shape (run,)."""
    found = runs_for(metrics, scenario, runs=runs, first=first, seed=seed, threads=threads)
    return np.asarray(np.sum([finite(metric, metric.values(found)) for metric in metrics], axis=0))


def described(
    inputs: Mapping[str, Values], figures: Mapping[str, Values], *, highest: bool = False, seed: int = 0
) -> xr.Dataset:
    """The answer as labelled data, from what options come to in drawn worlds.

    Parameters
    ----------
    inputs: Drawn parameters by name, shape (world,) each.
    figures: Figures by option, shape (world, run) each; options share their runs, worlds do not.
    highest: More is better.
    seed: Seed of the bootstrap.
    """
    values = np.array(list(figures.values()))
    losses = -values if highest else values
    saved, error = worth(np.array(list(inputs.values())), losses, seed=seed)
    means = values.mean(axis=2)
    beyond = means - means[losses.mean(axis=(1, 2)).argmin()]
    table = {
        "value": np.array([saved.everything, saved.world, *saved.parameters]),
        "value_error": np.array([error.everything, error.world, *error.parameters]),
        "figure": means.mean(axis=1),
        "figure_error": _error(means),
        "difference": beyond.mean(axis=1),
        "difference_error": _error(beyond),
        "chosen": saved.chosen,
        "chosen_error": error.chosen,
    }
    data = labelled(INFORMATION, table, {KNOWLEDGE: [EVERYTHING, WORLD, *inputs], OPTION: list(figures)})
    data.attrs = {"seed": seed, "worlds": values.shape[1], "runs": values.shape[2], "highest": int(highest)}
    best = str(data[OPTION].values[int(losses.mean(axis=(1, 2)).argmin())])
    data.attrs |= {"best": best, "sources": "; ".join(sorted({PRIORS[n].source for n in inputs if n in PRIORS}))}
    return data


def _error(means: Values) -> Values:
    """Standard error of the mean over worlds, shape (option,)."""
    return np.asarray(means.std(axis=1, ddof=1) / np.sqrt(means.shape[1]))
