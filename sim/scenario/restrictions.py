"""Restrictions: export measures and outages that may strike."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag

from sim.scenario.arrival import Lasting
from sim.scenario.base import Positive, Share
from sim.scenario.distributions import (
    DiscountQuantity,
    Distribution,
    Quantity,
    ShareQuantity,
    form,
    within,
)
from sim.scenario.measures import Leaking, Measure, Names, RouteMeasure, Spilling
from sim.scenario.schedules import CutStep, DiscountStep, Quota, QuotaStep, RateStep, Strength


class Ban(Spilling):
    """Exports withheld."""

    kind: Literal["ban"]
    """Kind of restriction."""
    cut: ShareQuantity
    """Share of the reference flow withheld at full severity."""
    schedule: tuple[CutStep, ...] = ()
    """Later levels of the cut by date."""

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Level at the onset and at each step of the schedule."""
        return (self.cut, *(step.cut for step in self.schedule))


class Licensing(Spilling):
    """Exports that need a licence: a queue, and a share of applications refused."""

    kind: Literal["licensing"]
    """Kind of restriction."""
    cut: ShareQuantity
    """Share of applications refused: 1 less the approval share. In the first quarter of five regimes 0.5 to 1.0."""
    processing_months: Positive = 1.5
    """Months from application to licence."""
    throughput: Positive = 1.25
    """Licences granted in a period at most, over the reference flow."""
    validity_months: Positive | None = None
    """Months after which licences granted around the onset expire together, again and again; none means never. The
    general licences of December 2025 run for one year, six months are usual for single ones (recalled, unverified)."""
    renewal: Share | None = None
    """Share of them renewed in time at each expiry; the rest is caught up over `profile.recovery_months`."""
    filed_early: Share = 0.0
    """Share of applications filed before the onset: the queue starts at this share of its steady level."""
    schedule: tuple[CutStep, ...] = ()
    """Later levels of the cut by date."""

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Level at the onset and at each step of the schedule."""
        return (self.cut, *(step.cut for step in self.schedule))


class ExportQuota(Leaking):
    """A ceiling on the exports of a group of products and destinations together."""

    kind: Literal["export_quota"]
    """Kind of restriction."""
    quota: Quota
    """Ceiling on all covered routes together."""
    schedule: tuple[QuotaStep, ...] = ()
    """Later ceilings by date; the licence rent goes on from one to the next."""

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Ceiling at the onset and at each step of the schedule."""
        return (self.quota, *(step.quota for step in self.schedule))


class ExportDuty(RouteMeasure):
    """A duty on exports."""

    kind: Literal["export_duty"]
    """Kind of restriction."""
    rate: Quantity
    """Duty over the price in the region that exports."""
    schedule: tuple[RateStep, ...] = ()
    """Later rates by date."""

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Rate at the onset and at each step of the schedule."""
        return (self.rate, *(step.rate for step in self.schedule))


class VatWedge(RouteMeasure):
    """Value added tax no longer refunded on exports: to a buyer abroad it is a duty.

    China refunds it on magnets and blanks, not on oxides and metals: quotes FOB over domestic ones without tax were
    1.13 in spring 2023 (Argus 2446453). Routes of the bundled chains carry that in their ordinary duty, so that a wedge
    on them comes on top.
    """

    kind: Literal["vat_wedge"]
    """Kind of restriction."""
    rate: Quantity = 0.13
    """Tax not refunded over the price in the region that exports: 13 % in China since April 2019 (recalled)."""
    schedule: tuple[RateStep, ...] = ()
    """Later rates by date."""

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Rate at the onset and at each step of the schedule."""
        return (self.rate, *(step.rate for step in self.schedule))


class Dumping(RouteMeasure):
    """Exports sold below price, and their makers' cost borne in part by the state."""

    kind: Literal["dumping"]
    """Kind of restriction."""
    discount: DiscountQuantity
    """Share off the price at which the region exports, and share of unit cost that its state bears."""
    on_price: Share = 1.0
    """Part of the discount that exports get."""
    on_cost: Share = 1.0
    """Part of the discount that the processes get which make the products."""
    schedule: tuple[DiscountStep, ...] = ()
    """Later discounts by date."""

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Discount at the onset and at each step of the schedule."""
        return (self.discount, *(step.discount for step in self.schedule))

    def weight(self, destination: str) -> float:
        """Return the factor on the discount towards a destination; 0 where it does not reach."""
        return self.on_price * super().weight(destination)


class ProductionQuota(Measure):
    """A ceiling on the output of a region's processes."""

    kind: Literal["production_quota"]
    """Kind of restriction."""
    quota: Quota
    """Ceiling on the output of the covered products together."""
    schedule: tuple[QuotaStep, ...] = ()
    """Later ceilings by date."""

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Ceiling at the onset and at each step of the schedule."""
        return (self.quota, *(step.quota for step in self.schedule))


class Outage(RouteMeasure):
    """Capacity or a border crossing lost."""

    kind: Literal["outage"]
    """Kind of restriction."""
    cut: ShareQuantity
    """Share lost at full severity."""
    acts_on: Literal["capacity", "crossing"] = "capacity"
    """What is lost: capacity of the processes that make the products, or the routes that carry them."""

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Share lost, which has no schedule."""
        return (self.cut,)


LeadFactor = Annotated[
    Annotated[float, Field(ge=1.0, le=20.0), Tag("<number>")]
    | Annotated[Distribution, AfterValidator(within(1.0, 20.0)), Tag("<law>")],
    Discriminator(form),
]


class Technology(RouteMeasure):
    """Know-how withheld: what is built outside the region takes longer and yields less at first.

    It acts on permits, construction and ramp of the processes abroad that make the products, and on no price or flow
    until new capacity is missed. It needs `capacity.answers` or `capacity.projects`.
    """

    lead_factor: LeadFactor
    """Times of permits, construction and ramp over what they are without it."""
    first_yield: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    """Factor on the output of new plants over that of plants run in."""

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Factor on times of building, which has no schedule."""
        return (self.lead_factor,)


class TechnologyBan(Technology):
    """A ban on exports of processing technology."""

    kind: Literal["technology_ban"]
    """Kind of restriction."""


class PatentBarrier(Technology):
    """Patents that keep others from a process, or make them design around it."""

    kind: Literal["patent_barrier"]
    """Kind of restriction."""


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

    @property
    def strengths(self) -> tuple[Strength, ...]:
        """Share of users denied, which has no schedule."""
        return (self.users,)


Restriction = Annotated[
    Ban
    | Licensing
    | ExportQuota
    | ExportDuty
    | VatWedge
    | Dumping
    | ProductionQuota
    | Outage
    | Denial
    | TechnologyBan
    | PatentBarrier,
    Field(discriminator="kind"),
]
KINDS: tuple[str, ...] = (
    "ban",
    "licensing",
    "export_quota",
    "export_duty",
    "vat_wedge",
    "dumping",
    "production_quota",
    "outage",
    "denial",
    "technology_ban",
    "patent_barrier",
)
"""Every kind of restriction."""


def spilled(restriction: Restriction) -> Ban | None:
    """Return what spills over from a restriction as a ban on goods it does not cover; none where nothing does."""
    if not isinstance(restriction, Spilling) or restriction.spillover is None:
        return None
    held = restriction.spillover
    return Ban(
        kind="ban",
        title=f"{restriction.title or 'Goods'}: goods held though not covered",
        source=restriction.source,
        by=restriction.by,
        towards=restriction.towards,
        products=held.products,
        onset=restriction.onset,
        duration=Lasting(months=held.months),
        threat=restriction.threat,
        cut=held.share,
        leakage=restriction.leakage,
        leakage_grown=restriction.leakage_grown,
        leakage_months=restriction.leakage_months,
    )
