"""Draw the shocks of a range of runs."""

from __future__ import annotations

import numpy as np

from sim.chain.reference import Reference
from sim.quantiles import Numbers, Values, quantile
from sim.scenario import Scenario
from sim.scenario.arrival import At
from sim.shocks.candidates import candidates, dated, escalation, hazards
from sim.shocks.course import DRAWS, Course
from sim.shocks.events import NEVER, Shocks
from sim.shocks.levels import levels
from sim.shocks.regimes import paths, stacked


def sample(scenario: Scenario, reference: Reference, *, first: int, runs: int, seed: int) -> Shocks:
    """Draw the events of a range of runs.

    Every restriction has its own stream, keyed by seed and name, so that adding one leaves the draws of the others
    untouched; every run has its own numbers in it, so that run 17 is the same in any range. A restriction that another
    escalates, or that another's ruling is a precedent for, depends on it by the scenario's wish.

    Parameters
    ----------
    scenario: Restrictions, regimes and horizon.
    reference: Reconciled chain; it says what a quota is measured against.
    first: First run.
    runs: Number of runs.
    seed: Seed of the ensemble.
    """
    horizon, numbers = 12.0 * scenario.time.years, Numbers(seed, first, runs)
    regimes = paths(scenario.regimes, numbers, horizon)
    factors = escalation(scenario)
    most = np.maximum(factors, 1.0).prod(axis=0)
    found, calm, conflict = [], np.full((len(factors), runs), np.nan), np.full((len(factors), runs), np.nan)
    for index, (name, restriction) in enumerate(scenario.restrictions.items()):
        if isinstance(restriction.onset, At):
            found.append(dated(scenario.time.months_to(restriction.onset.at), runs))
            continue
        hazard = hazards(scenario, name, restriction.by, restriction.onset, regimes, float(most[index]), numbers)
        calm[index], conflict[index] = 12.0 * hazard.calm, 12.0 * hazard.conflict
        found.append(candidates(name, hazard, numbers, horizon))
    course = Course(scenario, found, factors, numbers, horizon)
    course.follow()
    slots = max(int(course.used.max(initial=0)), 1)
    onset, end = course.onset[:, :slots], course.end[:, :slots]
    rest = np.zeros((6, *onset.shape))
    for index, name in enumerate(scenario.restrictions):
        rest[:, index] = _quantities(scenario, reference, course, index, name, slots)
    announced, level, severity, rise, hold, recovery = rest
    flags = course.ending[:, :slots], course.resumed[:, :slots]
    begins, switches = stacked(regimes, runs)
    times = (np.where(onset < NEVER, announced, NEVER), onset, end, level, severity, rise, hold, recovery)
    return Shocks(tuple(scenario.restrictions), tuple(regimes), *times, *flags, calm, conflict, begins, switches)


def _quantities(scenario: Scenario, reference: Reference, course: Course, index: int, name: str, slots: int) -> Values:
    """What is drawn of each event beside its onset and end, zero where there is none, shape (quantity, slot, run)."""
    restriction, profile = scenario.restrictions[name], scenario.restrictions[name].profile
    found = np.zeros((6, slots, course.numbers.runs))
    used = int(course.used[index])
    if used == 0:
        return found
    onset, end = course.onset[index, :used], course.end[index, :used]
    happens = onset < NEVER
    drawn = np.array([course.u[index, slot] for slot in range(used)])
    u = {draw: drawn[:, number] for number, draw in enumerate(DRAWS)}
    # A measure that comes back has the level it had.
    origin = np.broadcast_to(np.arange(used)[:, None], onset.shape).copy()
    for slot in range(1, used):
        origin[slot] = np.where(course.resumed[index, slot] == 1, origin[slot - 1], slot)
    former = np.take_along_axis(onset, origin, axis=0)[happens]
    u_level = np.take_along_axis(u["level"], origin, axis=0)[happens]
    over = np.concatenate([np.zeros((1, onset.shape[1])), end[:-1]])[happens]
    begun = onset[happens]
    recovery = profile.recovery_months
    found[:, :used][:, happens] = np.array(
        [
            np.maximum(begun - quantile(restriction.notice_months, u["notice"][happens]), np.minimum(over, begun)),
            *levels(scenario, reference, name, u_level, former),
            quantile(profile.rise_months, u["rise"][happens]),
            quantile(profile.hold_months, u["hold"][happens]),
            np.where(
                u["recovers"][happens] < profile.probability,
                quantile(recovery, u["recovery"][happens]) if recovery is not None else 0.0,
                0.0,
            ),
        ]
    )
    return found
