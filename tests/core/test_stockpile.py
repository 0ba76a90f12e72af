"""Stockpiles in the core: the second implementation, bounds, balance, order of release, conversion, money."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.state import BAN, DENIAL, OUTAGE
from tests import small_chains, small_shocks
from tests.core import arrays, flows
from tests.core.described import (
    Denied,
    Event,
    Input,
    Market,
    Output,
    Process,
    Reserve,
    Restriction,
    Route,
    SmallChain,
    Target,
    Use,
)
from tests.core.test_loop import differences
from tests.core.test_properties import assert_same_bits

MODEST = settings(deadline=None, max_examples=5, suppress_health_check=list(HealthCheck), derandomize=True)
SEEDS = st.integers(0, 10**6)
BOTH = pytest.mark.parametrize("kind", [np.float64, np.float32])


def stocked(seed: int, *, followed: bool | None = None) -> SmallChain:
    small = small_chains.balanced_chain(seed, regions=2 + seed % 2, stages=3)
    small = replace(small, followed=small.followed if followed is None else followed)
    # Denials stand on the origin of material, so they need it followed.
    kinds = small_shocks.KINDS if small.followed else tuple(kind for kind in small_shocks.KINDS if kind != DENIAL)
    return small_chains.stocked(small_shocks.restricted(small, seed, kinds=kinds), seed)


def shop(*uses: Use, reserve: Reserve, made: float = 100.0, **keys: object) -> SmallChain:
    """Magnets made at home, sold to the uses given, with a stockpile of them; the outage stops their maker."""
    market = Market(made, made, 50.0, contract_share=0.0)
    maker = Process(made, 1.5 * made, 0.1, 0.6, (), (Output(0, 1.0),))
    outage = Restriction(OUTAGE, processes=(0,))
    return replace(SmallChain((market,), (maker,), (), uses, (outage,), reserves=(reserve,)), **keys)


def stop(begin: float = 2.0, level: float = 1.0, end: float = 1e6) -> list[list[list[Event]]]:
    return [[[Event(announced=begin, onset=begin, end=end, level=level)]]]


def follow(block: arrays.Block, periods: int, *names: str) -> dict[str, np.ndarray]:
    """Values of the state or of the last period after every period, shape (period, row, lane)."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for now in range(periods):
        arrays.advance(block, now, now + 1)
        for name in names:
            view = block.state if name in arrays.STATE else block.work
            found[name].append(getattr(view, name).astype(float))
    return {name: np.array(values) for name, values in found.items()}


def test_simulate__equals_the_reference_with_stockpiles() -> None:
    # Double precision: rules that turn on a price being above a bound part ways on the last digit of a shorter one.
    for seed in range(8):
        small = stocked(seed)
        events = [small_shocks.random_events(small, seed + run, 36) for run in range(2)]
        assert not differences(small, events, np.float64, 36)


@BOTH
@given(seed=SEEDS)
@MODEST
def test_level__is_never_negative_nor_above_the_size(kind: arrays.Kind, seed: int) -> None:
    small = stocked(seed)
    block = arrays.block(small, [small_shocks.random_events(small, seed + run, 36) for run in range(8)], 36, kind)
    most = block.chain.reserves.most[:, None]
    for now in range(36):
        arrays.advance(block, now, now + 1)
        assert np.all(block.state.level >= 0) and np.all(block.state.level <= most)
        assert np.all(block.state.level_tagged >= 0) and np.all(block.state.level_tagged <= block.state.level)
        for name in ("bought", "relieved", "covered", "sold", "lost"):
            assert np.all(getattr(block.work, name) >= 0), name
        assert np.all(block.state.inventory >= 0)


@BOTH
@given(seed=SEEDS)
@MODEST
def test_material__is_conserved_between_market_and_stockpile(kind: arrays.Kind, seed: int) -> None:
    tolerance = {np.float64: 1e-12, np.float32: 1e-5}[kind]
    small = stocked(seed, followed=False)
    block = arrays.block(small, [small_shocks.random_events(small, seed + run, 36) for run in range(8)], 36, kind)
    markets = block.chain.reserves.market
    throughput = np.array([m.outflow * small.dt + m.inventory for m in small.markets])[:, None]
    for now in range(36):
        before, level = block.state.inventory.astype(float), block.state.level.astype(float)
        arrays.advance(block, now, now + 1)
        work = block.work
        left = before + work.arrived - work.released - work.dumped
        left[markets] += work.relief + work.sold
        assert np.abs((block.state.inventory - left) / throughput).max() < tolerance
        held = level - work.lost - work.sold - work.relief + work.bought
        scale = throughput[markets] + block.chain.reserves.most[:, None]
        assert np.abs((block.state.level - held) / scale).max(initial=0.0) < tolerance


@BOTH
def test_stockpile__of_size_zero_or_never_in_force_changes_no_bit(kind: arrays.Kind) -> None:
    for seed in range(4):
        small = stocked(seed, followed=False)
        nothing = tuple(Reserve(m, 0.0) for m in range(len(small.markets)))
        asleep = tuple(Reserve(m, 50.0, 50.0, pace=5.0, begin=99, end=99) for m in range(len(small.markets)))
        events = [small_shocks.random_events(small, seed, 36)]
        plain, *others = (
            arrays.block(replace(small, reserves=rows), events, 36, kind) for rows in ((), nothing, asleep)
        )
        for block in (plain, *others):
            arrays.advance(block, 0, 36)
        for block in others:
            for name in arrays.NAMES:
                if name not in ("level", "level_tagged", "lacked", "coming"):
                    assert np.array_equal(getattr(plain.state, name), getattr(block.state, name)), name


def test_stockpiles__give_a_run_the_same_bits_in_any_company() -> None:
    for seed in range(3):
        small = stocked(seed)
        events = [small_shocks.random_events(small, seed + run, 30) for run in range(64)]
        assert_same_bits(arrays.block(small, events, 30, np.float32, lanes=64), 30)


def test_relief__goes_to_priority_sectors_first_and_to_others_from_what_is_not_kept() -> None:
    uses = (Use(0, 20.0, 0.0, 0.0, priority=True), Use(0, 80.0, 0.0, 0.0))
    reserve = Reserve(0, 100.0, 100.0, kept=60.0)
    small = shop(*uses, reserve=reserve)
    block = arrays.block(small, stop(), 40, np.float64)
    found = follow(block, 40, "level", "relieved", "fill_first", "fill_local", "lacked")
    fill_first, fill_local = found["fill_first"][:, 0, 0], found["fill_local"][:, 0, 0]
    level = found["level"][:, 0, 0]
    short = found["lacked"][:, 0, 0] > 0
    assert short.any() and not short[0]
    # Others are served whole while there is more than what is kept, then no longer; priority sectors to the last tonne.
    assert np.all(fill_first[level > 1e-9] == 1.0)
    emptied = np.flatnonzero(level <= 60.0 + 1e-9)
    assert emptied.size and np.all(fill_local[emptied[1:]] < 1.0)
    assert level[-1] < 50.0
    assert found["relieved"][:, 0, 0].sum() == pytest.approx(100.0 - level[-1])


def test_relief__serves_exactly_the_use_worked_by_hand() -> None:
    # All supply fails, 10 t a month are wanted and 25 t are in reserve: whatever the market does, they are used once.
    reserve = Reserve(0, 25.0, 25.0)
    small = shop(Use(0, 10.0, 0.0, 0.0, priority=True), reserve=reserve, made=10.0)
    other = replace(small, reserves=())
    blocks = [arrays.block(chain, stop(0.0), 60, np.float64) for chain in (small, other)]
    for block in blocks:
        arrays.advance(block, 0, 60)
    saved = blocks[1].work.rationed[0, 0] - blocks[0].work.rationed[0, 0]
    assert saved + (blocks[1].work.destroyed - blocks[0].work.destroyed)[0, 0] == pytest.approx(25.0, abs=1e-6)
    assert blocks[0].state.level[0, 0] == pytest.approx(0.0, abs=1e-9)


def test_relief__is_held_to_its_outflow() -> None:
    small = shop(Use(0, 100.0, priority=True), reserve=Reserve(0, 500.0, 500.0, outflow=7.0))
    released = follow(arrays.block(small, stop(), 24, np.float64), 24, "relieved")["relieved"][:, 0, 0]
    assert np.all(released <= 7.0 + 1e-9) and np.sum(released > 7.0 - 1e-9) > 3


def test_cover__gives_priority_sectors_what_they_would_go_without_at_the_price() -> None:
    uses = (Use(0, 20.0, 0.3, 0.3, priority=True), Use(0, 80.0, 0.3, 0.3))
    reserve = Reserve(0, 1000.0, 1000.0, kept=1000.0, relief_above=1.0)
    small = shop(*uses, reserve=reserve)
    block = arrays.block(small, stop(level=0.5), 24, np.float64)
    found = follow(block, 24, "covered", "received", "destroyed", "relieved", "log_price")
    assert found["log_price"][-1, 0, 0] > 0.1
    assert found["covered"].sum() > 1.0
    assert found["destroyed"][-1, 0, 0] == pytest.approx(0.0, abs=1e-9)
    assert found["destroyed"][-1, 1, 0] > 1.0
    # It is paid for at the price from which it is given: one times 50 USD/kg.
    quoted = 50.0 * np.exp(found["log_price"][:, 0, 0]) * found["relieved"][:, 0, 0]
    assert found["received"][:, 0, 0] == pytest.approx(quoted + 50.0 * found["covered"][:, 0, 0])


def test_purchases__raise_the_price_and_stop_at_the_trigger_at_the_size_and_in_shortage() -> None:
    uses = (Use(0, 100.0),)
    fast = Reserve(0, 40.0, pace=5.0)
    blocks = {
        "none": arrays.block(shop(*uses, reserve=Reserve(0, 0.0)), [[[]]], 24, np.float64),
        "fast": arrays.block(shop(*uses, reserve=fast), [[[]]], 24, np.float64),
        "choosy": arrays.block(shop(*uses, reserve=replace(fast, buy_below=1.001)), [[[]]], 24, np.float64),
    }
    found = {name: follow(block, 24, "bought", "log_price", "level", "paid") for name, block in blocks.items()}
    assert np.abs(found["none"]["log_price"]).max() < 1e-9
    assert found["fast"]["log_price"].max() > 0.005
    assert found["fast"]["level"].max() == pytest.approx(40.0) and found["fast"]["bought"][-1, 0, 0] == 0.0
    choosy = found["choosy"]
    assert np.all(choosy["bought"][choosy["log_price"] > np.log(1.001)] == 0.0)
    assert choosy["level"][-1, 0, 0] > 0.0
    money = 50.0 * np.exp(found["fast"]["log_price"]) * found["fast"]["bought"]
    assert found["fast"]["paid"] == pytest.approx(money)
    starved = shop(*uses, reserve=fast)
    cut = follow(arrays.block(starved, stop(6.0), 24, np.float64), 24, "bought", "lacked")
    lacked = cut["lacked"][:-1, 0, 0] > 0
    assert lacked.any() and np.all(cut["bought"][1:, 0, 0][lacked] == 0.0)


def test_purchases__can_make_others_go_short() -> None:
    tight = shop(Use(0, 100.0, 0.0, 0.0), reserve=Reserve(0, 4000.0, kept=4000.0, pace=150.0))
    block = arrays.block(tight, [[[]]], 24, np.float64)
    arrays.advance(block, 0, 24)
    assert block.work.rationed[0, 0] > 0.0


def test_sales__lower_the_price_and_leave_what_is_kept() -> None:
    uses = (Use(0, 100.0),)
    reserve = Reserve(0, 300.0, 300.0, kept=200.0, relieves=False, sell_above=1.05, outflow=30.0)
    prices = []
    for row in (reserve, Reserve(0, 0.0)):
        found = follow(
            arrays.block(shop(*uses, reserve=row), stop(level=0.4), 24, np.float64), 24, "log_price", "level", "sold"
        )
        prices.append(found["log_price"].max())
        if row is reserve:
            assert found["level"].min() == pytest.approx(200.0)
            assert found["sold"].max() == pytest.approx(30.0)
    assert prices[0] < prices[1]


def test_losses__follow_the_rate_of_a_month() -> None:
    small = shop(Use(0, 100.0), reserve=Reserve(0, 100.0, 100.0, loss=0.01))
    block = arrays.block(small, [[[]]], 12, np.float64)
    found = follow(block, 12, "level", "lost")
    assert found["level"][-1, 0, 0] == pytest.approx(100 * 0.99**12)
    assert found["lost"][:, 0, 0].sum() == pytest.approx(100 * (1 - 0.99**12))


def works(*, metal_capacity: float, reserve: Reserve) -> SmallChain:
    """Oxide from abroad is made metal and magnets at home; most magnets are imported as such."""
    markets = (
        Market(50, 50, 10.0), Market(10, 10, 10.0), Market(20, 10, 30.0), Market(90, 90, 60.0), Market(200, 100, 60.0),
    )  # fmt: skip
    processes = (
        Process(50, 60, 0.1, 0.6, (), (Output(0, 1.0),)),
        Process(10, metal_capacity, 0.8, 0.3, (Input(1, 1.0),), (Output(2, 1.0),)),
        Process(10, metal_capacity, 0.8, 0.3, (Input(2, 1.0),), (Output(4, 1.0),)),
        Process(90, 100, 0.8, 0.6, (), (Output(3, 1.0),)),
    )
    routes = (Route(0, 1, 10, freight=0.1), Route(3, 4, 90, freight=0.1))
    uses = (Use(0, 40.0), Use(4, 100.0, 0.0, 0.0, priority=True))
    ban = Restriction(BAN, tuple(Target(r) for r in range(len(routes))))
    return SmallChain(markets, processes, routes, uses, (ban,), reserves=(reserve,))


def test_oxide_reserve__helps_no_faster_than_metal_and_magnets_can_be_made() -> None:
    def lost(metal_capacity: float, reserve: Reserve) -> float:
        small = works(metal_capacity=metal_capacity, reserve=reserve)
        block = arrays.block(small, stop(0.0), 24, np.float64)
        arrays.advance(block, 0, 24)
        return float(block.work.rationed[1, 0] + block.work.destroyed[1, 0])

    oxide, magnets, none = Reserve(1, 600.0, 600.0), Reserve(4, 600.0, 600.0), Reserve(1, 0.0)
    without = lost(11.0, none)
    # Makers work up 11 t a month at most, and the first of it is a magnet after two months.
    assert 0.0 < without - lost(11.0, oxide) <= 11.0 * 22
    assert without - lost(11.0, magnets) == pytest.approx(600.0, abs=1.0)
    assert lost(100.0, none) - lost(100.0, oxide) > without - lost(11.0, oxide)


def test_relief__of_bound_users_is_free_of_the_origin() -> None:
    # Arms want 20 t a month, and 10 t of the 100 are free of the origin; the stock is as the market is, a tenth free.
    uses = (Use(0, 20.0, priority=True), Use(0, 80.0))
    listed, free = (Output(0, 1.0, listed=True),), (Output(0, 1.0),)
    makers = (Process(90.0, 120.0, 0.1, 0.6, (), listed), Process(10.0, 12.0, 0.1, 0.6, (), free))
    small = shop(*uses, reserve=Reserve(0, 400.0, 400.0, kept=400.0))
    small = replace(small, processes=makers, followed=True, restrictions=(Restriction(DENIAL, denied=(Denied(0),)),))
    missing = []
    for chain in (small, replace(small, reserves=())):
        block = arrays.block(chain, stop(0.0), 36, np.float64)
        arrays.advance(block, 0, 36)
        missing.append(float(block.work.rationed[0, 0]))
    assert missing[1] - missing[0] == pytest.approx(40.0, abs=1e-6)
    assert flows.inbound(block).min() >= 0.0
