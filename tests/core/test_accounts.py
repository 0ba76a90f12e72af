"""What users and makers go without: parts of shortage worked by hand, and their identity on random chains."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core import allocate, demand, fields, flow
from sim.core.jit import entry
from tests import small_chains, small_shocks
from tests.core import arrays
from tests.core.array_capacity import project_draws
from tests.core.described import Input, Market, Output, Process, SmallChain, Use

MODEST = settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck), derandomize=True)
BOTH = pytest.mark.parametrize("kind", [np.float64, np.float32])
LANES = 16


@entry
def want(chain, now, block):  # type: ignore[no-untyped-def]
    for t in range(chain.tiles.size):
        demand.want(chain, chain.tiles[t], now, block)
    demand.substitute(chain, block)


@entry
def produce(chain, now, block):  # type: ignore[no-untyped-def]
    flow.produce(chain, now, block)


def at_prices(small: SmallChain, prices: tuple[float, ...], slow: tuple[float, ...]) -> arrays.Block:
    """A block after a period of demand at transacted prices, from substitution so far."""
    chain = arrays.chain_arrays(small, 1, np.float64)
    runs = allocate.block_at_reference(chain, LANES)
    runs.market[fields.TRANSACTED] = np.array(prices)[:, None]
    runs.use[fields.SUBSTITUTED] = np.array(slow)[:, None]
    want(chain, 0, runs)
    return arrays.Block(chain, arrays.event_arrays([[]], np.float64), project_draws(small, np.float64, LANES), runs)


def two_uses(first: int | None, second: int | None) -> SmallChain:
    """Two uses of two markets, 100 and 40 t a month, that replace each other as said; elasticities 0.5 and 1."""
    markets = tuple(Market(inventory=200, outflow=100, price=10, choke=1e9) for _ in range(2))
    uses = (Use(0, 100, 0.5, 1.0, substitute=first), Use(1, 40, 0.5, 1.0, substitute=second))
    return SmallChain(markets, (), (), uses, dt=0.5)


def test_want__parts_of_a_dear_use_and_of_its_substitute_worked_by_hand() -> None:
    # Price 4: half of demand is given up. ln 2 of substitution, at its long-run target of (1 - 0.5) ln 4, replaces half
    # of the rest. In half a month the use of 100 t a month wants 25 t/month = 12.5 t, destroys 25 t, replaces 12.5 t.
    work = at_prices(two_uses(1, None), (4.0, 1.0), (math.log(2), 0.0)).work
    np.testing.assert_allclose(work.use_wanted[:, 0], [25.0, 65.0], rtol=1e-12)
    np.testing.assert_allclose(work.destroyed[:, 0], [25.0, 0.0], rtol=1e-12)
    np.testing.assert_allclose(work.replaced[:, 0], [12.5, -12.5], rtol=1e-12)


def test_want__gives_up_nothing_of_what_it_takes_over() -> None:
    # Both are dear: each gives up half of its own, 25 and 10 t a month, to the other, and none of what comes.
    work = at_prices(two_uses(1, 0), (4.0, 4.0), (math.log(2), math.log(2))).work
    np.testing.assert_allclose(work.use_wanted[:, 0], [25.0 + 10.0, 10.0 + 25.0], rtol=1e-12)
    np.testing.assert_allclose(work.replaced[:, 0], [0.5 * (25 - 10), 0.5 * (10 - 25)], rtol=1e-12)


def test_want__counts_what_low_prices_bring_as_no_part_of_shortage() -> None:
    # Price 1/4: demand doubles; nothing is destroyed or replaced, and use is 100 t a month beyond the path.
    work = at_prices(two_uses(1, None), (0.25, 1.0), (0.0, 0.0)).work
    slow = 0.5 * math.log(0.25)
    par = two_uses(1, None).parameters
    step = max(slow * -math.expm1(-0.5 / par.slow_months), -par.slow_bound_per_year * 0.5 / 12)
    np.testing.assert_allclose(work.use_wanted[:, 0], [200.0 * math.exp(-step), 40.0], rtol=1e-12)
    assert not work.destroyed.any() and not work.replaced.any()


@BOTH
@given(seed=st.integers(0, 10**6))
@MODEST
def test_simulate__has_the_service_path_be_the_sum_of_its_parts(kind: arrays.Kind, seed: int) -> None:
    small = small_shocks.restricted(small_chains.balanced_chain(seed, regions=3, stages=4, growth=0.005), seed)
    events = [small_shocks.random_events(small, seed + run, 48) for run in range(LANES)]
    block = arrays.block(small, events, 48, kind, lanes=LANES)
    tolerance = {np.float64: 1e-12, np.float32: 2e-6}[kind]
    sums = np.zeros((3, len(small.uses), LANES))
    for now in range(48):
        arrays.advance(block, now, now + 1)
        new = np.array([getattr(block.work, part) for part in ("destroyed", "rationed", "replaced")], dtype=float)
        destroyed, rationed, replaced = new - sums
        sums = new
        service = np.array([u.demand * math.exp(u.growth * now * small.dt) * small.dt for u in small.uses])[:, None]
        used = block.work.use_wanted * small.dt - rationed
        # Sums in single precision are as fine as their size allows.
        size = service + np.abs(sums).max(axis=0)
        added = used + rationed + destroyed + replaced - service
        assert np.all(added >= -tolerance * size)
        price = block.runs.market[fields.TRANSACTED][block.chain.uses.market]
        dear = (price >= 1) & (block.state.substituted >= 0)
        assert np.all(np.abs(added[dear]) <= (tolerance * size)[dear])
        low = (price < 0.9) & (block.state.substituted <= 0)
        assert np.all(added[low] > 0)


@BOTH
def test_simulate__knows_every_part_on_a_random_chain(kind: arrays.Kind) -> None:
    small = small_shocks.restricted(small_chains.balanced_chain(4, regions=3, stages=4, growth=0.005), 4)
    block = arrays.block(small, [small_shocks.random_events(small, 4 + run, 48) for run in range(LANES)], 48, kind)
    arrays.advance(block, 0, 48)
    work = block.work
    assert work.destroyed.max() > 100 and work.rationed.max() > 100 and work.held_up.max() > 1000
    assert work.replaced.max() > 100 and work.replaced.min() < -100
    assert work.saved.max() > 1 and work.saved.min() < 0


def smelter() -> SmallChain:
    """A process that takes 2 t of ore and 0.5 t of flux for a tonne of metal, 10 t a month; thrift goes down to 0.8."""
    markets = (Market(100, 20, 5), Market(100, 5, 8), Market(100, 10, 40))
    process = Process(10, 12, 0.8, 0.3, (Input(0, 2.0, 0.8), Input(1, 0.5)), (Output(2, 1.0),))
    return SmallChain(markets, (process,), (), (Use(2, 10),), dt=0.5)


def test_produce__lays_what_does_not_run_to_the_lowest_fill_worked_by_hand() -> None:
    chain = arrays.chain_arrays(smelter(), 2, np.float64)
    runs = allocate.block_at_reference(chain, LANES)
    runs.process[fields.WANTED] = 10.0
    runs.market[fields.STRAINED, :2] = 1.0
    # Lanes: ore lowest, flux lowest, both the same, both full.
    runs.market[fields.FILL_LOCAL, 0, :4] = 0.4, 1.0, 0.6, 1.0
    runs.market[fields.FILL_LOCAL, 1, :4] = 0.7, 0.8, 0.6, 1.0
    runs.input[fields.INTENSITY, 0] = 0.9
    runs.input[fields.INTENSITY, 0, 3] = 1.1
    produce(chain, 0, runs)
    # 5 t wanted in half a month: 3, 1, 2 and 0 t of them do not run.
    np.testing.assert_allclose(runs.input[fields.HELD_UP][0, :4], [3.0, 0.0, 2.0, 0.0], rtol=1e-12)
    np.testing.assert_allclose(runs.input[fields.HELD_UP][1, :4], [0.0, 1.0, 0.0, 0.0], rtol=1e-12)
    # A tenth of 2 t of ore for each tonne that runs, and a tenth more where intensity rose; flux cannot be saved.
    np.testing.assert_allclose(runs.input[fields.SAVED][0, :4], [0.4, 0.8, 0.6, -1.0], rtol=1e-12)
    assert not runs.input[fields.SAVED][1].any()


def test_produce__holds_nothing_up_where_no_market_is_strained() -> None:
    small = replace(small_chains.balanced_chain(3, regions=3, stages=4), restrictions=())
    block = arrays.block(small, [[]], 24, np.float32)
    arrays.advance(block, 0, 24)
    assert not block.work.held_up.any() and not block.work.rationed.any()
