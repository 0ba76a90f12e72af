"""Where the uncertainty of a figure comes from: shocks, response parameters, or the data behind the chain.

Blocks of simulations cross two draws of the parameters (from `sim.questions.priors`) with two reconciled chains and the
same runs, other ones in each block. What is split is the variance of a run's value, whatever statistic a metric asks
for. The same simulations, averaged over their runs, say which parameter matters; an ordinary ensemble says which of its
shocks do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from sim.engine.run import Progress
from sim.errors import MetricError
from sim.questions.asked import gathered, read
from sim.questions.declared import SENSITIVITY
from sim.questions.tables import labelled
from sim.questions.variance import crossed, given_data
from sim.questions.worlds import Study, Values, finite, study
from sim.scenario import Scenario
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
    ResultError: Several of these, all in one message.
    ValueError: Fewer than 4 blocks or 2 runs.
    """
    asked = study(scenario, metrics, draws=blocks, runs=runs, seed=seed, parameters=parameters, threads=threads).told(
        progress, 4 * blocks
    )
    values = np.empty((len(asked.metrics), blocks, 2, 2, runs))
    for block in range(blocks):
        for first in range(2):
            for second in range(2):
                drawn = {name: float(row[block, first]) for name, row in asked.drawn.items()}
                world = asked.finite_values(drawn, chain_draw=2 * block + second, first=block * runs)
                values[:, block, first, second] = world
    return _described(asked, values)


def _described(asked: Study, values: Values) -> xr.Dataset:
    """The answer as labelled data.

    Parameters
    ----------
    values: Shape (metric, block, draw of the parameters, draw of the chain, run).
    """
    split = [crossed(each) for each in values]
    inputs = np.array([row.ravel() for row in asked.drawn.values()])
    # Means over runs and chains leave the parameters, seen through the runs of their block.
    means = [(each - each.mean(axis=(1, 2, 3), keepdims=True)).mean(axis=(2, 3)).ravel() for each in values]
    named = [given_data(inputs, mean) for mean in means]
    table = {
        "first_share": np.array([each.first for each in split]),
        "first_share_error": np.array([each.first_error for each in split]),
        "total_share": np.array([each.total for each in split]),
        "total_share_error": np.array([each.total_error for each in split]),
        "parameter_share": np.array([share for share, _ in named]),
        "parameter_share_error": np.array([error for _, error in named]),
        "run_sd": values.std(axis=(1, 2, 3, 4)),
    }
    data = labelled(SENSITIVITY, table, asked.labels() | {FACTOR: list(FACTORS), PARAMETER: list(asked.drawn)})
    data.attrs = asked.source(blocks=values.shape[1])
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
    parsed = read(metrics)
    inputs = shock_inputs(results)
    if not inputs:
        raise MetricError(
            parsed[0].text, ["has no drawn shocks behind it: the scenario's restrictions have dates only"]
        )
    rows = np.array(list(inputs.values()))
    values = gathered(lambda metric: finite(metric, metric.values(results)), parsed)
    found = [given_data(rows, each) for each in values]
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
