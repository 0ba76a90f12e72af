"""Restrictions that answer the state of the chain: what they watch, and at what they become likely."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.scenario.base import Model, Name, defect

Level = Annotated[float, Field(ge=0.0, le=1000.0)]


class Reaction(Model):
    """What provokes a restriction: its hazard rises with a price or an output from nothing to that of its onset.

    In the months that bring a candidate for an onset, drawn at the hazard of the onset, the restriction is announced
    with probability `(x - begins_at) / (full_at - begins_at)`, held within 0 and 1.
    """

    watches: Literal["price", "output"]
    """What provokes it: `price`, the quoted price, or `output`, what processes want to make; both as multiples `x` of
    the reference along the trend."""
    product: str
    """Product whose price or output is watched."""
    regions: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Regions in which it is watched: prices on average, output in sum."""
    begins_at: Level
    """Multiple up to which nothing comes."""
    full_at: Level
    """Multiple from which the hazard is that of the onset; below `begins_at` for what is provoked by a fall."""

    @model_validator(mode="after")
    def _has_a_slope(self) -> Self:
        if self.begins_at == self.full_at:
            raise defect(f"is {self.full_at:g}, as begins_at", "give another multiple", key="full_at")
        return self
