"""Programmes: training, rationing classes, recycling, other feed and research."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sim.scenario.base import Finding, NonNegative, Positive, unknown
from sim.scenario.instruments import Instrument
from sim.scenario.measures import Names

if TYPE_CHECKING:
    from sim.scenario.tables import ChainTables


class Workforce(Instrument):
    """Training of skilled people: those there are limit how fast new plants start up."""

    kind: Literal["workforce"]
    """Kind of instrument."""
    stages: Names
    """Stages for which people are trained."""
    people_per_year: Positive
    """People trained a year in each region and stage, beyond those trained anyway."""
    usd_per_person: NonNegative = 0.0
    """Public cost of training one."""

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("stages", self.stages, tables.meta.stages, "stage")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield places in which the chain counts no people."""
        counted = {(row.region, row.stage) for row in tables.skills}
        for region in self.regions:
            for stage in self.stages:
                if (region, stage) not in counted:
                    problem = f"names {region}, where skills.csv counts no people at the stage {stage}"
                    yield "regions", problem, "remove it or add a row to skills.csv"


class Priority(Instrument):
    """A rating that puts sectors into the first class when a market cannot serve all, for the whole horizon."""

    kind: Literal["priority"]
    """Kind of instrument."""
    sectors: Names
    """Sectors served first, beside those that are so anyway."""

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("sectors", self.sectors, [row.sector for row in tables.sectors], "sector")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield sectors that are first anyway or use nothing in its regions, and dates, which it cannot have."""
        first = {row.sector for row in tables.sectors if row.priority}
        used = {row.sector for row in tables.uses if row.region in self.regions and row.demand_t_per_year > 0.0}
        for name in self.sectors:
            if name in first:
                yield "sectors", f"names '{name}', which is served first anyway", "remove it"
            elif name not in used:
                yield "sectors", f"names '{name}', which uses nothing in its regions", "remove it"
        yield from whole_horizon(self)


class Feed(Instrument):
    """More of what a process makes than the trend has: recycling, or material from waste such as coal ash."""

    kind: Literal["feed"]
    """Kind of instrument."""
    recipe: str
    """Recipe of the process in its regions that it enlarges."""
    tonnes_per_year: Positive
    """Activity it adds in each region in the end, t a year."""
    months: Positive = 36.0
    """Months from its beginning in which that is reached, in a line."""
    usd_per_t: NonNegative = 0.0
    """Public money for a tonne of the activity it adds."""

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("recipe", [self.recipe], {row.recipe for row in tables.recipes}, "recipe")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield regions that do not run the recipe."""
        running = {row.region for row in tables.processes if row.recipe == self.recipe}
        for region in self.regions:
            if region not in running:
                problem = f"names '{region}', where no process runs {self.recipe}"
                yield "regions", problem, "remove it or add the process with a small activity"


class Research(Instrument):
    """Research on doing without: users and makers replace and save more when prices are high, for the whole horizon."""

    kind: Literal["research"]
    """Kind of instrument."""
    sectors: Names
    """Sectors that find substitutes."""
    raises: Annotated[float, Field(gt=0.0, le=5.0)]
    """Share by which it raises what they replace in the long run for a rise in price."""
    musd_per_year: NonNegative = 0.0
    """What it costs the public, million USD a year."""

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("sectors", self.sectors, [row.sector for row in tables.sectors], "sector")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield sectors that use nothing in its regions, and dates, which it cannot have."""
        used = {row.sector for row in tables.uses if row.region in self.regions and row.demand_t_per_year > 0.0}
        for name in self.sectors:
            if name not in used:
                yield "sectors", f"names '{name}', which uses nothing in its regions", "remove it"
        yield from whole_horizon(self)


def whole_horizon(instrument: Instrument) -> Iterator[Finding]:
    """Yield the dates of an instrument that cannot have any."""
    for key, given in (("from", instrument.start), ("until", instrument.until)):
        if given is not None:
            yield key, f"is '{given}', but it acts on the whole horizon", "remove it"
