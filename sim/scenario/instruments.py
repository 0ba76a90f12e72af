"""What all instruments of policy have in common: where they act, from when to when, and how strongly."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.scenario.base import Finding, Model, NonNegative, unknown
from sim.scenario.dates import Day, parse
from sim.scenario.measures import Names

if TYPE_CHECKING:
    from sim.scenario.models import Time
    from sim.scenario.rows import ProcessRow
    from sim.scenario.tables import ChainTables


class Instrument(Model):
    """What a government does about restrictions; one of strength zero changes nothing."""

    title: str = ""
    """One line that names the instrument in figures and tables."""
    source: str = ""
    """Where its terms come from."""
    regions: Names
    """Regions in which it acts, and whose governments pay for it."""
    start: Day | None = Field(default=None, alias="from")
    """Date from which it acts; none means from the start of the horizon."""
    until: Day | None = None
    """Date on which it ends; none means that it does not."""
    strength: NonNegative = 1.0
    """Factor on what it does: 0 switches it off."""

    def within(self, time: Time) -> NDArray[np.float64]:
        """Return the share of each period in which the instrument acts, shape (period,).

        Example
        -------
        >>> from sim.scenario.models import Time
        >>> half_a_year = Instrument.model_validate({"regions": ("US",), "from": "2025-02-15", "until": "2025-04"})
        >>> half_a_year.within(Time(start="2025-01", years=0.5, periods_per_year=12)).tolist()
        [0.0, 0.5, 1.0, 0.0, 0.0, 0.0]
        """
        step = 12.0 / time.periods_per_year
        begins = step * np.arange(time.periods)
        first = -np.inf if self.start is None else time.months_to(self.start)
        last = np.inf if self.until is None else time.months_to(self.until)
        inside = np.minimum(begins + step, last) - np.maximum(begins, first)
        return np.asarray(np.clip(inside / step, 0.0, 1.0))

    def span(self, time: Time) -> tuple[int, int]:
        """Return the first period of which at least half lies within its dates, and the one after the last."""
        inside = np.flatnonzero(self.within(time) >= 0.5)
        return (int(inside[0]), int(inside[-1]) + 1) if inside.size else (0, 0)

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know; an instrument with names of its own adds theirs."""
        yield from unknown("regions", self.regions, [row.region for row in tables.regions], "region")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield what leaves it with nothing to act on; all names are known. Every instrument says its own."""
        yield from ()


def makers(tables: ChainTables, regions: Collection[str], products: Collection[str]) -> list[ProcessRow]:
    """Processes of some regions that make one of some products."""
    recipes = {row.recipe for row in tables.recipes if row.coefficient > 0.0 and row.product in products}
    return [row for row in tables.processes if row.region in regions and row.recipe in recipes]


def idle_makers(
    tables: ChainTables, regions: Collection[str], products: Collection[str], *, key: str = "products"
) -> Iterator[Finding]:
    """Yield regions in which none of the products is made, and products that none of the regions makes.

    Parameters
    ----------
    key: Where the products stand.
    """
    for name in products:
        if not makers(tables, regions, [name]):
            yield key, f"names '{name}', which none of its regions makes", "remove it or add a region that does"
    for name in regions:
        if not makers(tables, [name], products):
            yield "regions", f"names '{name}', which makes none of its products", "remove it or add its products"


def meet(one: Instrument, other: Instrument) -> bool:
    """Return whether two instruments act at one time."""

    def before(end: str | None, start: str | None) -> bool:
        """Whether one ends before another begins."""
        return end is not None and start is not None and parse(end) <= parse(start)

    return not before(one.until, other.start) and not before(other.until, one.start)
