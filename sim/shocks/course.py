"""What becomes of candidates: all restrictions together, in the order of time, many runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.scenario import Scenario
from sim.shocks.candidates import Candidates
from sim.shocks.events import ABSENT, NEVER, RULING, TRUCE
from sim.shocks.lifting import Lifting, ended, lifting, truce_hazard
from sim.shocks.quantiles import Numbers, Values

DRAWS = ("truce", "notice", "duration", "level", "rise", "hold", "recovery", "recovers")
"""What the numbers drawn for an event decide, in their order."""
Index = NDArray[np.intp]
FIRST_SLOTS = 4


class Course:
    """Events of a range of runs, found by taking in every run the next candidate of any restriction.

    What a candidate meets (restrictions in force, truces, earlier rulings) began before it, so one pass in the order
    of time decides all, circles of escalation included. Arrays of events have the shape (restriction, slot, run);
    others have one row for each restriction and run, in this order.
    """

    def __init__(
        self, scenario: Scenario, found: Sequence[Candidates], factors: Values, numbers: Numbers, horizon: float
    ) -> None:
        """Begin with nothing in force.

        Parameters
        ----------
        found: Candidates of each restriction.
        factors: Factor of each restriction in force (row) on the hazard of each other (column).
        horizon: Months.
        """
        self.restrictions, self.numbers, self.horizon = list(scenario.restrictions.items()), numbers, horizon
        count, runs = len(found), numbers.runs
        # One row more than any restriction fills, so that there is always a next candidate: one that never comes.
        most = max((len(each.time) for each in found), default=0) + 1
        # A run's candidates stand together, since they are looked through together.
        self.time = np.full((count * runs, most), NEVER)
        self.needed = np.full((count * runs, most), np.inf)
        for index, each in enumerate(found):
            rows = slice(index * runs, (index + 1) * runs)
            self.time[rows, : len(each.time)] = each.time.T
            self.needed[rows, : len(each.time)] = each.needed.T
        self.escalating = np.flatnonzero((factors != 1.0).any(axis=1))
        self.factors = factors[self.escalating]
        self.truces = [truce_hazard(name, restriction, numbers) for name, restriction in self.restrictions]
        truces = [restriction.truce for _, restriction in self.restrictions]
        self.truce_at = np.array(
            [scenario.time.months_to(truce.at) if truce is not None and truce.at else NEVER for truce in truces]
        )
        rulings = [restriction.ruling for _, restriction in self.restrictions]
        self.precedent = np.array([ruling.precedent if ruling is not None else 1.0 for ruling in rulings])
        regions = [restriction.by for _, restriction in self.restrictions]
        self.region = np.array([regions.index(region) for region in regions], dtype=np.intp)

        self.at = np.zeros(count * runs, dtype=np.intp)
        """Number of the next candidate."""
        self.coming = self.time[:, 0].copy()
        """Time of the next candidate, or of a measure that comes back before it."""
        self.returns = np.zeros(count * runs, dtype=bool)
        """Whether the next is a measure that comes back."""
        self.until = np.full(count * runs, -1.0)
        """End of the last event."""
        self.ruled = np.full(count * runs, NEVER)
        """First ruling against a region, in the row of its first restriction."""
        self.events = np.zeros(count * runs, dtype=np.intp)
        """Events so far, the slot of the next."""
        self.u: dict[tuple[int, int], Values] = {}
        """Numbers drawn for an event, shape (draw, run), by restriction and slot."""
        shape = (count, 0, runs)
        self.onset, self.end = np.empty(shape), np.empty(shape)
        self.ending, self.resumed = np.empty(shape, dtype=np.int8), np.empty(shape, dtype=np.int8)
        self.may = np.empty((*shape, len(Lifting._fields)))
        self._grow(FIRST_SLOTS)

    def _grow(self, slots: int) -> None:
        """Add slots to the arrays of events."""

        def longer(array: NDArray[Any], fill: float) -> NDArray[Any]:
            more = np.full((array.shape[0], slots, *array.shape[2:]), fill, dtype=array.dtype)
            return np.concatenate([array, more], axis=1)

        self.onset, self.end = longer(self.onset, NEVER), longer(self.end, NEVER)
        self.ending, self.resumed = longer(self.ending, ABSENT), longer(self.resumed, ABSENT)
        self.may = longer(self.may, NEVER)

    def follow(self) -> None:
        """Take candidates until every run is past the horizon."""
        runs = self.numbers.runs
        coming, until = self.coming.reshape(-1, runs), self.until.reshape(-1, runs)
        live = np.arange(runs if self.restrictions else 0)
        while live.size:
            k = coming[:, live].argmin(axis=0)
            row = k * runs + live
            now = self.coming[row]
            going = now < self.horizon
            if not going.all():
                live, k, row, now = live[going], k[going], row[going], now[going]
            back = self.returns[row]
            in_force = until[self.escalating][:, live] > now
            factor = np.where(in_force, self.factors[:, k], 1.0).prod(axis=0)
            strikes = back | (self.needed[row, self.at[row]] < factor)
            self._strike(k[strikes], live[strikes], now[strikes], back[strikes])
            self._pass(row[~strikes])

    def _pass(self, row: Index) -> None:
        """Leave candidates aside."""
        self.at[row] += 1
        self.coming[row] = self.time[row, self.at[row]]

    def _strike(self, k: Index, run: Index, onset: Values, back: NDArray[np.bool_]) -> None:
        """Make candidates events, and go on to the next candidate after each is over."""
        runs = self.numbers.runs
        row, region = k * runs + run, self.region[k] * runs + run
        slot = self.events[row]
        self._draw(k, slot)
        place = (k * self.onset.shape[1] + slot) * runs + run
        may = Lifting(*self.may.reshape(-1, len(Lifting._fields))[place].T)
        ruled = self.ruled[region]
        end, how = ended(onset, may, self.truce_at[k], ruled, self.precedent[k])
        self.onset.reshape(-1)[place], self.end.reshape(-1)[place] = onset, end
        self.ending.reshape(-1)[place], self.resumed.reshape(-1)[place] = how, back
        self.events[row] = slot + 1
        self.until[row] = end
        self.ruled[region] = np.where(how == RULING, np.minimum(ruled, end), ruled)
        paused = how == TRUCE
        free = np.where(paused, end + may.lapse, end)
        at = (self.time[row] < free[:, None]).sum(axis=1)
        returns = paused & (may.back > 0.0)
        self.at[row], self.returns[row] = at, returns
        self.coming[row] = np.where(returns, free, self.time[row, at])

    def _draw(self, k: Index, slot: Index) -> None:
        """Draw the numbers of events that no run has reached before."""
        if not slot.size:
            return
        if int(slot.max()) >= self.onset.shape[1]:
            self._grow(self.onset.shape[1])
        for pair in np.unique(k * self.onset.shape[1] + slot).tolist():
            index, number = divmod(pair, self.onset.shape[1])
            if (index, number) in self.u:
                continue
            name, restriction = self.restrictions[index]
            u = self.u[index, number] = self.numbers.of(name, f"event {number}", len(DRAWS))
            drawn = dict(zip(DRAWS, u, strict=True))
            may = lifting(name, restriction, number, drawn, self.truces[index], self.numbers)
            for field, values in enumerate(may):
                self.may[index, number, :, field] = values
