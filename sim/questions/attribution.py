"""Blame: how much of a figure each restriction is answerable for, by Shapley values run by run with the same draws.

**What leaving out a restriction means.** Its events, announcements and spillover are taken out of the run; every other
event of the run stays as it was drawn, to the bit. An embargo that only came because licences were in force stays when
the licences are left out: what it does is its own blame, not that of what escalated it. Regimes stay too. Restrictions
that answer the state of the chain keep their candidates, and each coalition decides anew which of them come.

What is left when all are out (growth, projects, the chain itself) is in a bucket of its own. In each run, restrictions
and bucket add up to the run's value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim import chain as chains
from sim import engine
from sim.core.state import ProjectDraws
from sim.engine.run import Progress
from sim.errors import MetricError
from sim.projects import followed
from sim.questions.asked import gathered, read
from sim.questions.coalitions import Flags, Plan, plan
from sim.questions.declared import BLAME
from sim.questions.estimates import Quantile, Tail
from sim.questions.expressions import Metric
from sim.questions.known import known
from sim.questions.tables import labelled
from sim.scenario import Scenario
from sim.scenario.models import SPILLOVER
from sim.shocks import NEVER, Shocks, sample
from sim.variables import CAUSE, METRIC, PRODUCT, REGION, RUN, SECTOR, STAGE

Values = NDArray[np.float64]
NO_RESTRICTION = "no restriction"
"""Label of what is there without any restriction."""
RUNS = 100
"""Runs that blame looks at unless asked for more: each costs dozens of simulations."""
PAIRS = 4
"""Pairs of orders of a run with too many restrictions to enumerate."""
RESAMPLES = 400
"""Bootstrap samples of runs behind the error of a tail mean's parts."""


def blame(
    scenario: Scenario,
    metrics: Sequence[str],
    *,
    runs: int = RUNS,
    seed: int | None = None,
    first: int = 0,
    pairs: int = PAIRS,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Split figures into what each restriction is answerable for, and what none explains.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    metrics: Expressions such as `mean(lost_output[*, US])`, `tail95(...)` or `P(...)`; all at the cost of one.
    runs: Number of runs.
    seed: Seed of all random draws; the scenario's own by default.
    first: First run; run 17 has the same blame in any range.
    pairs: Pairs of orders of a run that is sampled; more narrow what the orders add to the error.
    threads: Threads; as many as there are processors by default.
    progress: Called with the simulations done and wanted.

    Returns
    -------
    `blame` (metric, cause) with `blame_error`, `total` (metric), and `run_blame` (metric, cause, run) that adds up to
    `run_total` (metric, run). Causes are the restrictions and `no restriction`. `warning` (metric) says where too few
    runs lie in a tail.

    Raises
    ------
    MetricError: A metric cannot be read, names what the scenario does not have, or has no parts that add up.
    ResultError: Several metrics have such faults.
    """
    parsed = gathered(_additive, read(metrics, scenario))
    seed = scenario.ensemble.seed if seed is None else seed
    reference = chains.build(scenario)
    shocks = sample(scenario, reference, first=first, runs=runs, seed=seed)
    projects = followed(reference, first=first, runs=runs, seed=seed)
    game = plan(
        came(scenario, shocks), pairs=pairs, seed=seed, first=first, shared_empty=not scenario.capacity.projects
    )
    paths = tuple(dict.fromkeys(path for metric in parsed for path in metric.paths(scenario)))
    results = engine.run(
        scenario,
        runs=len(game.run),
        seed=seed,
        threads=threads,
        progress=progress,
        follow=paths,
        draw=lambda _, begin, count: _drawn(game, owners(scenario), shocks, projects, begin, count),
    )
    there = [(metric, values) for metric in parsed if (values := _values(metric, results, len(parsed) > 1)) is not None]
    if not there:
        raise MetricError(parsed[0].text, ["does not exist, nor does any other that was asked for"])
    parsed = [metric for metric, _ in there]
    found = [_of_metric(metric, values, game, seed) for metric, values in there]
    coords = {
        METRIC: [metric.text for metric in parsed],
        "units": (METRIC, [metric.units(scenario) for metric in parsed]),
        CAUSE: [*scenario.restrictions, NO_RESTRICTION],
        RUN: np.arange(first, first + runs),
    }
    table = {name: np.array([part[name] for part in found]) for name in found[0]}
    data = labelled(BLAME, table, coords)
    data.attrs = results.attrs | {"runs": runs, "first_run": first, "simulations": len(game.run), "pairs": pairs}
    return data


def spelled(text: str, by: str | None, scenario: Scenario) -> list[str]:
    """The metric for each label of a dimension, where it has the word `each`; else the metric itself.

    Parameters
    ----------
    text: Such as `mean(shortage[each, US])`.
    by: Dimension that `each` stands for: product, stage, sector or region.

    Raises
    ------
    MetricError: `each` without a known dimension, or a dimension without `each`.
    """
    dims = (PRODUCT, STAGE, SECTOR, REGION)
    if not re.search(r"\beach\b", text):
        if by is not None:
            raise MetricError(text, [f"has no 'each' to stand for every {by}; write such as mean(shortage[each, US])"])
        return [text]
    if by not in dims:
        raise MetricError(text, [f"has 'each'; say what it stands for: by = {', '.join(dims)} (--by)"])
    return [re.sub(r"\beach\b", label, text) for label in known(scenario).of[by]]


def came(scenario: Scenario, shocks: Shocks) -> Flags:
    """Whether a restriction can matter in a run: it or its spillover is announced within the horizon.

    Parameters
    ----------
    shocks: As drawn; candidates that the state of the chain decides on count.

    Returns
    -------
    Shape (restriction, run), restrictions in the order of the scenario.
    """
    horizon = 12.0 * scenario.time.years
    struck = (np.minimum(shocks.announced, shocks.onset) < min(horizon, NEVER)).any(axis=1)
    found = np.zeros((len(scenario.restrictions), struck.shape[1]), dtype=bool)
    np.logical_or.at(found, owners(scenario), struck)
    return found


def owners(scenario: Scenario) -> NDArray[np.intp]:
    """Place of the restriction that each measure belongs to: a spillover goes with what it spills over from."""
    names = list(scenario.restrictions)
    return np.array([names.index(name.removesuffix(SPILLOVER)) for name in scenario.measures], dtype=np.intp)


def _additive(metric: Metric) -> Metric:
    """The metric if it is a mean over runs, of all or of the worst."""
    if isinstance(metric.statistic, Quantile):
        cure = "a quantile has no parts that add up; ask for mean(...), tail95(...) or P(...)"
        raise MetricError(metric.text, [cure])
    return metric


def _values(metric: Metric, results: xr.DataTree, several: bool) -> Values | None:
    """One number a simulation; none where one of several metrics is of something that does not exist there."""
    try:
        return metric.values(results)
    except MetricError:
        if not several:
            raise
        return None


def _drawn(
    game: Plan, player: NDArray[np.intp], shocks: Shocks, projects: ProjectDraws, begin: int, count: int
) -> tuple[Shocks, ProjectDraws]:
    """Shocks and projects of a range of coalitions; the last stands in for those beyond the end."""
    number = np.minimum(np.arange(begin, begin + count), len(game.run) - 1)
    run = game.run[number]
    out = ~game.member[number].T[player]
    return shocks.of(run).without(out), ProjectDraws(*(np.take(part, run, axis=1) for part in projects))


def _of_metric(metric: Metric, values: Values, game: Plan, seed: int) -> dict[str, NDArray[Any]]:
    """Blame of one metric in every run and over them."""
    values = np.asarray(values, dtype=np.float64)
    if not np.isfinite(values).all():
        raise MetricError(metric.text, ["has no value in some run with some restrictions left out; ask for another"])
    by_run = np.concatenate([game.blame(values), values[game.empty][None]])
    total = values[game.full]
    weights = _weights(metric, total[None])[0]
    figure = metric.estimate(total)
    drawn = np.random.Generator(np.random.Philox(seed)).integers(0, total.size, (RESAMPLES, total.size))
    again = np.einsum("br,cbr->cb", _weights(metric, total[drawn]), by_run[:, drawn])
    return {
        "blame": by_run @ weights,
        "blame_error": again.std(axis=1, ddof=1),
        "total": np.asarray(total @ weights),
        "total_error": np.asarray(figure.error),
        "run_blame": by_run,
        "run_total": total,
        "warning": np.asarray(figure.warning),
    }


def _weights(metric: Metric, values: Values) -> Values:
    """Weights of runs with which the statistic is the weighted sum of their values, shape (..., run).

    The run that the level of a tail cuts through counts in part, as in its estimate; runs of one value share alike.
    """
    count = values.shape[-1]
    statistic = metric.statistic
    if not isinstance(statistic, Tail):
        return np.full(values.shape, 1.0 / count)
    sign, share = (1.0, 1.0 - statistic.level) if statistic.level >= 0.5 else (-1.0, statistic.level)
    ordered = np.sort(sign * values, axis=-1)
    at = ordered[..., max(int(np.ceil((1.0 - share) * count - 1e-9)) - 1, 0)][..., None]
    beyond, level = sign * values > at, sign * values == at
    rest = 1.0 - beyond.sum(axis=-1, keepdims=True) / (share * count)
    return np.asarray(np.where(beyond, 1.0 / (share * count), 0.0) + level * rest / level.sum(axis=-1, keepdims=True))
