"""Capacity against cases worked by hand: delays, ramp, closure, people, projects, bans on technology."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.chain.capacity import ramp_stages
from sim.core import fields
from sim.core.state import PATENT_BARRIER, TECHNOLOGY_BAN
from sim.scenario.capacity import Capacity
from tests.core import arrays
from tests.core.described import (
    Builder,
    Event,
    Expansion,
    Market,
    Output,
    Process,
    Project,
    Restriction,
    Skill,
    SmallChain,
    Use,
)

ACTIVITY = 10.0
FOREVER = 1e6


def mine(builder: Builder, *, dt: float = 1.0, skills: tuple[Skill, ...] = (), **expansion: object) -> SmallChain:
    """One mine that sells to one user, at rest unless its capacity is set otherwise."""
    process = Process(ACTIVITY, 12.0, 0.25, 0.4, (), (Output(0, 1.0),))
    given = Capacity(expectation_months=120.0)
    return SmallChain(
        (Market(30.0, ACTIVITY, 20.0),), (process,), (), (Use(0, ACTIVITY),), dt=dt,
        expansion=Expansion((builder,), skills, given=given, **expansion),  # type: ignore[arg-type]
    )  # fmt: skip


def started(
    small: SmallChain, events: list[list[Event]] | None = None, periods: int = 600, **rows: float
) -> arrays.Block:
    """A block of which some fields of capacity are set before the first period."""
    block = arrays.block(small, [events or [[] for _ in small.restrictions]], periods, np.float64, lanes=2)
    for name, value in rows.items():
        block.runs.capacity[getattr(fields, name)] = value
    block.runs.capacity[fields.UNDER_WAY] = block.runs.capacity[fields.PERMITS : fields.RUNNING_IN + 1].sum(axis=0)
    return block


def months_in(block: arrays.Block, names: tuple[str, ...], periods: int, put: float, dt: float = 1.0) -> float:
    """Mean months that what was put in at the start spends in some stages: their content summed over time."""
    total = 0.0
    rows = [getattr(fields, name) for name in names]
    for now in range(periods):
        total += float(block.runs.capacity[rows, 0, 0].sum()) * dt / put
        arrays.advance(block, now, now + 1)
    return total


BUILDING = ("PERMITS", "FOUNDATIONS", "STRUCTURES", "EQUIPMENT")


@pytest.mark.parametrize("dt", [1.0, 0.5, 12 / 52])
def test_build__takes_permits_and_construction_on_average(dt: float) -> None:
    small = mine(Builder(permit=9.0, construction=28.0), dt=dt)
    periods = round(400 / dt)
    block = started(small, periods=periods, PERMITS=0.01)
    assert months_in(block, BUILDING, periods, 0.01, dt) == pytest.approx(9.0 + 28.0, rel=1e-6)
    assert float(block.runs.capacity[fields.RUN_IN, 0, 0]) == pytest.approx(1.01, rel=1e-6)


def test_build__spreads_construction_as_three_stages_do() -> None:
    small = mine(Builder(permit=1.0, construction=36.0))
    block = started(small, PERMITS=0.01)
    before, mean, square = 0.01, 0.0, 0.0
    for now in range(500):
        arrays.advance(block, now, now + 1)
        left = float(block.runs.capacity[[getattr(fields, name) for name in BUILDING], 0, 0].sum())
        mean += (before - left) / 0.01 * (now + 1)
        square += (before - left) / 0.01 * (now + 1) ** 2
        before = left
    # Permits take one step exactly; each stage is geometric with mean 12 and variance 12^2 - 12.
    assert mean == pytest.approx(37.0, rel=1e-6)
    assert square - mean**2 == pytest.approx(3 * (12.0**2 - 12.0), rel=1e-4)


def test_build__reaches_ninety_percent_at_the_end_of_the_ramp() -> None:
    small = mine(Builder(ramp=ramp_stages(50.0, 0.7), first_yield=0.7))
    block = started(small, STARTING=0.01)
    arrays.advance(block, 0, 50)
    gained = (float(block.runs.capacity[fields.EXPANSION, 0, 0]) - 1.0) / 0.01
    # Steps of a month for stages of 17 months: a step early or late moves it by under 0.01.
    assert gained == pytest.approx(0.9, abs=0.01)


def test_build__closes_what_idles_and_leaves_wear_unreplaced() -> None:
    builder = Builder(closure=24.0, lifetime=240.0)
    block = started(mine(builder), MARGIN=-0.6)
    arrays.advance(block, 0, 1)
    # The mine has no inputs: cost is 1 of value, 0.4 of it without margins; margins drift by 1/120 of the way back.
    margin = -0.6 * np.exp(-1 / 120)
    idle = 1 - min(1.0, np.exp(margin) / 0.4) ** 2
    assert idle == 0.0
    assert float(block.runs.capacity[fields.RUN_IN, 0, 0]) == pytest.approx(1 - 1 / 240, rel=1e-9)
    block = started(mine(builder), MARGIN=-1.5)
    arrays.advance(block, 0, 1)
    margin = -1.5 * np.exp(-1 / 120)
    idle = 1 - (np.exp(margin) / 0.4) ** 2
    assert idle > 0.5
    assert float(block.runs.capacity[fields.RUN_IN, 0, 0]) == pytest.approx(1 - idle / 24 - 1 / 240, rel=1e-9)


def test_build__orders_above_the_hurdle_only_up_to_a_bound() -> None:
    builder = Builder(hurdle=0.1, premium=0.0)
    for margin, share in ((0.09, 0.0), (0.3, 0.5 * (0.3 * np.exp(-1 / 120) - 0.1) / 12), (2.0, 0.2 / 12)):
        block = started(mine(builder), MARGIN=margin)
        arrays.advance(block, 0, 1)
        assert float(block.runs.capacity[fields.PERMITS, 0, 0]) == pytest.approx(share, rel=1e-9)
    full = started(mine(builder), MARGIN=2.0, EQUIPMENT=0.5)
    arrays.advance(full, 0, 1)
    assert float(full.runs.capacity[fields.PERMITS, 0, 0]) == 0.0


def test_build__asks_more_of_a_margin_that_swings() -> None:
    builder = Builder(hurdle=0.1, premium=0.5)
    block = started(mine(builder), MARGIN=0.3, SPREAD=0.16)
    arrays.advance(block, 0, 1)
    kept = np.exp(-1 / 120)
    margin, spread = 0.3 * kept, 0.16 * kept + (1 - kept) * 0.3**2
    share = 0.5 * (margin - 0.5 * np.sqrt(spread) - 0.1) / 12
    assert share < 0 and float(block.runs.capacity[fields.PERMITS, 0, 0]) == 0.0


def test_build__is_as_fast_as_there_are_people() -> None:
    # 0.1 of 10 t/month starting up at 1/5 a month needs 0.2 t/month times 50 people: 10, and 4 are free.
    small = mine(Builder(ramp=5.0, people=50.0, skill=0), skills=(Skill(4.0, 0.5),))
    block = started(small, STARTING=0.1)
    arrays.advance(block, 0, 1)
    capacity, skill = block.runs.capacity, block.runs.skill
    assert float(skill[fields.SERVED, 0, 0]) == pytest.approx(0.4, rel=1e-12)
    assert float(capacity[fields.RUNNING_IN, 0, 0]) == pytest.approx(0.4 * 0.02, rel=1e-12)
    # All four are gone; half a person is trained, and half of one leaves as long as four are free.
    assert float(skill[fields.FREE_PEOPLE, 0, 0]) == pytest.approx(0.0, abs=1e-12)
    arrays.advance(block, 1, 2)
    assert float(skill[fields.SERVED, 0, 0]) == 0.0
    assert float(skill[fields.FREE_PEOPLE, 0, 0]) == pytest.approx(0.5, rel=1e-12)


def test_build__keeps_the_people_nobody_needs() -> None:
    small = mine(Builder(people=50.0, skill=0), skills=(Skill(4.0, 0.5),))
    block = started(small)
    arrays.advance(block, 0, 240)
    assert float(block.runs.skill[fields.FREE_PEOPLE, 0, 0]) == pytest.approx(4.0, rel=1e-12)


def project(start: float, ramp: float = 18.0, level: float = 2.0) -> Project:
    return Project(0, start, ramp, level)


def test_projects__add_a_line_from_their_start_on() -> None:
    block = started(mine(Builder(), projects=(project(6.0),), answers=False))
    for now in range(40):
        arrays.advance(block, now, now + 1)
        added = 2.0 * min(max((now + 1 - 6) / 20.0, 0.0), 1.0)
        assert float(block.state.added[0, 0]) == pytest.approx(added, abs=1e-9), now
        if added > 1.0:
            break
    assert float(block.runs.project[fields.STARTED, 0, 0]) == pytest.approx(6.0)


def test_projects__that_run_already_add_only_what_is_still_to_come() -> None:
    # Half of the level is reached at the start, and is in the reference.
    block = started(mine(Builder(), projects=(project(-10.0),), answers=False))
    arrays.advance(block, 0, 5)
    assert float(block.state.added[0, 0]) == pytest.approx(2.0 * (0.75 - 0.5) / 0.5)
    arrays.advance(block, 5, 30)
    assert float(block.state.added[0, 0]) == pytest.approx(2.0)
    assert float(block.runs.project[fields.STARTED, 0, 0]) == -10.0


def test_projects__wait_out_a_price_war() -> None:
    small = mine(Builder(), projects=(project(6.0),), answers=False)
    war, half = started(small, MARGIN=-0.6), started(small, MARGIN=-0.225)
    for block in (war, half):
        arrays.advance(block, 0, 12)
    assert float(war.state.clock[0, 0]) == -6.0
    # Between 0.15 and 0.3 below the reference the pace falls in a line; margins come back by 1/120 a month.
    assert -1.0 < float(half.state.clock[0, 0]) < 1.0


def test_projects__that_never_start_add_nothing() -> None:
    block = started(mine(Builder(), projects=(project(3e37),), answers=False))
    arrays.advance(block, 0, 240)
    assert float(block.state.added[0, 0]) == 0.0
    assert float(block.runs.capacity[fields.EXPANSION, 0, 0]) == 1.0


@pytest.mark.parametrize("kind", [TECHNOLOGY_BAN, PATENT_BARRIER])
def test_technology_ban__stretches_times_and_lowers_the_first_yield(kind: int) -> None:
    rule = Restriction(kind, processes=(0,), first_yield=0.8)
    small = mine(Builder(permit=9.0, construction=28.0, first_yield=0.7), projects=(project(6.0),))
    small = replace(small, restrictions=(rule,))
    block = started(small, [[Event(0.0, 0.0, FOREVER, 0.5)]], PERMITS=0.01, RUNNING_IN=0.01)
    arrays.advance(block, 0, 1)
    running_in = float(block.runs.capacity[fields.RUNNING_IN, 0, 0])
    expansion = block.runs.capacity[fields.RUN_IN, 0, 0] + 0.7 * 0.8 * running_in
    assert float(block.state.expansion[0, 0]) == pytest.approx(float(expansion), rel=1e-12)
    assert float(block.state.clock[0, 0]) == pytest.approx(-6.0 + 1 / 1.5)
    alone = replace(mine(Builder(permit=9.0, construction=28.0)), restrictions=(rule,))
    again = started(alone, [[Event(0.0, 0.0, FOREVER, 0.5)]], PERMITS=0.01)
    assert months_in(again, BUILDING, 600, 0.01) == pytest.approx(1.5 * 37.0, rel=1e-4)


def test_technology_ban__does_nothing_where_capacity_is_fixed() -> None:
    small = replace(mine(Builder()), expansion=None, restrictions=(Restriction(TECHNOLOGY_BAN, processes=(0,)),))
    block = arrays.block(small, [[[Event(0.0, 0.0, FOREVER, 0.5)]], [[]]], 60, np.float32)
    arrays.advance(block, 0, 60)
    for name in arrays.NAMES:
        values = getattr(block.state, name)
        assert np.array_equal(values[:, 0], values[:, 1]), name
