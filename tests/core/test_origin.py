"""Tagged material: cases worked by hand, balances, and that following it changes nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core import allocate, fields, loop
from sim.core.state import DENIAL
from tests import small_chains, small_shocks
from tests.core import arrays, flows
from tests.core.described import (
    Denied,
    Event,
    Input,
    Market,
    Output,
    Process,
    Restriction,
    Route,
    SmallChain,
    Use,
)
from tests.core.reference_origin import shares
from tests.reference import Run

MODEST = settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck), derandomize=True)
SEEDS = st.integers(0, 10**6)
BOTH = pytest.mark.parametrize("kind", [np.float64, np.float32])


def mine(market: int, flow: float, *, listed: bool) -> Process:
    """A source of one product, with half of its capacity to spare."""
    return Process(flow, 1.5 * flow, 0.1, 0.6, (), (Output(market, 1.0, listed=listed),))


def two_mines(listed: float, free: float, **keys: object) -> SmallChain:
    """A listed and a free mine of ore, and a region that buys it from both and presses it into goods.

    Ore 0 and 1 stands at the mines, 2 with the press, which makes goods 3 at once; a use takes all of them.
    """
    total = listed + free
    rows = ((listed, 10.0), (free, 10.0), (total, 10.0), (total, 20.0))
    markets = tuple(Market(3 * flow, flow, price) for flow, price in rows)
    mines = [mine(0, listed, listed=True), mine(1, free, listed=False)]
    press = Process(total, 1.2 * total, 0.8, 0.2, (Input(2, 1.0),), (Output(3, 1.0),))
    routes = (Route(0, 2, listed), Route(1, 2, free))
    uses = (Use(3, total),)
    return replace(SmallChain(markets, (*mines, press), routes, uses, followed=True), **keys)


def shop(tagged: float, free: float, uses: tuple[Use, ...], **keys: object) -> SmallChain:
    """Magnets from a listed and a free maker in one market, sold to the uses given; covers of one month."""
    markets = (Market(tagged + free, tagged + free, 50.0),)
    makers = (mine(0, tagged, listed=True), mine(0, free, listed=False))
    return replace(SmallChain(markets, makers, (), uses, followed=True), **keys)


def forever(level: float = 1.0, begin: float = 0.0) -> list[Event]:
    return [Event(announced=begin, onset=begin, end=1e6, level=level)]


def origin_of(block: arrays.Block, field: int) -> np.ndarray:
    return block.runs.origin[field].astype(float)


def taken_by_bound(block: arrays.Block) -> np.ndarray:
    """What bound users got in the last period, t."""
    reserved = block.runs.origin[fields.RESERVED, :, :1] > 0
    return np.where(reserved, origin_of(block, fields.GIVEN), 0.0)


def content(block: arrays.Block, now: int) -> np.ndarray:
    """Content of what each market's takers take in, in one more period."""
    record = allocate.of_block(allocate.monthly_record(block.chain, 1, 1, block.runs.market.shape[2]), 0)
    one = np.ones(now + 1, dtype=block.chain.markets.inventory.dtype)
    months = np.zeros(now + 1, dtype=np.int32)
    loop.simulate(block.chain, block.events, block.draws, 0, now, now + 1, months, one, block.runs, record)
    return record.content[0].astype(float)


def test_shares__follow_the_mix_of_sources() -> None:
    assert shares(two_mines(75, 25)) == pytest.approx([1.0, 0.0, 0.75, 0.75])


@BOTH
@given(seed=SEEDS)
@MODEST
def test_tagged__stays_at_the_reference_without_restriction_or_growth(kind: arrays.Kind, seed: int) -> None:
    small = replace(small_chains.balanced_chain(seed, regions=3, stages=4), followed=True)
    block = arrays.block(small, [[]], 240, kind)
    before, coming = origin_of(block, fields.TAGGED), block.state.tagged_pipeline.astype(float)
    arrays.advance(block, 0, 240)
    tolerance = {np.float64: 1e-9, np.float32: 1e-4}[kind]
    stock = block.chain.markets.inventory.astype(float)[:, None]
    assert np.abs((origin_of(block, fields.TAGGED) - before) / stock).max() < tolerance
    period = np.repeat(block.chain.markets.outflow * small.dt, block.chain.markets.pipeline_rows)[:, None]
    turned = block.state.tagged_pipeline.astype(float)[_turned(block, 240)]
    assert np.abs((turned - coming) / period).max() < tolerance


def _turned(block: arrays.Block, periods: int) -> np.ndarray:
    """Row that stands in a pipeline where each row stood some periods before."""
    starts, lengths = block.chain.markets.pipeline, block.chain.markets.pipeline_rows
    return np.concatenate([s + (np.arange(n) + periods) % n for s, n in zip(starts, lengths, strict=True)])


@given(seed=SEEDS)
@MODEST
def test_tagged__is_never_negative_and_never_more_than_there_is(seed: int) -> None:
    small = small_shocks.restricted(replace(small_chains.balanced_chain(seed), followed=True), seed)
    events = [small_shocks.random_events(small, seed + run, 48) for run in range(16)]
    block = arrays.block(small, events, 48, np.float32)
    for now in range(48):
        arrays.advance(block, now, now + 1)
        assert np.all(block.state.tagged >= 0) and np.all(block.state.tagged <= block.state.inventory)
        assert np.all(block.state.tagged_pipeline >= 0)
        assert np.all(block.state.tagged_pipeline <= block.state.pipeline)
        assert np.all(block.runs.origin[fields.LEFT] <= 1)


@BOTH
@given(seed=SEEDS)
@MODEST
def test_tagged__is_conserved_in_every_market_run_and_period(kind: arrays.Kind, seed: int) -> None:
    tolerance = {np.float64: 1e-12, np.float32: 1e-5}[kind]
    small = small_shocks.restricted(replace(small_chains.balanced_chain(seed), followed=True), seed)
    events = [small_shocks.random_events(small, seed + run, 48) for run in range(16)]
    block = arrays.block(small, events, 48, kind)
    throughput = np.array([m.outflow * small.dt + m.inventory for m in small.markets])[:, None]
    for now in range(48):
        before, coming = origin_of(block, fields.TAGGED), _under_way(block)
        due = block.chain.markets.pipeline + now % block.chain.markets.pipeline_rows
        arrived = block.state.tagged_pipeline[due].astype(float)
        arrays.advance(block, now, now + 1)
        mixed = block.work.released - taken_by_bound(block) + block.work.dumped
        left = before + arrived - origin_of(block, fields.LEFT) * mixed
        assert np.abs((origin_of(block, fields.TAGGED) - left) / throughput).max() < tolerance
        sent = coming - arrived + _sent(small, block)
        position = throughput + coming.max(axis=1, keepdims=True)
        assert np.abs((_under_way(block) - sent) / position).max() < tolerance


def _under_way(block: arrays.Block) -> np.ndarray:
    """Tagged tonnes on their way to each market."""
    total: np.ndarray = np.add.reduceat(block.state.tagged_pipeline.astype(float), block.chain.markets.pipeline, axis=0)
    return total


def _sent(small: SmallChain, block: arrays.Block) -> np.ndarray:
    """Tagged tonnes put on their way in the last period, from activity, shipments and the mix they were of."""
    left = origin_of(block, fields.LEFT)
    total = np.zeros(left.shape)
    for process, done in zip(small.processes, flows.activity(small, block), strict=True):
        share = np.max([np.zeros(left.shape[1]), *(left[feed.market] for feed in process.inputs)], axis=0)
        for output in process.outputs:
            total[output.market] += (1.0 if output.listed else share) * output.coefficient * done
    for route, shipped in zip(small.routes, flows.shipments(block), strict=True):
        total[route.destination] += left[route.origin] * shipped
    return total


@given(seed=SEEDS)
@MODEST
def test_following__changes_no_bit_of_anything_else(seed: int) -> None:
    kinds = tuple(kind for kind in small_shocks.KINDS if kind != DENIAL)
    small = replace(small_chains.balanced_chain(seed), followed=False)
    small = small_shocks.restricted(small, seed, kinds=kinds)
    events = [small_shocks.random_events(small, seed + run, 48) for run in range(16)]
    plain, followed = (arrays.block(replace(small, followed=on), events, 48, np.float32) for on in (False, True))
    for block in (plain, followed):
        arrays.advance(block, 0, 48)
    for name in arrays.NAMES:
        if not name.startswith("tagged"):
            assert np.array_equal(getattr(plain.state, name), getattr(followed.state, name)), name
    for name in arrays.WORK:
        assert np.array_equal(getattr(plain.work, name), getattr(followed.work, name)), name


@pytest.mark.parametrize(("kind", "tolerance"), [(np.float64, 1e-9), (np.float32, 1e-3)])
def test_content__equals_the_reference_under_random_restrictions(kind: arrays.Kind, tolerance: float) -> None:
    diluted = 0
    for seed in range(8):
        small = small_shocks.restricted(replace(small_chains.balanced_chain(seed), followed=True), seed)
        events = [small_shocks.random_events(small, seed + run, 30) for run in range(2)]
        block = arrays.block(small, events, 30, kind)
        references = [Run(small, each) for each in events]
        for now in range(30):
            found = content(block, now)
            for lane, run in enumerate(references):
                run.step()
                # A market that hardly anything leaves has a mix of rounding errors: what counts is the tonnes.
                weight = np.array(run.origin.intake(run)) / block.chain.markets.outflow
                assert (weight * np.abs(found[:, lane] - run.origin.content(run))).max() < tolerance, (seed, now)
                diluted += any(run.origin.given)
    assert diluted > 50


def test_process__needs_every_input_free() -> None:
    # Metal of which 60 % is tagged and a dopant of which 90 % is make alloy of which 90 % is.
    markets = (Market(300, 100, 10.0), Market(30, 10, 10.0), Market(330, 110, 20.0))
    amounts = ((0, 60.0, True), (0, 40.0, False), (1, 9.0, True), (1, 1.0, False))
    sources = [mine(market, flow, listed=tagged) for market, flow, tagged in amounts]
    cast = Process(110, 150, 0.8, 0.2, (Input(0, 100 / 110), Input(1, 10 / 110)), (Output(2, 1.0),))
    small = SmallChain(markets, (*sources, cast), (), (Use(2, 110),), followed=True)
    assert shares(small)[:2] == pytest.approx([0.6, 0.9])
    block = arrays.block(small, [[]], 25, np.float64)
    arrays.advance(block, 0, 24)
    assert _under_way(block)[2] == pytest.approx(0.9 * 110)
    assert content(block, 24)[:, 0] == pytest.approx([0.6, 0.9, 0.9])


def test_blocks_from_abroad__leave_magnets_cut_at_home_tagged() -> None:
    # A finishes listed blocks of B beside its own; a rule on magnets alone would not see them, content does.
    markets = tuple(Market(3 * flow, flow, price) for flow, price in ((80, 30.0), (100, 30.0), (100, 60.0)))
    sinter = Process(80, 90, 0.8, 0.6, (), (Output(0, 1.0, listed=True),))
    home = Process(20, 30, 0.8, 0.6, (), (Output(1, 1.0),))
    finish = Process(100, 120, 0.8, 0.3, (Input(1, 1.0),), (Output(2, 1.0),))
    small = SmallChain(markets, (sinter, home, finish), (Route(0, 1, 80),), (Use(2, 100),), followed=True)
    block = arrays.block(small, [[]], 25, np.float64)
    arrays.advance(block, 0, 24)
    assert content(block, 24)[1:, 0] == pytest.approx([0.8, 0.8])


def test_denial__starves_the_denied_sector_only() -> None:
    # 10 t of free magnets a month, 20 t wanted by arms, 80 t by cars that take any.
    uses = (Use(0, 20.0, priority=True), Use(0, 80.0))
    denial = Restriction(DENIAL, denied=(Denied(0),))
    small = shop(90, 10, uses, restrictions=(denial,))
    block = arrays.block(small, [[forever()], [[]]], 60, np.float64)
    for now in range(60):
        rationed = block.work.rationed.copy()
        arrays.advance(block, now, now + 1)
    missing = block.work.rationed - rationed
    assert missing[0, 1] == missing[1, 1] == 0.0
    assert missing[1, 0] == 0.0
    got = block.work.use_wanted[0, 0] - missing[0, 0]
    # What free material comes is had by arms, all of it: none is left to others while arms lack it.
    assert 9.0 < got < 11.5
    assert missing[0, 0] > 8.0


def test_denial__of_part_of_the_users_leaves_the_others_alone() -> None:
    small = shop(100, 1e-3, (Use(0, 100.001),), restrictions=(Restriction(DENIAL, denied=(Denied(0),)),))
    block = arrays.block(small, [[forever(0.3)]], 1, np.float64)
    arrays.advance(block, 0, 1)
    assert block.work.rationed[0, 0] / block.work.use_wanted[0, 0] == pytest.approx(0.3, abs=2e-3)


def test_denial__leaves_claims_as_they_are_and_the_material_in_the_market() -> None:
    small = shop(90, 10, (Use(0, 20.0), Use(0, 80.0)), restrictions=(Restriction(DENIAL, denied=(Denied(0),)),))
    block = arrays.block(small, [[forever()], [[]]], 1, np.float64)
    arrays.advance(block, 0, 1)
    assert block.state.expected[0, 0] == block.state.expected[0, 1]
    assert block.state.inventory[0, 0] > block.state.inventory[0, 1]


def test_sourcing_rule__binds_from_its_date_and_in_part_of_its_first_period() -> None:
    uses = (Use(0, 100.0, sourced_from=3.25),)
    small = shop(100 - 1e-6, 1e-6, uses)
    block = arrays.block(small, [[]], 5, np.float64)
    lost = []
    for now in range(5):
        before = block.work.rationed[0, 0]
        arrays.advance(block, now, now + 1)
        lost.append((block.work.rationed[0, 0] - before) / block.work.use_wanted[0, 0])
    assert lost[:3] == [0.0, 0.0, 0.0]
    assert lost[3:] == pytest.approx([0.75, 1.0], abs=1e-3)


def test_users_not_bound__take_the_mix_and_leave_what_the_bound_need() -> None:
    # 40 t of tagged and 60 t of free magnets: cars take 60 t and exports 40 t, until arms at home want 30 t free.
    markets = (Market(130, 130, 50.0), Market(40, 40, 50.0))
    makers = (mine(0, 52.0, listed=True), mine(0, 78.0, listed=False))
    uses = (Use(0, 60.0), Use(1, 40.0), Use(0, 30.0))
    denial = Restriction(DENIAL, denied=(Denied(2),))
    small = SmallChain(markets, makers, (Route(0, 1, 40),), uses, (denial,), followed=True)
    block = arrays.block(small, [[forever(begin=1.0)]], 61, np.float64)
    assert content(block, 0)[:, 0] == pytest.approx([0.4, 0.4])
    arrays.advance(block, 1, 60)
    # Arms have all they want; the 52 t that are tagged are spread over the 100 t of the others, at home and abroad.
    assert block.work.rationed.max() == 0.0
    assert origin_of(block, fields.LEFT)[0, 0] == pytest.approx(0.52, abs=1e-3)
    assert content(block, 60)[:, 0] == pytest.approx([0.52 * 60 / 90, 0.52], abs=1e-3)


def test_users_not_bound__have_only_tagged_material_where_the_bound_go_short() -> None:
    denial = Restriction(DENIAL, denied=(Denied(0),))
    small = shop(90, 10, (Use(0, 20.0), Use(0, 80.0)), restrictions=(denial,))
    block = arrays.block(small, [[forever()]], 2, np.float64)
    arrays.advance(block, 0, 2)
    assert origin_of(block, fields.ALLOWED)[0, 0] < 1.0
    assert origin_of(block, fields.LEFT)[0, 0] == pytest.approx(1.0)
