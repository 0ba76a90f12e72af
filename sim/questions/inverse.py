"""Inverse stress test: how likely an event is, what makes it, and the histories that lead to it.

The draws behind onsets, durations, severities and regimes are tilted towards the event (`sim.questions.rare`); the
probability stays that of the scenario. Projects and the chain are as in an ordinary ensemble.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.lib.stride_tricks import sliding_window_view

from sim import chain as chains
from sim import engine
from sim.chain.reference import Reference
from sim.core.state import ProjectDraws
from sim.engine.parts import Draw as Draws
from sim.engine.run import Progress
from sim.errors import MetricError
from sim.projects import followed
from sim.questions.asked import runs_for
from sim.questions.attribution import owners
from sim.questions.declared import STRESS
from sim.questions.expressions import Condition, Metric, parse
from sim.questions.histories import History, histories
from sim.questions.quantities import monthly
from sim.questions.rare import Search, search
from sim.questions.tables import labelled
from sim.questions.tilts import Draw, Mixture, Noted, Tilted, Values, values_of
from sim.scenario import Scenario
from sim.shocks import NEVER, Shocks, sample
from sim.shocks.candidates import BATCH
from sim.shocks.course import DRAWS
from sim.variables import CAUSE, DRAW, MONTH, RUN

RUNS = 6000
"""Runs that a stress test may simulate unless told otherwise."""
PILOT_SHARE = 0.06
"""Share of them in each level of the search."""
TILTED_EVENTS = 3
"""Events of a restriction, and sets of candidates, whose draws may be tilted: the first ones."""
TELLING = 3.0
"""Standard errors of a mean of uniform numbers by which a draw's mean must differ from one half to be named."""


@dataclass(frozen=True)
class Stress:
    """Answer of an inverse stress test."""

    data: xr.Dataset
    """Probability with its interval, and what sets runs with the event apart."""
    histories: tuple[History, ...]
    """Likeliest ways to the event, each with a scenario that replays it."""


def stress(
    scenario: Scenario,
    event: str,
    *,
    runs: int = RUNS,
    seed: int | None = None,
    ways: int = 3,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Stress:
    """Estimate how likely an event is, however rare, and find how it comes about.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    event: A condition such as `stopped[defence, US] > 0.3 for 6 months`.
    runs: Runs of search and estimate together; at least 1,000.
    seed: Seed of all random draws; the scenario's own by default.
    ways: Histories wanted at most.
    threads: Threads; as many as there are processors by default.
    progress: Called with the runs done and wanted.

    Returns
    -------
    `probability` with `low` and `high` (95 %), `came` (cause): share of runs in which a restriction comes, with and
    without the event, and `draw_mean` (draw): where the draws of runs with the event lie. Histories beside it.

    Raises
    ------
    MetricError: The event cannot be read, is no condition, or names what the scenario does not have.
    ValueError: Too few runs.
    """
    if runs < 1000:
        raise ValueError("a search for a rare event needs 1,000 runs or more")
    metric = parse(event)
    if not isinstance(metric.of, Condition):
        raise MetricError(metric.text, ["is no event; compare it, such as stopped[defence, US] > 0.3 for 6 months"])
    metric.check(scenario)
    seed = scenario.ensemble.seed if seed is None else seed
    simulation = Simulation(scenario, metric, seed, threads, progress, runs)
    found = search(simulation.score, seed, simulation.asked, pilot=round(PILOT_SHARE * runs), total=runs)
    data = _described(scenario, metric, simulation, found)
    return Stress(data, histories(scenario, metric, simulation, found, ways=ways))


class Simulation:
    """Runs of a scenario under tilted draws, with scores."""

    def __init__(
        self,
        scenario: Scenario,
        metric: Metric,
        seed: int,
        threads: int | None,
        progress: Progress | None,
        wanted: int,
    ) -> None:
        """Find out which draws the sampler asks for.

        Parameters
        ----------
        wanted: Runs that search and estimate simulate, for progress.
        """
        self.scenario, self.metric, self.seed = scenario, metric, seed
        self._threads, self._progress, self._wanted, self._done = threads, progress, wanted, 0
        self.reference = chains.build(scenario)
        self.asked = tilted_draws(scenario, self.reference, seed)

    def shocks(self, mixture: Mixture, begin: int, first: int, runs: int) -> Shocks:
        """Shocks of a range of runs of a mixture that begins at a run."""
        numbers = Tilted(self.seed, first, runs, mixture, begin)
        return sample(self.scenario, self.reference, first=first, runs=runs, seed=self.seed, numbers=numbers)

    def score(self, mixture: Mixture, begin: int) -> Values:
        """Scores of all runs of a mixture that begins at a run."""

        def draw(reference: Reference, first: int, runs: int) -> tuple[Shocks, ProjectDraws]:
            """Shocks and projects of a range of runs."""
            projects = followed(reference, first=first, runs=runs, seed=self.seed)
            return self.shocks(mixture, begin, first, runs), projects

        return self.scores_of(draw, begin, mixture.runs)

    def scores_of(self, draw: Draws, first: int, runs: int) -> Values:
        """Scores of runs whose shocks and projects come from elsewhere."""

        def report(done: int, _: int) -> None:
            """Pass progress on, with what was done before."""
            if self._progress is not None:
                total = self._done + done
                self._progress(total, max(self._wanted, total))

        results = runs_for(
            [self.metric],
            self.scenario,
            runs=runs,
            first=first,
            seed=self.seed,
            threads=self._threads,
            progress=report,
            draw=draw,
        )
        self._done += runs
        return scores(self.metric, results)

    def replay(self, history: Scenario) -> float:
        """Score of the one run of a scenario with dates."""
        results = engine.run(history, runs=1, seed=self.seed, threads=1, follow=self.metric.paths(history))
        return float(scores(self.metric, results)[0])


def scores(metric: Metric, results: xr.DataTree) -> Values:
    """How far each run is beyond the limit of an event: at or above 0 where the event happens, shape (run,).

    An event that must last some months is scored by the level that is held for as long, so that near misses are told
    apart.
    """
    condition = metric.of
    assert isinstance(condition, Condition)
    quantity = condition.of
    happens = condition.holds(quantity.values(results, metric.text)) > 0.0
    if quantity.reducer == "longest" and condition.sign == ">=":
        paths = metric.paths(results)
        path = monthly(results, paths[0], metric.text)
        path = path.sel({MONTH: str(quantity.year)}) if quantity.year is not None else path
        months, sign = path.transpose(RUN, MONTH).values.astype(float), -1.0 if quantity.sign.startswith("<") else 1.0
        length = min(int(condition.limit), months.shape[1])
        held = sliding_window_view(sign * months, length, axis=1).min(axis=2).max(axis=1)
        beyond = held - sign * quantity.limit
    else:
        sign = -1.0 if condition.sign.startswith("<") else 1.0
        beyond = sign * (quantity.values(results, metric.text) - condition.limit)
    beyond = np.where(np.isfinite(beyond), beyond, np.sign(beyond) * 1e9)
    # The event decides, whatever rounding or a strict sign makes of the distance.
    return np.asarray(np.where(happens, np.maximum(beyond, 0.0), np.minimum(beyond, -1e-12)))


def tilted_draws(scenario: Scenario, reference: Reference, seed: int) -> dict[tuple[str, str], int]:
    """Draws of the sampler that may be tilted: hazards, regimes, and the first candidates and events.

    Returns
    -------
    Numbers of a run by name and purpose.
    """
    asked: dict[tuple[str, str], int] = {}
    sample(scenario, reference, first=0, runs=256, seed=seed, numbers=Noted(seed, 0, 256, asked))
    return {key: width for key, width in asked.items() if _number(key[1]) < TILTED_EVENTS}


def named(name: str, purpose: str, place: int) -> str:
    """What a draw decides, in words.

    Example
    -------
    >>> named("ban", "event 0", 2), named("ban", "candidates 0", 9), named("ban", "hazard", 0)
    ('ban: duration', 'ban: mark of candidate 2', 'ban: hazard')
    """
    number = _number(purpose)
    if purpose.startswith("event"):
        later = f" of event {number + 1}" if number else ""
        return f"{name}: {DRAWS[place]}{later}"
    if purpose.startswith("candidates"):
        which = "wait for" if place < BATCH else "mark of"
        return f"{name}: {which} candidate {number * BATCH + place % BATCH + 1}"
    if purpose.startswith("spells"):
        return f"{name}: spell {place + 1}"
    return f"{name}: {purpose}" + (f", {place + 1}" if place else "")


def _number(purpose: str) -> int:
    """Number at the end of a purpose; 0 where there is none."""
    found = re.search(r"(\d+)$", purpose)
    return int(found[1]) if found else 0


def _described(scenario: Scenario, metric: Metric, simulation: Simulation, found: Search) -> xr.Dataset:
    """The answer as labelled data."""
    names, shares = list(scenario.restrictions), found.shares
    mixture = found.mixture
    shocks = simulation.shocks(mixture, found.begin, found.begin, mixture.runs)
    struck = np.zeros((len(names), mixture.runs), dtype=bool)
    horizon = 12.0 * scenario.time.years
    np.logical_or.at(struck, owners(scenario), (shocks.onset < min(horizon, NEVER)).any(axis=1))
    usual = found.weights / found.weights.sum()
    means = _means(simulation, found)
    values: dict[str, object] = {
        "probability": found.probability,
        "probability_error": found.error,
        "low": found.low,
        "high": found.high,
        "effective_runs": found.effective,
        "plain_runs": found.plain_runs,
        "simulations": float(found.simulations),
        "came": struck @ shares,
        "came_usually": struck @ usual,
        "draw_mean": np.array(list(means.values())),
    }
    coords = {CAUSE: names, DRAW: [named(*draw) for draw in means]}
    data = labelled(STRESS, values, coords)
    data.attrs = {"event": metric.text, "title": scenario.title, "seed": simulation.seed, "levels": list(found.levels)}
    data.attrs["warning"] = _warning(found)
    return data


def _means(simulation: Simulation, found: Search) -> Mapping[Draw, float]:
    """Mean of the draws that differ most from uniform ones among runs with the event, the most telling first."""
    mixture = found.mixture
    numbers = Tilted(simulation.seed, found.begin, mixture.runs, mixture, found.begin)
    draws = values_of(numbers, simulation.asked)
    tilted = {draw for tilt in mixture.tilts for draw in tilt.laws}
    means = {draw: float(draws[draw] @ found.shares) for draw in tilted}
    chance = np.sqrt(1.0 / 12.0 / max(found.effective, 1.0))
    telling = {draw: mean for draw, mean in means.items() if abs(mean - 0.5) > TELLING * chance and found.hits.any()}
    return dict(sorted(telling.items(), key=lambda item: -abs(item[1] - 0.5)))


def _warning(found: Search) -> str:
    """What to be careful about; empty if there is nothing."""
    if not found.hits.any():
        return "no run shows the event: the upper end is all that can be said; simulate more runs, or ask for less"
    if found.effective < 30.0:
        return f"it rests on {found.effective:.0f} effective runs; simulate more"
    return ""
