"""Instruments that act on what makers earn: guaranteed prices and production credits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.scenario.base import Finding, Positive, Share, defect, unknown
from sim.scenario.instruments import Instrument, idle_makers, meet
from sim.scenario.measures import Names

if TYPE_CHECKING:
    from sim.scenario.tables import ChainTables


class PriceGuarantee(Instrument):
    """What pays its regions' makers of one product by the price of it."""

    product: str
    """Product whose price it looks at."""

    @model_validator(mode="after")
    def _within_output(self) -> Self:
        if self.strength > 1.0:
            raise defect(f"is {self.strength:g}, more than all output", "give at most 1", key="strength")
        return self

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("product", [self.product], [row.product for row in tables.products], "product")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield regions that make nothing of the product."""
        yield from idle_makers(tables, self.regions, (self.product,), key="product")


class Floor(PriceGuarantee):
    """A price guaranteed to its regions' makers of a product: a contract for difference.

    The government pays the gap between the floor and the price of the day on what they make, and may share in prices
    above a ceiling. A strength below 1 covers that share of their output.
    """

    kind: Literal["floor"]
    """Kind of instrument."""
    usd_per_kg: Positive
    """The floor."""
    ceiling_usd_per_kg: Positive | None = None
    """Price from which on the makers pay part of it back; none means the floor."""
    upside: Share = 0.0
    """Share of what the price is above the ceiling that they pay back."""

    @property
    def ceiling(self) -> float:
        """Price from which on the makers pay part of it back, USD/kg."""
        return self.usd_per_kg if self.ceiling_usd_per_kg is None else self.ceiling_usd_per_kg

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ceiling < self.usd_per_kg:
            problem = f"is {self.ceiling:g}, below the floor of {self.usd_per_kg:g}"
            raise defect(problem, "give at least the floor", key="ceiling_usd_per_kg")
        return self


class Insurance(PriceGuarantee):
    """Public insurance of its regions' makers against low prices of a product.

    While the price of the day is below the strike it pays a part of the gap on what they make; they pay a premium on
    all they make, whatever the price. Contracts count in that price. It cuts the spread of what makers expect to earn.
    """

    kind: Literal["insurance"]
    """Kind of instrument."""
    strike_usd_per_kg: Positive
    """Price below which it pays."""
    cover: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8
    """Part of the gap that it pays; makers bear the rest. An assumption: no source was found for minerals."""
    premium_share: Share = 0.03
    """Premium over the strike, on every kilogram that is made. An assumption: no source was found for minerals."""


class Credit(Instrument):
    """Public money for what its regions' makers produce: it lowers their cost, and that of no rival elsewhere."""

    kind: Literal["credit"]
    """Kind of instrument."""
    products: Names
    """Products for which it is paid."""
    usd_per_kg: Positive | None = None
    """Credit on a kilogram of them."""
    share_of_cost: Share | None = None
    """Or: share of the reference cost of conversion that it pays; material is not part of it."""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.usd_per_kg is None) == (self.share_of_cost is None):
            raise defect("has no one form", "give either usd_per_kg or share_of_cost")
        return self

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        yield from unknown("products", self.products, [row.product for row in tables.products], "product")

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield regions and products of which nothing is made there."""
        yield from idle_makers(tables, self.regions, self.products)


def overlapping_floors(policies: Mapping[str, Instrument]) -> Iterator[Finding]:
    """Yield floors and insurances under one price at one time: the gap would be paid twice.

    Parameters
    ----------
    policies: Sound policies by name.
    """
    floors = [(name, row) for name, row in policies.items() if isinstance(row, PriceGuarantee)]
    for (former, one), (later, other) in combinations(floors, 2):
        shared = [region for region in one.regions if region in other.regions]
        if one.product == other.product and shared and meet(one, other):
            problem = f"guarantees {one.product} in {shared[0]}, as {former} does at the same time"
            yield f"policies.{later}", problem, "give one floor, or dates that do not overlap"
