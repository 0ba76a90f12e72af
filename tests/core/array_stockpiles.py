"""Stockpiles of a described chain, as the core takes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from sim.core import state
from tests.core.array_rules import ints
from tests.core.described import SmallChain

INFINITY = 3e38


def reserves(small: SmallChain, of: Callable[[Iterable[float]], np.ndarray]) -> state.Reserves:
    """Stockpiles of all markets that have one, and how they lend to each other."""
    rows, dt = small.reserves, small.dt

    def bound(multiple: float | None) -> float:
        return INFINITY if multiple is None else multiple

    return state.Reserves(
        market=ints(r.market for r in rows),
        most=of(r.size for r in rows),
        opening=of(r.opening for r in rows),
        kept=of(r.kept for r in rows),
        loss=of(1 - (1 - r.loss) ** dt for r in rows),
        pace=of(r.pace for r in rows),
        buy_below=of(r.buy_below for r in rows),
        outflow=of(r.outflow * dt for r in rows),
        relieves=ints(r.relieves for r in rows),
        relief_above=of(bound(r.relief_above) for r in rows),
        sell_above=of(bound(r.sell_above) for r in rows),
        begin=ints(r.begin for r in rows),
        end=ints(r.end for r in rows),
        pool=ints(-1 if r.pool is None else r.pool for r in rows),
        pool_kept=of(r.pool_kept for r in rows),
        pool_follow=of(-math.expm1(-dt / r.pool_months) for r in rows),
        pool_ahead=of(1 + r.pool_months / dt for r in rows),
        pool_by_size=ints(r.by_size for r in rows),
        pool_begin=ints(0 for r in rows),
        pool_end=ints(10**9 for r in rows),
    )
