"""Arrival and lifting of restrictions: onsets, hazards and regimes, durations, truces and rulings.

The defaults and the numbers quoted here are counted from measures of 2005 to early 2026: episode lists of rare earths
and other critical minerals, hand-picked, so that famous cases are over-represented.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from sim.scenario.base import Count, Model, NonNegative, Positive, Share, defect
from sim.scenario.dates import Day
from sim.scenario.distributions import Distribution, PositiveQuantity, Quantity, largest, within

RARE = 1e-6
"""Share of runs whose hazard may exceed what a check holds against its limit."""
LAG_MONTHS = 34.0
"""Median months from complaint to the end of a measure: 33.6 for the quotas of DS431-433 (complaint of 13 March 2012,
lifted on 1 January 2015); about 43 in DS394 (recalled)."""
LAG_MONTHS_OF_DUTIES = 38.0
"""The same for duties: 37.6 in DS431-433 (lifted in May 2015)."""
LAG_SIGMA = 0.15
"""Sigma of those lags, about that of the three logarithms."""


class Counted(Model):
    """A hazard known from counted events: drawn once a run from its Gamma posterior.

    With Jeffreys' prior the hazard is Gamma(events + 1/2) over the years: its mean is half an event above the count,
    and a count of none leaves it small, not zero.

    Example
    -------
    >>> round(float(Counted(events=4, years=14.0).law.frozen().mean()), 4)
    0.3214
    """

    events: Count
    """Onsets counted."""
    years: Positive
    """Years of exposure in which they were counted: those in which the measure could have come."""

    @property
    def law(self) -> Distribution:
        """Posterior of the hazard, 1/year."""
        return _posterior(self.events, self.years)


@lru_cache(maxsize=256)
def _posterior(events: int, years: float) -> Distribution:
    return Distribution(dist="gamma", a=events + 0.5, scale=1.0 / years)


def _hazard_form(value: object) -> str:
    if isinstance(value, Distribution) or (isinstance(value, Mapping) and "dist" in value):
        return "<law>"
    return "<counted>" if isinstance(value, (Mapping, Counted)) else "<number>"


HazardQuantity = Annotated[
    Annotated[NonNegative, Tag("<number>")]
    | Annotated[Distribution, AfterValidator(within(0.0)), Tag("<law>")]
    | Annotated[Counted, Tag("<counted>")],
    Discriminator(_hazard_form),
]
"""A hazard per year: a number, a distribution, or `{ events = 4, years = 14 }`, what was counted."""


def law_of(hazard: float | Distribution | Counted) -> float | Distribution:
    """Return a hazard as a number or a distribution."""
    return hazard.law if isinstance(hazard, Counted) else hazard


def highest(hazard: float | Distribution | Counted) -> float:
    """Return the hazard that all but `RARE` of runs stay below, 1/year."""
    return largest(law_of(hazard), RARE)


class At(Model):
    """An onset on a known date."""

    at: Day
    """Date of onset, a month or a day."""


class Hazard(Model):
    """An onset at a random time."""

    hazard_per_year: HazardQuantity
    """Expected onsets a year while the restriction is not in force; in calm, where one of the next keys is given."""
    in_conflict: Annotated[float, Field(ge=0.0, le=1000.0)] | None = None
    """Factor on the hazard while the regime of the imposing region is in conflict."""
    conflict_hazard_per_year: HazardQuantity | None = None
    """Hazard in conflict where it is counted by itself, with a draw of its own, instead of a factor."""


def _onset_form(value: object) -> str | None:
    if isinstance(value, Model):
        return "<at>" if isinstance(value, At) else "<hazard>"
    keys = set(value) if isinstance(value, Mapping) else set()
    return "<at>" if "at" in keys else "<hazard>" if "hazard_per_year" in keys else None


Onset = Annotated[
    Annotated[At, Tag("<at>")] | Annotated[Hazard, Tag("<hazard>")],
    Discriminator(
        _onset_form,
        custom_error_type="fault",
        custom_error_message="no onset",
        custom_error_context={
            "problem": "is not an onset",
            "cure": 'give { at = "YYYY-MM" } or { hazard_per_year = number }',
        },
    ),
]


class Lasting(Model):
    """A duration in months."""

    months: PositiveQuantity
    """Months from onset to the end, unless a truce or a ruling ends it before.

    Ten acute actions (embargoes, closures, bans soon paused) lasted 0.5 to 11 months, median 4.5. Eight regimes
    (quotas, duties, bans) that ended lasted 36 to 120, median 53, but 17 more were in force after 10 to 83: with those
    right-censored the lognormal of maximum likelihood has a median of 66 and a sigma of 0.4. No licensing regime of
    2023 and later, of six, was withdrawn by late 2026."""


Duration = Annotated[
    Annotated[Literal["permanent"], Tag("<permanent>")] | Annotated[Lasting, Tag("<months>")],
    Discriminator(lambda value: "<months>" if isinstance(value, (Mapping, Lasting)) else "<permanent>"),
]

Spell = Annotated[
    Annotated[float, Field(ge=0.1), Tag("<number>")]
    | Annotated[Distribution, AfterValidator(within(0.1)), Tag("<law>")],
    Discriminator(lambda value: "<law>" if isinstance(value, (Mapping, Distribution)) else "<number>"),
]
"""Years, at least a tenth: a number, or a distribution of such numbers."""


class Regime(Model):
    """Calm and conflict of a region or bloc: a Markov chain of two states that scales the hazards of what it imposes.

    Measures come in clusters: of China's on rare earths about six came in 2008-11, none in 2015-22, and four in the 30
    months to January 2026. From 2008 to March 2026 that is one spell of calm of 11.5 years, ended, and 6.75 years of
    conflict in two spells, one of them ended: the defaults, by maximum likelihood.
    """

    calm_years: Spell = 11.5
    """Mean length of a spell of calm; a distribution is drawn once a run."""
    conflict_years: Spell = 6.75
    """Mean length of a spell of conflict; a distribution is drawn once a run."""
    start: Literal["calm", "conflict", "stationary"] = "stationary"
    """State at the start; `stationary` draws it by the share of time that each state takes in the long run."""


class Truce(Model):
    """A negotiated end of a measure in force, which may lapse and then bring the measure back.

    While it holds, the measure cannot strike anew. A general licence that must be renewed after a year is a truce too:
    the measure is off for its term and comes back if it is not renewed.
    """

    at: Day | None = None
    """Date of the truce, for a measure in force on that day; excludes a hazard."""
    hazard_per_year: HazardQuantity | None = None
    """Expected truces a year while the measure is in force: of ten acute actions, in force for 3.6 years together, two
    ended so (after 1 and 11 months)."""
    lapse_months: PositiveQuantity = 12.0
    """Months until it lapses: 12.1 and 12.6 were agreed for the pauses of 7 and 9 November 2025."""
    snap_back: Share
    """Probability that the measure is back at the lapse, at its former level and with a duration of its own; else its
    hazard resumes. What became of the two pauses of 2025 was not known when this was written."""

    @model_validator(mode="after")
    def _begins_once(self) -> Self:
        if (self.at is None) == (self.hazard_per_year is None):
            problem = "has neither a date nor a hazard" if self.at is None else "has both a date and a hazard"
            raise defect(problem, 'give at = "YYYY-MM" or hazard_per_year = number')
        return self


class Ruling(Model):
    """A complaint before a court that ends the measure if it is still in force when the ruling is obeyed."""

    complaint_months: Quantity = 0.0
    """Months from onset to complaint: 20 for the quota of July 2010, 14 for the duties of January 2011."""
    lag_months: PositiveQuantity | None = None
    """Months from complaint to the end; none means lognormal with a median of 38 for a duty and 34 for all else, sigma
    0.15."""
    probability: Share = 1.0
    """Probability that somebody complains and the ruling is obeyed."""
    precedent: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8
    """Factor on the lag where a ruling has ended an earlier measure of the same region before the complaint: 34 months
    (DS431-433) after 43 (DS394, recalled)."""

    def lag(self, kind: str) -> float | Distribution:
        """Return the months from complaint to the end, for a kind of restriction."""
        if self.lag_months is not None:
            return self.lag_months
        median = LAG_MONTHS_OF_DUTIES if kind == "export_duty" else LAG_MONTHS
        return _lag(median)


@lru_cache(maxsize=2)
def _lag(median: float) -> Distribution:
    return Distribution(dist="lognorm", median=median, sigma=LAG_SIGMA)
