"""Programmes: training, rationing classes, recycling, other feed and research."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.scenario.base import Finding, NonNegative, Positive, defect, unknown
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
    """A rating that puts sectors into the first class when a market cannot serve all."""

    kind: Literal["priority"]
    """Kind of instrument."""
    sectors: Names
    """Sectors served first, beside those that are so anyway."""

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("sectors", self.sectors, [row.sector for row in tables.sectors], "sector")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield sectors that are first anyway or use nothing in its regions."""
        first = {row.sector for row in tables.sectors if row.priority}
        used = {row.sector for row in tables.uses if row.region in self.regions and row.demand_t_per_year > 0.0}
        for name in self.sectors:
            if name in first:
                yield "sectors", f"names '{name}', which is served first anyway", "remove it"
            elif name not in used:
                yield "sectors", f"names '{name}', which uses nothing in its regions", "remove it"


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
    """Research on doing without: users replace more when prices are high, and keep to less of it once it ends."""

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
        """Yield sectors that use nothing in its regions."""
        used = {row.sector for row in tables.uses if row.region in self.regions and row.demand_t_per_year > 0.0}
        for name in self.sectors:
            if name not in used:
                yield "sectors", f"names '{name}', which uses nothing in its regions", "remove it"


class DemandSupport(Instrument):
    """Public money for what sectors buy of some products: they feel a lower price, so they give up less, and buy more.

    It is paid on every kilogram bought, in a shortage or not, and wherever it was made.
    """

    kind: Literal["demand_support"]
    """Kind of instrument."""
    sectors: Names
    """Sectors that get it."""
    products: Names
    """Products on which it is paid."""
    usd_per_kg: Positive | None = None
    """Money on a kilogram bought."""
    share_of_price: Annotated[float, Field(gt=0.0, le=0.9)] | None = None
    """Or: share of the reference price that it pays."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.usd_per_kg is None) == (self.share_of_price is None):
            raise defect("has no one form", "give either usd_per_kg or share_of_price")
        return self

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("sectors", self.sectors, [row.sector for row in tables.sectors], "sector")
        yield from unknown("products", self.products, [row.product for row in tables.products], "product")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield regions, sectors and products without a use that it is paid on."""
        met = [
            row
            for row in tables.uses
            if row.region in self.regions
            and row.sector in self.sectors
            and row.product in self.products
            and row.demand_t_per_year > 0.0
        ]
        for key, column in (("regions", "region"), ("sectors", "sector"), ("products", "product")):
            for name in getattr(self, key):
                if name not in {getattr(row, column) for row in met}:
                    yield key, f"names '{name}', where no use gets it", "remove it or name what is used there"
