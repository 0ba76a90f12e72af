"""Restrictions: export measures and outages that may strike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from sim.scenario.arrival import Duration, Onset, Ruling, Truce
from sim.scenario.base import Model, Name, NonNegative, Positive, Share, defect
from sim.scenario.distributions import Quantity, ShareQuantity


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
    threat: NonNegative = 1.0
    """Factor on the market's alarm at the announcement; 0 means unannounced."""
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


class Ban(RouteMeasure):
    """Exports withheld."""

    kind: Literal["ban"]
    """Kind of restriction."""
    cut: ShareQuantity
    """Share of the reference flow withheld at full severity."""
    leakage: Share = 0.0
    """Share of orders that leaves outside the measure, paying neither rent nor duty."""


class Licensing(RouteMeasure):
    """Exports that need a licence: a queue, and a share of applications refused."""

    kind: Literal["licensing"]
    """Kind of restriction."""
    cut: ShareQuantity
    """Share of applications refused: 1 less the approval share. In the first quarter of five regimes 0.5 to 1.0."""
    processing_months: Positive = 1.5
    """Months from application to licence."""
    throughput: Positive = 1.25
    """Licences granted in a period at most, over the reference flow."""
    leakage: Share = 0.0
    """Share of orders that leaves outside the measure, paying neither rent nor duty."""


class Tonnage(Model):
    """A quota in tonnes."""

    t_per_year: Quantity
    """Most in a year, t."""


class ReferenceShare(Model):
    """A quota relative to the reference state."""

    share_of_reference: Quantity
    """Most in a year over the reference; above 1 it leaves room."""


def _quota_form(value: object) -> str | None:
    if isinstance(value, Model):
        return "<tonnes>" if isinstance(value, Tonnage) else "<share>"
    keys = set(value) if isinstance(value, Mapping) else set()
    return "<tonnes>" if "t_per_year" in keys else "<share>" if "share_of_reference" in keys else None


Quota = Annotated[
    Annotated[Tonnage, Tag("<tonnes>")] | Annotated[ReferenceShare, Tag("<share>")],
    Discriminator(
        _quota_form,
        custom_error_type="fault",
        custom_error_message="no quota",
        custom_error_context={
            "problem": "is not a quota",
            "cure": "give { t_per_year = number } or { share_of_reference = number }",
        },
    ),
]


class ExportQuota(RouteMeasure):
    """A ceiling on the exports of a group of products and destinations together."""

    kind: Literal["export_quota"]
    """Kind of restriction."""
    quota: Quota
    """Ceiling on all covered routes together."""
    leakage: Share = 0.0
    """Share of orders that leaves outside the measure, paying neither rent nor duty."""


class ExportDuty(RouteMeasure):
    """A duty on exports."""

    kind: Literal["export_duty"]
    """Kind of restriction."""
    rate: Quantity
    """Duty over the price in the region that exports."""


class ProductionQuota(Measure):
    """A ceiling on the output of a region's processes."""

    kind: Literal["production_quota"]
    """Kind of restriction."""
    quota: Quota
    """Ceiling on the output of the covered products together."""


class Outage(RouteMeasure):
    """Capacity or a border crossing lost."""

    kind: Literal["outage"]
    """Kind of restriction."""
    cut: ShareQuantity
    """Share lost at full severity."""
    acts_on: Literal["capacity", "crossing"] = "capacity"
    """What is lost: capacity of the processes that make the products, or the routes that carry them."""


class Denial(RouteMeasure):
    """Exports denied to an end use: part of a sector's users abroad may not have what is tagged by the scenario's
    `[origin]`, wherever they buy it.
    """

    kind: Literal["denial"]
    """Kind of restriction."""
    sectors: Names
    """Sectors denied, in the destinations; the covered products are those they take."""
    users: ShareQuantity
    """Share of their users who are denied at full severity."""


Restriction = Annotated[
    Ban | Licensing | ExportQuota | ExportDuty | ProductionQuota | Outage | Denial, Field(discriminator="kind")
]
KINDS: tuple[str, ...] = ("ban", "licensing", "export_quota", "export_duty", "production_quota", "outage", "denial")
"""Every kind of restriction."""
