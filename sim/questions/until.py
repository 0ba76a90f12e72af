"""Simulate until a figure is known well enough: growing batches of one ensemble."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from sim.engine import run
from sim.engine.chunk import CHUNK
from sim.errors import MetricError
from sim.questions.declared import GOAL
from sim.questions.estimates import Estimate, estimate
from sim.questions.expressions import Metric, parse
from sim.questions.tables import labelled
from sim.scenario import Scenario
from sim.variables import LOOK, Path

BATCH = CHUNK
"""Runs of the first batch; later ones end at a multiple of it."""
MOST_RUNS = 100_000
"""Runs at which to end at the latest unless told otherwise."""
LEAST_GROWTH, MOST_GROWTH = 1.25, 4.0
"""Least and most that one batch multiplies the runs by: few looks at the figure, and none far beyond its goal."""
MARGIN = 1.1
"""Runs aimed at over those that the error so far asks for."""
_WITHIN = re.compile(r"(?P<metric>.+?)\s+within\s+(?P<size>\d*\.?\d+)\s*(?P<percent>%)?\s*")


@dataclass(frozen=True)
class Goal:
    """How well a figure is to be known.

    Example
    -------
    >>> goal = read_goal("mean(lost_output) within 2 %")
    >>> goal.metric.text, goal.within, goal.relative
    ('mean(lost_output)', 0.02, True)
    """

    metric: Metric
    within: float
    """Largest distance from the figure to an end of its interval at 95 %."""
    relative: bool
    """Whether `within` is a share of the figure; else it is in the figure's units."""

    def allowed(self, found: Estimate) -> float:
        """Distance allowed, in units of the figure."""
        return self.within * abs(found.value) if self.relative else self.within

    def is_reached(self, found: Estimate) -> bool:
        """Whether the interval is narrow enough and rests on enough runs."""
        if found.half_width == 0.0:
            # All runs agree: what is rarer than three in as many runs may come yet (rule of three, at 95 %).
            return 3.0 / found.runs <= self.within
        return not found.warning and found.half_width <= self.allowed(found)

    def runs(self, found: Estimate) -> int:
        """Runs to go on to, in whole chunks: those that the interval so far asks for, within the bounds of growth."""
        asked = MOST_GROWTH
        if not found.warning and math.isfinite(found.half_width) and self.allowed(found) > 0.0:
            asked = MARGIN * (found.half_width / self.allowed(found)) ** 2
        runs = found.runs * min(max(asked, LEAST_GROWTH), MOST_GROWTH)
        return math.ceil(runs / BATCH) * BATCH

    def __str__(self) -> str:
        """Return the goal in words."""
        return f"{self.metric.text} within " + (f"{100.0 * self.within:g} %" if self.relative else f"{self.within:g}")


@dataclass(frozen=True)
class Reached:
    """What became of a goal."""

    goal: Goal
    estimate: Estimate
    results: xr.DataTree
    looks: tuple[Estimate, ...]
    """What the figure was each time it was looked at, the last one at the end."""

    def table(self) -> xr.Dataset:
        """What every look saw, as labelled data: figure, error, interval, runs, and the distance allowed."""
        parts = {
            name: np.array([getattr(each, name) for each in self.looks])
            for name in ("value", "error", "low", "high", "runs")
        }
        parts["allowed"] = np.array([self.goal.allowed(each) for each in self.looks])
        data = labelled(GOAL, parts, {LOOK: np.arange(1, len(self.looks) + 1)})
        about = self.results.attrs
        data.attrs = {"title": about.get("title", ""), "seed": about["seed"], "goal": str(self.goal)}
        data.attrs |= {"units": self.goal.metric.units(self.results), "reached": int(self.is_reached)}
        return data

    @property
    def is_reached(self) -> bool:
        """Whether the figure is known as well as was asked."""
        return self.goal.is_reached(self.estimate)

    @property
    def achieved(self) -> float:
        """Half the width of the interval, as a share of the figure if the goal is one; NaN of a figure of 0."""
        half = self.estimate.half_width
        if not self.goal.relative:
            return half
        return half / abs(self.estimate.value) if self.estimate.value else math.nan


def read_goal(text: str) -> Goal:
    """Read a goal such as `tail95(shortage[magnet_hc, US]) within 2 %`.

    Raises
    ------
    MetricError: It has no `within`, or its metric cannot be read.
    """
    found = _WITHIN.fullmatch(text.strip())
    if found is None:
        raise MetricError(text, ["has no goal; write such as tail95(shortage[magnet_hc, US]) within 2 %"])
    size = float(found["size"]) / (100.0 if found["percent"] else 1.0)
    if size <= 0.0:
        raise MetricError(text, ["asks for an error of nothing; give more than 0"])
    return Goal(parse(found["metric"]), size, relative=bool(found["percent"]))


def run_until(
    scenario: Scenario,
    goal: str | Goal,
    *,
    max_runs: int = MOST_RUNS,
    seed: int | None = None,
    onto: xr.DataTree | None = None,
    threads: int | None = None,
    traces: int = 0,
    follow: Sequence[Path | str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Reached:
    """Simulate growing batches of one ensemble until a figure is known as well as asked, or `max_runs` are done.

    The runs are those of one call with that many: the figure is looked at a few times only, each time when the runs
    have grown by a quarter or more, so that ending at a lucky moment hardly matters. The result keeps `/counts`, and a
    later call can go on with it.

    Parameters
    ----------
    goal: Such as `tail95(shortage[magnet_hc, US]) within 2 %` (of the figure), or `within 0.01` (in its units).
    max_runs: Runs at which to end at the latest.
    onto: What an earlier call returned as `results`, or a file it was saved in, opened again.

    Raises
    ------
    MetricError: The goal cannot be read, or asks for what the scenario does not have.
    ResultError: `onto` is of another ensemble, or cannot go on.

    Example
    -------
    >>> import sim
    >>> still = sim.load("still", overrides=["time.years=0.5"])
    >>> reached = run_until(still, "mean(price[dy_oxide, EU]) within 10 %", max_runs=32)
    >>> reached.is_reached, reached.results.attrs["runs"]
    (True, 32)
    """
    goal = read_goal(goal) if isinstance(goal, str) else goal
    paths = dict.fromkeys([*goal.metric.paths(scenario), *follow])
    if onto is not None:
        known = estimate(goal.metric.statistic, goal.metric.values(onto))
        already = int(onto.attrs["runs"])
        if goal.is_reached(known) or already >= max_runs:
            return Reached(goal, known, onto, (known,))
    looks: list[Estimate] = []

    def more(so_far: xr.DataTree) -> int:
        """Runs to go on to after a look at the figure."""
        # A tail that is still empty is no fault here: the runs grow.
        found = estimate(goal.metric.statistic, goal.metric.values(so_far))
        looks.append(found)
        return 0 if goal.is_reached(found) else min(goal.runs(found), max_runs)

    runs = min(max(BATCH, traces), max_runs) if onto is None else min(goal.runs(known), max_runs)
    results = run(
        scenario,
        runs=runs,
        seed=seed,
        threads=threads,
        traces=min(traces, max_runs),
        follow=paths,
        more=more,
        onto=onto,
        open_ended=True,
        progress=progress,
    )
    return Reached(goal, looks[-1], results, tuple(looks))
