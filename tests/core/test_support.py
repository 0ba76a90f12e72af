"""Duties, credits, guaranteed prices and grants on chains worked by hand, and against the second implementation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.core import fields
from sim.core.drivers import PAID, PRIVATE, RECEIVED
from sim.core.state import BAN, OUTAGE
from tests import small_chains, small_shocks
from tests.core import arrays
from tests.core.described import (
    Aid,
    Credit,
    Event,
    Firm,
    Grant,
    Guarantee,
    Input,
    Levy,
    Market,
    Output,
    Process,
    Restriction,
    Route,
    SmallChain,
    Target,
    Use,
)
from tests.core.test_loop import differences

LEVIES, CREDITS, GUARANTEES, GRANTS = range(4)
"""Accounts of the kinds of support."""


def workshop(**keys: object) -> SmallChain:
    """Oxide made abroad and at home, and magnets at home by two rivals, 100 t a month of each."""
    markets = (Market(300, 100, 10), Market(300, 100, 10), Market(300, 100, 50))
    processes = (
        Process(110, 200, 0.1, 0.5, (), (Output(0, 1),)),
        Process(40, 80, 0.8, 0.4, (), (Output(1, 1),)),
        Process(50, 100, 0.8, 0.5, (Input(1, 1),), (Output(2, 1),)),
        Process(50, 100, 0.8, 0.5, (Input(1, 1),), (Output(2, 1),)),
    )
    small = SmallChain(markets, processes, (Route(0, 1, 60, freight=1.0),), (Use(0, 50), Use(2, 100)))
    return replace(small, **keys)  # type: ignore[arg-type]


def ledger(block: arrays.Block, side: int, account: int) -> np.ndarray:
    """What is booked, thousand USD by lane."""
    drivers = block.chain.drivers
    return np.asarray(block.runs.ledger[side * int(drivers.accounts) + account])


def run(small: SmallChain, periods: int, events: tuple[Event, ...] = ()) -> arrays.Block:
    block = arrays.block(small, [[list(events)] if small.restrictions else []], periods, np.float64, lanes=4)
    arrays.advance(block, 0, periods)
    return block


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_simulate__equals_the_reference_with_support_and_duties(kind: arrays.Kind) -> None:
    for seed in range(3):
        small = small_chains.balanced_chain(seed, regions=3, stages=3)
        small = small_shocks.restricted(small, seed)
        last = len(small.processes) - 1
        small = replace(
            small,
            levies=tuple(Levy(r, 0.25 - 0.2 * (r % 3)) for r in range(0, len(small.routes), 2)),
            credits=(Credit(last, 0.1), Credit(0, 0.9), Credit(last, 0.05, 1.1, (0, len(small.markets) - 1))),
            guarantees=(Guarantee(last, 1.1, 1.1, 0.3), Guarantee(0, 0.9, premium=0.02)),
            aids=(Aid(0, 0.1), Aid(0, 0.1), Aid(len(small.uses) - 1, 0.95)),
            research=((0, 1.5, 12),),
            rated=((len(small.uses) - 1, 20),),
            firms=tuple(Firm(r, 0.6 * row.flow) for r, row in enumerate(small.routes) if r % 2),
        )
        events = [small_shocks.random_events(small, seed + lane, 60) for lane in range(2)]
        assert not differences(small, events, kind)


def test_guarantee__pays_exactly_the_gap_on_what_is_made() -> None:
    small = workshop(guarantees=(Guarantee(2, 1.2, 1.5, 0.3),))
    block = arrays.block(small, [[]], 12, np.float64, lanes=4)
    owed = np.zeros(4)
    for now in range(12):
        arrays.advance(block, now, now + 1)
        price = block.runs.market[fields.TRANSACTED, 2]
        made = block.runs.process[fields.WANTED, 2] * block.runs.market[fields.FILL_LOCAL, 1]
        owed += 50.0 * made * (np.maximum(1.2 - price, 0.0) - 0.3 * np.maximum(price - 1.5, 0.0))
    net = ledger(block, PAID, GUARANTEES) - ledger(block, RECEIVED, GUARANTEES)
    assert owed.min() > 0.0
    assert net == pytest.approx(owed, rel=1e-9)


def test_guarantee__pays_back_a_share_above_its_ceiling() -> None:
    """A ban on the imported oxide makes magnets dear: the makers pay a part of it back."""
    rule = Restriction(BAN, (Target(0),))
    small = workshop(restrictions=(rule,), guarantees=(Guarantee(2, 0.9, 1.0, 0.5),))
    block = run(small, 24, (Event(0, 0, 1e9, 1.0),))
    assert ledger(block, PAID, GUARANTEES).max() == 0.0
    assert ledger(block, RECEIVED, GUARANTEES).min() > 0.0


def test_credit__raises_the_favoured_process_and_not_its_rival() -> None:
    plain, paid = run(workshop(), 24), run(workshop(credits=(Credit(2, 0.2),)), 24)
    wanted = paid.work.wanted[:, 0] / plain.work.wanted[:, 0]
    assert wanted[2] > 1.05
    assert wanted[3] <= 1.0 + 1e-12
    assert paid.work.price[2, 0] <= plain.work.price[2, 0]


def test_credit__costs_what_is_made_times_its_rate() -> None:
    small = workshop(credits=(Credit(2, 0.2),))
    block = arrays.block(small, [[]], 6, np.float64, lanes=4)
    made = np.zeros(4)
    for now in range(6):
        arrays.advance(block, now, now + 1)
        made += block.runs.process[fields.WANTED, 2] * block.runs.market[fields.FILL_LOCAL, 1]
    assert ledger(block, PAID, CREDITS) == pytest.approx(0.2 * 50.0 * made, rel=1e-9)


def test_credit__never_takes_all_of_cash_cost_away() -> None:
    block = run(workshop(credits=(Credit(2, 5.0),)), 24)
    assert np.isfinite(block.runs.market).all()
    assert block.state.utilisation[2].max() <= 5.0


def test_levy__lowers_imports_and_brings_what_is_shipped_times_its_rate() -> None:
    plain, taxed = run(workshop(), 24), run(workshop(levies=(Levy(0, 0.25),)), 24)
    assert taxed.state.order[0, 0] < 0.95 * plain.state.order[0, 0]
    block = arrays.block(workshop(levies=(Levy(0, 0.25),)), [[]], 6, np.float64, lanes=4)
    due = np.zeros(4)
    for now in range(6):
        arrays.advance(block, now, now + 1)
        sent = block.state.order[0] * block.runs.market[fields.FILL_EXPORT, 0]
        due += 0.25 * 10.0 * block.runs.market[fields.PRICE, 0] * sent
    assert ledger(block, RECEIVED, LEVIES) == pytest.approx(due, rel=1e-9)
    assert ledger(block, PAID, LEVIES).max() == 0.0


def test_levy__below_zero_forgoes_a_duty() -> None:
    dutiable = workshop(routes=(Route(0, 1, 60, duty=0.2, freight=1.0),))
    free = replace(dutiable, levies=(Levy(0, -0.2),))
    plain, allied = run(dutiable, 24), run(free, 24)
    assert allied.state.order[0, 0] > plain.state.order[0, 0]
    assert ledger(allied, PAID, LEVIES).min() > 0.0


def test_grant__books_public_and_private_money_for_what_is_ordered() -> None:
    small = small_chains.expanded(small_chains.balanced_chain(3, regions=2, stages=3), 3)
    assert small.expansion is not None
    builders = tuple(replace(row, hurdle=0.05, premium=0.0) for row in small.expansion.builders)
    small = replace(
        small,
        expansion=replace(small.expansion, builders=builders, answers=True, projects=()),
        guarantees=(Guarantee(0, 2.0),),
        grants=(Grant(0, 30.0, 70.0),),
    )
    block = arrays.block(small, [[]], 24, np.float64, lanes=4)
    ordered, capacity = np.zeros(4), small.processes[0].capacity
    for now in range(24):
        arrays.advance(block, now, now + 1)
        ordered += capacity * block.runs.capacity[fields.ORDERED, 0]
    assert ordered.min() > 0.0
    assert ledger(block, PAID, GRANTS) == pytest.approx(30.0 * ordered, rel=1e-9)
    assert ledger(block, PRIVATE, GRANTS) == pytest.approx(70.0 * ordered, rel=1e-9)


def test_firm_purchase__is_kept_under_rationing_and_takes_from_the_others() -> None:
    """The mine stops: of two buyers abroad the one with a contract gets more, and nothing is made of nothing."""
    markets = (Market(300, 100, 10), Market(150, 50, 10), Market(150, 50, 10))
    mine = Process(100, 120, 0.1, 0.5, (), (Output(0, 1),))
    stop = Restriction(OUTAGE, processes=(0,))
    routes, uses = (Route(0, 1, 50, freight=1.0), Route(0, 2, 50, freight=1.0)), (Use(1, 50), Use(2, 50))
    small = SmallChain(markets, (mine,), routes, uses, (stop,))
    events = (Event(0, 0, 1e9, 0.9),)
    even, firm = run(small, 6, events), run(replace(small, firms=(Firm(0, 40.0),)), 6, events)
    assert even.state.inventory[1] == pytest.approx(even.state.inventory[2])
    assert np.all(firm.state.inventory[1] > even.state.inventory[1])
    assert np.all(firm.state.inventory[2] < even.state.inventory[2])
    assert np.all(firm.work.fill_first[0] > firm.work.fill_export[0])
    assert firm.state.inventory.min() >= 0.0


def test_firm_purchase__changes_nothing_where_all_are_served() -> None:
    small = workshop()
    plain, firm = run(small, 24), run(replace(small, firms=(Firm(0, 40.0),)), 24)
    assert firm.runs.market[fields.INVENTORY] == pytest.approx(plain.runs.market[fields.INVENTORY], rel=1e-12)
