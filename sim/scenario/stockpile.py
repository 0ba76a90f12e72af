"""Strategic stockpiles: how much of what a region holds, when it buys, and whom it serves when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.scenario.base import Finding, NonNegative, Positive, Share, defect, unknown
from sim.scenario.instruments import Instrument

if TYPE_CHECKING:
    from sim.scenario.tables import ChainTables

DAYS_A_YEAR = 365.0
MULTIPLE = Annotated[float, Field(ge=0.1, le=100.0)]


class Stockpile(Instrument):
    """A reserve of products, in each of its regions one.

    It buys on the market at home, against all other buyers there, and releases to those at home whose claims are cut:
    priority sectors first, and others as far as `commercial_share` allows. In a market that no priority sector draws
    on, all of it is for the makers and sectors there. What it releases is worth no more than what the region can do
    with it: an oxide reserve has to pass through metal and magnet makers.
    """

    kind: Literal["stockpile"]
    """Kind of instrument."""
    days: dict[str, Annotated[float, Field(gt=0.0, le=3650.0)]] = Field(default_factory=dict)
    """Size by product in days of what makers and sectors of the region take in in the reference state."""
    tonnes: dict[str, NonNegative] = Field(default_factory=dict)
    """Size by product in tonnes; 0 is none."""
    initial: Share = 0.0
    """Part of its size in stock at the start of the horizon."""
    months_to_fill: Positive = 36.0
    """Months in which it buys its size, if prices let it: the pace of its purchases. A judgement."""
    buy_below: MULTIPLE = 1.25
    """Price multiple up to which it buys. A judgement."""
    on_shortage: bool = True
    """Whether it releases to those it serves what their market cannot deliver."""
    relief_above: MULTIPLE | None = None
    """Price multiple above which it also gives priority sectors what they would go without at that price, for this one;
    none means that it answers shortage only."""
    sell_above: MULTIPLE | None = None
    """Price multiple above which it sells into the market what it does not keep for priority sectors; none: never."""
    release_share: Annotated[float, Field(gt=0.0, le=10.0)] = 0.5
    """Most that leaves it in a month, over its size. A judgement."""
    commercial_share: Share = 0.0
    """Part of its size that makers and sectors without priority may draw on; the rest is kept for priority sectors."""
    loss_per_year: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.01
    """Share of what it holds that rotation and storage lose in a year. An assumption: no source was found."""
    holding_cost: NonNegative = 0.02
    """Storage and handling in a year over the value at reference prices. An assumption: no source was found."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not self.days and not self.tonnes:
            raise defect("holds nothing", "give days = { PRODUCT = number } or tonnes = { PRODUCT = number }")
        for product in self.tonnes:
            if product in self.days:
                raise defect(f"gives '{product}' in tonnes and in days", "give one of them", key="tonnes")
        if not self.on_shortage and self.relief_above is None and self.sell_above is None:
            raise defect("never releases anything", "set on_shortage = true, relief_above or sell_above")
        if self.sell_above is not None and self.sell_above <= self.buy_below:
            problem = f"is {self.sell_above:g}, not above buy_below {self.buy_below:g}: it would buy what it sells"
            raise defect(problem, "give a higher price to sell at", key="sell_above")
        return self

    @property
    def products(self) -> tuple[str, ...]:
        """Products it holds."""
        return (*self.days, *self.tonnes)

    def size(self, product: str, taken: float) -> float:
        """Return its size of a product in one region, t.

        Parameters
        ----------
        product: One of its products.
        taken: What makers and sectors of the region take in of it, t a year.

        Example
        -------
        >>> keys = {"kind": "stockpile", "regions": ["JP"], "days": {"dy_oxide": 60}}
        >>> Stockpile.model_validate(keys).size("dy_oxide", 730.0)
        120.0
        """
        tonnes = self.tonnes[product] if product in self.tonnes else self.days[product] / DAYS_A_YEAR * taken
        return self.strength * tonnes

    def strange(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield the names that the chain does not know."""
        yield from super().strange(tables)
        known = [row.product for row in tables.products]
        for key in ("days", "tonnes"):
            for _, problem, cure in unknown(key, getattr(self, key), known, "product"):
                yield key, problem, cure

    def idle(self, tables: ChainTables) -> Iterator[Finding]:
        """Yield products that one of its regions does not trade, or of which nobody there takes anything in."""
        taken = takers(tables)
        for key in ("days", "tonnes"):
            for product in getattr(self, key):
                for region in self.regions:
                    if (product, region) not in taken:
                        problem = f"names '{product}', which nobody in {region} takes in"
                        yield key, problem, f"give one of {', '.join(_held(taken, region)) or 'another region'}"


def takers(tables: ChainTables) -> set[tuple[str, str]]:
    """Return product and region of every market that makers or sectors draw on.

    Parameters
    ----------
    tables: Sound tables of a chain.
    """
    recipes = ((row.region, tables.recipe(row.recipe)) for row in tables.processes)
    feeds = {(product, region) for region, recipe in recipes for product, tonnes in recipe.items() if tonnes < 0.0}
    return feeds | {(row.product, row.region) for row in tables.uses if row.demand_t_per_year > 0.0}


def _held(taken: set[tuple[str, str]], region: str) -> list[str]:
    return sorted(product for product, place in taken if place == region)


def doubled_stockpiles(policies: Mapping[str, Instrument]) -> Iterator[Finding]:
    """Yield stockpiles of what another one holds in the same region: a market has one at most.

    Parameters
    ----------
    policies: Sound policies by name.
    """
    seen: dict[tuple[str, str], str] = {}
    for name, row in policies.items():
        if not isinstance(row, Stockpile):
            continue
        for place in ((product, region) for product in row.products for region in row.regions):
            if place in seen:
                problem = f"holds {place[0]} in {place[1]}, as {seen[place]} does"
                yield f"policies.{name}", problem, "give one stockpile with the size of both"
            seen.setdefault(place, name)
