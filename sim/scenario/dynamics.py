"""Rows of the tables on what changes over months and years: buyers, technologies, people, projects and demand.

All of them are optional: a chain without a table goes without what stands on it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.scenario.dates import Month
from sim.scenario.rows import NonNegativeCell, Number, PositiveCell, Row, ShareCell, Text, Whole

EVERYWHERE = "all"
"""Stands for every region without a row of its own."""
Status = Literal["started", "construction", "announced", "stalled"]
"""How far a project is: it makes something; it is being built; it is planned; it stands still past its date."""
MonthsCell = Annotated[Number, Field(ge=0.0, le=360.0)]


class CohortRow(Row):
    """Buyers of a sector with a like cover."""

    key = ("sector", "cohort")

    sector: Text
    """Sector they belong to."""
    cohort: Text
    """Short name."""
    share: Annotated[Number, Field(gt=0.0, le=1.0)]
    """Share of the sector's demand; the cohorts of a sector share all of it."""
    cover_weeks: Annotated[Number, Field(gt=0.0, le=104.0)]
    """Own stock over own use, weeks."""


class TechnologyRow(Row):
    """What it takes to build and run a recipe, in a region or everywhere; per tonne a year of activity."""

    key = ("recipe", "region")

    recipe: Text
    """Recipe it is about."""
    region: Text
    """Region, or `all` for those without a row of their own."""
    capex_usd_per_t_per_year: Annotated[Number, Field(gt=0.0, le=5e6)]
    """Capital cost of a tonne a year of activity, USD."""
    permit_months: MonthsCell
    """Months from the decision to the start of construction: permits, design and finance."""
    construction_months: Annotated[Number, Field(gt=0.0, le=360.0)]
    """Mean months of construction; an Erlang delay of three stages."""
    ramp_months: Annotated[Number, Field(gt=0.0, le=360.0)]
    """Median months from the start to 90 % of the output reached in the end."""
    initial_yield: Annotated[Number, Field(gt=0.0, le=1.0)]
    """Output over that of a plant run in, at the start."""
    cost_of_capital: Annotated[Number, Field(gt=0.0, le=0.5)]
    """Cost of capital a year, real."""
    hurdle_premium: Annotated[Number, Field(ge=0.0, le=2.0)]
    """Addition to the cost of capital for each unit of the standard deviation of yearly log revenue."""
    closure_months: Annotated[Number, Field(gt=0.0, le=360.0)]
    """Mean months idle until capacity is closed for good."""
    lifetime_years: Annotated[Number, Field(gt=0.0, le=100.0)]
    """Years a plant lasts."""
    people_per_kt: NonNegativeCell
    """Skilled people for 1,000 t a year of activity."""


class SkillRow(Row):
    """People who can start up and run new plants of a stage in a region."""

    key = ("region", "stage")

    region: Text
    """Where they live."""
    stage: Text
    """Stage they know."""
    employed: NonNegativeCell
    """Skilled people at work in the plants of the reference state."""
    available: NonNegativeCell
    """Skilled people free for new plants at the start."""
    trained_per_year: NonNegativeCell
    """Skilled people added a year."""


class ProjectRow(Row):
    """Capacity that a named project would add to a process."""

    key = ("project", "recipe", "region")

    project: Text
    """Name; it keys the random draws, which all rows of a project share."""
    recipe: Text
    """Recipe of the process it adds to."""
    region: Text
    """Where it stands."""
    capacity_t_per_year: PositiveCell
    """Activity it would add at nameplate, t a year."""
    start: Month
    """Month of its start as announced last, or as it happened."""
    status: Status
    """How far it is."""
    capex_musd: Annotated[Number, Field(gt=0.0)] | None = None
    """Capital cost, million USD, where it is known; of this row."""


class DemandPathRow(Row):
    """Service demand of a sector in one year."""

    key = ("sector", "region", "year")

    sector: Text
    """Sector that demands."""
    region: Text
    """Region, or `all` for those without a path of their own."""
    year: Annotated[Whole, Field(ge=1950, le=2100)]
    """Calendar year; the index is that year's mean."""
    index: Annotated[Number, Field(gt=0.0, le=1000.0)]
    """Service demand over that of the base year."""


class LifetimeRow(Row):
    """How long the products of a sector last, and how much of their material comes back."""

    key = ("sector",)

    sector: Text
    """Sector whose products are meant."""
    lifetime_years: Annotated[Number, Field(gt=0.0, le=100.0)]
    """Mean years from sale to end of life."""
    spread_years: NonNegativeCell
    """Standard deviation of that life, years."""
    collection_share: ShareCell
    """Share of the material at end of life that is collected."""
