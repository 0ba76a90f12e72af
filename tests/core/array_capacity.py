"""Capacity and projects of a described chain as the core takes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sim.core import building as building_state
from sim.core import state
from tests.core.described import Expansion, SmallChain

FIXED = Expansion(())


def stride(dt: float) -> int:
    """Periods of a step of capacity: about a month."""
    return max(1, round(1 / dt))


def own_growth(small: SmallChain, process: np.ndarray) -> np.ndarray:
    """Growth of capacity along the trend: none where a project enlarges the process."""
    growth = process.copy()
    for project in small.expansion.projects if small.expansion else ():
        growth[project.process] = 1
    return growth


def expansion(small: SmallChain, process: np.ndarray, kind: type[np.floating[Any]]) -> dict[str, Any]:
    """Records of the chain from what is described, given the growth of processes along the trend."""
    found, par = small.expansion or FIXED, (small.expansion or FIXED).given
    months = stride(small.dt) * small.dt
    growth = own_growth(small, process)

    def leaving(mean: float) -> float:
        return min(1.0, months / mean)

    def of(values: Any) -> np.ndarray:
        return np.array(list(values), dtype=float)

    def over_time(values: Any) -> np.ndarray:
        column: np.ndarray = np.array(list(values), dtype=kind).reshape(-1, 1)
        return np.repeat(column, growth.shape[1], axis=1)

    rows = found.builders
    building = building_state.Building(
        stride=np.int32(stride(small.dt)), step=kind(stride(small.dt)), answers=kind(found.answers),
        follow_margin=kind(-math.expm1(-months / par.expectation_months)),
        order_response=kind(par.order_response * months / 12),
        order_bound=kind(par.order_bound_per_year * months / 12), underway_bound=kind(par.underway_bound),
        dead_zone=kind(par.dead_zone), cancel_margin=kind(par.cancel_margin),
        growth=growth, people=people_of_the_trend(small, growth).astype(kind),
        hurdle=over_time(r.hurdle for r in rows), permit=over_time(leaving(r.permit) for r in rows),
        construction=over_time(leaving(r.construction / 3) for r in rows),
        ramp=over_time(leaving(r.ramp) for r in rows),
        trained=over_time(s.trained * months for s in found.skills),
    )  # fmt: skip
    builders = building_state.Builders(
        premium=of(r.premium for r in rows), first_yield=of(r.first_yield for r in rows),
        closure=of(leaving(r.closure) for r in rows), wear=of(leaving(r.lifetime) for r in rows),
        people=of(r.people for r in rows),
        skill=np.array([-1 if r.skill is None else r.skill for r in rows], dtype=np.int32),
    )  # fmt: skip
    skills = building_state.Skills(
        free=of(s.free for s in found.skills),
        leaving=of(min(1.0, s.trained * months / s.free) for s in found.skills),
    )  # fmt: skip
    projects = building_state.Projects(np.array([p.process for p in found.projects], dtype=np.int32))
    return {
        "building": building,
        "builders": state.records(builders, kind),
        "skills": state.records(skills, kind),
        "projects": state.records(projects, kind),
    }


def people_of_the_trend(small: SmallChain, growth: np.ndarray) -> np.ndarray:
    """People that growth along the trend takes in the step before each period, shape (skill, period)."""
    found = small.expansion or FIXED
    taken = np.zeros((len(found.skills), growth.shape[1]))
    for now in range(growth.shape[1]):
        before = growth[:, max(now - stride(small.dt), 0)]
        for p, builder in enumerate(found.builders):
            if builder.skill is not None:
                gain = max(float(growth[p, now]) - float(before[p]), 0.0)
                taken[builder.skill, now] += builder.people * small.processes[p].activity * gain
    return taken


def project_draws(small: SmallChain, kind: type[np.floating[Any]], lanes: int) -> state.ProjectDraws:
    """Projects, the same in every run."""
    rows = (small.expansion or FIXED).projects

    def spread(values: list[float]) -> np.ndarray:
        return np.repeat(np.array(values, dtype=kind).reshape(len(rows), 1), lanes, axis=1)

    return state.ProjectDraws(
        start=spread([p.start / small.dt for p in rows]),
        ramp=spread([p.ramp / 0.9 / small.dt for p in rows]),
        level=spread([p.level for p in rows]),
    )
