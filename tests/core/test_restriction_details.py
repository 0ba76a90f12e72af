"""Dumping, growing leakage, expiring and early licences, and steps of a schedule, against cases worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sim.core import fields
from sim.core.state import BAN, DUMPING, LICENSING, OUTAGE, PRODUCTION_QUOTA, QUOTA
from tests import small_chains, small_shocks
from tests.core import arrays, flows
from tests.core.described import Event, Market, Output, Process, Restriction, Route, SmallChain, Target, Use

EXACT = pytest.mark.parametrize(("kind", "tolerance"), [(np.float64, 1e-9), (np.float32, 1e-5)])


def one_route(*rules: Restriction) -> SmallChain:
    """Oxide made in one region for 20 USD/kg and used in another; freight 1 USD/kg, so that 20/21 of cost is price."""
    markets = (Market(inventory=300, outflow=100, price=20), Market(inventory=300, outflow=100, price=20))
    processes = (Process(100, 130, 0.8, 0.6, (), (Output(0, 1.0),)),)
    return SmallChain(markets, processes, (Route(0, 1, 100, freight=1),), (Use(1, 100),), rules)


def history(small: SmallChain, events: list[list[Event]], periods: int, kind: arrays.Kind, part: str, field: int):
    """A driver of the first row of a part in every period."""
    block = arrays.block(small, [events], periods, kind)
    found = []
    for now in range(periods):
        arrays.advance(block, now, now + 1)
        found.append(float(getattr(block.runs, part)[field, 0, 0]))
    return np.array(found)


@EXACT
def test_dumping__takes_its_discount_off_landed_cost_and_unit_cost(kind: arrays.Kind, tolerance: float) -> None:
    small = one_route(Restriction(DUMPING, (Target(0, 0.5),), (0,), on_processes=(0.25, 0.25)))
    block = arrays.block(small, [[[Event(0, 0, 9, 0.4)]]], 1, kind)
    arrays.advance(block, 0, 1)
    par, state = small.parameters, block.state
    # Half of a discount of 0.4 on 20 of 21 USD/kg; contracts follow the only source.
    landed = 1 - 0.2 * 20 / 21
    assert state.contract[1, 0] == pytest.approx(
        1 + -math.expm1(-1 / par.contract_months) * (landed - 1), rel=tolerance
    )
    # A quarter of it on unit cost, which anchors the price at home; the state bears the same of what margins are over.
    anchor = -math.expm1(-1 / par.cost_months) * par.cost_pass_local * math.log(0.9)
    assert state.anchor[0, 0] == pytest.approx(anchor, rel=tolerance * 10)
    wish = (1 / 0.9) ** 0.8
    step = 1 + -math.expm1(-1 / par.utilisation_months) * (wish - 1)
    assert state.utilisation[0, 0] == pytest.approx(step, rel=tolerance)


def test_dumping__leaves_a_sixteenth_of_the_price_however_many_discounts_meet() -> None:
    rule = Restriction(DUMPING, (Target(0),))
    small = one_route(rule, rule, rule)
    block = arrays.block(small, [[[Event(0, 0, 9, 0.9)]] * 3], 24, np.float64)
    arrays.advance(block, 0, 1)
    landed = 1 - 15 / 16 * 20 / 21
    step = -math.expm1(-1 / small.parameters.contract_months)
    assert block.state.contract[1, 0] == pytest.approx(1 + step * (landed - 1))
    arrays.advance(block, 1, 24)
    for name in arrays.NAMES:
        assert np.isfinite(getattr(block.state, name)).all(), name


def test_dumping__that_recovers_gives_less() -> None:
    small = one_route(Restriction(DUMPING, (Target(0, 1.0, 0.25),), (0,), on_processes=(1.0, 0.5)))
    events = [[Event(0, 0, 9, 0.4, recovery=4.0)]]
    duty = history(small, events, 6, np.float64, "crossing", fields.EXTRA_DUTY)
    np.testing.assert_allclose(duty, [-0.3625, -0.2875, -0.2125, -0.1375, -0.1, -0.1])
    factor = history(small, events, 6, np.float64, "plant", fields.COST_FACTOR)
    np.testing.assert_allclose(factor, [0.625, 0.675, 0.725, 0.775, 0.8, 0.8])


def test_dumping__lowers_prices_abroad_and_idles_who_is_not_paid_for_it() -> None:
    markets = (Market(300, 100, 20), Market(450, 150, 20), Market(150, 50, 20))
    processes = tuple(Process(made, 1.3 * made, 0.8, 0.6, (), (Output(m, 1.0),)) for m, made in ((0, 100), (2, 50)))
    routes = (Route(0, 1, 100, freight=1), Route(2, 1, 50, freight=1))
    rule = Restriction(DUMPING, (Target(0),), (0,))
    small = SmallChain(markets, processes, routes, (Use(1, 150),), (rule,))
    block = arrays.block(small, [[[Event(0, 0, 99, 0.4)]], [[]]], 24, np.float64)
    for now in range(24):
        arrays.advance(block, now, now + 1)
    price, done = np.exp(block.state.log_price), flows.activity(small, block)
    assert price[1, 0] < 0.9 and price[2, 0] < 0.97
    assert done[0, 0] > 1.1 * done[0, 1] and done[1, 0] < 0.9 * done[1, 1]


@EXACT
def test_licences__that_expire_together_bring_back_what_is_not_renewed(kind: arrays.Kind, tolerance: float) -> None:
    small = one_route(Restriction(LICENSING, (Target(0, 1.0, 0.0),), validity=6.0, renewal=0.25))
    fresh = history(small, [[Event(0, 0, 99, 0.8, recovery=4.0)]], 13, kind, "restriction", fields.FRESH)
    # What counts is the middle of each period: an eighth has recovered in the first, and again after each expiry.
    expected = [0.875, 0.625, 0.375, 0.125, 0, 0, 0.65625, 0.46875, 0.28125, 0.09375, 0, 0, 0.65625]
    np.testing.assert_allclose(fresh, expected, atol=tolerance)
    refused = history(small, [[Event(0, 0, 99, 0.8, recovery=4.0)]], 7, kind, "crossing", fields.APPROVAL)
    np.testing.assert_allclose(refused, 1 - 0.8 * np.array(expected[:7]), atol=tolerance)


def test_licences__all_renewed_in_time_never_lapse() -> None:
    events = [[[Event(0, 2, 99, 0.8, recovery=4.0)]]]
    found = []
    for validity in (0.0, 5.0):
        small = one_route(Restriction(LICENSING, (Target(0, 1.0, 0.0),), validity=validity, renewal=1.0))
        block = arrays.block(small, events, 30, np.float32)
        arrays.advance(block, 0, 30)
        found.append(block.state)
    for name in arrays.NAMES:
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name)), name


@EXACT
@pytest.mark.parametrize("onset", [6.0, 6.375])
def test_licences__all_filed_early_and_granted_hold_up_nothing(
    kind: arrays.Kind, tolerance: float, onset: float
) -> None:
    sent = {}
    for filed in (0.0, 0.5, 1.0):
        small = one_route(Restriction(LICENSING, (Target(0),), processing=3.0, filed_early=filed))
        block = arrays.block(small, [[[Event(0, onset, 99, 0.0)]]], 10, kind)
        path = []
        for now in range(10):
            arrays.advance(block, now, now + 1)
            path.append(float(flows.shipments(block)[0, 0]))
        sent[filed] = np.array(path)
    np.testing.assert_allclose(sent[1.0][:8], 100.0, rtol=tolerance * 10)
    assert sent[0.0][7] < 0.5 * 100.0 and sent[0.0][7] < sent[0.5][7] < 0.9 * 100.0


@EXACT
def test_leakage__grows_evenly_from_the_onset(kind: arrays.Kind, tolerance: float) -> None:
    rule = Restriction(BAN, (Target(0),), leakage=0.1, leakage_grown=0.5, leakage_periods=8.0)
    events = [[Event(0, 2.5, 14, 1.0)]]
    leak = history(one_route(rule), events, 16, kind, "crossing", fields.LEAKAGE)
    # The onset is in the middle of the third period: a quarter of a period is the middle of what is left of it.
    expected = [0, 0, *(0.1 + 0.05 * min(e, 8) for e in (0.25, *range(1, 12)))]
    np.testing.assert_allclose(leak[:14], expected, atol=tolerance)
    assert not leak[14:].any()
    falling = replace(rule, leakage=0.5, leakage_grown=0.0)
    leak = history(one_route(falling), events, 14, kind, "crossing", fields.LEAKAGE)
    np.testing.assert_allclose(leak[-1], 0.0, atol=tolerance)
    assert leak[2] == pytest.approx(0.5 - 0.5 / 32)


def steps(*rows: tuple[float, float, float], **rest: float) -> list[Event]:
    """Events that follow each other without a gap: begin, end, level."""
    first = rows[0][0]
    return [Event(begin, begin, end, level, first_onset=first, **rest) for begin, end, level in rows]


@EXACT
def test_schedule__mixes_levels_where_a_step_lies_within_a_period(kind: arrays.Kind, tolerance: float) -> None:
    events = steps((1, 3.25, 0.4), (3.25, 6, 0.8))
    level = history(one_route(Restriction(BAN, (Target(0),))), [events], 7, kind, "restriction", fields.LEVEL)
    np.testing.assert_allclose(level, [0, 0.4, 0.4, 0.7, 0.8, 0.8, 0], atol=tolerance)


@EXACT
def test_schedule__counts_its_profile_from_the_first_onset(kind: arrays.Kind, tolerance: float) -> None:
    events = steps((1, 4, 0.5), (4, 9, 0.5), rise=2.0, hold=2.0, recovery=4.0)
    whole = [Event(1, 1, 9, 0.5, rise=2.0, hold=2.0, recovery=4.0)]
    small = one_route(Restriction(BAN, (Target(0, 1.0, 0.2),)))
    for field in (fields.ACTIVE, fields.LEVEL, fields.FRESH):
        one, two = (history(small, [row], 10, kind, "restriction", field) for row in (whole, events))
        np.testing.assert_allclose(one, two, atol=tolerance)


def test_schedule__carries_the_rent_of_a_quota_and_gaps_forget_it() -> None:
    small = one_route(Restriction(QUOTA, (Target(0),)))
    rent = history(small, [steps((0, 6, 500), (6, 12, 500))], 12, np.float64, "restriction", fields.RENT)
    whole = history(small, [steps((0, 12, 500))], 12, np.float64, "restriction", fields.RENT)
    np.testing.assert_allclose(rent, whole)
    assert np.all(np.diff(rent) > 0)
    gap = history(small, [steps((0, 6, 500), (7, 12, 500))], 12, np.float64, "restriction", fields.RENT)
    assert gap[6] == 0.0 and gap[7] < rent[5]


@pytest.mark.parametrize("kind", [BAN, LICENSING, QUOTA, PRODUCTION_QUOTA, OUTAGE])
def test_notice__alarms_before_it_restricts(kind: int) -> None:
    on_plants = kind in (PRODUCTION_QUOTA, OUTAGE)
    rule = Restriction(kind, () if on_plants else (Target(0),), (0,) if on_plants else (), threat=1.0)
    level = {QUOTA: 600.0}.get(kind, 0.5)
    event = Event(announced=4, onset=12, end=30, level=level, severity=0.5)
    block = arrays.block(one_route(rule), [[[event]], [[]]], 20, np.float64)
    market = 0 if on_plants else 1
    paths = {name: [] for name in ("price", "threat", "made")}
    for now in range(20):
        arrays.advance(block, now, now + 1)
        paths["price"].append(np.exp(block.state.log_price[market, :2]))
        paths["threat"].append(float(block.state.threat[market, 0]))
        paths["made"].append(float(flows.activity(one_route(rule), block)[0, 0]))
    price = np.array(paths["price"])
    assert np.array_equal(price[:4, 0], price[:4, 1])
    assert not any(paths["threat"][:4]) and min(paths["threat"][4:12]) > 0.3
    assert np.all(price[4:12, 0] > price[4:12, 1])
    if on_plants:
        # Until the onset makers follow the price up; then half of 130 t of capacity or of 100 t made is left.
        assert min(paths["made"][:12]) > 99.9 and paths["made"][14] < 70.0


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_details__switched_off_leave_the_same_bits(kind: arrays.Kind) -> None:
    for seed in range(3):
        small = small_chains.balanced_chain(seed, regions=3, stages=4)
        small = small_shocks.restricted(small, seed)
        plain = [
            replace(rule, leakage_grown=None, leakage_periods=0.0, validity=0.0, filed_early=0.0)
            for rule in small.restrictions
        ]
        idle = [
            replace(rule, leakage_grown=rule.leakage, leakage_periods=7.0, renewal=1.0, validity=5.0) for rule in plain
        ]
        events = [
            [
                [event for event in row if event.first_onset is None]
                for row in small_shocks.random_events(small, run, 40)
            ]
            for run in range(4)
        ]
        blocks = [arrays.block(replace(small, restrictions=tuple(rules)), events, 40, kind) for rules in (plain, idle)]
        for block in blocks:
            arrays.advance(block, 0, 40)
        for name in arrays.NAMES:
            assert np.array_equal(*(getattr(block.state, name) for block in blocks)), name
