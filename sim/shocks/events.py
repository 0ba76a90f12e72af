"""The shocks of a range of runs as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core import state

Values = NDArray[np.float64]
Flags = NDArray[np.int8]
NEVER = float(state.NEVER)
"""Time of an event that does not happen: representable in single precision, later than any period."""
NO_END, EXPIRED, TRUCE, RULING = 0, 1, 2, 3
"""How an event ends: not at all, by its duration, by a truce, by a ruling."""
ABSENT = -1
"""Flag of an event that does not happen."""
OF_EVENTS = (
    "announced",
    "onset",
    "since",
    "end",
    "level",
    "severity",
    "rise",
    "hold",
    "recovery",
    "ending",
    "resumed",
)
"""What is absent with an event."""


@dataclass(frozen=True)
class Shocks:
    """state.Events of a range of runs, their regimes and their hazards; times in months from the start of the horizon.

    Arrays of events have the shape (restriction, slot, run).
    """

    names: tuple[str, ...]
    regimes: tuple[str, ...]
    announced: Values
    onset: Values
    since: Values
    """Onset of the measure, from which its profile, its licences and leakage count: another one in later steps only."""
    end: Values
    level: Values
    """Share withheld, lost or denied; for quotas t a year or share of reference activity; rate of duties; discount."""
    severity: Values
    """Share of the targets' supply put at risk."""
    rise: Values
    hold: Values
    recovery: Values
    mark: Values
    """Mark of a candidate that the state of the chain decides on."""
    ending: Flags
    """How the event ends: `NO_END`, `EXPIRED`, `TRUCE` or `RULING`; `ABSENT` where there is none."""
    resumed: Flags
    """1 where the event is a former one that is back after a truce, 2 where it is the next step of the measure
    before, else 0; `ABSENT` where there is none."""
    hazard: Values
    """Hazard drawn for the run, 1/year, in calm where the restriction knows a regime; NaN for a date; (restriction,
    run)."""
    conflict_hazard: Values
    """The same in conflict."""
    begins: Flags
    """1 where a regime begins in conflict, shape (regime, run)."""
    switches: Values
    """Times at which a regime changes its state, shape (regime, switch, run)."""

    def events(self, dt: float) -> state.Events:
        """The same as the core wants it: times in periods of `dt` months, single precision.

        Absent events have a time that no period reaches.
        """

        def periods(months: Values) -> NDArray[np.float32]:
            """Times in periods; those that do not come stay beyond all of them."""
            return np.minimum(months / dt, NEVER).astype(np.float32)

        return state.Events(
            announced=periods(self.announced),
            onset=periods(self.onset),
            since=periods(self.since),
            end=periods(self.end),
            level=self.level.astype(np.float32),
            severity=self.severity.astype(np.float32),
            rise=periods(self.rise),
            hold=periods(self.hold),
            recovery=periods(self.recovery),
            mark=self.mark.astype(np.float32),
        )

    def that_came(self, events: state.Events) -> Shocks:
        """The shocks without the candidates that the core has struck out of its events."""
        out = (events.onset >= np.float32(NEVER)) & (self.onset < NEVER)
        if not out.any():
            return self
        return self._blanked(out)

    def in_conflict(self, times: Values) -> Flags:
        """1 where a regime is in conflict at given times (months), shape (regime, time, run)."""
        state = np.repeat(self.begins[:, None], times.size, axis=1)
        for number in range(self.switches.shape[1]):
            state ^= (times[:, None] >= self.switches[:, number][:, None]).astype(np.int8)
        return state

    def conflict_share(self, horizon: float) -> Values:
        """Share of the first months that a regime spends in conflict, shape (regime, run)."""
        ends = np.full((self.switches.shape[0], 1, self.switches.shape[2]), horizon)
        edges = np.concatenate([0.0 * ends, np.minimum(self.switches, horizon), ends], axis=1)
        state = (self.begins[:, None] + np.arange(edges.shape[1] - 1)[:, None]) % 2
        return np.asarray((np.diff(edges, axis=1) * state).sum(axis=1) / horizon)

    def head(self, runs: int) -> Shocks:
        """The shocks of the first runs only."""
        return Shocks(self.names, self.regimes, *(array[..., :runs] for array in _arrays(self)))

    def of(self, runs: NDArray[np.intp]) -> Shocks:
        """The shocks of some runs, in any order and as often as they are named."""
        # Indexing would leave runs in front in memory, for which the core would be compiled once more.
        return Shocks(self.names, self.regimes, *(np.take(array, runs, axis=-1) for array in _arrays(self)))

    def without(self, out: NDArray[np.bool_]) -> Shocks:
        """The shocks with all events of some restrictions taken out of some runs, and everything else as it was.

        Parameters
        ----------
        out: Whether a restriction is left out of a run, shape (restriction, run).
        """
        gone = np.broadcast_to(out[:, None], self.onset.shape)
        return self._blanked(gone)

    def _blanked(self, gone: NDArray[np.bool_]) -> Shocks:
        """The shocks with some events absent, shape (restriction, slot, run)."""
        kept: dict[str, Any] = {}
        for name in OF_EVENTS:
            given = getattr(self, name)
            kept[name] = np.where(gone, absent(name), given).astype(given.dtype)
        return replace(self, **kept)


def _arrays(shocks: Shocks) -> list[NDArray[Any]]:
    return [getattr(shocks, field.name) for field in fields(shocks)][2:]


def absent(name: str) -> float:
    """What an array of shocks holds where there is no event or switch."""
    if name in ("announced", "onset", "since", "end", "switches"):
        return NEVER
    return ABSENT if name in ("ending", "resumed") else 0.0


def joined(parts: Sequence[Shocks]) -> Shocks:
    """Shocks of ranges of runs that follow each other; a range in which less recurred has fewer slots."""
    names = [field.name for field in fields(Shocks)[2:]]
    arrays = (_in_turn([getattr(part, name) for part in parts], absent(name)) for name in names)
    return Shocks(parts[0].names, parts[0].regimes, *arrays)


def _in_turn(several: Sequence[NDArray[Any]], fill: float) -> NDArray[Any]:
    """Arrays with runs last, one after the other; where slots lie between, filled up to the most there are."""
    if several[0].ndim < 3:
        return np.concatenate(several, axis=-1)
    # Each is copied once, into its place: with `padded` it would be twice.
    slots, runs = (np.array([array.shape[axis] for array in several]) for axis in (1, 2))
    found = np.empty((len(several[0]), slots.max(), runs.sum()), dtype=several[0].dtype)
    for array, begin in zip(several, np.cumsum(runs) - runs, strict=True):
        here = found[:, :, begin : begin + array.shape[2]]
        here[:, : array.shape[1]], here[:, array.shape[1] :] = array, fill
    return found


def padded(array: NDArray[Any], slots: int, fill: float) -> NDArray[Any]:
    """An array with its second axis filled up to a length."""
    missing = ((0, 0), (0, slots - array.shape[1]), (0, 0))
    return np.pad(array, missing, constant_values=fill)
