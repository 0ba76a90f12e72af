"""Bins of values or of their logarithms, and how a value finds its own without taking a logarithm."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from sim.core.jit import allocating_entry, kernel
from sim.core.mathx import HALF, ZERO, clip, log
from sim.core.state import Ints

_CELL, _WITHIN = np.uint32(16), np.uint32(0xFFFF)


class Bins(NamedTuple):
    """How values become bins. Even in the logarithm, they are read off the value's bits and a table, without one."""

    logarithmic: Any
    low: Any
    per_unit: Any
    last: Any
    bottom: Any  # bits of a value in the first bin; 0 where bins are even in the value
    top: Any  # bits of a value in the last bin
    table: Ints  # for each 2**16 bits from `bottom`: 2**16 times the bin it begins in, and what carries at an edge


@kernel
def bin_of(value, low, per_unit, last):
    """Bin of a value: bin centres lie at `low + i / per_unit`; what is outside falls in the first or last bin."""
    return np.int32(clip((value - low) * per_unit + HALF, ZERO, last))


@allocating_entry
def first_bits(guess: Ints, low, per_unit, last, bits: Ints):
    """Bits of the least value in bin `k + 1`, for every guess `k` of them that is right to a part in 2,000.

    `bin_of` the logarithm never falls as a positive value rises (the tests look at every bin), so it can be bisected.
    """
    here = np.empty(1, np.int32)
    for k in range(guess.size):
        below, above = guess[k] - 4096, guess[k] + 4096
        while above - below > 1:
            middle = (below + above) // 2
            here[0] = middle
            if bin_of(log(here.view(np.float32)[0]), low, per_unit, last) > k:
                above = middle
            else:
                below = middle
        bits[k] = above


def of_scale(logarithmic: bool, low: float, per_unit: float, count: int) -> Bins:
    """Bins whose centres lie at `low + i / per_unit`, of the value or of its logarithm.

    Raises
    ------
    ValueError: Bins in the logarithm closer than the table resolves, about 1 / 128.
    """
    scale = np.float32(low), np.float32(per_unit), np.float32(count - 1)
    if not logarithmic:
        return Bins(False, *scale, np.int32(0), np.int32(0), np.zeros(0, dtype=np.uint32))
    guess = np.array([math.exp(low + (k + 0.5) / per_unit) for k in range(count - 1)], dtype=np.float32)
    edges = np.empty(count - 1, dtype=np.int32)
    first_bits(guess.view(np.int32).astype(np.int64), *scale, edges)
    cells = edges.astype(np.int64) >> 16
    if np.any(np.diff(cells) < 1):
        raise ValueError("bins must be wider than 1/128 in the logarithm")
    starts = np.arange(cells[0], cells[-1] + 2) << 16
    begun = np.searchsorted(edges, starts, side="right")
    to_edge = np.append(edges.astype(np.int64), 2**40)[begun] - starts
    table = (begun << 16) + np.where(to_edge < 2**16, 2**16 - to_edge, 0)
    return Bins(True, *scale, np.int32(starts[0]), np.int32(starts[-1] + 2**16 - 1), table.astype(np.uint32))


@kernel
def looked_up(table: Ints, key):
    """Bin of a value that lies `key` bits above the table's first: what passes an edge within its cell carries."""
    return np.uint32(np.uint32(table[np.uint32(key >> _CELL)] + np.uint32(key & _WITHIN)) >> _CELL)
