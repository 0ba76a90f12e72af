"""Candidates for onsets: times at the largest hazard a run can meet, with marks that thin them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.quantiles import Numbers, Values, quantile
from sim.scenario import Scenario
from sim.scenario.arrival import Hazard, law_of
from sim.scenario.clustering import governing
from sim.shocks.events import NEVER
from sim.shocks.regimes import Path

BATCH = 8
"""Candidates drawn at a time."""


@dataclass(frozen=True)
class Hazards:
    """Hazards of one restriction, 1/month, shape (run,)."""

    calm: Values
    conflict: Values
    """The same as in calm where the restriction knows no regime."""
    path: Path | None
    """The regime it follows, if any."""
    most: float
    """Largest factor by which others can multiply it."""

    @property
    def ceiling(self) -> Values:
        """Largest hazard that a run can meet."""
        return np.maximum(self.calm, self.conflict) * self.most

    def on(self, times: Values) -> Values:
        """Hazard at given times without escalation, shape (candidate, run)."""
        if self.path is None:
            return np.broadcast_to(self.calm, times.shape)
        return np.where(self.path.in_conflict(times), self.conflict, self.calm)


def escalation(scenario: Scenario) -> Values:
    """Factor of each restriction in force (row) on the hazard of each other (column)."""
    names = {name: index for index, name in enumerate(scenario.restrictions)}
    factors = np.ones((len(names), len(names)))
    for name, restriction in scenario.restrictions.items():
        for other, factor in restriction.escalates.items():
            factors[names[name], names[other]] = factor
    return factors


def hazards(
    scenario: Scenario, name: str, by: str, onset: Hazard, paths: Mapping[str, Path], most: float, numbers: Numbers
) -> Hazards:
    """Draw the hazards of a restriction, once a run.

    Parameters
    ----------
    by: Region that imposes it, whose regime counts.
    paths: Paths of all regimes.
    most: Largest factor by which others can multiply its hazard.
    """
    calm = quantile(law_of(onset.hazard_per_year), numbers.of(name, "hazard", 1)[0]) / 12.0
    found = governing(by, paths, scenario.tables)
    if onset.conflict_hazard_per_year is not None:
        u = numbers.of(name, "conflict hazard", 1)[0]
        return Hazards(calm, quantile(law_of(onset.conflict_hazard_per_year), u) / 12.0, paths[found[0]], most)
    if onset.in_conflict is not None:
        return Hazards(calm, calm * onset.in_conflict, paths[found[0]], most)
    return Hazards(calm, calm, None, most)


@dataclass(frozen=True)
class Candidates:
    """Candidates of one restriction in the order of time, packed; shape (candidate, run)."""

    time: Values
    """Months from the start; `NEVER` beyond the last."""
    needed: Values
    """Factor that what is in force must exceed for the candidate to become an onset; below 1 it needs nothing."""


def dated(month: float, runs: int) -> Candidates:
    """The one sure candidate of a restriction with a date."""
    return Candidates(np.full((1, runs), month), np.full((1, runs), -1.0))


def candidates(name: str, hazard: Hazards, numbers: Numbers, horizon: float) -> Candidates:
    """Draw the candidates of a restriction over the horizon; those that nothing in force could save are left out.

    A restriction's candidates depend on its own stream and hazards only: not on what becomes of them.
    """
    ceiling = hazard.ceiling
    time, mark = _drawn(name, ceiling, numbers, horizon)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = mark * ceiling / hazard.on(time)
    # No hazard in calm makes the quotient infinite, no hazard at all undefined: neither is kept.
    return packed(time, needed, (time < horizon) & (needed < hazard.most))


def _drawn(name: str, ceiling: Values, numbers: Numbers, horizon: float) -> tuple[Values, Values]:
    """Times and marks of candidates until every run is past the horizon."""
    times: list[Values] = []
    marks: list[Values] = []
    last = np.zeros(numbers.runs)
    with np.errstate(divide="ignore"):
        scale = 1.0 / ceiling
    going = np.arange(numbers.runs)
    while going.size:
        u = numbers.of(name, f"candidates {len(times)}", 2 * BATCH)
        waits = np.minimum(-np.log(u[:BATCH, going]) * scale[going], NEVER)
        waits[0] += last[going]
        time = np.full((BATCH, numbers.runs), NEVER)
        for number in range(1, BATCH):
            waits[number] += waits[number - 1]
        time[:, going] = waits
        last = time[-1]
        times.append(time)
        marks.append(u[BATCH:])
        going = np.flatnonzero(last < horizon)
    return np.concatenate(times), np.concatenate(marks)


def packed(time: Values, needed: Values, kept: NDArray[np.bool_]) -> Candidates:
    """Candidates that are kept, without gaps; all of shape (candidate, run)."""
    run, row = np.nonzero(np.ascontiguousarray(kept.T))
    counts = np.bincount(run, minlength=time.shape[1])
    place = np.arange(run.size) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = (int(counts.max(initial=0)), time.shape[1])
    found = Candidates(np.full(shape, NEVER), np.full(shape, np.inf))
    found.time[place, run] = time[row, run]
    found.needed[place, run] = needed[row, run]
    return found
