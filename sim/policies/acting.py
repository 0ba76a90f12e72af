"""Which instruments act, when and how strongly; and the rates that say so to the core."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.chain.reference import Process, Reference
from sim.scenario.instruments import Instrument

Values = NDArray[np.float64]
Kind = TypeVar("Kind", bound=Instrument)


@dataclass(frozen=True)
class Acting(Generic[Kind]):
    """An instrument that acts at some time."""

    account: int
    """Its row in the accounts: its place among the policies of the scenario."""
    instrument: Kind
    """Its terms."""
    weight: Values
    """Its strength in each period, 0 where it does not act; shape (period,)."""

    @property
    def share(self) -> Values:
        """The same, but no more than all of it."""
        return np.minimum(self.weight, 1.0)


def acting(reference: Reference, kind: type[Kind]) -> Iterator[Acting[Kind]]:
    """Instruments of a kind whose strength is not zero throughout."""
    scenario = reference.scenario
    for account, instrument in enumerate(scenario.policies.values()):
        if isinstance(instrument, kind):
            weight = instrument.strength * instrument.within(scenario.time)
            if weight.any():
                yield Acting(account, instrument, weight)


def supported(
    reference: Reference, regions: Collection[str], products: Collection[str]
) -> Iterator[tuple[int, Process]]:
    """Processes of some regions that make one of some products, with their index."""
    for index, row in enumerate(reference.processes):
        if row.region in regions and not row.outputs.keys().isdisjoint(products):
            yield index, row


@dataclass
class Rates:
    """Rates over time for the core, row by row; equal ones share nothing."""

    rows: list[Values] = field(default_factory=list)

    def add(self, rate: Values) -> int:
        """Add a row, shape (period,), and return its number."""
        self.rows.append(rate)
        return len(self.rows) - 1
