"""What any simulated history keeps to: balance, steadiness, independence of runs, and the sense of restrictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core import allocate
from sim.core.state import BAN, DUTY, LICENSING, OUTAGE, QUOTA
from tests import small_chains, small_shocks
from tests.core import arrays, flows
from tests.core.described import Event, Restriction, SmallChain, Target

MODEST = settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck), derandomize=True)
SEEDS = st.integers(0, 10**6)
BOTH = pytest.mark.parametrize("kind", [np.float64, np.float32])


def random_block(
    seed: int, runs: int, periods: int, kind: arrays.Kind, small: SmallChain | None = None
) -> tuple[SmallChain, arrays.Block]:
    """A restricted chain and a block of runs that differ in their events."""
    chosen = small or small_shocks.restricted(small_chains.balanced_chain(seed, regions=3, stages=4), seed)
    if small is None and seed % 2:
        chosen = small_chains.expanded(chosen, seed)
    events = [small_shocks.random_events(chosen, seed + run, periods) for run in range(runs)]
    block = arrays.block(chosen, events, periods, kind, lanes=runs)
    # Projects too differ from run to run.
    draws = np.random.default_rng(seed)
    for values in block.draws:
        values *= draws.uniform(0.5, 1.0, values.shape).astype(kind)
    return chosen, block


@BOTH
@given(small=small_chains.chains())
@MODEST
def test_simulate__keeps_prices_and_flows_without_restriction_or_growth(kind: arrays.Kind, small: SmallChain) -> None:
    tolerance = {np.float64: 1e-10, np.float32: 1e-4}[kind]
    block = arrays.block(small, [[]], 240, kind)
    steady = np.array([route.flow for route in small.routes]) * small.dt
    activity = np.array([process.activity for process in small.processes]) * small.dt
    for begin in range(0, 240, 24):
        arrays.advance(block, begin, begin + 24)
        assert np.abs(np.exp(block.state.log_price) - 1).max() < tolerance
        assert np.abs(flows.activity(small, block)[:, 0] / activity - 1).max() < tolerance
        moving = steady > 0
        shipped = flows.shipments(block)[moving, 0]
        assert np.all(np.abs(shipped - steady[moving]) <= tolerance * steady[moving])
        assert np.abs(block.state.inventory[:, 0] / block.chain.markets.inventory - 1).max() < tolerance


@BOTH
def test_simulate__keeps_prices_and_capacity_where_capacity_answers_nothing(kind: arrays.Kind) -> None:
    tolerance = {np.float64: 1e-10, np.float32: 1e-4}[kind]
    for seed in range(6):
        small = small_chains.expanded(small_chains.balanced_chain(seed, regions=3, stages=4), seed)
        assert small.expansion is not None
        small = replace(small, expansion=replace(small.expansion, projects=(), answers=True))
        block = arrays.block(small, [[]], 240, kind)
        arrays.advance(block, 0, 240)
        assert np.abs(np.exp(block.state.log_price) - 1).max() < tolerance
        assert np.all(block.state.expansion == 1) and np.all(block.state.under_way == 0)


@BOTH
@given(seed=SEEDS)
@MODEST
def test_simulate__conserves_material_in_every_market_run_and_period(kind: arrays.Kind, seed: int) -> None:
    tolerance = {np.float64: 1e-12, np.float32: 1e-5}[kind]
    small, block = random_block(seed, 16, 48, kind)
    # a position is the sum of some ten periods' throughput, so its last digit is that much coarser
    throughput = np.array([m.outflow * small.dt + m.inventory for m in small.markets])[:, None]
    for now in range(48):
        before, coming = block.state.inventory.astype(float), flows.inbound(block)
        intensity, held = block.state.intensity.astype(float), flows.stocks(small, block)
        rationed = block.work.rationed.astype(float)
        arrays.advance(block, now, now + 1)
        work = block.work
        arrived = work.arrived.astype(float)
        used = work.use_wanted.astype(float) * small.dt - (work.rationed - rationed)
        bought = used + flows.stocks(small, block) - held
        left = before + arrived - _drawn(small, block, intensity, bought) - work.dumped.astype(float)
        assert np.abs((block.state.inventory - left) / throughput).max() < tolerance
        assert block.state.inventory.min() >= 0
        under_way = coming - arrived + flows.sent(small, block)
        position = throughput + coming.max(axis=1, keepdims=True)
        assert np.abs((flows.inbound(block) - under_way) / position).max() < tolerance


def _drawn(small: SmallChain, block: arrays.Block, intensity: np.ndarray, bought: np.ndarray) -> np.ndarray:
    """Intake, sales and shipments of each market and lane in the last period, t."""
    drawn, row = np.zeros(block.work.released.shape), 0
    shipped, done = flows.shipments(block), flows.activity(small, block)
    for p, process in enumerate(small.processes):
        for feed in process.inputs:
            drawn[feed.market] += feed.coefficient * intensity[row] * done[p]
            row += 1
    for r, route in enumerate(small.routes):
        drawn[route.origin] += shipped[r]
    for u, use in enumerate(small.uses):
        drawn[use.market] += bought[u]
    return drawn


def states(block: arrays.Block, lanes: np.ndarray, periods: int) -> dict[str, np.ndarray]:
    """Final state of each run when the runs `lanes` of a chunk share a block in that order."""
    part = type(block.events)(*(np.ascontiguousarray(values[:, :, lanes]) for values in block.events))
    draws = type(block.draws)(*(np.ascontiguousarray(values[:, lanes]) for values in block.draws))
    fresh = arrays.Block(block.chain, part, draws, allocate.block_at_reference(block.chain, lanes.size))
    arrays.advance(fresh, 0, periods)
    return {name: getattr(fresh.state, name) for name in arrays.NAMES}


def assert_same_bits(block: arrays.Block, periods: int) -> None:
    """Runs of 64 lanes come out the same in other lanes, other company and other widths."""
    whole = states(block, np.arange(64), periods)
    shuffled = np.random.default_rng(1).permutation(64)
    for lanes in (shuffled, shuffled[:32], shuffled[32:], np.full(32, 5), np.repeat(shuffled[:4], 8)):
        other = states(block, lanes, periods)
        for name, values in whole.items():
            assert np.array_equal(values[:, lanes], other[name]), f"{name} depends on the company of a run"


@given(seed=SEEDS)
@MODEST
def test_simulate__gives_a_run_the_same_bits_in_any_lane_and_company(seed: int) -> None:
    _, block = random_block(seed, 64, 48, np.float32)
    assert_same_bits(block, 48)


def test_simulate__gives_a_run_the_same_bits_where_restrictions_share_a_route() -> None:
    for seed in range(12):
        small = small_chains.balanced_chain(seed, regions=3, stages=4)
        routes = [r for r, route in enumerate(small.routes) if route.flow > 0]
        rules = [
            Restriction(kind, tuple(Target(r, 0.2 + 0.1 * k) for r in routes), processes=(0,) if kind == OUTAGE else ())
            for k, kind in enumerate((BAN, BAN, OUTAGE, BAN, DUTY, DUTY, LICENSING, LICENSING, QUOTA, BAN))
        ]
        small = replace(small, restrictions=tuple(rules))
        _, block = random_block(seed, 64, 48, np.float32, small)
        assert_same_bits(block, 48)


def test_simulate__reads_the_events_of_its_first_run() -> None:
    _, block = random_block(3, 64, 48, np.float32)
    whole = states(block, np.arange(64), 48)
    part = block._replace(runs=allocate.block_at_reference(block.chain, 32))
    arrays.advance(part, 0, 48, first=32)
    assert np.array_equal(whole["log_price"][:, 32:], part.state.log_price)


def test_simulate__does_not_depend_on_how_periods_are_split_into_calls() -> None:
    _, block = random_block(4, 32, 48, np.float32)
    whole = states(block, np.arange(32), 48)
    for begin, end in ((0, 1), (1, 17), (17, 48)):
        arrays.advance(block, begin, end)
    for name, values in whole.items():
        assert np.array_equal(values, getattr(block.state, name)), name


def strong(level: float, begin: float = 6.0, end: float = 42.0) -> list[Event]:
    """One event without announcement or threat."""
    return [Event(announced=begin, onset=begin, end=end, level=level)]


def export_routes(small: SmallChain) -> list[int]:
    """Routes of the origin that ships most."""
    shipped = dict.fromkeys((route.origin for route in small.routes), 0.0)
    for route in small.routes:
        shipped[route.origin] += route.flow
    first = max(shipped, key=lambda origin: shipped[origin])
    return [r for r, route in enumerate(small.routes) if route.origin == first]


@BOTH
@pytest.mark.parametrize(
    ("rule", "level", "weight"),
    [(BAN, 0.0, 1.0), (BAN, 1.0, 0.0), (DUTY, 0.0, 1.0), (OUTAGE, 0.0, 1.0), (QUOTA, 1e9, 1.0)],
)
def test_simulate__is_not_changed_by_a_restriction_without_strength(
    kind: arrays.Kind, rule: int, level: float, weight: float
) -> None:
    for seed in range(5):
        small = small_chains.balanced_chain(seed, regions=3, stages=4)
        targets = tuple(Target(r, weight, weight) for r in export_routes(small))
        small = replace(small, restrictions=(Restriction(rule, targets, (0,) if level == 0 else ()),))
        block = arrays.block(small, [[strong(level)], [[]]], 48, kind)
        arrays.advance(block, 0, 48)
        for name in arrays.NAMES:
            values = getattr(block.state, name)
            assert np.array_equal(values[:, 0], values[:, 1]), name


@given(seed=SEEDS)
@MODEST
def test_simulate__ships_no_more_under_a_stricter_ban(seed: int) -> None:
    small = small_chains.balanced_chain(seed, regions=3, stages=4)
    routes = export_routes(small)
    if not routes:
        return
    small = replace(small, restrictions=(Restriction(BAN, tuple(Target(r) for r in routes)),))
    cuts = np.linspace(0.05, 1, 16)
    block = arrays.block(small, [[strong(cut)] for cut in cuts], 42, np.float64)
    total = np.zeros(16)
    for now in range(42):
        arrays.advance(block, now, now + 1)
        if now >= 6:
            total += flows.shipments(block)[routes].sum(axis=0)
            assert np.all(np.diff(total) <= 1e-9 * total.max()), f"period {now}: {total}"


@given(seed=SEEDS, leakage=st.sampled_from([0.0, 0.15]))
@MODEST
def test_simulate__never_exceeds_a_quota_but_by_leakage(seed: int, leakage: float) -> None:
    small = small_chains.balanced_chain(seed, regions=3, stages=4)
    routes = export_routes(small)
    if not routes:
        return
    small = replace(small, restrictions=(Restriction(QUOTA, tuple(Target(r) for r in routes), leakage=leakage),))
    quotas = 12 * sum(small.routes[r].flow for r in routes) * np.linspace(0.05, 1.2, 16)
    block = arrays.block(small, [[strong(quota)] for quota in quotas], 42, np.float64)
    for now in range(42):
        arrays.advance(block, now, now + 1)
        if now >= 6:
            legal = (
                flows.shipments(block)[routes].sum(axis=0) - leakage * block.state.order[routes].sum(axis=0) * small.dt
            )
            assert np.all(legal <= quotas * small.dt / 12 * (1 + 1e-9))
