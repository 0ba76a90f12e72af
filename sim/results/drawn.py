"""What was drawn: regimes of conflict, and restrictions with onset, duration and end."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.results.lookup import labels, restriction_title, variable
from sim.results.portions import PORTION, portions
from sim.results.quantiles import Spread, spread
from sim.variables import CONFLICT, REGIME, RESTRICTION, RUN, SLOT, STEPPED

LIFTED = 2
"""Value of `ending` from which an event was lifted: by a truce or a ruling."""
READ = ("onset", "duration", "ending", "resumed")
"""Variables of `/shocks` that tell of an event."""


@dataclass(frozen=True)
class RestrictionRow:
    """A restriction as it was drawn."""

    name: str
    title: str
    kind: str
    strikes: float
    """Share of runs it strikes within the horizon."""
    onset: Spread
    """Months from the start to its first onset, over the runs it strikes."""
    duration: Spread
    """Months in force, over all its events; infinite if permanent."""
    lifted: float
    """Share of its events that a truce or a ruling ends."""
    in_conflict: RestrictionRow | None = None
    """The same in conflict runs."""


@dataclass(frozen=True)
class Events:
    """All events of a restriction in some runs; the steps of a schedule are one."""

    first: NDArray[np.floating]
    """Month of the first onset, by run; infinite without any."""
    among: NDArray[np.bool_]
    """Whether its run is one of those that are told apart, by event."""
    duration: NDArray[np.floating]
    """Months in force, by event."""
    lifted: NDArray[np.bool_]
    """Whether a truce or a ruling ended it, by event."""

    def apart(self, among: NDArray[np.bool_]) -> Events:
        """Those of the runs that are told apart."""
        here = self.among
        return Events(self.first[among], here[here], self.duration[here], self.lifted[here])


def conflict_runs(results: xr.DataTree) -> tuple[tuple[str, ...], NDArray[np.bool_]]:
    """Names of the regimes, and which runs spend more than `variables.CONFLICT` of the horizon in conflict in one."""
    share = variable(results, "shocks", "conflict_share")
    return tuple(labels(share, REGIME)), np.any(share.transpose(REGIME, RUN).values > CONFLICT, axis=0)


def tells(among: NDArray[np.bool_]) -> bool:
    """Whether conflict runs are some of the runs, and not all of them, so that there is something to tell apart."""
    return bool(among.any() and not among.all())


def restrictions(results: xr.DataTree) -> tuple[RestrictionRow, ...]:
    """Every restriction as it was drawn: how often, when first, for how long, and whether lifted."""
    among = conflict_runs(results)[1]
    rows = []
    for name, events in drawn_events(results, among).items():
        then = _row(results, name, events.apart(among)) if tells(among) else None
        rows.append(replace(_row(results, name, events), in_conflict=then))
    return tuple(rows)


def drawn_events(results: xr.DataTree, among: NDArray[np.bool_]) -> dict[str, Events]:
    """Events of every restriction, read a portion of the runs at a time and once only.

    Parameters
    ----------
    among: Runs to tell apart, shape (run,).
    """
    names = labels(variable(results, "shocks", "onset"), RESTRICTION)
    found: list[list[Events]] = [[] for _ in names]
    begin = 0
    for onset in portions(variable(results, "shocks", "onset"), PORTION // len(READ)):
        runs = slice(begin, begin + onset.sizes[RUN])
        read = [variable(results, "shocks", name).isel({RUN: runs}) for name in READ]
        onsets, lasts, ending, resumed = (array.transpose(RESTRICTION, SLOT, RUN).values for array in read)
        # The steps of a schedule are one measure, which lasts as long as all of them.
        lasts = lasts.copy()
        for slot in range(lasts.shape[1] - 1, 0, -1):
            lasts[:, slot - 1] += np.where(resumed[:, slot] == STEPPED, lasts[:, slot], 0.0)
        happens = ~np.isnan(onsets) & (resumed != STEPPED)
        first = np.where(happens, onsets, np.inf).min(axis=1, initial=np.inf)
        for row, each in enumerate(happens):
            theirs = among[runs][np.nonzero(each)[1]]
            found[row].append(Events(first[row].copy(), theirs, lasts[row][each], ending[row][each] >= LIFTED))
        begin = runs.stop
    # Each list is let go as it is joined: with many runs, the events are what takes memory.
    return {name: _joined(found.pop(0)) for name in names}


def _joined(parts: list[Events]) -> Events:
    return Events(
        np.concatenate([part.first for part in parts]),
        np.concatenate([part.among for part in parts]),
        np.concatenate([part.duration for part in parts]),
        np.concatenate([part.lifted for part in parts]),
    )


def _row(results: xr.DataTree, name: str, events: Events) -> RestrictionRow:
    struck = np.isfinite(events.first)
    return RestrictionRow(
        name=name,
        title=restriction_title(results, name),
        kind=str(variable(results, "shocks", "kind").sel({RESTRICTION: name}).item()),
        strikes=float(struck.mean()),
        onset=spread(events.first[struck]),
        duration=spread(events.duration),
        lifted=float(events.lifted.mean()) if events.lifted.size else 0.0,
    )
