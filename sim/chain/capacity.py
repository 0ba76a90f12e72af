"""What it takes to build capacity, as arrays for the core: hurdles, stages, people, named projects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.chain.accounts import Values
from sim.chain.reference import Process, Reference
from sim.core.building import Builders, Building, Floats, Projects, Skills
from sim.scenario.dynamics import ProjectRow, TechnologyRow

STAGES_OF_CONSTRUCTION = 3
RAMP_LEFT = 0.1
"""Part of its output that a plant still lacks when its ramp counts as done."""
RATE_STEP = 0.01
"""Cost of capital over which the slope of the capital charge is taken."""


@dataclass(frozen=True)
class Expansion:
    """Columns of the core on new capacity; without rows where none is followed."""

    building: Building
    builders: Builders
    skills: Skills
    projects: Projects


def expansion_arrays(reference: Reference, dt: float) -> Expansion:
    """Columns of a scenario; a period is `dt` months.

    Capacity moves in steps of about a month, whatever the period.
    """
    wanted = reference.scenario.capacity
    stride = max(round(1.0 / dt), 1)
    months = stride * dt
    followed = wanted.followed
    rows = reference.scenario.tables.projects if wanted.projects else ()
    process = np.array([reference.process_at[row.recipe, row.region] for row in rows], dtype=np.int32)
    growth = _own_growth(reference, rows)
    skills = _skill_rows(reference) if followed else {}
    building = Building(
        stride=np.int32(stride),
        step=np.float64(stride),
        answers=np.float64(wanted.answers),
        follow_margin=np.float64(-np.expm1(-months / wanted.expectation_months)),
        order_response=np.float64(wanted.order_response * months / 12.0),
        order_bound=np.float64(wanted.order_bound_per_year * months / 12.0),
        underway_bound=np.float64(wanted.underway_bound),
        dead_zone=np.float64(wanted.dead_zone),
        cancel_margin=np.float64(wanted.cancel_margin),
        growth=growth,
        people=_people_of_the_trend(reference, growth, skills, stride),
        **_over_time(reference, list(skills.values()), months, followed),
    )
    builders = _builders(reference, skills, months, followed)
    return Expansion(building, builders, _skills(reference, skills, months), Projects(process))


def _own_growth(reference: Reference, rows: Sequence[ProjectRow]) -> Values:
    """Growth of capacity along the trend, shape (process, period).

    A process has none of its own until the last announced start of its followed projects: the trend would count what
    they add a second time. Its level is that of the trend at the start, which already makes what stocks grow by. After
    that start nobody has announced anything yet, and growth goes on from where it stood.
    """
    scenario = reference.scenario
    growth = np.array(reference.trend.process, dtype=float)
    last: dict[int, float] = {}
    for row in rows:
        index = reference.process_at[row.recipe, row.region]
        last[index] = max(scenario.time.months_to(row.start), last.get(index, 0.0))
    for index, months in last.items():
        until = np.minimum(np.arange(scenario.periods), round(months / 12.0 * scenario.time.periods_per_year))
        growth[index] *= growth[index, 0] / growth[index, until]
    return growth


def _over_time(reference: Reference, skills: list[int], months: float, followed: bool) -> dict[str, Values]:
    """Hurdles, lead times and people trained in every period: without policies the same throughout."""
    rows = reference.processes if followed else ()
    technologies = [technology(reference, row) for row in rows]
    found = {
        "hurdle": [hurdle(reference, *pair)[0] for pair in zip(rows, technologies, strict=True)],
        "permit": leaving([row.permit_months for row in technologies], months),
        "construction": leaving([row.construction_months / STAGES_OF_CONSTRUCTION for row in technologies], months),
        "ramp": leaving([ramp_stages(row.ramp_months, row.initial_yield) for row in technologies], months),
        "trained": [reference.scenario.tables.skills[row].trained_per_year * months / 12.0 for row in skills],
    }
    periods = reference.scenario.periods
    return {name: np.repeat(np.array(row, dtype=float)[:, None], periods, axis=1) for name, row in found.items()}


def leaving(mean_months: Sequence[float] | Values, months: float) -> Values:
    """Share of a stage that leaves it in a step of some months, so that the mean time in it is the one given."""
    return np.asarray(np.minimum(months / np.maximum(np.array(mean_months, dtype=float), 1e-9), 1.0))


def capital_share(technology: TechnologyRow, unit_value: float, rate: float) -> float:
    """Yearly capital charge of a plant over the value of what it makes in a year.

    Parameters
    ----------
    unit_value: Value of the outputs of a tonne of activity, USD/kg.
    rate: Cost of capital a year.
    """
    factor = rate / -np.expm1(-technology.lifetime_years * np.log1p(rate))
    return float(technology.capex_usd_per_t_per_year * factor / (1e3 * unit_value))


def ramp_stages(ramp_months: float, first_yield: float) -> float:
    """Mean months of each of the two stages of a ramp that brings a plant to 90 % of its output after some months.

    What is started up makes `first_yield` of what it will, and all of it once run in: after `z` times the mean, output
    is 1 - exp(-z) (1 + (1 - first_yield) z).

    Example
    -------
    >>> mean = ramp_stages(25.0, 0.75)
    >>> z = 25.0 / mean
    >>> round(1.0 - float(np.exp(-z)) * (1.0 + 0.25 * z), 6)
    0.9
    """
    z = -np.log(RAMP_LEFT)
    for _ in range(60):
        z = np.log((1.0 + (1.0 - first_yield) * z) / RAMP_LEFT)
    return float(ramp_months / z)


def _skill_rows(reference: Reference) -> dict[tuple[str, str], int]:
    return {(row.region, row.stage): index for index, row in enumerate(reference.scenario.tables.skills)}


def technology(reference: Reference, process: Process) -> TechnologyRow:
    """What it takes to build capacity of a process."""
    found = reference.scenario.tables.technology(process.recipe_name, process.region)
    assert found is not None, "the checks of the tables ask for a technology of every process"
    return found


def hurdle(
    reference: Reference, process: Process, technology: TechnologyRow, *, borne: float = 1.0
) -> tuple[float, float]:
    """Log margin at which a new plant pays, and what a unit of spread adds to it.

    Parameters
    ----------
    technology: Of the process.
    borne: Share of the capital charge that the maker bears. What others bear lowers the margin by as much as it lowers
        full cost, also where the dead zone holds it up, but never below that of today.
    """
    value = reference.unit_value(process)
    prices = {product: row.price_usd_per_kg for product, row in reference.products.items()}
    spent = sum(tonnes * prices[product] for product, tonnes in process.inputs.items())
    rate = technology.cost_of_capital
    charge = capital_share(technology, value, rate)
    full = (spent + process.conversion_cost) / value + charge
    slope = (capital_share(technology, value, rate + RATE_STEP) - charge) / RATE_STEP
    least = max(float(np.log(full)), reference.scenario.capacity.dead_zone)
    relief = float(np.log1p(-(1.0 - borne) * charge / full))
    return max(least + relief, 0.0), technology.hurdle_premium * slope / full


def _builders(reference: Reference, skills: dict[tuple[str, str], int], months: float, followed: bool) -> Builders:
    rows = reference.processes if followed else ()
    technologies = [technology(reference, row) for row in rows]
    stage = reference.scenario.tables.stage

    return Builders(
        premium=np.array([hurdle(reference, *pair)[1] for pair in zip(rows, technologies, strict=True)], dtype=float),
        first_yield=np.array([row.initial_yield for row in technologies], dtype=float),
        closure=leaving([row.closure_months for row in technologies], months),
        wear=leaving([12.0 * row.lifetime_years for row in technologies], months),
        people=np.array([_people(row) for row in technologies], dtype=float),
        skill=np.array([skills.get((row.region, stage(row.recipe_name)), -1) for row in rows], dtype=np.int32),
    )


def _people(technology: TechnologyRow) -> float:
    """Skilled people for a t/month of activity."""
    return technology.people_per_kt * 12.0 / 1e3


def _skills(reference: Reference, skills: dict[tuple[str, str], int], months: float) -> Skills:
    """People free at the start stay as many until somebody needs them: as many leave as are trained."""
    rows = [reference.scenario.tables.skills[index] for index in skills.values()]
    free = np.array([row.available for row in rows], dtype=float)
    trained = np.array([row.trained_per_year for row in rows], dtype=float) * months / 12.0
    gone = np.divide(trained, free, out=np.zeros_like(free), where=free > 0.0)
    return Skills(free=free, leaving=np.minimum(gone, 1.0))


def _people_of_the_trend(
    reference: Reference, growth: Floats, skills: dict[tuple[str, str], int], stride: int
) -> Values:
    """People that growth along the trend took in the step that ends with a period, shape (skill, period)."""
    periods = growth.shape[1]
    taken = np.zeros((len(skills), periods))
    before = growth[:, np.maximum(np.arange(periods) - stride, 0)]
    for index, row in enumerate(reference.processes):
        skill = skills.get((row.region, reference.scenario.tables.stage(row.recipe_name)))
        if skill is not None:
            needed = _people(technology(reference, row)) * row.activity / 12.0
            taken[skill] += needed * np.maximum(growth[index] - before[index], 0.0)
    return taken
