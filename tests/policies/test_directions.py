"""What instruments do in simulation, on chains worked by hand: money and skill, permits, exemptions, offtakes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import sim
from sim.core import fields
from sim.core.drivers import PAID
from sim.core.state import BAN, OUTAGE
from sim.scenario import parse
from tests.core import arrays
from tests.core.described import (
    Builder,
    Event,
    Firm,
    Grant,
    Market,
    Output,
    Process,
    Restriction,
    Route,
    Skill,
    SmallChain,
    Target,
    Use,
)
from tests.core.test_capacity import ACTIVITY, BUILDING, mine, months_in, started
from tests.core.test_support import GRANTS, ledger
from tests.scenario.conftest import DATA

FOREVER = Event(0, 0, 1e9, 1.0)
YEARS = 5
EMPTY = 5
"""Periods in which nothing ordered in the first can run: permits, three stages of construction and the start of the
ramp take one each at least."""


def financed(hurdle: float, trained: float) -> arrays.Block:
    """A mine with a good margin after some years, of which a grant lowers the hurdle and a programme trains people."""
    small = mine(Builder(hurdle=hurdle, people=50.0, skill=0), skills=(Skill(1.0, trained),))
    block = started(replace(small, grants=(Grant(0, 30.0, 70.0),)), MARGIN=0.3)
    arrays.advance(block, 0, 12 * YEARS)
    return block


def test_money_without_skill__builds_slowly_and_skill_without_money_not_at_all() -> None:
    few, many, dear, cheap = 0.05, 5.0, 0.4, 0.1
    blocks = {(hurdle, people): financed(hurdle, people) for hurdle in (dear, cheap) for people in (few, many)}
    added = {case: float(block.runs.capacity[fields.EXPANSION, 0, 0]) - 1.0 for case, block in blocks.items()}
    paid = {case: float(ledger(block, PAID, GRANTS)[0]) for case, block in blocks.items()}
    assert paid[dear, few] == paid[dear, many] == 0.0 and added[dear, many] == added[dear, few] <= 0.0
    gained = {people: added[cheap, people] - added[dear, people] for people in (few, many)}
    assert 0.0 < gained[few] < 0.5 * gained[many]
    # No more can start up than there are people for: those free at the start and those trained since.
    assert ACTIVITY * gained[few] <= (1.0 + few * 12 * YEARS) / 50.0
    # The money is given with the order; orders end only once what waits for people is much of what there is.
    assert 0.8 * paid[cheap, many] < paid[cheap, few] < paid[cheap, many]


def test_permits__move_the_lead_time_by_what_they_are_shorter_and_nothing_that_is_built() -> None:
    took, built = {}, {}
    for months in (48.0, 27.0):
        block = started(mine(Builder(hurdle=9.0, permit=months, construction=24.0)), periods=900, PERMITS=0.01)
        took[months] = months_in(block, BUILDING, 900, 0.01)
        built[months] = float(block.runs.capacity[fields.RUN_IN, 0, 0])
    assert took[48.0] - took[27.0] == pytest.approx(21.0, rel=1e-4)
    assert built[27.0] == pytest.approx(built[48.0], rel=1e-6) and built[48.0] == pytest.approx(1.01, rel=1e-6)


def test_permits__leave_prices_and_orders_alone_before_a_plant_can_start() -> None:
    blocks = [started(mine(Builder(hurdle=0.1, permit=months)), MARGIN=0.3) for months in (48.0, 27.0)]
    gaps = []
    for now in range(36):
        for block in blocks:
            arrays.advance(block, now, now + 1)
        slow, fast = (block.runs for block in blocks)
        if now < EMPTY:
            assert np.array_equal(slow.market, fast.market)
            # Orders look at all that is under way, a sum that is rounded as it is split.
            assert fast.capacity[fields.ORDERED] == pytest.approx(slow.capacity[fields.ORDERED], rel=1e-12)
        gaps.append(float(fast.capacity[fields.EXPANSION, 0, 0] - slow.capacity[fields.EXPANSION, 0, 0]))
    assert slow.capacity[fields.ORDERED].min() > 0.0
    assert min(gaps) >= 0.0 and gaps[EMPTY - 1] == 0.0 and gaps[-1] > 0.0
    assert fast.market[fields.PRICE, 0, 0] < slow.market[fields.PRICE, 0, 0]


def bloc(*, exempt: bool) -> arrays.Block:
    """A member and an outsider buy from another member, the member also from a second outsider; both sellers ban."""
    markets = (Market(330, 110, 10), Market(240, 80, 10), Market(150, 50, 10), Market(90, 30, 10))
    mines = (
        Process(110, 130, 0.1, 0.5, (), (Output(0, 1),)),
        Process(30, 40, 0.1, 0.5, (), (Output(3, 1),)),
    )
    routes = (Route(0, 1, 50, freight=1.0), Route(0, 2, 50, freight=1.0), Route(3, 1, 30, freight=1.0))
    uses = (Use(0, 10), Use(1, 80), Use(2, 50))
    member = Target(0, spared=(0, 10**6) if exempt else (0, 0))
    bans = (Restriction(BAN, (member, Target(1))), Restriction(BAN, (Target(2),)))
    small = SmallChain(markets, mines, routes, uses, bans)
    block = arrays.block(small, [[[FOREVER], [FOREVER]]], 12, np.float64, lanes=4)
    arrays.advance(block, 0, 12)
    return block


def test_exemption__lets_only_members_through() -> None:
    alone, allied = bloc(exempt=False), bloc(exempt=True)
    sent = [(block.runs.crossing[fields.LEGAL] + block.runs.crossing[fields.FREE])[:, 0] for block in (alone, allied)]
    assert sent[0].tolist() == [0.0, 0.0, 0.0]
    assert sent[1][0] > 50.0 and sent[1][1:].tolist() == [0.0, 0.0]
    lost = [(block.work.destroyed + block.work.rationed)[:, 0] for block in (alone, allied)]
    assert lost[1][1] < 0.5 * lost[0][1]
    # The outsider stays without; prices at the seller, who sells again, move what it gives up by little.
    assert lost[1][2] == pytest.approx(lost[0][2], rel=0.01) and lost[1][2] > 0.5 * 12 * 50


def shipped(ban: dict[str, Any] | None = None, bloc: dict[str, Any] | None = None) -> np.ndarray:
    """Oxide sent from A to B in the two-region example, t in each month of a year; A may ban it from March on."""
    usual = {"kind": "ban", "by": "A", "products": ["oxide"], "cut": 1.0, "onset": {"at": "2025-03"}}
    data = {
        "title": "test",
        "chain": "tiny",
        "growth": False,
        "time": {"start": "2025-01", "years": 1.0},
        "restrictions": {} if ban is None else {"halt": usual | {"duration": "permanent"} | ban},
        "policies": {} if bloc is None else {"bloc": {"kind": "alliance", "regions": ["A", "B"]} | bloc},
    }
    traces = sim.run(parse(data, folder=DATA), runs=1, traces=1)["traces"]
    return np.asarray(traces.shipment.isel(run=0).sel(route="oxide A>B").values)


def test_alliance__spares_its_members_in_whole_runs_and_from_its_date() -> None:
    free, banned = shipped(), shipped({})
    assert np.array_equal(shipped({}, {"tariff_free": False}), free)
    assert banned[:2] == pytest.approx(free[:2]) and not banned[2:].any()
    # Trade is free of its duty of 5 % at once; the ban still strikes where the bloc does not exempt.
    dutyless = shipped({}, {"exempt": False})
    assert np.all(dutyless[:2] > 1.01 * free[:2]) and not dutyless[2:].any()
    dated = shipped({}, {"tariff_free": False, "from": "2025-07"})
    assert np.array_equal(dated[:6], banned[:6]) and np.all(dated[6:] > free[6:])


def seller(*, firm: float, stopped: float = 1.0, banned: bool = False) -> arrays.Block:
    """A market that serves a priority use, another use and a route, some months after a part of its mine stopped."""
    markets = (Market(100, 100, 10), Market(120, 40, 10))
    mined = Process(100, 120, 0.1, 0.5, (), (Output(0, 1),))
    uses = (Use(0, 30, priority=True), Use(0, 30), Use(1, 40))
    rules = (Restriction(OUTAGE, processes=(0,)), Restriction(BAN, (Target(0),)))
    firms = (Firm(0, firm),) if firm else ()
    small = SmallChain(markets, (mined,), (Route(0, 1, 40, freight=1.0),), uses, rules, firms=firms)
    events = [[replace(FOREVER, level=stopped)], [FOREVER] if banned else []]
    block = arrays.block(small, [events], 8, np.float64, lanes=4)
    arrays.advance(block, 0, 5)
    return block


@pytest.mark.parametrize("stopped", [0.5, 1.0])
def test_offtake__stands_beside_priority_sectors_and_before_makers_and_other_exports(stopped: float) -> None:
    plain, kept = seller(firm=0.0, stopped=stopped), seller(firm=10.0, stopped=stopped)
    first, local, export = kept.runs.market[[fields.FILL_FIRST, fields.FILL_LOCAL, fields.FILL_EXPORT], 0, 0]
    assert first > local >= export
    # The contract and the priority use are of one class: what either asks is served alike.
    assert kept.runs.market[fields.FILL_FIRM, 0, 0] == first
    assert kept.state.inventory[1, 0] > plain.state.inventory[1, 0]
    before, after = plain.work.rationed[:, 0], kept.work.rationed[:, 0]
    if stopped < 1.0:  # Enough for the first class: the other use at home gives way.
        assert after[1] > before[1] + 1.0 and after[0] == pytest.approx(before[0], rel=0.02)
    else:  # Not enough for the first class: the priority use shares with the contract; others have the even part.
        assert after[0] > before[0] + 1.0 and after[1] == pytest.approx(before[1], rel=0.02)


def test_offtake__comes_after_restrictions_on_its_route() -> None:
    banned = seller(firm=10.0, banned=True)
    assert float(banned.runs.route[fields.FIRM, 0].max()) == 0.0
    open_market = seller(firm=10.0)
    assert float(open_market.runs.route[fields.FIRM, 0].min()) == 10.0
    assert banned.state.inventory[1, 0] < open_market.state.inventory[1, 0]
