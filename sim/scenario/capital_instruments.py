"""Instruments that act on new capacity: grants, loans, permits and hubs. They need capacity that is not fixed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sim.scenario.base import Finding, NonNegative, Share, unknown
from sim.scenario.instruments import Instrument, idle_makers, makers
from sim.scenario.measures import Names

if TYPE_CHECKING:
    from sim.scenario.dynamics import ProjectRow
    from sim.scenario.tables import ChainTables


class Building(Instrument):
    """What instruments on new capacity have in common: they act where it answers margins, or on named projects."""

    products: Names
    """Products whose makers it supports."""

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("products", self.products, [row.product for row in tables.products], "product")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield regions and products of which nothing is made there."""
        yield from idle_makers(tables, self.regions, self.products)


class Finance(Building):
    """Public money for capital cost. It lowers the margin at which a plant pays for itself.

    Of a named project it also lowers the chance that it is never built, and may bring it forward.
    """

    share: Share
    """Share of capital cost that is public money; the rest is the private money that goes with it."""
    projects: tuple[str, ...] = ()
    """Named projects that get it; every other plant ordered gets it as well."""
    rescues: Share = 0.0
    """Share by which it lowers the probability that one of these projects never starts: an assumption."""
    sooner_months: NonNegative = 0.0
    """Months by which it brings their start forward, but not before it is given itself: an assumption."""

    def supports(self, row: ProjectRow) -> bool:
        """Return whether a row of the projects gets the money."""
        return row.project in self.projects and row.region in self.regions

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("projects", self.projects, [row.project for row in tables.projects], "project")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield makers that are not there, and projects that stand elsewhere or have started already."""
        yield from super().idle(tables)
        for name in self.projects:
            rows = [row for row in tables.projects if row.project == name and row.region in self.regions]
            if not rows:
                yield "projects", f"names '{name}', which stands in none of its regions", "remove it"
            elif all(row.status == "started" for row in rows):
                yield "projects", f"names '{name}', which has started without it", "remove it"


class Grant(Finance):
    """A grant for part of the capital cost."""

    kind: Literal["grant"]
    """Kind of instrument."""


class Loan(Finance):
    """A loan for part of the capital cost, over the life of the plant.

    The public cost is what the interest falls short of the discount rate of the scenario, at which the government is
    taken to borrow, and the loss expected.
    """

    kind: Literal["loan"]
    """Kind of instrument."""
    rate: Annotated[float, Field(ge=0.0, le=0.5)]
    """Interest a year."""
    expected_loss: Share = 0.0
    """Share of what is lent that is not paid back."""


class Guarantee(Building):
    """A public guarantee of bank loans for new plants: banks lend cheaper, and the public pays if plants close.

    Nothing is paid when it is given. What plants still owe is a contingent liability; as capacity that idles below its
    cash cost is closed for good, the part of the debt that stands on it is called. Named projects do not get it: theirs
    is a `loan`.
    """

    kind: Literal["guarantee"]
    """Kind of instrument."""
    share: Share
    """Share of capital cost that is lent and guaranteed."""
    rate: Annotated[float, Field(ge=0.0, le=0.5)] = 0.05
    """Interest a year of a guaranteed loan. An assumption: 2 points above the discount rate that is assumed."""
    years: Annotated[float, Field(gt=0.0, le=50.0)] = 12.0
    """Years over which it is paid back: every year that share of what is owed. An assumption."""
    fee: Share = 0.02
    """Share of the loan that the borrower pays the government for it. An assumption."""
    recovery: Share = 0.5
    """Share of a called debt that the sale of the plant brings back. An assumption."""


class Permits(Building):
    """A ceiling on the time of permits; it moves nothing but lead times."""

    kind: Literal["permits"]
    """Kind of instrument."""
    most_months: NonNegative
    """Months from the decision to the start of construction, at most."""

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield makers that are not there, and a ceiling that binds nobody."""
        yield from super().idle(tables)
        found_in = [tables.technology(row.recipe, row.region) for row in makers(tables, self.regions, self.products)]
        longest = max((row.permit_months for row in found_in if row is not None), default=None)
        if longest is not None and longest <= self.most_months:
            yield "most_months", f"is {self.most_months:g}, which shortens nothing", f"give less than {longest:g}"


class Hub(Building):
    """Sites built and shared in advance: construction and ramp take less time."""

    kind: Literal["hub"]
    """Kind of instrument."""
    construction_factor: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Factor on the months of construction."""
    ramp_factor: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Factor on the months of the ramp."""
    musd_per_year: NonNegative = 0.0
    """What it costs the public while it acts, million USD a year."""
