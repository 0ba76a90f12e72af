"""Levels of a restriction: quotas, and the steps of a schedule, each in force from its date on.

Only the level can change in a schedule; where products or destinations change too, another restriction says so. A step
whose date is past when a random onset comes is the level of that onset. What is drawn is drawn once an event: all steps
of a run stand at the same probability of their own distributions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Discriminator, Field, Tag, model_validator

from sim.scenario.base import Model, defect
from sim.scenario.dates import Day
from sim.scenario.distributions import DiscountQuantity, Distribution, Quantity, ShareQuantity


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
Strength = float | Distribution | Tonnage | ReferenceShare
"""A level: a share, a rate, a discount or a quota."""


class Step(Model):
    """A later level of a restriction."""

    start: Day = Field(alias="from")
    """Date from which it holds, under the key `from`."""


class CutStep(Step):
    """A later level of a cut."""

    cut: ShareQuantity
    """As the restriction's own."""


class RateStep(Step):
    """A later rate."""

    rate: Quantity
    """As the restriction's own."""


class DiscountStep(Step):
    """A later discount."""

    discount: DiscountQuantity
    """As the restriction's own."""


class QuotaStep(Step):
    """A later ceiling."""

    t_per_year: Quantity | None = None
    """Most in a year, t; excludes a share."""
    share_of_reference: Quantity | None = None
    """Most in a year over the reference."""

    @property
    def quota(self) -> Tonnage | ReferenceShare:
        """The ceiling."""
        if self.t_per_year is not None:
            return Tonnage(t_per_year=self.t_per_year)
        assert self.share_of_reference is not None
        return ReferenceShare(share_of_reference=self.share_of_reference)

    @model_validator(mode="after")
    def _has_one_ceiling(self) -> Self:
        if (self.t_per_year is None) == (self.share_of_reference is None):
            problem = "has no ceiling" if self.t_per_year is None else "has two ceilings"
            raise defect(problem, "give t_per_year = number or share_of_reference = number")
        return self
