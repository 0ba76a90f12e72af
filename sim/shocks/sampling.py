"""Draw the shocks of a range of runs."""

from __future__ import annotations

import numpy as np

from sim.chain.reference import Reference
from sim.quantiles import Numbers
from sim.scenario import Scenario
from sim.scenario.arrival import At
from sim.scenario.models import SPILLOVER
from sim.shocks.candidates import candidates, dated, escalation, hazards
from sim.shocks.course import Course
from sim.shocks.events import Shocks
from sim.shocks.regimes import paths, stacked
from sim.shocks.strikes import spillover, stacked_strikes, strikes


def sample(
    scenario: Scenario, reference: Reference, *, first: int, runs: int, seed: int, numbers: Numbers | None = None
) -> Shocks:
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
    numbers: Where the uniform numbers of these runs come from instead of the seed.
    """
    horizon, numbers = 12.0 * scenario.time.years, numbers or Numbers(seed, first, runs)
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
    rows = {name: strikes(scenario, reference, course, index, name) for index, name in enumerate(scenario.restrictions)}
    for name in list(scenario.measures)[len(rows) :]:
        rows[name] = spillover(scenario, name.removesuffix(SPILLOVER), rows[name.removesuffix(SPILLOVER)], numbers)
    unhazarded = np.full((len(rows) - len(factors), runs), np.nan)
    begins, switches = stacked(regimes, runs)
    return Shocks(
        names=tuple(rows),
        regimes=tuple(regimes),
        **stacked_strikes(list(rows.values()), runs),
        hazard=np.concatenate([calm, unhazarded]),
        conflict_hazard=np.concatenate([conflict, unhazarded]),
        begins=begins,
        switches=switches,
    )
