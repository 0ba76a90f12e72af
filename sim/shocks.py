"""Shocks: restrictions as drawn in every run. All randomness of a run lives here.

The core is deterministic: it replays the events drawn here. A historical episode is a scenario whose restrictions
have dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import poisson

from sim.chain.reference import Reference
from sim.core.state import Events
from sim.scenario import Scenario
from sim.scenario.distributions import Distribution
from sim.scenario.restrictions import At, ExportDuty, ExportQuota, Lasting, Measure, ProductionQuota, Tonnage
from sim.streams import uniform

Values = NDArray[np.float64]
NEVER = 3e38
"""Time of an event that does not happen: representable in single precision, later than any period."""
KNOTS = 4097
"""Knots of a tabulated quantile function, even in normal score; between them it is linear (error about 5e-8)."""
OVERFLOW = 1e-9
"""Probability with which a run may want more events than there are slots; the last slot's event is then the last."""
DRAWS = ("wait", "notice", "duration", "level", "rise", "hold", "recovery", "recovers")
"""What the uniform numbers of an event decide, in their order."""


@dataclass(frozen=True)
class Shocks:
    """Events of a range of runs; times in months from the start of the horizon, shape (restriction, slot, run)."""

    names: tuple[str, ...]
    announced: Values
    onset: Values
    end: Values
    level: Values
    """Share withheld or lost; for quotas t a year or share of reference activity; for duties the rate."""
    severity: Values
    """Share of the targets' supply put at risk."""
    rise: Values
    hold: Values
    recovery: Values

    def events(self, dt: float) -> Events:
        """The same as the core wants it: times in periods of `dt` months, single precision.

        Absent events have a time that no period reaches.
        """

        def periods(months: Values) -> NDArray[np.float32]:
            return np.minimum(months / dt, NEVER).astype(np.float32)

        return Events(
            announced=periods(self.announced),
            onset=periods(self.onset),
            end=periods(self.end),
            level=self.level.astype(np.float32),
            severity=self.severity.astype(np.float32),
            rise=periods(self.rise),
            hold=periods(self.hold),
            recovery=periods(self.recovery),
        )


def sample(scenario: Scenario, reference: Reference, *, first: int, runs: int, seed: int) -> Shocks:
    """Draw the events of a range of runs.

    Every restriction has its own stream, keyed by seed and name, so that adding one leaves the draws of the others
    untouched; every run has its own numbers in it, so that run 17 is the same in any range.

    Parameters
    ----------
    scenario: Restrictions and horizon.
    reference: Reconciled chain; it says what a quota is measured against.
    first: First run.
    runs: Number of runs.
    seed: Seed of the ensemble.
    """
    horizon = 12.0 * scenario.time.years
    drawn = [
        _events(scenario, reference, name, restriction, horizon, first, runs, seed)
        for name, restriction in scenario.restrictions.items()
    ]
    slots = max((events.shape[1] for events in drawn), default=1)
    padded = np.full((len(drawn), len(FIELDS), slots, runs), NEVER)
    for index, events in enumerate(drawn):
        padded[index, :, : events.shape[1]] = events
        padded[index, 3:, events.shape[1] :] = 0.0
    return Shocks(tuple(scenario.restrictions), *(padded[:, field] for field in range(len(FIELDS))))


FIELDS = ("announced", "onset", "end", "level", "severity", "rise", "hold", "recovery")


def _events(
    scenario: Scenario,
    reference: Reference,
    name: str,
    restriction: Measure,
    horizon: float,
    first: int,
    runs: int,
    seed: int,
) -> Values:
    """Events of one restriction, shape (field, slot, run); slots that no run of the range needs are left out."""
    slots = _slots(restriction, horizon)
    found = np.full((len(FIELDS), slots, runs), NEVER)
    found[3:] = 0.0
    free_from = np.zeros(runs)
    hazard = _hazard(restriction, name, first, runs, seed)
    used = 1
    for slot in range(slots):
        u = uniform(seed, name, f"event {slot}", first=first, runs=runs, draws=len(DRAWS))
        event = _event(scenario, reference, name, dict(zip(DRAWS, u.T, strict=True)), free_from, hazard)
        happens = event[FIELDS.index("onset")] < horizon
        if not happens.any():
            break
        found[:, slot, happens] = event[:, happens]
        used = slot + 1
        free_from = np.where(happens, event[FIELDS.index("end")], NEVER)
    return found[:, :used]


def _slots(restriction: Measure, horizon: float) -> int:
    """Events a run can have: all but `OVERFLOW` of runs want no more, even if each ended at once."""
    if isinstance(restriction.onset, At) or not isinstance(restriction.duration, Lasting):
        return 1
    rate = restriction.onset.hazard_per_year
    return _most_events(rate.model_dump_json() if isinstance(rate, Distribution) else float(rate), horizon)


@lru_cache(maxsize=256)
def _most_events(rate: str | float, horizon: float) -> int:
    law = Distribution.model_validate_json(rate).frozen() if isinstance(rate, str) else None
    most = float(law.ppf(1.0 - OVERFLOW)) if law is not None else float(rate)
    return int(max(poisson.isf(OVERFLOW, most * horizon / 12.0), 1.0))


def _hazard(restriction: Measure, name: str, first: int, runs: int, seed: int) -> Values:
    """Onsets a month of each run; a distribution is drawn once a run."""
    if isinstance(restriction.onset, At):
        return np.zeros(runs)
    u = uniform(seed, name, "hazard", first=first, runs=runs, draws=1)[:, 0]
    return quantile(restriction.onset.hazard_per_year, u) / 12.0


def _event(
    scenario: Scenario,
    reference: Reference,
    name: str,
    u: dict[str, Values],
    free_from: Values,
    hazard: Values,
) -> Values:
    restriction = scenario.restrictions[name]
    if isinstance(restriction.onset, At):
        onset = np.full(free_from.shape, scenario.time.months_to(restriction.onset.at))
    else:
        with np.errstate(divide="ignore"):
            onset = np.minimum(free_from - np.log(u["wait"]) / hazard, NEVER)
    duration = restriction.duration
    lasts = quantile(duration.months, u["duration"]) if isinstance(duration, Lasting) else np.full(onset.shape, NEVER)
    profile = restriction.profile
    recovery = quantile(profile.recovery_months, u["recovery"]) if profile.recovery_months is not None else 0.0
    level, severity = _level(scenario, reference, name, u["level"], onset)
    announced = np.maximum(onset - quantile(restriction.notice_months, u["notice"]), np.minimum(free_from, onset))
    fields = dict(
        announced=announced,
        onset=onset,
        end=np.minimum(onset + lasts, NEVER),
        level=level,
        severity=severity,
        rise=quantile(profile.rise_months, u["rise"]),
        hold=quantile(profile.hold_months, u["hold"]),
        recovery=np.where(u["recovers"] < profile.probability, recovery, 0.0),
    )
    return np.array([fields[field] for field in FIELDS])


def _level(scenario: Scenario, reference: Reference, name: str, u: Values, onset: Values) -> tuple[Values, Values]:
    """Level of an event as the core wants it, and the share of its targets' supply it puts at risk."""
    restriction = scenario.restrictions[name]
    if isinstance(restriction, (ExportQuota, ProductionQuota)):
        quota, hit = restriction.quota, reference.targets[name]
        periods = np.minimum(onset / 12.0 * scenario.time.periods_per_year, len(hit.growth) - 1.0).astype(int)
        grown = hit.growth[np.maximum(periods, 0)]
        if isinstance(quota, Tonnage):
            share = quantile(quota.t_per_year, u) / hit.flow
        else:
            # A share is of the reference path on the day; the tonnage then stays, as quotas do.
            share = quantile(quota.share_of_reference, u) * grown
        level = share * hit.flow if isinstance(restriction, ExportQuota) else share
        return level, np.clip(1.0 - share / grown, 0.0, 1.0)
    if isinstance(restriction, ExportDuty):
        return quantile(restriction.rate, u), np.zeros(u.shape)
    cut = quantile(restriction.cut, u)
    return cut, cut


def quantile(quantity: float | Distribution, u: Values) -> Values:
    """Values of a quantity at given probabilities.

    SciPy's quantile functions are slow, so each is tabulated once over normal scores and interpolated.

    Parameters
    ----------
    quantity: A number or a distribution.
    u: Probabilities, any shape.
    """
    if not isinstance(quantity, Distribution):
        return np.full(u.shape, float(quantity))
    score, values = _table(quantity.model_dump_json())
    return np.asarray(np.interp(ndtri(u), score, values))


@lru_cache(maxsize=256)
def _table(law: str) -> tuple[Values, Values]:
    score = np.linspace(-8.2, 8.2, KNOTS)
    values = np.asarray(Distribution.model_validate_json(law).frozen().ppf(ndtr(score)), dtype=np.float64)
    finite = np.isfinite(values)
    return score[finite], values[finite]
