"""Insurance, answers to prices, aids, guaranteed debt, pools and dated exemptions on chains worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.core import fields
from sim.core.drivers import OWED, PAID, RECEIVED
from sim.core.state import BAN, OUTAGE
from tests import small_chains
from tests.core import arrays
from tests.core.described import (
    Aid,
    Credit,
    Debt,
    Event,
    Firm,
    Guarantee,
    Levy,
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
from tests.core.test_support import CREDITS, GUARANTEES, LEVIES, ledger, run, workshop

DEBTS, AIDS = 4, 5
FOREVER = Event(0, 0, 1e9, 1.0)
CUT_OFF = Restriction(BAN, (Target(0),))
"""No more imported oxide for the workshop: magnets grow dear."""


def test_insurance__pays_the_gap_and_takes_its_premium_in_any_case() -> None:
    small = workshop(guarantees=(Guarantee(2, 1.2, 1e9, 0.0, premium=0.05),))
    block, gaps, made = arrays.block(small, [[]], 6, np.float64, lanes=4), np.zeros(4), np.zeros(4)
    for now in range(6):
        arrays.advance(block, now, now + 1)
        done = 50.0 * block.runs.process[fields.WANTED, 2] * block.runs.market[fields.FILL_LOCAL, 1]
        gaps += done * np.maximum(1.2 - block.runs.market[fields.TRANSACTED, 2], 0.0)
        made += done
    assert ledger(block, PAID, GUARANTEES) == pytest.approx(gaps, rel=1e-9) and gaps.min() > 0.0
    assert ledger(block, RECEIVED, GUARANTEES) == pytest.approx(0.05 * made, rel=1e-9)


def test_insurance__supports_less_the_more_it_costs() -> None:
    dear, free = (run(workshop(guarantees=(Guarantee(2, 1.2, premium=p),)), 24).work.wanted[2, 0] for p in (0.1, 0.0))
    assert dear < free


def test_credit__that_answers_prices_is_paid_only_while_one_of_them_is_high() -> None:
    credit = Credit(2, 0.2, above=1.2, watched=(1, 2))
    calm = run(workshop(credits=(credit,)), 12)
    assert ledger(calm, PAID, CREDITS).max() == 0.0
    cut = workshop(restrictions=(CUT_OFF,), credits=(credit,))
    block, paid = arrays.block(cut, [[[FOREVER]]], 24, np.float64, lanes=4), np.zeros(4)
    for now in range(24):
        arrays.advance(block, now, now + 1)
        high = np.maximum(block.runs.market[fields.PRICE, 1], block.runs.market[fields.PRICE, 2]) > 1.2
        done = block.runs.process[fields.WANTED, 2] * block.runs.market[fields.FILL_LOCAL, 1]
        paid += np.where(high, 0.2 * 50.0 * done, 0.0)
    assert ledger(block, PAID, CREDITS) == pytest.approx(paid, rel=1e-9) and paid.min() > 0.0


def test_levy__that_answers_prices_is_laid_only_while_home_is_cheap() -> None:
    small = workshop(restrictions=(CUT_OFF,), levies=(Levy(0, 0.25, below=1.05),))
    block = arrays.block(small, [[[Event(0, 6, 1e9, 0.7)]]], 24, np.float64, lanes=4)
    laid = []
    for now in range(24):
        before = np.exp(block.state.log_price[1]) <= 1.05
        arrays.advance(block, now, now + 1)
        rates = block.runs.crossing[fields.LEVY, 0]
        assert np.array_equal(rates, np.where(before, 0.25, 0.0))
        laid.append(bool(before[0]))
    assert any(laid) and not all(laid)
    assert ledger(block, RECEIVED, LEVIES).min() > 0.0


def test_aid__makes_users_buy_more_and_costs_its_rate_on_what_they_buy() -> None:
    plain, small = run(workshop(), 24), workshop(aids=(Aid(1, 0.2),))
    block, due = arrays.block(small, [[]], 24, np.float64, lanes=4), np.zeros(4)
    for now in range(24):
        arrays.advance(block, now, now + 1)
        due += 0.2 * 50.0 * block.work.use_wanted[1] * block.runs.market[fields.FILL_LOCAL, 2]
    assert block.work.use_wanted[1, 0] > 1.005 * plain.work.use_wanted[1, 0]
    assert ledger(block, PAID, AIDS) == pytest.approx(due, rel=1e-9)


def test_aid__lowers_what_users_give_up_in_a_shortage() -> None:
    given_up = [
        run(workshop(restrictions=(CUT_OFF,), aids=aids), 24, (FOREVER,)).work.destroyed[1, 0]
        for aids in ((), (Aid(1, 0.1),), (Aid(1, 0.4),))
    ]
    assert given_up[0] > given_up[1] > given_up[2]


def expanding(*, closing: bool) -> SmallChain:
    """A chain whose first process orders capacity under a high price, or closes it under a negative one."""
    small = small_chains.expanded(small_chains.balanced_chain(3, regions=2, stages=3), 3)
    assert small.expansion is not None
    builders = tuple(replace(row, hurdle=0.05, premium=0.0, closure=6.0) for row in small.expansion.builders)
    expansion = replace(small.expansion, builders=builders, answers=True, projects=())
    price = Guarantee(0, 0.0, premium=0.7) if closing else Guarantee(0, 2.0)
    return replace(small, expansion=expansion, guarantees=(price,), debts=(Debt(0, 40.0, 0.02, 0.01, 0.5),))


def test_debt__is_guaranteed_as_ordered_paid_back_and_not_called_while_plants_run() -> None:
    small = expanding(closing=False)
    block, owed, ordered = arrays.block(small, [[]], 24, np.float64, lanes=4), np.zeros(4), np.zeros(4)
    for now in range(24):
        arrays.advance(block, now, now + 1)
        new = small.processes[0].capacity * block.runs.capacity[fields.ORDERED, 0]
        owed, ordered = 0.99 * owed + 40.0 * new, ordered + new
    assert ordered.min() > 0.0
    assert ledger(block, OWED, DEBTS) == pytest.approx(owed, rel=1e-9)
    assert ledger(block, RECEIVED, DEBTS) == pytest.approx(0.02 * 40.0 * ordered, rel=1e-9)
    assert ledger(block, PAID, DEBTS).max() == 0.0


def test_debt__is_called_as_far_as_capacity_is_closed() -> None:
    block = arrays.block(expanding(closing=True), [[]], 24, np.float64, lanes=4)
    block.runs.debt[0], paid = 100.0, np.zeros(4)
    for now in range(24):
        owed = block.runs.debt[0].copy()
        arrays.advance(block, now, now + 1)
        closed, left = block.runs.capacity[fields.LOST, 0], block.runs.capacity[fields.RUN_IN, 0]
        paid += 0.5 * owed * closed / (left + closed)
    assert paid.min() > 0.1
    assert ledger(block, PAID, DEBTS) == pytest.approx(paid, rel=1e-9)
    assert ledger(block, PAID, DEBTS).max() <= 0.5 * 100.0


def allies(**pool: object) -> SmallChain:
    """Three mines that each serve users at home; all hold a reserve in one pool, and the first mine stops."""
    markets = tuple(Market(200, 100, 10) for _ in range(3))
    mines = tuple(Process(100, 120, 0.1, 0.5, (), (Output(m, 1),)) for m in range(3))
    uses = tuple(Use(m, 100, priority=True) for m in range(3))
    sizes = {0: 100.0, 1: 200.0, 2: 400.0}
    reserves = tuple(
        Reserve(m, size, 0.0 if m == 0 else size, pool=0, outflow=60.0, **pool)  # type: ignore[arg-type]
        for m, size in sizes.items()
    )
    return SmallChain(markets, mines, (), uses, (Restriction(OUTAGE, processes=(0,)),), reserves=reserves)


def test_pool__sends_what_others_can_spare_to_who_lacks_and_loses_nothing() -> None:
    small = allies(pool_kept=50.0, pool_months=2.0)
    block = arrays.block(small, [[[FOREVER]]], 24, np.float64, lanes=4)
    held, lent, came = block.state.level.sum(axis=0), 0.0, 0.0
    for now in range(24):
        coming = block.state.coming.sum(axis=0)
        arrays.advance(block, now, now + 1)
        work, state = block.work, block.state
        moved = state.coming.sum(axis=0) - coming + work.came.sum(axis=0)
        assert work.lent.sum(axis=0) == pytest.approx(moved, abs=1e-9)
        assert state.level.min() >= 0.0 and np.all(state.level <= np.array([[100.0], [200.0], [400.0]]) + 1e-9)
        held_before, held = held, (state.level + state.coming).sum(axis=0)
        assert held == pytest.approx(held_before - work.relieved.sum(axis=0), abs=1e-9)
        lent, came = lent + work.lent.sum(), came + work.came.sum()
    assert lent > came > 0.0
    assert block.state.level[1:].min() >= 50.0 - 1e-9
    alone = run(replace(small, reserves=tuple(replace(row, pool=None) for row in small.reserves)), 24, (FOREVER,))
    assert block.work.rationed[0, 0] < alone.work.rationed[0, 0]


def test_pool__shared_by_size_gives_each_no_more_than_its_part() -> None:
    """Two of three lack: by need the one with the larger gap gets more, by size the one with the larger reserve."""
    mines_stop = Restriction(OUTAGE, processes=(0, 1))
    came = {}
    for by_size in (False, True):
        small = allies(pool_kept=0.0, pool_months=0.5, by_size=by_size)
        empty = tuple(replace(row, opening=0.0 if row.market < 2 else 60.0) for row in small.reserves)
        small = replace(small, restrictions=(mines_stop,), reserves=empty)
        block, total = arrays.block(small, [[[FOREVER]]], 12, np.float64, lanes=4), np.zeros(3)
        for now in range(12):
            arrays.advance(block, now, now + 1)
            total += block.work.came[:, 0]
        came[by_size] = total
    assert came[False][0] == pytest.approx(came[False][1], rel=1e-6) and came[False][0] > 1.0
    assert came[True][1] == pytest.approx(2.0 * came[True][0], rel=1e-6)


def test_stockpile__relieves_first_claims_at_home_and_no_firm_purchase_abroad() -> None:
    markets = (Market(300, 100, 10), Market(150, 50, 10))
    mine = Process(100, 120, 0.1, 0.5, (), (Output(0, 1),))
    uses = (Use(0, 50, priority=True), Use(1, 50))
    stop = Restriction(OUTAGE, processes=(0,))
    small = SmallChain(markets, (mine,), (Route(0, 1, 50, freight=1.0),), uses, (stop,), firms=(Firm(0, 40.0),))
    plain = run(small, 8, (FOREVER,))
    helped = run(replace(small, reserves=(Reserve(0, 1e4, 1e4),)), 8, (FOREVER,))
    assert plain.work.rationed[0, 0] > 1.0 and helped.work.rationed[0, 0] == pytest.approx(0.0, abs=1e-9)
    assert helped.work.fill_first[0, 0] == pytest.approx(1.0)
    assert helped.runs.market[fields.FILL_FIRM, 0, 0] < 0.9
    assert helped.state.inventory[1] == pytest.approx(plain.state.inventory[1], rel=1e-6)


def test_restriction__leaves_spared_targets_alone_in_their_periods_only() -> None:
    ban = Restriction(BAN, (Target(0, spared=(6, 12)),))
    block = arrays.block(workshop(restrictions=(ban,)), [[[FOREVER]]], 18, np.float64, lanes=4)
    sent = []
    for now in range(18):
        arrays.advance(block, now, now + 1)
        sent.append(float((block.runs.crossing[fields.LEGAL, 0] + block.runs.crossing[fields.FREE, 0])[0]))
    assert max(sent[:6]) == 0.0 and min(sent[6:12]) > 0.0 and max(sent[12:]) == 0.0


def test_rating__puts_a_use_before_others_from_its_date_on() -> None:
    markets, uses = (Market(300, 100, 10),), (Use(0, 50), Use(0, 50))
    mine = Process(100, 120, 0.1, 0.5, (), (Output(0, 1),))
    stop = Restriction(OUTAGE, processes=(0,))
    small = SmallChain(markets, (mine,), (), uses, (stop,), rated=((0, 8),))
    block = arrays.block(small, [[[Event(0, 0, 1e9, 0.8)]]], 16, np.float64, lanes=4)
    arrays.advance(block, 0, 8)
    early = block.work.rationed[:, 0].copy()
    assert early[0] == pytest.approx(early[1]) and early[0] > 0.0
    arrays.advance(block, 8, 16)
    late = block.work.rationed[:, 0] - early
    # Two fifths of what there is are shared evenly whatever the class (strictness 0.6), so the rated use lacks too.
    assert late[0] < 0.7 * late[1]


def test_research__raises_what_is_replaced_from_its_date_on() -> None:
    plain = workshop(restrictions=(CUT_OFF,))
    same, more = (run(replace(plain, research=((1, 2.0, at),)), 24, (FOREVER,)) for at in (99, 8))
    without = run(plain, 24, (FOREVER,))
    assert np.array_equal(same.state.substituted, without.state.substituted)
    assert more.state.substituted[1, 0] > 1.2 * without.state.substituted[1, 0]
