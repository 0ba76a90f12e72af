"""Sobol indices: what a factor moves a figure or a run's value by alone, and with all others.

Pick-freeze: two draws of all factors, and for each factor the first draw with that one factor of the second.

Of a *figure*, factors are the response parameters. All worlds meet the same runs, so that shocks cancel: what is split
is the variance that parameters give to the figure of these runs. Of a *run's value*, shocks and data are factors too:
shocks are the whole draw of a run, held by keeping its number and changed by taking another; data are the reconciled
chain. Every world then has several runs, and what they are sharpens the estimates: two runs of one world differ by
their shocks alone, and what two worlds share beside the shocks is seen in the products of any run of one with any of
the other.

Sources: first order, Saltelli et al. (2010), doi:10.1016/j.cpc.2009.09.018; total, Jansen (1999),
doi:10.1016/S0010-4655(98)00154-4; errors by leaving out each row of draws in turn, whose root mean
square over 150 to 300 repetitions is 0.93 to 1.16 times the true spread with 16 or 32 draws.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import xarray as xr

from sim.engine.run import Progress
from sim.errors import MetricError
from sim.questions.declared import FACTOR_INDICES, INDICES
from sim.questions.tables import labelled
from sim.questions.variance import left_out
from sim.questions.worlds import Study, Values, study
from sim.scenario import Scenario
from sim.variables import FACTOR, PARAMETER

DRAWS, RUNS = 32, 128
"""Draws of all factors, and runs of each world, unless asked for more."""
SHOCKS, DATA, PARAMETERS = "shocks", "data", "parameters"
"""Factors beside single parameters: the draw of a run, the reconciled chain, and all parameters together."""
INDEX_PARTS = ("index_first", "index_first_error", "index_total", "index_total_error")


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
    ResultError: Several of these, all in one message.
    ValueError: Fewer than 4 draws or 2 runs.
    """
    asked = study(scenario, metrics, draws=draws, runs=runs, seed=seed, parameters=parameters, threads=threads)
    asked = asked.told(progress, draws * (2 + len(asked.drawn)))
    first, second, mixed = frozen(lambda values: _figures(asked, values), asked.drawn)
    table = dict(zip(INDEX_PARTS, indices(first, second, mixed), strict=True))
    table["figure_sd"] = first.std(axis=1, ddof=1)
    data = labelled(INDICES, table, asked.labels() | {PARAMETER: list(asked.drawn)})
    data.attrs = asked.source(draws=draws)
    return data


def factor_indices(
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
    """Sobol indices of shocks, data, all parameters together and each of them, for the value of a run.

    Parameters
    ----------
    scenario, seed, parameters, threads, progress: As of `parameter_indices`.
    metrics: Expressions such as `mean(lost_output[*, US])`, all at the cost of one. What is split is the variance of a
        run's value, whatever statistic is asked for.
    draws: Draws of all factors, at least 4; below 16 errors say little. `draws * (5 + parameters)` worlds are
        simulated, less `draws` where there is one parameter.
    runs: Runs of each world: those of a draw, and as many others where shocks are changed.

    Returns
    -------
    `index_first`, `index_total` (metric, factor), each with its error, and `run_sd` (metric). Factors are `shocks`,
    `data`, `parameters` and the name of each parameter. Missing where nothing moves the value.

    Raises
    ------
    MetricError, ScenarioError, ResultError, ValueError: As of `parameter_indices`, the first also where a run has no
        finite value.
    """
    asked = study(scenario, metrics, draws=draws, runs=runs, seed=seed, parameters=parameters, threads=threads)
    drawn = {SHOCKS: _numbers(draws), DATA: _numbers(draws)} | dict(asked.drawn)
    groups = {name: {name} for name in drawn}
    if len(asked.drawn) > 1:
        # Beside shocks and data, where one looks for it.
        groups = {SHOCKS: {SHOCKS}, DATA: {DATA}, PARAMETERS: set(asked.drawn)} | groups
    asked = asked.told(progress, draws * (2 + len(groups)))

    def values(world: Mapping[str, float]) -> Values:
        """Value of every run of a world, shape (metric, run)."""
        own = {name: value for name, value in world.items() if name in asked.drawn}
        return asked.finite_values(own, chain_draw=int(world[DATA]), first=int(world[SHOCKS]) * runs)

    first, second, mixed = frozen(values, drawn, groups)
    split = indices(first, second, mixed, shocks=list(groups).index(SHOCKS))
    table = dict(zip(INDEX_PARTS, split, strict=True))
    table["run_sd"] = np.append(first, second, axis=1).std(axis=(1, 2))
    data = labelled(FACTOR_INDICES, table, asked.labels() | {FACTOR: list(groups)})
    data.attrs = asked.source(draws=draws)
    return data


def _numbers(draws: int) -> Values:
    """Two numbers for every draw, none of them twice, shape (draw, 2); the first ones are the same among any number."""
    return np.arange(2.0 * draws).reshape(draws, 2)


def frozen(
    figures: Callable[[Mapping[str, float]], Values],
    drawn: Mapping[str, Values],
    groups: Mapping[str, Collection[str]] | None = None,
) -> tuple[Values, ...]:
    """Figures of both draws of all factors, and of the first with each factor of the second.

    Parameters
    ----------
    figures: From factors by name to figures, shape (metric,) or (metric, run).
    drawn: Two draws of each factor, shape (draw, 2).
    groups: What is taken from the second draw together, by name; each factor by itself by default.

    Returns
    -------
    Shapes (metric, draw, ...), (metric, draw, ...) and (group, metric, draw, ...).
    """
    rows = range(len(next(iter(drawn.values()))))

    def worlds(second: Collection[str]) -> Values:
        """Figures of every row of draws, with some factors of the second draw."""
        found = [figures({name: float(of[row, int(name in second)]) for name, of in drawn.items()}) for row in rows]
        return np.array(found).swapaxes(0, 1)

    together = {name: {name} for name in drawn} if groups is None else groups
    return worlds(()), worlds(drawn.keys()), np.array([worlds(names) for names in together.values()])


def indices(
    first: Values, second: Values, mixed: Values, *, shocks: int | None = None, seed: int = 0
) -> tuple[Values, ...]:
    """First-order and total Sobol indices with their standard errors.

    Parameters
    ----------
    first, second, mixed: What `frozen` returned; with runs, those of a row must differ between both draws.
    shocks: Place of the group that changes the runs of a world, if any does.

    Returns
    -------
    First order, its error, total, its error, each of shape (metric, group); missing of figures that never move.

    Example
    -------
    >>> drawn = {name: np.random.default_rng(place).random((400, 2)) for place, name in enumerate("xy")}
    >>> found = indices(*frozen(lambda world: np.array([2.0 * world["x"] + world["y"]]), drawn))
    >>> bool(np.all(abs(found[0] - [[0.8, 0.2]]) < 4.0 * found[1]))
    True
    """
    # Runs come last, a single one where figures are split.
    both, others = np.array([first, second]).reshape(2, *first.shape[:2], -1), mixed.reshape(*mixed.shape[:3], -1)
    # Moments of values about their middle: none of them is lost beside a large mean.
    middle = both.mean(axis=(0, 2, 3))[:, None, None]
    moments = _moments(both - middle, others - middle, shocks)
    found, error = _split(moments.mean(axis=0)), left_out(_split, moments)
    return found[0], error[0], found[1], error[1]


def _moments(both: Values, mixed: Values, shocks: int | None) -> Values:
    """Moments of every row of draws, whose means over rows make the indices, shape (draw, 5, metric, group).

    They are: the product of the second draw and what changing the group does to the first; that change; half the square
    of it; and mean and mean square of the values whose variance is split.

    Parameters
    ----------
    both: Values of both draws, shape (2, metric, draw, run).
    mixed: Shape (group, metric, draw, run).
    """
    first, second = both
    # Worlds that share a factor other than the shocks meet different runs: means over them have all pairs of runs.
    change = (mixed - first).mean(axis=-1)
    product, half = second.mean(axis=-1) * change, 0.5 * ((first - mixed) ** 2).mean(axis=-1)
    mean, square = (np.repeat(part.mean(axis=(0, -1))[None], len(mixed), axis=0) for part in (both, both**2))
    if shocks is not None:
        # Worlds that share the shocks alone: covariance over their runs, against the variance of these same runs, since
        # few runs make most of a long-tailed variance; and the variance over the runs of each.
        alike = np.array([second, mixed[shocks]])
        runs, middles = first.shape[-1], alike.mean(axis=-1)
        product[shocks] = (alike.prod(axis=0).mean(axis=-1) - middles.prod(axis=0)) * runs / (runs - 1)
        change[shocks] = 0.0
        half[shocks] = alike.var(axis=-1, ddof=1).mean(axis=0)
        mean[shocks], square[shocks] = middles.mean(axis=0), (alike**2).mean(axis=(0, -1))
    return np.moveaxis(np.array([product, change, half, mean, square]), (3, 0, 2, 1), (0, 1, 2, 3))


def _split(moments: Values) -> Values:
    """First-order and total indices, shape (2, metric, group), of mean moments, shape (5, metric, group)."""
    product, change, half, mean, square = moments
    variance = square - mean**2
    # A figure that nothing moves has no variance to split, whatever rounding leaves of it.
    variance = np.where(variance > 1e-14 * square, variance, np.nan)
    return np.array([product - mean * change, half]) / variance


def _figures(asked: Study, values: Mapping[str, float]) -> Values:
    """Figures of the first runs of a world with other parameters, shape (metric,).

    Raises
    ------
    MetricError: One is not finite.
    """
    runs = asked.values(values)
    figures = np.array([metric.estimate(each).value for metric, each in zip(asked.metrics, runs, strict=True)])
    for metric, figure in zip(asked.metrics, figures, strict=True):
        if not np.isfinite(figure):
            raise MetricError(metric.text, ["has no finite value in some world, so no variance to split"])
    return figures
