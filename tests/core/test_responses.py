"""What a cap does to prices and to other origins, and that the length of a period matters little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.state import BAN, QUOTA
from tests import small_chains
from tests.core import arrays, flows
from tests.core.described import Event, Input, Market, Output, Process, Restriction, Route, SmallChain, Target, Use

MODEST = settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck), derandomize=True)
BEGIN, END = 6, 54


def capped(small: SmallChain, kind: int, origin: int) -> tuple[SmallChain, arrays.Block, list[int]]:
    """The chain with half of the exports of a market capped from period 6 to 54, without announcement or threat."""
    routes = [r for r, route in enumerate(small.routes) if route.origin == origin]
    small = replace(small, restrictions=(Restriction(kind, tuple(Target(r) for r in routes)),))
    level = 0.5 if kind == BAN else 0.5 * 12 * sum(small.routes[r].flow for r in routes)
    event = Event(announced=BEGIN, onset=BEGIN, end=END, level=level)
    return small, arrays.block(small, [[[event]], [[]]], END, np.float64), routes


def main_origin(small: SmallChain) -> int | None:
    """The market that ships most, by value."""
    worth = dict.fromkeys((route.origin for route in small.routes if route.flow > 0), 0.0)
    for route in small.routes:
        if route.flow > 0:
            worth[route.origin] += route.flow * small.markets[route.origin].price
    return max(worth, key=lambda market: worth[market]) if worth else None


def assert_price_inside_does_not_rise(small: SmallChain, kind: int) -> None:
    """Cap the market that ships most and watch its price while the cap is in force."""
    origin = main_origin(small)
    if origin is None:
        return
    _, block, _ = capped(small, kind, origin)
    for now in range(END):
        arrays.advance(block, now, now + 1)
        price = np.exp(block.state.log_price[origin, 0])
        assert price <= 1.01, f"period {now}: {price}"


@given(seed=st.integers(0, 10**6), kind=st.sampled_from([BAN, QUOTA]))
@MODEST
def test_cap__never_raises_the_price_inside_its_origin(seed: int, kind: int) -> None:
    assert_price_inside_does_not_rise(small_chains.balanced_chain(seed, regions=3, stages=4), kind)


def test_cap__never_raises_the_price_inside_an_origin_that_also_imports() -> None:
    assert_price_inside_does_not_rise(small_chains.balanced_chain(10, regions=2, stages=2), QUOTA)


def test_cap__never_raises_the_price_inside_an_origin_that_shares_a_joint_product() -> None:
    assert_price_inside_does_not_rise(small_chains.balanced_chain(166, regions=3, stages=4), BAN)


@given(seed=st.integers(0, 10**6), kind=st.sampled_from([BAN, QUOTA]))
@MODEST
def test_cap__raises_the_price_outside(seed: int, kind: int) -> None:
    small = small_chains.balanced_chain(seed, regions=3, stages=4)
    origin = main_origin(small)
    if origin is None:
        return
    small, block, routes = capped(small, kind, origin)
    outside = [small.routes[r].destination for r in routes if small.routes[r].flow > 0]
    peak = np.zeros(len(outside))
    for now in range(END):
        arrays.advance(block, now, now + 1)
        peak = np.maximum(peak, np.exp(block.state.log_price[outside, 0]))
    assert np.all(peak > 1.02), peak


def two_origins(*, other: bool) -> SmallChain:
    """Oxide of one origin, or of two with a fifth of spare capacity in the second, used in a third region."""
    markets = [Market(inventory=300, outflow=100, price=20), Market(inventory=450, outflow=150, price=20)]
    processes = [Process(100, 120, 0.1, 0.6, (), (Output(0, 1.0),), delay=1)]
    routes = [Route(0, 1, 100, freight=1, delay=1, delay_part=0.5)]
    uses = [Use(1, 150 if other else 100)]
    if other:
        markets.append(Market(inventory=150, outflow=50, price=20))
        processes.append(Process(50, 60, 0.8, 0.6, (), (Output(2, 1.0),), delay=2))
        routes.append(Route(2, 1, 50, freight=1, delay=2))
    else:
        markets[1] = Market(inventory=300, outflow=100, price=20)
    return SmallChain(tuple(markets), tuple(processes), tuple(routes), tuple(uses))


def supplied(small: SmallChain, block: arrays.Block, capped_routes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Tonnes that routes without a cap ship in the last three years, and the most activity of each process a period."""
    free = [r for r in range(len(small.routes)) if r not in capped_routes]
    total, most = np.zeros(16), np.zeros(len(small.processes))
    for now in range(END):
        arrays.advance(block, now, now + 1)
        most = np.maximum(most, flows.activity(small, block).max(axis=1))
        if now >= 18:
            total += flows.shipments(block)[free].sum(axis=0)
    return total, most


def test_cap__makes_other_origins_supply_more_up_to_their_capacity() -> None:
    for kind in (BAN, QUOTA):
        small, block, routes = capped(two_origins(other=True), kind, 0)
        total, most = supplied(small, block, routes)
        assert total[0] > 1.05 * total[1]
        assert most[1] > 1.05 * 50
        assert most[1] <= 60 * (1 + 1e-12)
        # an origin cannot ship more than it makes and has
        assert total[0] <= 36 * 60 + small.markets[2].inventory


def test_cap__is_not_made_up_for_without_another_origin() -> None:
    for kind in (BAN, QUOTA):
        small, block, routes = capped(two_origins(other=False), kind, 0)
        total, most = supplied(small, block, routes)
        assert np.all(total == 0)
        assert most[0] <= 100 * (1 + 1e-9)
        sold = flows.sales(small, block)
        assert sold[0, 0] < 51 < 99 < sold[0, 1]


@given(seed=st.integers(0, 10**6))
@MODEST
def test_cap__makes_no_process_exceed_its_capacity(seed: int) -> None:
    small = small_chains.balanced_chain(seed, regions=3, stages=4)
    origin = main_origin(small)
    if origin is None:
        return
    small, block, routes = capped(small, BAN, origin)
    _, most = supplied(small, block, routes)
    assert np.all(most <= [process.capacity * small.dt * (1 + 1e-12) for process in small.processes])


def magnet_chain(dt: float) -> SmallChain:
    """Oxide of one region made into metal and magnets there and in a second region, which uses most magnets.

    Oxide 0 and 1, metal 2 and 3, magnets 4 and 5 in region A and B; leads and covers are the same in months.
    """
    covers = (2.5, 3.0, 2.5, 2.5, 3.0, 3.0)
    outflow, price = (200.0, 110.0, 90.0, 100.0, 75.0, 105.0), (20.0, 21.0, 40.0, 41.0, 80.0, 82.0)
    markets = tuple(
        Market(cover * rate, rate, value, contract_share=0.5, choke=6, alarm_scale=1 if m < 4 else 0.32)
        for m, (cover, rate, value) in enumerate(zip(covers, outflow, price, strict=True))
    )

    def lead(months: float) -> tuple[int, float]:
        periods = max(1.0, months / dt)
        return int(periods), periods - int(periods)

    def process(activity: float, response: float, feed: int | None, made: int, coefficient: float) -> Process:
        rows = () if feed is None else (Input(feed, coefficient),)
        cost = 0.0 if feed is None else coefficient * price[feed] / price[made]
        return Process(activity, 1.3 * activity, response, 0.8 * (1 - cost), rows, (Output(made, 1.0),), *lead(1.25))

    def route(origin: int, flow: float) -> Route:
        delay, part = lead(1.5)
        return Route(origin, origin + 1, flow, freight=0.5, delay=delay, delay_part=part)

    processes = (
        process(200, 0.1, None, 0, 0), process(90, 0.8, 0, 2, 1.0), process(100, 0.8, 1, 3, 1.1),
        process(75, 0.8, 2, 4, 1.2), process(80, 0.8, 3, 5, 1.25),
    )  # fmt: skip
    return SmallChain(
        markets, processes, (route(0, 110), route(4, 25)),
        (Use(4, 50, short=0.1, long=0.5), Use(5, 105, short=0.1, long=0.5)), dt=dt,
    )  # fmt: skip


def outcome(periods_a_year: int) -> tuple[float, float, float]:
    """Peak price of oxide abroad, tonnes lost by users and month of first rationing under a ban of 70 %."""
    dt = 12 / periods_a_year
    small = magnet_chain(dt)
    small = replace(small, restrictions=(Restriction(BAN, (Target(0),), threat=0.5),))
    onset, end, announced = 6 / dt, 30 / dt, 4 / dt
    event = Event(announced, onset, end, level=0.7, severity=0.7, rise=3 / dt)
    periods = 5 * periods_a_year
    block = arrays.block(small, [[[event]]], periods, np.float64)
    peak, first = 0.0, np.inf
    for now in range(periods):
        arrays.advance(block, now, now + 1)
        work = block.work
        peak = max(peak, work.price[1, 0])
        if first == np.inf and np.any(np.minimum(work.fill_local, work.fill_export)[:, 0] < 0.999):
            first = now * dt
    lost = block.work.destroyed[:, 0] + block.work.rationed[:, 0]
    return peak, float(lost.sum()), first


def test_simulate__says_the_same_with_24_and_52_periods_a_year() -> None:
    coarse, fine = outcome(24), outcome(52)
    assert coarse[0] > 1.5 and fine[1] > 10 and np.isfinite(fine[2]), "the scenario is too mild to compare anything"
    assert abs(coarse[0] / fine[0] - 1) < 0.08
    assert abs(coarse[1] / fine[1] - 1) < 0.10
    assert abs(coarse[2] - fine[2]) < 1
