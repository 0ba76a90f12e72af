"""Where the uncertainty of a figure comes from: shocks, response parameters, or the data behind the chain.

Blocks of simulations cross two draws of the parameters (from `sim.questions.priors`) with two reconciled chains and the
same runs, other ones in each block. What is split is the variance of a run's value, whatever statistic a metric asks
for. The same simulations, averaged over their runs, say which parameter matters; an ordinary ensemble says which of its
shocks do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from sim.engine.run import Progress
from sim.errors import Fault, MetricError, ScenarioError
from sim.questions.asked import runs_for
from sim.questions.declared import SENSITIVITY
from sim.questions.expressions import Metric, parse
from sim.questions.priors import PRIORS, Prior
from sim.questions.tables import labelled
from sim.questions.variance import Values, crossed, given_data
from sim.scenario import Scenario
from sim.scenario.base import nearest
from sim.streams import uniform
from sim.variables import FACTOR, INPUT, METRIC, PARAMETER, RUN

BLOCKS, RUNS = 12, 64
"""Blocks of four simulated worlds, and runs of each world, unless asked for more."""
FACTORS = ("shocks", "parameters", "data")


def sensitivity(
    scenario: Scenario,
    metrics: Sequence[str],
    *,
    blocks: int = BLOCKS,
    runs: int = RUNS,
    seed: int | None = None,
    parameters: Sequence[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Split the variance of figures into shocks, parameters and data, and name the parameters that matter.

    Parameters
    ----------
    scenario: What `sim.load` returned; its own parameters stay where they are not drawn.
    metrics: Expressions such as `mean(lost_output[*, US])`; all at the cost of one.
    blocks: Blocks; each takes four chains to build and four times `runs` runs. At least 4.
    runs: Runs of each of the four; up to 128 cost the same.
    seed: Seed of all random draws; the scenario's own by default.
    parameters: Parameters to draw; all with a prior by default.
    threads: Threads; as many as there are processors by default.
    progress: Called with the worlds done and wanted.

    Returns
    -------
    `first_share`, `total_share` (metric, factor) and `parameter_share` (metric, parameter), each with its error.

    Raises
    ------
    MetricError: A metric cannot be read, or names what the scenario does not have.
    ScenarioError: A parameter has no prior, or its draw makes no sound scenario.
    ValueError: Fewer than 4 blocks or 2 runs.
    """
    if blocks < 4 or runs < 2:
        raise ValueError("sensitivity needs 4 blocks and 2 runs or more")
    parsed = [parse(text) for text in metrics]
    for metric in parsed:
        metric.check(scenario)
    seed = scenario.ensemble.seed if seed is None else seed
    priors = priors_of(parameters)
    drawn = drawn_parameters(priors, blocks, seed)
    values = np.empty((len(parsed), blocks, 2, 2, runs))
    for block in range(blocks):
        for first in range(2):
            for second in range(2):
                world = world_of(scenario, {name: row[block, first] for name, row in drawn.items()}, 2 * block + second)
                found = runs_for(parsed, world, runs=runs, first=block * runs, seed=seed, threads=threads)
                values[:, block, first, second] = [finite(metric, metric.values(found)) for metric in parsed]
                if progress is not None:
                    progress(4 * block + 2 * first + second + 1, 4 * blocks)
    return _described(scenario, parsed, values, drawn, seed)


def drawn_parameters(priors: Mapping[str, Prior], blocks: int, seed: int) -> dict[str, Values]:
    """Two draws of each parameter for every block, shape (block, draw); a block has the same among any number.

    Parameters
    ----------
    priors: Ranges by name.
    """
    found = {}
    for name, prior in priors.items():
        u = uniform(seed, f"parameter {name}", "prior", first=0, runs=blocks, draws=2)
        found[name] = prior.low + (prior.high - prior.low) * u
    return found


def world_of(scenario: Scenario, parameters: Mapping[str, float], chain_draw: int) -> Scenario:
    """The scenario with other parameters, on another reconciled chain; the first drawn one has number 0 here."""
    keys = [f"parameters.{name}={float(value)!r}" for name, value in parameters.items()]
    return scenario.replace(*keys, f"ensemble.chain_draw={chain_draw + 1}")


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


def _described(
    scenario: Scenario, metrics: Sequence[Metric], values: Values, drawn: Mapping[str, Values], seed: int
) -> xr.Dataset:
    """The answer as labelled data."""
    split = [crossed(each, seed=seed) for each in values]
    inputs = np.array([row.ravel() for row in drawn.values()])
    # Means over runs and chains leave the parameters, seen through the runs of their block.
    means = [(each - each.mean(axis=(1, 2, 3), keepdims=True)).mean(axis=(2, 3)).ravel() for each in values]
    named = [given_data(inputs, mean, seed=seed) for mean in means]
    table = {
        "first_share": np.array([each.first for each in split]),
        "first_share_error": np.array([each.first_error for each in split]),
        "total_share": np.array([each.total for each in split]),
        "total_share_error": np.array([each.total_error for each in split]),
        "parameter_share": np.array([share for share, _ in named]),
        "parameter_share_error": np.array([error for _, error in named]),
        "run_sd": values.std(axis=(1, 2, 3, 4)),
    }
    coords = {
        METRIC: [metric.text for metric in metrics],
        "units": (METRIC, [metric.units(scenario) for metric in metrics]),
        FACTOR: list(FACTORS),
        PARAMETER: list(drawn),
    }
    data = labelled(SENSITIVITY, table, coords)
    data.attrs = {"title": scenario.title, "seed": seed, "blocks": values.shape[1], "runs": values.shape[4]}
    return data


def shock_inputs(results: xr.DataTree) -> dict[str, Values]:
    """What was drawn in each run of an ordinary ensemble, shape (run,) each: months, first onset, level, hazard.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    """
    shocks, months = results["shocks"].to_dataset(), float(results["distribution"].sizes["time"])
    found: dict[str, Values] = {}
    for name in [str(label) for label in shocks["restriction"].values]:
        of = shocks.sel(restriction=name)
        onset = of.onset.transpose("event", RUN).values.astype(float)
        end = of.end.transpose("event", RUN).values.astype(float)
        force = np.clip(np.minimum(end, months) - np.maximum(onset, 0.0), 0.0, None)
        found[f"{name}: months in force"] = np.nansum(force, axis=0)
        found[f"{name}: first onset"] = np.nanmin(np.where(np.isnan(onset), months, onset), axis=0)
        found[f"{name}: level"] = np.nan_to_num(of.level.transpose("event", RUN).values.astype(float)).max(axis=0)
        found[f"{name}: hazard"] = np.nan_to_num(of.hazard.values.astype(float))
    for regime in [str(label) for label in shocks["regime"].values] if "conflict_share" in shocks else []:
        found[f"{regime}: share in conflict"] = shocks.conflict_share.sel(regime=regime).values.astype(float)
    return {name: values for name, values in found.items() if np.ptp(values) > 0.0}


def shock_shares(results: xr.DataTree, metrics: Sequence[str]) -> xr.Dataset:
    """First-order shares of what was drawn, from an ordinary ensemble, without any further run.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    metrics: Expressions; the result must hold what they need.

    Returns
    -------
    `input_share` (metric, input) with its error. Inputs overlap (a long measure began early), so that their shares may
    add up to more than 1.

    Raises
    ------
    MetricError: A metric cannot be read, or the result does not hold it.
    """
    parsed = [parse(text) for text in metrics]
    inputs = shock_inputs(results)
    if not inputs:
        raise MetricError(
            parsed[0].text, ["has no drawn shocks behind it: the scenario's restrictions have dates only"]
        )
    rows = np.array(list(inputs.values()))
    found = [given_data(rows, finite(metric, metric.values(results))) for metric in parsed]
    table = {
        "input_share": np.array([share for share, _ in found]),
        "input_share_error": np.array([error for _, error in found]),
    }
    coords = {
        METRIC: [metric.text for metric in parsed],
        "units": (METRIC, [metric.units(results) for metric in parsed]),
        INPUT: list(inputs),
    }
    data = labelled(SENSITIVITY, table, coords)
    kept = {key: results.attrs[key] for key in ("seed", "oreflow_version") if key in results.attrs}
    data.attrs = {"title": str(results.attrs.get("title", "")), "runs": int(rows.shape[1])} | kept
    return data
