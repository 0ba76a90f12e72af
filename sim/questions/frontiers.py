"""What policies cost against the risk they leave: mixes of instruments at several strengths, on the same draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.errors import Fault, ScenarioError
from sim.questions.asked import read
from sim.questions.comparison import checked, per_run
from sim.questions.declared import FRONTIER
from sim.questions.estimates import Estimate
from sim.questions.expressions import Metric
from sim.questions.pairs import Ranking, ranking
from sim.questions.tables import labelled
from sim.results.intervals import COVERAGE, Values
from sim.scenario import Scenario
from sim.scenario.base import nearest
from sim.variables import INSTRUMENT, MIX

LOSS, COST = "tail95(lost_output)", "mean(net_public_cost)"
"""Metrics of the two axes unless others are asked for."""
RUNS = 500
"""Runs of each mix unless told otherwise."""
MOST_MIXES = 32
"""Mixes of one frontier: confidence in all pairs at once spreads thin, and takes a table of all of them."""
Progress = Callable[[int, int], None]


class Mix(NamedTuple):
    """Strengths of instruments together."""

    name: str
    strengths: dict[str, float]


def frontier(
    scenario: Scenario,
    *,
    vary: Mapping[str, Sequence[float]] | None = None,
    loss: str = LOSS,
    cost: str = COST,
    runs: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Weigh what mixes of policies cost against the loss they leave, all on the same draws.

    A mix is dropped only where another is surely no dearer and leaves surely no more loss, and surely less of one of
    them: all these statements hold together with 95 %.

    Parameters
    ----------
    scenario: What `sim.load` returned, with policies.
    vary: Strengths by instrument; all their combinations are mixes, and instruments that are not named stay as they
        are. By default none, each alone, all but each, and all.
    loss, cost: Metric expressions in which less is better.
    runs: Runs of each mix; 500 by default.
    seed: Seed of all random draws; the scenario's own by default.
    threads: As for `sim.run`.
    progress: Called with the runs done and wanted over all mixes.

    Returns
    -------
    By mix: `loss` and `cost` with errors and intervals; `loss_change` and `cost_change`, what they have more than the
    first mix on the same draws, with intervals that hold for all mixes and both together; `strength` (mix, instrument);
    `dropped_for`, the mix that surely beats it (empty where none does); `leads`: no other figure is better in both.

    Raises
    ------
    ScenarioError: No policies, unknown instruments, strengths below 0, or too many mixes: all faults at once.
    MetricError: A metric cannot be read, or asks for what the scenario does not have.
    """
    mixes = mixes_of(scenario, vary)
    asked = read([loss, cost])
    checked({scenario.title: scenario}, asked)
    runs, seed = RUNS if runs is None else runs, scenario.ensemble.seed if seed is None else seed
    values = np.empty((2, len(mixes), runs))
    for place, mix in enumerate(mixes):
        told = None
        if progress is not None:

            def told(_: str, done: int, wanted: int, before: int = place) -> None:
                """Pass progress on, with the mixes done before."""
                progress(before * wanted + done, len(mixes) * wanted)

        values[:, place] = per_run(mix.name, mixed(scenario, mix), asked, 0, runs, seed, threads, told)
    return _described(scenario, mixes, asked, values, seed)


def mixes_of(scenario: Scenario, vary: Mapping[str, Sequence[float]] | None = None) -> list[Mix]:
    """Mixes to be tried; parameters as for `frontier`.

    Raises
    ------
    ScenarioError: There are none, or too many, or they cannot be.
    """
    names = list(scenario.policies)
    faults = [] if names else [Fault("frontier", "", f"has nothing to weigh: {scenario.title} has no policies", _CURE)]
    for name, strengths in (vary or {}).items() if names else ():
        if name not in names:
            faults.append(Fault("--vary", name, "is no policy of the scenario", nearest(name, names)))
        bad = [each for each in strengths if not (np.isfinite(each) and each >= 0.0)]
        if bad or not strengths:
            faults.append(Fault("--vary", name, f"has strengths {list(strengths)}", "give numbers of 0 or more"))
    found = [] if faults else _combined(vary) if vary else _default(scenario)
    if len(found) > MOST_MIXES:
        faults.append(
            Fault("--vary", "", f"makes {len(found)} mixes", f"give strengths that make {MOST_MIXES} at most")
        )
    if faults:
        raise ScenarioError(faults)
    return found


_CURE = "take a scenario with policies, such as allied_strategy"


def _combined(vary: Mapping[str, Sequence[float]]) -> list[Mix]:
    """All combinations of strengths."""
    found = []
    for strengths in product(*(dict.fromkeys(map(float, each)) for each in vary.values())):
        given = dict(zip(vary, strengths, strict=True))
        found.append(Mix(", ".join(f"{name} {strength:g}" for name, strength in given.items()), given))
    return found


def _default(scenario: Scenario) -> list[Mix]:
    """None, each alone, all but each, and all, at the strengths of the scenario."""
    full = {name: policy.strength for name, policy in scenario.policies.items()}
    none = dict.fromkeys(full, 0.0)
    alone = [Mix(f"only {name}", none | {name: strength}) for name, strength in full.items()]
    without = [Mix(f"all but {name}", full | {name: 0.0}) for name in full]
    several = len(full) > 2
    return [Mix("none", none), *(alone if len(full) > 1 else []), *(without if several else []), Mix("all", full)]


def mixed(scenario: Scenario, mix: Mix) -> Scenario:
    """The scenario with the strengths of a mix."""
    return scenario.replace(*(f"policies.{name}.strength={strength!r}" for name, strength in mix.strengths.items()))


def _described(
    scenario: Scenario, mixes: Sequence[Mix], asked: Sequence[Metric], values: Values, seed: int
) -> xr.Dataset:
    """The answer as labelled data.

    Parameters
    ----------
    values: Loss and cost of each run, shape (2, mix, run).
    """
    # Two criteria share the chance of being wrong; either is sure of all its pairs at once.
    share = 1.0 - (1.0 - COVERAGE) / 2.0
    ranks = [ranking(metric.statistic, each, share) for metric, each in zip(asked, values, strict=True)]
    by = beaten(*ranks)
    figures = [[metric.estimate(row) for row in each] for metric, each in zip(asked, values, strict=True)]
    names, policies = [mix.name for mix in mixes], scenario.policies
    table: dict[str, object] = {
        "strength": np.array([[mix.strengths.get(n, p.strength) for n, p in policies.items()] for mix in mixes]),
        "dropped_for": np.array([names[other] if other >= 0 else "" for other in by], dtype=object),
        "leads": leading(*([each.value for each in row] for row in figures)),
        "warning": np.array([_warnings(*both) for both in zip(*figures, strict=True)], dtype=object),
    }
    for name, row in zip(("loss", "cost"), figures, strict=True):
        for part in ("value", "error", "low", "high"):
            key = name if part == "value" else f"{name}_{part}"
            table[key] = np.array([getattr(each, part) for each in row])
    for name, rank in zip(("loss_change", "cost_change"), ranks, strict=True):
        table |= {name: rank.value[:, 0], f"{name}_low": rank.low[:, 0], f"{name}_high": rank.high[:, 0]}
    data = labelled(FRONTIER, table, {MIX: names, INSTRUMENT: list(policies)})
    data.attrs = {"title": scenario.title, "seed": seed, "runs": values.shape[2], "confidence": COVERAGE}
    for name, metric in zip(("loss", "cost"), asked, strict=True):
        data.attrs |= {name: metric.text, f"{name}_units": metric.units(scenario)}
    return data


def _warnings(*figures: Estimate) -> str:
    """What to be careful about, each thing once."""
    return "; ".join(dict.fromkeys(each.warning for each in figures if each.warning))


def beaten(loss: Ranking, cost: Ranking) -> NDArray[np.intp]:
    """For each mix, the one that surely beats it and has the lowest cost; -1 where none does.

    Example
    -------
    >>> from sim.questions.estimates import Mean
    >>> few, noise = np.array([[1.0], [2.0], [1.0]]), np.random.default_rng(1).normal(size=(3, 400)) * 0.1
    >>> same = np.zeros((3, 400))
    >>> beaten(ranking(Mean(), few + noise), ranking(Mean(), same)).tolist()
    [-1, 0, -1]
    """
    no_worse = (loss.high <= 0.0) & (cost.high <= 0.0)
    beats = no_worse & ((loss.high < 0.0) | (cost.high < 0.0))
    np.fill_diagonal(beats, False)
    order = np.argsort(cost.value[:, 0], kind="stable")
    return np.array([next((by for by in order if beats[by, mix]), -1) for mix in range(len(beats))], dtype=np.intp)


def leading(loss: Sequence[float], cost: Sequence[float]) -> NDArray[np.bool_]:
    """Whether no other figure is at least as good in both and better in one.

    Example
    -------
    >>> leading([3.0, 2.0, 2.5, 1.0], [0.0, 1.0, 1.0, 2.0]).tolist()
    [True, True, False, True]
    """
    a, b = np.asarray(loss), np.asarray(cost)
    better = (a[:, None] <= a) & (b[:, None] <= b) & ((a[:, None] < a) | (b[:, None] < b))
    return np.asarray(~better.any(axis=0))
