"""What governments do on a described chain, as the core takes it."""

from __future__ import annotations

import math
from itertools import chain as joined
from typing import Any

import numpy as np

from sim.core import state
from sim.core.drivers import Aids, Credits, Debts, Drivers, Firms, Grants, Guarantees, Levies, no_drivers
from tests.core.array_rules import controlled_routes, ints, starts_of
from tests.core.described import SmallChain

ACCOUNTS = 6
"""Levies, credits, guarantees, grants, debts and aids, in this order."""


def drivers(small: SmallChain, periods: int, kind: type[np.floating[Any]]) -> Drivers:
    """Drivers of all supports and levies; one budget year, and an account for each kind of them."""
    uses = len(small.uses)
    empty = no_drivers(len(small.processes), uses, periods, kind)
    credits = sorted(small.credits, key=lambda row: row.process)
    guarantees = sorted(small.guarantees, key=lambda row: row.process)
    aids = sorted(small.aids, key=lambda row: row.use)
    parts: tuple[Any, ...] = (small.levies, credits, guarantees, small.grants, small.debts, aids, small.firms)
    rows = list(joined.from_iterable(parts))
    research, rated = over_time(small, periods, kind)
    if not (rows or research.size or rated.size):
        return empty
    first = starts_of(len(part) for part in parts)
    outputs = starts_of(len(process.outputs) for process in small.processes)
    crossing = {route: c for c, route in enumerate(controlled_routes(small))}
    watch = starts_of(len(row.watched) for row in credits)

    def records(columns: Any) -> Any:
        return state.records(columns, kind)

    def numbered(part: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the rates of one part, and its account."""
        return ints(range(int(first[part]), int(first[part + 1]))), ints([part] * len(parts[part]))

    def of(values: Any) -> np.ndarray:
        return np.array(list(values), dtype=float)

    def worth(p: int) -> float:
        return sum(output.coefficient * small.markets[output.market].price for output in small.processes[p].outputs)

    below = of(float(state.NEVER) if r.below is None else math.log(r.below) for r in small.levies)
    named = (of(getattr(r, name) for r in guarantees) for name in ("floor", "ceiling", "upside", "premium"))
    money = (of(getattr(r, name) for r in small.grants) for name in ("public", "private"))
    owed = (of(getattr(r, name) for r in small.debts) for name in ("lent", "fee", "repaid", "lost"))
    prices = of(small.markets[small.uses[r.use].market].price for r in aids)
    return empty._replace(
        levies=records(Levies(ints(crossing[r.route] for r in small.levies), *numbered(0), below)),
        credits=records(
            Credits(
                *numbered(1), of(worth(r.process) for r in credits), of(r.above for r in credits), watch[:-1], watch[1:]
            )
        ),
        guarantees=records(
            Guarantees(*numbered(2), ints(int(outputs[r.process]) + r.output for r in guarantees), *named)
        ),
        grants=records(Grants(*numbered(3), ints(r.process for r in small.grants), *money)),
        debts=records(Debts(*numbered(4), ints(r.process for r in small.debts), *owed)),
        aids=records(Aids(*numbered(5), prices)),
        firms=records(Firms(ints(r.route for r in small.firms), numbered(6)[0])),
        rate=np.repeat(np.array([row.rate for row in rows], dtype=kind)[:, None], periods, axis=1),
        research=research,
        rated=rated,
        watched=ints(joined.from_iterable(row.watched for row in credits)),
        places=ints(range(len(small.processes))),
        credit_starts=starts_of(sum(r.process == p for r in credits) for p in range(len(small.processes))),
        guarantee_starts=starts_of(sum(r.process == p for r in guarantees) for p in range(len(small.processes))),
        aid_starts=starts_of(sum(r.use == u for r in aids) for u in range(uses)),
        years=np.int32(1),
        accounts=np.int32(ACCOUNTS),
    )


def over_time(small: SmallChain, periods: int, kind: type[np.floating[Any]]) -> tuple[np.ndarray, np.ndarray]:
    """Factors on slow elasticities and ratings by use and period; no rows where there are none."""
    research = np.ones((len(small.uses) if small.research else 0, periods), dtype=kind)
    for use, factor, begin in small.research:
        research[use, begin:] *= factor
    rated = np.zeros((len(small.uses) if small.rated else 0, periods), dtype=np.int32)
    for use, begin in small.rated:
        rated[use, begin:] = 1
    return research, rated
