"""Losses by budget year against the second implementation, over calls that go on, and routes under two restrictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.core import allocate, loop, state
from tests import small_chains, small_shocks
from tests.core import arrays
from tests.core.array_rules import controlled_routes
from tests.core.described import Event, Restriction, SmallChain, Target
from tests.core.reference_accounts import YearlyLosses
from tests.reference import Run

PERIODS, YEAR = 40, 12
"""Periods of the horizon and of a year; the last year is a part of one."""
YEARS = 4
BOTH = pytest.mark.parametrize("kind", [np.float64, np.float32])


def with_years(small: SmallChain, chain: state.Chain) -> state.Chain:
    """The chain with losses followed, every market being a region of its own."""
    senders = arrays.ints(small.routes[route].origin for route in controlled_routes(small))
    year = arrays.ints(now // YEAR for now in range(PERIODS))
    drivers = chain.drivers._replace(year=year, years=np.int32(YEARS), senders=senders)
    return chain._replace(drivers=drivers)


def kept(
    small: SmallChain, runs: list[list[list[Event]]], kind: arrays.Kind, ends: tuple[int, ...] = (PERIODS,)
) -> state.Record:
    """Record of some runs, simulated in calls that end where it is said."""
    block = arrays.block(small, runs, PERIODS, kind)
    chain = with_years(small, block.chain)
    lanes = block.runs.market.shape[2]
    state_now, record = allocate.block_at_reference(chain, lanes), allocate.monthly_record(chain, 1, 1, lanes)
    record = allocate.of_block(record, 0)
    months, weights = np.zeros(PERIODS, dtype=np.int32), np.ones(PERIODS, dtype=kind)
    begin = 0
    for end in ends:
        loop.simulate(chain, block.events, block.draws, 0, begin, end, months, weights, state_now, record)
        begin = end
    return record


@BOTH
def test_losses__by_year_equal_the_reference(kind: arrays.Kind) -> None:
    tolerance = {np.float64: 1e-9, np.float32: 1e-3}[kind]
    met = 0.0
    for seed in range(4):
        small = small_shocks.restricted(small_chains.balanced_chain(seed, regions=3, stages=3, growth=0.01), seed)
        events = [small_shocks.random_events(small, seed + run, PERIODS) for run in range(2)]
        record = kept(small, events, kind)
        exported = record.exports.reshape(YEARS, -1, record.exports.shape[1])
        lost = np.diff(record.lost.reshape(YEARS, len(small.uses), -1).astype(float), axis=0, prepend=0.0)
        demand = np.array([12 * use.demand for use in small.uses])
        value = np.array([12 * row.outflow * row.price for row in small.markets])[: exported.shape[1]]
        for lane, each in enumerate(events):
            losses = YearlyLosses(Run(small, each), YEAR)
            for _ in range(PERIODS):
                losses.step()
            np.testing.assert_array_less(abs(lost[:, :, lane] - losses.lost) / demand, tolerance)
            expected = np.array(losses.exports)
            assert not expected[:, exported.shape[1] :].any()
            np.testing.assert_array_less(abs(exported[:, :, lane] - expected[:, : len(value)]) / value, tolerance)
            met = max(met, float(abs(expected).max()), float(np.max(losses.lost)))
    assert met > 1.0


def test_losses__do_not_depend_on_the_calls_that_simulate_them() -> None:
    small = small_shocks.restricted(small_chains.balanced_chain(1, regions=3, stages=3), 1)
    events = [small_shocks.random_events(small, run, PERIODS) for run in range(2)]
    one, other = kept(small, events, np.float32), kept(small, events, np.float32, ends=(5, 12, 31, PERIODS))
    assert np.array_equal(one.exports, other.exports) and np.array_equal(one.lost, other.lost)
    assert one.exports.any() and one.lost.any()


def test_lost_exports__of_a_route_under_two_bans_are_counted_once() -> None:
    small = small_chains.balanced_chain(3, regions=2, stages=2)
    route = next(r for r, row in enumerate(small.routes) if row.flow > 0.0)
    ban = Restriction(state.BAN, (Target(route),))
    whole = Event(announced=0.0, onset=0.0, end=PERIODS, level=1.0)
    # One in force all the time, one for half of the second year, and half of a period more.
    late = Event(announced=12.0, onset=12.0, end=18.5, level=1.0)
    twice = replace(small, restrictions=(ban, ban))
    for events in ([[whole], []], [[whole], [late]], [[late], [whole]]):
        record = kept(twice, [events], np.float64)
        flow, price = small.routes[route].flow, small.markets[small.routes[route].origin].price
        by_year = record.exports.reshape(YEARS, -1, record.exports.shape[1]).sum(axis=1)[:, 0]
        months = np.array([12, 12, 12, 4]) * small.dt
        np.testing.assert_allclose(by_year, months * flow * price, rtol=1e-9)


def test_lost_exports__of_a_ban_of_half_a_year_fall_into_its_year() -> None:
    small = small_chains.balanced_chain(3, regions=2, stages=2)
    route = next(r for r, row in enumerate(small.routes) if row.flow > 0.0)
    late = Event(announced=12.0, onset=12.0, end=18.5, level=1.0)
    alone = replace(small, restrictions=(Restriction(state.BAN, (Target(route),)),))
    record = kept(alone, [[[late]]], np.float64)
    by_year = record.exports.reshape(YEARS, -1, record.exports.shape[1]).sum(axis=1)[:, 0]
    flow, price = small.routes[route].flow, small.markets[small.routes[route].origin].price
    # Six periods are withheld whole; of the seventh half, so that half of its flow is lost for half of it.
    assert by_year[0] == 0.0 and by_year[2:].tolist() == [0.0, 0.0]
    assert 6.0 * small.dt * flow * price < by_year[1] < 6.5 * small.dt * flow * price
