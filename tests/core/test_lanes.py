"""Whole rows of lanes, and blocks whose number of lanes the compiler knows."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

import sim
from sim.chain import build, core_arrays
from sim.core import allocate, jit, lanes, linking, loop
from sim.core.full import LANES, BlockOfLanes, RecordOfLanes, told
from sim.core.prefetch import fetch_to_read, fetch_to_write
from sim.core.state import Block, Record
from sim.engine.chunk import Clock
from sim.projects import followed
from sim.shocks import sample


@numba.njit(**jit.UNCOUNTED, **jit.OPTIONS)  # type: ignore[untyped-decorator]
def _number(rows: Any, by: Any) -> None:
    row = lanes.flat(rows)  # type: ignore[no-untyped-call]
    for i in range(row.size):
        row[i] += i * by


@numba.njit(**jit.UNCOUNTED, **jit.OPTIONS)  # type: ignore[untyped-decorator]
def _clear_some(rows: Any) -> None:
    lanes.clear(rows[1:3])  # type: ignore[no-untyped-call]
    lanes.clear(rows[0, 1])  # type: ignore[no-untyped-call]


@numba.njit(**jit.UNCOUNTED, **jit.OPTIONS)  # type: ignore[untyped-decorator]
def _ask(rows: Any) -> Any:
    fetch_to_read(rows, (1, rows.shape[1] - 1, np.int32(0)))
    fetch_to_write(rows, (0, 0, 0))
    return rows[1, 1, 0]


def test_flat__is_neighbouring_rows_in_their_order_and_their_memory() -> None:
    rows = np.zeros((4, 2, 3), np.float32)
    _number(rows[1:3], np.float32(2.0))
    assert np.array_equal(rows.ravel(), [*[0] * 6, *range(0, 24, 2), *[0] * 6])


def test_flat__refuses_rows_that_are_not_neighbours() -> None:
    with pytest.raises(TypingError):
        _number(np.zeros((4, 6), np.float32)[:, ::2], np.float32(1.0))


def test_clear__leaves_other_rows_alone() -> None:
    rows = np.ones((4, 2, 3), np.float32)
    _clear_some(rows)
    assert rows.sum(axis=2).tolist() == [[3, 0], [0, 0], [0, 0], [3, 3]]


def test_fetch__changes_nothing() -> None:
    rows = np.arange(8.0).reshape(2, 2, 2)
    assert _ask(rows) == 6.0 and np.array_equal(rows.ravel(), np.arange(8.0))


@pytest.mark.skipif(not linking.is_tested(), reason="this numba is told nothing")
def test_told__tells_of_a_number_of_lanes_only_where_every_array_has_it() -> None:
    def record(kind: Any, size: int) -> Any:
        """One with arrays of so many lanes."""
        return kind(*(np.zeros((2, 1, size), np.float32) for _ in kind._fields))

    block, results = told(record(Block, LANES), record(Record, LANES))
    assert (type(block), type(results)) == (BlockOfLanes, RecordOfLanes)
    assert numba.typeof(block).last == numba.typeof(results).last == LANES
    assert numba.typeof(block) != numba.typeof(record(Block, LANES))
    for fewer in (record(Record, 16), record(Record, LANES)._replace(lost=np.zeros((0, 16), np.float32))):
        block, results = told(record(Block, LANES), fewer)
        assert (type(block), type(results)) == (Block, Record)


@pytest.mark.skipif(not linking.is_tested(), reason="this numba gives lanes beside whole vectors other last digits")
def test_simulate__gives_runs_the_same_bits_in_blocks_of_any_number_of_lanes() -> None:
    scenario = sim.load("allied_strategy")
    reference = build(scenario)
    chain = core_arrays(reference)
    clock = Clock(scenario.time.periods, scenario.time.periods_per_year)
    events = sample(scenario, reference, first=0, runs=LANES, seed=3).events(clock.dt)
    projects = followed(reference, first=0, runs=LANES, seed=3)

    def recorded(first: int, size: int) -> Record:
        """What is recorded of some runs as a block of their own."""
        block = allocate.block_at_reference(chain, size)
        record: Record = allocate.of_block(allocate.monthly_record(chain, clock.count, 1, size), 0)
        periods = (0, clock.periods, clock.months, clock.weights)
        loop.simulate(chain, events, projects, first, *periods, block, record)
        return record

    whole, halves, few = recorded(0, LANES), [recorded(first, 64) for first in (0, 64)], recorded(16, 16)
    for name in Record._fields:
        together = np.concatenate([getattr(half, name) for half in halves], axis=-1)
        assert np.array_equal(getattr(whole, name), together, equal_nan=True), name
        assert np.array_equal(getattr(whole, name)[..., 16:32], getattr(few, name), equal_nan=True), name
