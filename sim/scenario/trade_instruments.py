"""Instruments that act on routes: import tariffs and alliances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.scenario.base import Finding, Positive, Share, defect, unknown
from sim.scenario.instruments import Instrument, makers, meet
from sim.scenario.measures import Names

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
    only_below: Annotated[float, Field(ge=0.1, le=100.0)] | None = None
    """Price multiple in its regions up to which it is laid, as seen the period before: a safeguard against price wars;
    none: at any price."""

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

    Its regions are the members. They may also pool their stockpiles, promise each other a part of what they trade, and
    pay for output while one of them is short of it. An export quota of a member stays what it is when a part of its
    routes is spared from a date on.
    """

    kind: Literal["alliance"]
    """Kind of instrument."""
    tariff_free: bool = True
    """Whether routes between members pay neither ordinary duties nor tariffs of members."""
    exempt: bool = True
    """Whether export bans, licences, quotas, duties, denials and bans on technology by members spare members; outages,
    dumping and patents spare nobody."""
    pool: Literal["need", "size"] | None = None
    """Whether stockpiles of members lend to members whose served claims are cut, and by which rule: in proportion to
    what each lacks, or each up to its part of the sizes of those who ask. None: every reserve is for its own region.
    It does nothing where fewer than two members hold a product."""
    pool_kept: Share = 0.5
    """Part of its size that no stockpile lends: a judgement. Who lacks anything itself lends nothing."""
    pool_months: Positive = 1.5
    """Mean months until what is lent arrives: an assumption, about the transit of routes between allies."""
    products: tuple[str, ...] = ()
    """Products that offtake and production are coordinated for."""
    firm_share: Share = 0.0
    """Coordinated offtake: share of trade in them between members, on trend, that is served with the first class."""
    surge_share: Share = 0.0
    """Coordinated production: share of the reference cost of conversion that is paid to members' makers of them while
    one of them is dearer than `surge_above` in some member."""
    surge_above: Annotated[float, Field(ge=1.0, le=100.0)] = 1.5
    """Price multiple above which that is paid: a judgement."""

    @model_validator(mode="after")
    def _products_for_coordination(self) -> Self:
        coordinates = self.firm_share > 0.0 or self.surge_share > 0.0
        if coordinates and not self.products:
            raise defect(
                "names none to coordinate", "name products, or drop firm_share and surge_share", key="products"
            )
        if self.products and not coordinates:
            raise defect("has nothing to do", "give firm_share or surge_share, or remove it", key="products")
        return self

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("products", self.products, [row.product for row in tables.products], "product")

    def joins(self, origin: str, destination: str) -> bool:
        """Return whether a route leads from member to member."""
        return origin in self.regions and destination in self.regions

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield members that trade with no other member, and an alliance that does nothing."""
        if not (self.tariff_free or self.exempt or self.pool or self.products):
            yield "", "does nothing", "set tariff_free, exempt, pool or products, or remove it"
        trading = {
            place
            for row in tables.routes
            if self.joins(row.origin, row.destination)
            for place in (row.origin, row.destination)
        }
        for name in self.regions:
            if name not in trading:
                yield "regions", f"names '{name}', which trades with no other member", "remove it or add its partners"
        for name in self.products:
            if self.surge_share > 0.0 and not makers(tables, self.regions, [name]):
                yield "products", f"names '{name}', which no member makes", "remove it"
            traded = any(row.product == name and self.joins(row.origin, row.destination) for row in tables.routes)
            if self.firm_share > 0.0 and not traded:
                yield "products", f"names '{name}', in which members do not trade", "remove it"


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


def doubled_alliances(policies: Mapping[str, Instrument]) -> Iterator[Finding]:
    """Yield alliances that two regions share where it would not be clear which of them spares or pools.

    Parameters
    ----------
    policies: Sound policies by name.
    """
    blocs = [(name, row) for name, row in policies.items() if isinstance(row, Alliance)]
    for (former, one), (later, other) in combinations(blocs, 2):
        shared = [region for region in one.regions if region in other.regions]
        dated = one.exempt and other.exempt and (one.start, one.until) != (other.start, other.until)
        pooled = one.pool is not None and other.pool is not None
        if len(shared) > 1 and (dated or pooled):
            problem = f"joins {shared[0]} and {shared[1]}, as {former} does"
            yield f"policies.{later}", problem, "give one alliance for them"
