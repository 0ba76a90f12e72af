"""Projects as they turn out in every run: when they start, if ever, how fast they ramp up and how far.

Laws and their fits (dates and output of 54 projects whose announced date has passed, of 2011-2026; 23 have started):

*Start.* A project that starts does so on its announced date with probability `ON_TIME` and else after an exponential
delay of mean `DELAY_MONTHS`; a share that depends on its status and on whether it is a mine never starts. Fitted by
least squares to the product-limit estimate 0.13, 0.21, 0.31, 0.36, 0.43, 0.49, 0.49 of the share started 0, 3, 6, 12,
18, 24 and 36 months after the announced date: never 0.50, on time 0.25, mean delay 10.2 months, off by at most 0.03.
The never-share is far from even: after two years 4 of 22 mines had started (estimate 0.19) and 19 of 32 plants
(estimate 0.76 from metal to magnet, 0.72 in separation). None of the 17 still under observation after two years started
later: those stalled never do with probability 1 - 0.5 / 18. Of 26 whose building had begun and is no longer under way,
3 were paused or given up: 3.5 / 27 under a Jeffreys prior.

*Ramp.* Output rises in a line to 90 % of its final level in a time that is lognormal about the `ramp_months` of the
technology. Times of 30 and 50 months at two mines and 78, 24 and about 65 at three separation plants have a standard
deviation of 0.56 in logs about their group means (three degrees of freedom). One of these five never passed 31 % of
nameplate: final levels are poor with probability 1.5 / 6 (Jeffreys) and then lie about 0.31, else about 0.93, between a
separation plant at 0.90 after six years and a mine at 0.98.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sim.chain.reference import Reference
from sim.core import state
from sim.quantiles import quantile
from sim.scenario import Scenario
from sim.scenario.capital_instruments import Finance
from sim.scenario.distributions import Distribution
from sim.scenario.dynamics import ProjectRow
from sim.streams import uniform

Values = NDArray[np.float64]
NEVER = float(state.NEVER)
"""Start of a project that never starts: representable in single precision, later than any period."""
ON_TIME = 0.25
"""Probability of no delay, given that a project starts."""
DELAY_MONTHS = 10.2
"""Mean delay of those that start late, months."""
MINES = "mining"
"""Stage of mines."""
NEVER_SHARE = {
    "started": {"mine": 0.0, "plant": 0.0},
    "construction": {"mine": 0.13, "plant": 0.13},
    "announced": {"mine": 0.81, "plant": 0.26},
    "stalled": {"mine": 0.97, "plant": 0.97},
}
"""Share of projects that never start, by status and kind."""
RAMP_SPREAD = 0.56
"""Standard deviation of the log of the ramp time."""
RAMP_SHARE = 0.9
"""Share of the final level at which a ramp counts as done."""
POOR = 0.25
"""Probability that a plant stays far below nameplate."""
GOOD_LEVEL, POOR_LEVEL = Distribution(dist="beta", mean=0.93, sd=0.05), Distribution(dist="beta", mean=0.31, sd=0.08)
"""Final level over nameplate of the others, and of those."""
DRAWS = ("starts", "delay", "ramp", "fares", "level")
"""What the uniform numbers of a project decide, in their order."""


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of a range of runs, shape (row, run): a row is a process that a project enlarges."""

    names: tuple[str, ...]
    """Project of each row."""
    process: NDArray[np.int32]
    """Index of the process of each row in the reference state, shape (row,)."""
    start: Values
    """Months from the start of the horizon, below 0 before it, `NEVER` if the project never starts."""
    ramp: Values
    """Months from the start to 90 % of the level."""
    level: Values
    """Activity added in the end, t a year."""

    def draws(self, dt: float) -> state.ProjectDraws:
        """The same with times in periods of `dt` months and tonnes a month, single precision."""
        return state.ProjectDraws(
            start=np.minimum(self.start / dt, NEVER).astype(np.float32),
            ramp=(self.ramp / RAMP_SHARE / dt).astype(np.float32),
            level=(self.level / 12.0).astype(np.float32),
        )


def sample(scenario: Scenario, reference: Reference, *, first: int, runs: int, seed: int) -> Outcomes:
    """Draw the outcomes of the projects of a scenario's chain for a range of runs.

    Every project has its own stream, keyed by seed and name, so that adding one leaves the draws of the others
    untouched; every run has its own numbers in it, so that run 17 is the same in any range. The rows of a project share
    them: its parts are late, slow and poor together.

    Parameters
    ----------
    scenario: Its chain has the projects; its horizon says when time begins.
    reference: Reconciled chain with the processes they enlarge.
    first: First run.
    runs: Number of runs.
    seed: Seed of the ensemble.
    """
    rows = scenario.tables.projects
    drawn = {name: _draw(name, first, runs, seed) for name in {row.project: None for row in rows}}
    found = np.empty((3, len(rows), runs))
    for index, row in enumerate(rows):
        found[:, index] = _outcome(scenario, row, drawn[row.project])
    return Outcomes(
        names=tuple(row.project for row in rows),
        process=np.array([reference.process_at[row.recipe, row.region] for row in rows], dtype=np.int32),
        start=found[0],
        ramp=found[1],
        level=found[2],
    )


def followed(reference: Reference, *, first: int, runs: int, seed: int) -> state.ProjectDraws:
    """What the core needs of projects for a range of runs; no rows where the scenario does not follow them.

    Parameters
    ----------
    reference: Reconciled chain of a scenario.
    first: First run.
    runs: Number of runs.
    seed: Seed of the ensemble.
    """
    scenario = reference.scenario
    if not scenario.capacity.projects:
        return state.ProjectDraws(*(np.zeros((0, runs), dtype=np.float32) for _ in state.ProjectDraws._fields))
    drawn = sample(scenario, reference, first=first, runs=runs, seed=seed)
    return drawn.draws(12.0 / scenario.time.periods_per_year)


@dataclass(frozen=True)
class _Draw:
    """What a project draws in every run, whatever its rows, shape (run,)."""

    starts: Values
    delay: Values
    ramp: Values
    share: Values


def _draw(name: str, first: int, runs: int, seed: int) -> _Draw:
    u = dict(zip(DRAWS, uniform(seed, name, "project", first=first, runs=runs, draws=len(DRAWS)).T, strict=True))
    ramp = np.exp(RAMP_SPREAD * ndtri(u["ramp"]))
    return _Draw(u["starts"], delay(u["delay"]), ramp, final_share(u["fares"], u["level"]))


def _outcome(scenario: Scenario, row: ProjectRow, draw: _Draw) -> Values:
    """Start, ramp and level of a row in every run, shape (3, run)."""
    kind = "mine" if scenario.tables.stage(row.recipe) == MINES else "plant"
    technology = scenario.tables.technology(row.recipe, row.region)
    assert technology is not None, "the checks of the tables ask for a technology of every project"
    # What has started has its actual date.
    late = draw.delay * (row.status != "started")
    never, begins = NEVER_SHARE[row.status][kind], scenario.time.months_to(row.start) + late
    for given in _support(scenario, row):
        never *= 1.0 - min(given.strength, 1.0) * given.rescues
        since = max(scenario.time.months_to(given.start) if given.start is not None else 0.0, 0.0)
        begins = np.minimum(begins, np.maximum(begins - given.strength * given.sooner_months, since))
    start = np.where(draw.starts < never, NEVER, begins)
    return np.array([start, technology.ramp_months * draw.ramp, row.capacity_t_per_year * draw.share])


def _support(scenario: Scenario, row: ProjectRow) -> list[Finance]:
    """Grants and loans for a project that has not started without them."""
    given = [policy for policy in scenario.policies.values() if isinstance(policy, Finance)]
    return [policy for policy in given if policy.supports(row) and row.status != "started"]


def delay(u: Values) -> Values:
    """Months between the announced and the actual start of projects that do start.

    Parameters
    ----------
    u: Uniform numbers, any shape.
    """
    late = np.maximum(u - ON_TIME, 0.0) / (1.0 - ON_TIME)
    return np.asarray(-DELAY_MONTHS * np.log1p(-late))


def final_share(fares: Values, u: Values) -> Values:
    """Final level over nameplate.

    Parameters
    ----------
    fares: Uniform numbers that decide between good and poor, any shape.
    u: Uniform numbers that place the level within its law, the same shape.
    """
    return np.asarray(np.where(fares < POOR, quantile(POOR_LEVEL, u), quantile(GOOD_LEVEL, u)))


def ramped(age: Values, ramp: Values) -> Values:
    """Share of its final level that a project has reached: in a line, to 90 % after its ramp.

    Parameters
    ----------
    age: Time since the start, below 0 before it; in the unit of the ramp.
    ramp: Time to 90 %.

    Example
    -------
    >>> [float(share) for share in ramped(np.array([-1.0, 20.0, 40.0, 60.0]), np.array(40.0))]
    [0.0, 0.45, 0.9, 1.0]
    """
    return np.asarray(np.clip(RAMP_SHARE * age / ramp, 0.0, 1.0))
