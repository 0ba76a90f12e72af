"""Restrictions that react: candidates that come or not, against the second implementation and by hand."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from sim.core.state import BAN, DUTY, OUTPUT, PRICES
from tests import small_chains
from tests.core import arrays
from tests.core.described import Event, Restriction, SmallChain, Target
from tests.reference import Run

PERIODS = 48


def reacting(seed: int) -> tuple[SmallChain, list[list[Event]]]:
    """A chain under a lasting ban, with a duty that answers prices and one that answers output."""
    rng = Random(seed)
    small = small_chains.balanced_chain(seed, regions=3, stages=4, dt=0.5)
    banned, taxed = (rng.sample(range(len(small.routes)), 3) for _ in range(2))
    rules = [Restriction(BAN, tuple(Target(r) for r in banned), threat=1.0)]
    for watches, count in ((PRICES, len(small.markets)), (OUTPUT, len(small.processes))):
        watched = tuple(rng.sample(range(count), 2))
        begins, full = rng.choice([(0.95, 1.1), (1.0, 0.9)])
        rules.append(
            Restriction(
                DUTY, tuple(map(Target, taxed)), watches=watches, watched=watched, begins_at=begins, full_at=full
            )
        )
    small = replace(small, restrictions=tuple(rules))
    events = [[Event(4.0, 4.0, 1e9, 0.8, severity=0.5)]]
    for _ in rules[1:]:
        starts = sorted(round(rng.uniform(-1, PERIODS - 1) * 8) / 8 for _ in range(6))
        events.append([Event(t, t + 0.5, t + 6.5, 0.3, mark=rng.random()) for t in starts])
    return small, events


def candidates(block: arrays.Block) -> np.ndarray:
    """Whether each candidate of the restrictions that react has not been struck out; shape (restriction, slot)."""
    came: np.ndarray = block.events.onset[1:, :, 0] < 1e30
    return came


@pytest.mark.parametrize("seed", range(12))
def test_decide__lets_come_what_the_reference_lets_come(seed: int) -> None:
    small, events = reacting(seed)
    block = arrays.block(small, [events], PERIODS, np.float64)
    arrays.advance(block, 0, PERIODS)
    run = Run(small, events)
    for _ in range(PERIODS):
        run.step()
    expected = [[event in each.came for event in row] for each, row in zip(run.candidates[1:], events[1:], strict=True)]
    np.testing.assert_array_equal(candidates(block), expected)
    np.testing.assert_allclose(block.state.inventory[:, 0], run.inventory, rtol=1e-9)


def test_decide__meets_candidates_that_come_and_candidates_that_do_not() -> None:
    share = []
    for seed in range(12):
        small, events = reacting(seed)
        block = arrays.block(small, [events], PERIODS, np.float64)
        arrays.advance(block, 0, PERIODS)
        share.append(candidates(block).mean())
    assert 0.1 < np.mean(share) < 0.9


@pytest.mark.parametrize(("begins", "full", "came"), [(0.0, 0.5, True), (1.5, 2.0, False)])
def test_decide__is_sure_where_the_reference_is_beyond_the_bounds(begins: float, full: float, came: bool) -> None:
    small = small_chains.balanced_chain(3, regions=2, stages=3)
    rule = Restriction(DUTY, (Target(0),), watches=PRICES, watched=(0,), begins_at=begins, full_at=full)
    events = [[Event(2.0, 3.0, 9.0, 0.01, mark=0.999), Event(5.0, 6.0, 20.0, 0.01, mark=0.0)]]
    block = arrays.block(replace(small, restrictions=(rule,)), [events], 12, np.float64)
    arrays.advance(block, 0, 12)
    # The second is announced while the first is in force, so it never comes.
    assert block.events.onset[0, :, 0].tolist() == pytest.approx([3.0 if came else 3e38, 3e38])


def test_decide__leaves_a_run_alone_in_whatever_company() -> None:
    small, events = reacting(5)
    calm = [events[0], [], []]
    mixed = arrays.block(small, [events, calm], PERIODS, np.float32)
    alone = arrays.block(small, [events], PERIODS, np.float32)
    for block in (mixed, alone):
        arrays.advance(block, 0, PERIODS)
    np.testing.assert_array_equal(mixed.state.inventory[:, ::2], alone.state.inventory[:, ::2])
