"""Instruments that act on routes: import tariffs and alliances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sim.scenario.base import Finding, Positive, unknown
from sim.scenario.instruments import Instrument, makers, meet
from sim.scenario.measures import Names
from sim.scenario.programmes import whole_horizon

if TYPE_CHECKING:
    from sim.scenario.tables import ChainTables


class Tariff(Instrument):
    """A duty on imports into its regions, on top of the ordinary one; its revenue is a receipt."""

    kind: Literal["tariff"]
    """Kind of instrument."""
    products: Names
    """Products it covers."""
    origins: Names
    """Regions whose goods pay it."""
    rate: Annotated[float, Field(ge=0.0, le=20.0)]
    """Duty over the price in the region that exports."""

    def covers(self, product: str, origin: str, destination: str) -> bool:
        """Return whether a route pays it."""
        return product in self.products and origin in self.origins and destination in self.regions

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("products", self.products, [row.product for row in tables.products], "product")
        yield from unknown("origins", self.origins, [row.region for row in tables.regions], "region")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield products and origins of which its regions import nothing."""
        paid = [row for row in tables.routes if self.covers(row.product, row.origin, row.destination)]
        for key, column in (("products", "product"), ("origins", "origin"), ("regions", "destination")):
            met = {getattr(row, column) for row in paid}
            for name in getattr(self, key):
                if name not in met:
                    yield key, f"names '{name}', where no route pays it", "remove it or name what is imported there"


class Alliance(Instrument):
    """A bloc: its members trade free of tariffs, and the export measures of one spare the others.

    Its regions are the members.
    """

    kind: Literal["alliance"]
    """Kind of instrument."""
    tariff_free: bool = True
    """Whether routes between members pay neither ordinary duties nor tariffs of members."""
    exempt: bool = True
    """Whether export bans, licences, quotas, duties, denials and bans on technology by members spare members, for the
    whole horizon; outages, dumping and patents spare nobody."""

    def joins(self, origin: str, destination: str) -> bool:
        """Return whether a route leads from member to member."""
        return origin in self.regions and destination in self.regions

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield members that trade with no other member, and an alliance that does nothing."""
        if self.exempt:
            yield from whole_horizon(self)
        if not self.tariff_free and not self.exempt:
            yield "", "does nothing", "set tariff_free or exempt to true, or remove it"
        trading = {
            place
            for row in tables.routes
            if self.joins(row.origin, row.destination)
            for place in (row.origin, row.destination)
        }
        for name in self.regions:
            if name not in trading:
                yield "regions", f"names '{name}', which trades with no other member", "remove it or add its partners"


class Offtake(Instrument):
    """A firm purchase: of what its regions order from one region, a volume is served with the first class.

    It stands beside priority sectors of the seller and before its makers and other exports. Restrictions on the route
    come first, nobody has to order more than he would, and the market's price is paid.
    """

    kind: Literal["offtake"]
    """Kind of instrument."""
    product: str
    """Product bought."""
    origin: str
    """Region whose makers sell it."""
    tonnes_per_year: Positive
    """Firm volume, shared by its regions in proportion to what they buy in the reference state."""

    def covers(self, product: str, origin: str, destination: str) -> bool:
        """Return whether a route carries it."""
        return product == self.product and origin == self.origin and destination in self.regions

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("product", [self.product], [row.product for row in tables.products], "product")
        yield from unknown("origin", [self.origin], [row.region for row in tables.regions], "region")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield buyers without a route, and a volume above what the seller can make."""
        buyers = {row.destination for row in tables.routes if self.covers(row.product, row.origin, row.destination)}
        for name in self.regions:
            if name not in buyers:
                problem = f"names '{name}', which buys no {self.product} from {self.origin}"
                yield "regions", problem, "remove it or name buyers"
        made = sum(
            tables.recipe(row.recipe)[self.product] * row.capacity_t_per_year
            for row in makers(tables, [self.origin], [self.product])
        )
        if buyers and self.strength * self.tonnes_per_year > made:
            problem = f"is {self.tonnes_per_year:g}, above the {made:,.0f} that {self.origin} can make"
            yield "tonnes_per_year", problem, "give less"


def overlapping_tariffs(policies: Mapping[str, Instrument]) -> Iterator[Finding]:
    """Yield tariffs that fall on one route at one time: whether they add up is for the author to say.

    Parameters
    ----------
    policies: Sound policies by name.
    """
    tariffs = [(name, row) for name, row in policies.items() if isinstance(row, Tariff)]
    for (former, one), (later, other) in combinations(tariffs, 2):
        shared = [
            f"{product} from {origin} into {region}"
            for product in one.products
            for origin in one.origins
            for region in one.regions
            if origin != region and other.covers(product, origin, region)
        ]
        if shared and meet(one, other):
            problem = f"falls on {shared[0]}, as {former} does at the same time"
            yield f"policies.{later}", problem, "give one tariff with the rate of both, or dates that do not overlap"
