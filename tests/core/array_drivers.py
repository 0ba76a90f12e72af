"""What governments do on a described chain, as the core takes it."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.core import state
from sim.core.drivers import Credits, Drivers, Firms, Grants, Guarantees, Levies, no_drivers
from tests.core.array_rules import controlled_routes, ints, starts_of
from tests.core.described import SmallChain


def drivers(small: SmallChain, periods: int, kind: type[np.floating[Any]]) -> Drivers:
    """Drivers of all supports and levies; one budget year, and an account for each kind of them."""
    empty = no_drivers(len(small.processes), periods, kind)
    if not (small.levies or small.credits or small.guarantees or small.grants or small.firms):
        return empty
    first = starts_of(len(part) for part in (small.levies, small.credits, small.guarantees, small.grants, small.firms))
    credits = sorted(small.credits, key=lambda row: row.process)
    guarantees = sorted(small.guarantees, key=lambda row: row.process)
    rows = [*small.levies, *credits, *guarantees, *small.grants, *small.firms]
    outputs = starts_of(len(process.outputs) for process in small.processes)
    crossing = {route: c for c, route in enumerate(controlled_routes(small))}

    def records(columns: Any) -> Any:
        return state.records(columns, kind)

    def numbers(part: int, count: int) -> np.ndarray:
        return ints(range(int(first[part]), int(first[part]) + count))

    def of(values: Any) -> np.ndarray:
        return np.array(list(values), dtype=float)

    def worth(p: int) -> float:
        return sum(output.coefficient * small.markets[output.market].price for output in small.processes[p].outputs)

    return empty._replace(
        levies=records(
            Levies(
                ints(crossing[r.route] for r in small.levies),
                numbers(0, len(small.levies)),
                ints([0] * len(small.levies)),
            )
        ),
        credits=records(
            Credits(numbers(1, len(credits)), ints([1] * len(credits)), of(worth(r.process) for r in credits))
        ),
        guarantees=records(
            Guarantees(
                numbers(2, len(guarantees)),
                ints([2] * len(guarantees)),
                ints(int(outputs[r.process]) + r.output for r in guarantees),
                of(r.floor for r in guarantees),
                of(r.ceiling for r in guarantees),
                of(r.upside for r in guarantees),
            )
        ),
        grants=records(
            Grants(
                numbers(3, len(small.grants)),
                ints([3] * len(small.grants)),
                ints(r.process for r in small.grants),
                of(r.public for r in small.grants),
                of(r.private for r in small.grants),
            )
        ),
        firms=records(Firms(ints(r.route for r in small.firms), numbers(4, len(small.firms)))),
        rate=np.repeat(np.array([row.rate for row in rows], dtype=kind)[:, None], periods, axis=1),
        credit_starts=starts_of(sum(r.process == p for r in credits) for p in range(len(small.processes))),
        guarantee_starts=starts_of(sum(r.process == p for r in guarantees) for p in range(len(small.processes))),
        years=np.int32(1),
        accounts=np.int32(4),
    )
