"""Sobol indices of each response parameter: what it moves a figure by itself, and with all others.

Pick-freeze: two draws of all parameters, and for each parameter the first draw with that one parameter of the second.
All worlds meet the same runs, so that shocks, which `sim.sensitivity` sets against parameters, cancel: what is split is
the variance that parameters give to the figure of these runs.

Sources: first order, Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018; total, Jansen (1999),
doi:10.1016/S0010-4655(98)00154-4; errors by a bootstrap over rows of draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.engine.run import Progress
from sim.errors import MetricError
from sim.questions.asked import runs_for
from sim.questions.declared import INDICES
from sim.questions.expressions import Metric, parse
from sim.questions.tables import labelled
from sim.questions.uncertainty import drawn_parameters, priors_of
from sim.scenario import Scenario
from sim.variables import METRIC, PARAMETER

Values = NDArray[np.float64]
DRAWS, RUNS = 32, 128
"""Draws of all parameters, and runs of each world, unless asked for more."""
RESAMPLES = 400
"""Bootstrap samples behind an error."""


def parameter_indices(
    scenario: Scenario,
    metrics: Sequence[str],
    *,
    draws: int = DRAWS,
    runs: int = RUNS,
    seed: int | None = None,
    parameters: Sequence[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Sobol indices of response parameters for figures, with standard errors.

    Parameters
    ----------
    scenario: What `sim.load` returned; its own parameters stay where they are not drawn.
    metrics: Expressions such as `tail95(lost_output[*, US])`; all at the cost of one.
    draws: Draws of all parameters, at least 4; below 16 errors say little. `draws * (2 + parameters)` worlds are
        simulated.
    runs: Runs of each world, the same in all.
    seed: Seed of all random draws; the scenario's own by default.
    parameters: Parameters to draw; all with a prior by default.
    threads: Threads; as many as there are processors by default.
    progress: Called with the worlds done and wanted.

    Returns
    -------
    `index_first`, `index_total` (metric, parameter), each with its error, and `figure_sd` (metric). Missing where
    nothing moves the figure.

    Raises
    ------
    MetricError: A metric cannot be read, names what the scenario does not have, or is not finite in some world.
    ScenarioError: A parameter has no prior, or its draw makes no sound scenario.
    ValueError: Fewer than 4 draws or 2 runs.
    """
    if draws < 4 or runs < 2:
        raise ValueError("indices need 4 draws and 2 runs or more")
    parsed = [parse(text) for text in metrics]
    for metric in parsed:
        metric.check(scenario)
    seed = scenario.ensemble.seed if seed is None else seed
    drawn = drawn_parameters(priors_of(parameters), draws, seed)
    wanted = draws * (2 + len(drawn))
    done = 0

    def figures(values: Mapping[str, float]) -> Values:
        """Figures of one world, shape (metric,)."""
        nonlocal done
        found = _figures(scenario, parsed, values, runs, seed, threads)
        done += 1
        if progress is not None:
            progress(done, wanted)
        return found

    first, second, mixed = frozen(figures, drawn)
    return _described(scenario, parsed, indices(first, second, mixed, seed=seed), drawn, first, seed, runs)


def frozen(figures: Callable[[Mapping[str, float]], Values], drawn: Mapping[str, Values]) -> tuple[Values, ...]:
    """Figures of both draws of all parameters, and of the first with each parameter of the second.

    Parameters
    ----------
    figures: From parameters by name to figures, shape (metric,).
    drawn: Two draws of each parameter, shape (draw, 2).

    Returns
    -------
    Shapes (metric, draw), (metric, draw) and (parameter, metric, draw).
    """
    rows = range(len(next(iter(drawn.values()))))

    def world(row: int, other: str | None, which: int = 0) -> Values:
        """Figures of a row of draws, with one parameter of the second draw."""
        return figures({name: float(each[row, 1 if name == other else which]) for name, each in drawn.items()})

    first, second = (np.array([world(row, None, which) for row in rows]).T for which in range(2))
    mixed = np.array([np.array([world(row, name) for row in rows]).T for name in drawn])
    return first, second, mixed


def indices(first: Values, second: Values, mixed: Values, *, seed: int = 0) -> tuple[Values, ...]:
    """First-order and total Sobol indices with their standard errors.

    Parameters
    ----------
    first, second, mixed: What `frozen` returned.
    seed: Seed of the bootstrap.

    Returns
    -------
    First order, its error, total, its error, each of shape (metric, parameter); missing of figures that never move.
    """
    rows = np.random.Generator(np.random.Philox(seed)).integers(0, first.shape[1], (RESAMPLES, first.shape[1]))
    found = _split(first, second, mixed)
    again = np.array([_split(first[:, row], second[:, row], mixed[:, :, row]) for row in rows])
    error = again.std(axis=0, ddof=1)
    return found[0], error[0], found[1], error[1]


def _split(first: Values, second: Values, mixed: Values) -> Values:
    """First-order and total indices, shape (2, metric, parameter)."""
    both = np.append(first, second, axis=1)
    middle, variance = both.mean(axis=1)[:, None], both.var(axis=1)
    # A figure that nothing moves has no variance to split.
    variance = np.where(variance > 0.0, variance, np.nan)
    alone = ((second - middle) * (mixed - first)).mean(axis=2) / variance
    total = 0.5 * ((first - mixed) ** 2).mean(axis=2) / variance
    return np.array([alone.T, total.T])


def _figures(
    scenario: Scenario,
    metrics: Sequence[Metric],
    values: Mapping[str, float],
    runs: int,
    seed: int,
    threads: int | None,
) -> Values:
    """Figures of the first runs of a world with other parameters, shape (metric,).

    Raises
    ------
    MetricError: One is not finite.
    """
    world = scenario.replace(*(f"parameters.{name}={value!r}" for name, value in values.items()))
    found = runs_for(metrics, world, runs=runs, seed=seed, threads=threads)
    figures = np.array([metric.estimate(metric.values(found)).value for metric in metrics])
    for metric, figure in zip(metrics, figures, strict=True):
        if not np.isfinite(figure):
            raise MetricError(metric.text, ["has no finite value in some world, so no variance to split"])
    return figures


def _described(
    scenario: Scenario,
    metrics: Sequence[Metric],
    split: tuple[Values, ...],
    drawn: Mapping[str, Values],
    figures: Values,
    seed: int,
    runs: int,
) -> xr.Dataset:
    """The answer as labelled data."""
    names = ("index_first", "index_first_error", "index_total", "index_total_error")
    table: dict[str, object] = dict(zip(names, split, strict=True))
    table["figure_sd"] = figures.std(axis=1, ddof=1)
    coords = {
        METRIC: [metric.text for metric in metrics],
        "units": (METRIC, [metric.units(scenario) for metric in metrics]),
        PARAMETER: list(drawn),
    }
    data = labelled(INDICES, table, coords)
    data.attrs = {"title": scenario.title, "seed": seed, "draws": figures.shape[1], "runs": runs}
    return data
