"""What restrictions have in common: whom they reach, how severity moves, what evades them and what spills over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Discriminator, Field, Tag

from sim.scenario.arrival import Duration, Onset, Ruling, Truce
from sim.scenario.base import Model, Name, NonNegative, Positive, Share, defect
from sim.scenario.distributions import PositiveQuantity, Quantity, ShareQuantity
from sim.scenario.reaction import Reaction


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if names.count(name) > 1:
            raise defect(f"names '{name}' twice", "name each once")
    return names


Names = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_distinct)]
SharesByRegion = Annotated[dict[str, Share], Field(min_length=1)]
WeightsByRegion = Annotated[dict[str, NonNegative], Field(min_length=1)]


def _listing_form(value: object) -> str:
    if isinstance(value, Mapping):
        return "<table>"
    return "<list>" if isinstance(value, (list, tuple)) else "<name>"


Towards = Annotated[
    Annotated[str, Tag("<name>")] | Annotated[Names, Tag("<list>")] | Annotated[WeightsByRegion, Tag("<table>")],
    Discriminator(_listing_form),
]
RemainingShare = Annotated[
    Annotated[Share, Tag("<number>")] | Annotated[SharesByRegion, Tag("<table>")],
    Discriminator(lambda value: "<table>" if isinstance(value, Mapping) else "<number>"),
]


class Profile(Model):
    """How severity moves from onset on: a linear rise, a hold, and perhaps a linear recovery.

    Of the five licensing regimes seen (gallium, germanium, graphite, antimony, rare-earth magnets; 2023-25), exports
    of the first quarter fell by 0.5 to 1.0 (mean 0.8); three recovered within 3.5 to 10 months, two had not after 10
    to 24: a `recovery_months` for those that recover, and a `probability` of 0.6 that one does.
    """

    rise_months: Quantity = 0.0
    """Months in which severity rises from nothing to full."""
    hold_months: Quantity = 0.0
    """Months at full severity before any recovery begins."""
    recovery_months: Quantity | None = None
    """Months in which severity falls to what remains; none means no recovery."""
    recovers_to: RemainingShare = 0.0
    """Share of the initial severity that remains after recovery: one share, or a table by destination with `default`
    for all others (0 where no default is given)."""
    probability: Share = 1.0
    """Probability that the recovery happens at all."""

    def remaining(self, destination: str) -> float:
        """Return the share of the initial severity that recovery leaves towards a destination."""
        if isinstance(self.recovers_to, dict):
            return self.recovers_to.get(destination, self.recovers_to.get("default", 0.0))
        return self.recovers_to


class Measure(Model):
    """What all restrictions have in common."""

    title: str = ""
    """One line that names the restriction in figures and tables."""
    source: str = ""
    """Where its numbers come from."""
    by: str
    """Region that imposes or suffers it."""
    onset: Onset
    """A date or a hazard."""
    notice_months: Quantity = 0.0
    """Months between announcement and onset: about one for Chinese controls of 2023 and 2024 (29, 42 and 31 days), none
    for the four from December 2024 to January 2026."""
    duration: Duration
    """`permanent`, or a table with `months`."""
    truce: Truce | None = None
    """A negotiated end, which may lapse."""
    ruling: Ruling | None = None
    """An end by a ruling."""
    escalates: dict[Name, Annotated[float, Field(ge=0.0, le=1000.0)]] = Field(default_factory=dict)
    """Factors on the hazards of other restrictions while this one is in force: four of five families of Chinese
    controls escalated within 18 months, 0.93 a year of a family in force."""
    reacts: Reaction | None = None
    """What provokes it; none means that its hazard does not depend on the state of the chain."""
    threat: NonNegative = 1.0
    """Factor on the market's alarm at the announcement; 0 means unannounced."""
    passes_on: Share = 0.0
    """Share of that alarm which buyers of what is made of the products take over, step by step down the chain. 1 for
    China's mining controls of 2011, whose prices of oxides it explains; the prices of 2025 do not depend on it."""
    profile: Profile = Profile()
    """How severity moves while the restriction is in force."""
    products: Names
    """Products it covers."""


class RouteMeasure(Measure):
    """A restriction on the routes out of a region."""

    towards: Towards = "all"
    """Destinations: `all`, a region, a list of regions, or a table of weights by region with `default` for all others
    (0 where no default is given); a weight scales severity towards its destination."""

    def weight(self, destination: str) -> float:
        """Return the factor on severity towards a destination; 0 where the restriction does not reach."""
        if destination == self.by:
            return 0.0
        if isinstance(self.towards, dict):
            return self.towards.get(destination, self.towards.get("default", 0.0))
        if isinstance(self.towards, tuple):
            return float(destination in self.towards)
        return float(self.towards in ("all", destination))


class Leaking(RouteMeasure):
    """A restriction that parallel routes evade: smuggling, transhipment."""

    leakage: Share = 0.0
    """Share of orders that leaves outside the measure, paying neither rent nor duty, at the onset."""
    leakage_grown: Share | None = None
    """The same once parallel routes have had time to grow (or to be closed); none means that it stays."""
    leakage_months: Positive | None = None
    """Months from onset in which it moves there, evenly."""

    def leak(self, months: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of orders that evades the measure some months after its onset."""
        if self.leakage_grown is None or self.leakage_months is None:
            return np.full(months.shape, self.leakage)
        return self.leakage + (self.leakage_grown - self.leakage) * np.clip(months / self.leakage_months, 0.0, 1.0)


class Spillover(Model):
    """Goods that are not covered but held for some time after the onset.

    In 2025 customs held anything called a magnet for one to two months, whatever it was made of.
    """

    products: Names
    """Products held, none of which the restriction covers."""
    share: ShareQuantity
    """Share of their reference flow withheld."""
    months: PositiveQuantity
    """Months from the onset in which they are held, if the restriction lasts as long."""


class Spilling(Leaking):
    """A restriction that may hold up goods it does not cover."""

    spillover: Spillover | None = None
    """Goods held though not covered; they are the restriction `NAME.spillover` in results."""
