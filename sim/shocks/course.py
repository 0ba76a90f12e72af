"""What becomes of candidates: restrictions that depend on each other together, in the order of time, over all runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.quantiles import Numbers, Values
from sim.scenario import Scenario
from sim.shocks.candidates import Candidates, packed
from sim.shocks.events import ABSENT, NEVER, RULING, TRUCE
from sim.shocks.lifting import Lifting, ended, lifting, truce_hazard
from sim.shocks.order import Group, generations

DRAWS = ("truce", "notice", "duration", "level", "rise", "hold", "recovery", "recovers")
"""What the numbers drawn for an event decide, in their order."""
Index = NDArray[np.intp]
FIRST_SLOTS = 4


class Course:
    """Events of a range of runs, found by taking again and again the next candidate of each group of restrictions.

    What a candidate meets (restrictions in force, truces, earlier rulings) began before it. So the events of a group
    that no later one concerns are found in the order of time, circles of escalation included, and thin the candidates
    of the next generation. Arrays of events have the shape (restriction, slot, run); others have one row for each
    restriction and run, in this order.
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
        self.found, self.factors = found, factors
        count, runs = len(found), numbers.runs
        self.truces = [truce_hazard(name, restriction, numbers) for name, restriction in self.restrictions]
        truces = [restriction.truce for _, restriction in self.restrictions]
        self.truce_at = np.array(
            [scenario.time.months_to(truce.at) if truce is not None and truce.at else NEVER for truce in truces]
        )
        rulings = [restriction.ruling for _, restriction in self.restrictions]
        self.precedent = np.array([ruling.precedent if ruling is not None else 1.0 for ruling in rulings])
        regions = [restriction.by for _, restriction in self.restrictions]
        self.reacts = np.array([restriction.reacts is not None for _, restriction in self.restrictions])
        self.region = np.array([regions.index(region) for region in regions], dtype=np.intp)

        self.time, self.needed = np.empty(0), np.empty(0)
        """Candidates of a generation, those of a run together; the last of each run never comes."""
        # One row more than there are restrictions, in which nothing comes, stands in for members a group lacks.
        self.at = np.zeros((count + 1) * runs, dtype=np.intp)
        """Place of the next candidate."""
        self.coming = np.full((count + 1) * runs, NEVER)
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
        self.mark = np.empty(shape)
        """Marks of candidates that the state of the chain decides on."""
        self.may = np.empty((FIRST_SLOTS * count, runs, len(Lifting._fields)))
        """Ends that may come to an event, shape (event drawn, run, field)."""
        self.drawn = np.empty((count, 0), dtype=np.intp)
        """Place of an event in them, shape (restriction, slot); -1 if it is not drawn yet."""
        self._grow(FIRST_SLOTS)

    def _grow(self, slots: int) -> None:
        """Add slots to the arrays of events."""

        def longer(array: NDArray[Any], fill: float) -> NDArray[Any]:
            """An array with more slots."""
            more = np.full((array.shape[0], slots, *array.shape[2:]), fill, dtype=array.dtype)
            return np.concatenate([array, more], axis=1)

        self.onset, self.end = longer(self.onset, NEVER), longer(self.end, NEVER)
        self.ending, self.resumed = longer(self.ending, ABSENT), longer(self.resumed, ABSENT)
        self.mark = longer(self.mark, 0.0)
        self.drawn = longer(self.drawn, -1)

    @property
    def used(self) -> Index:
        """Slots that some run uses, shape (restriction,)."""
        return np.asarray(self.events.reshape(-1, self.numbers.runs).max(axis=1, initial=0), dtype=np.intp)

    def follow(self) -> None:
        """Find the events of all restrictions."""
        for groups in generations([restriction for _, restriction in self.restrictions], self.factors):
            self._place(groups)
            self._follow(groups)

    def _place(self, groups: Sequence[Group]) -> None:
        """Set out the candidates of a generation."""
        runs, begin = self.numbers.runs, 0
        time, needed = [], []
        for group in groups:
            for k in group:
                left = self._thinned(k, group)
                time.append(np.pad(left.time.T, ((0, 0), (0, 1)), constant_values=NEVER).ravel())
                needed.append(np.pad(left.needed.T, ((0, 0), (0, 1)), constant_values=np.inf).ravel())
                rows = slice(k * runs, (k + 1) * runs)
                self.at[rows] = begin + np.arange(runs) * (len(left.time) + 1)
                self.coming[rows] = time[-1][:: len(left.time) + 1]
                begin += len(time[-1])
        self.time, self.needed = np.concatenate(time), np.concatenate(needed)

    def _thinned(self, k: int, group: Group) -> Candidates:
        """Candidates that can still become onsets, given all events of the generations before."""
        found = self.found[k]
        earlier = [j for j in np.flatnonzero(self.factors[:, k] != 1.0).tolist() if j not in group]
        if not earlier or not len(found.time):
            return found
        factor = np.ones(found.time.shape)
        for j in earlier:
            in_force = np.zeros(found.time.shape, dtype=bool)
            for slot in range(self.used[j]):
                in_force |= (found.time >= self.onset[j, slot]) & (found.time < self.end[j, slot])
            factor[in_force] *= self.factors[j, k]
        with np.errstate(divide="ignore", invalid="ignore"):
            needed = found.needed / factor
        return packed(found.time, needed, needed < np.maximum(self.factors[list(group), k], 1.0).prod())

    def _follow(self, groups: Sequence[Group]) -> None:
        """Take candidates of a generation until every group of every run is past the horizon."""
        runs, most = self.numbers.runs, max(map(len, groups))
        members = np.array([group + (len(self.restrictions),) * (most - len(group)) for group in groups])
        inside = np.ones(self.factors.shape)
        for group in groups:
            inside[np.ix_(group, group)] = self.factors[np.ix_(group, group)]
        escalating = np.flatnonzero((inside != 1.0).any(axis=1))
        until = self.until.reshape(-1, runs)
        lane = np.repeat(np.arange(len(groups)), runs)
        run = np.tile(np.arange(runs), len(groups))
        while run.size:
            k = members[lane, 0]
            if most > 1:
                rows = members[lane] * runs + run[:, None]
                k = members[lane, self.coming[rows].argmin(axis=1)]
            now = self.coming[k * runs + run]
            going = now < self.horizon
            if not going.all():
                lane, run, k, now = lane[going], run[going], k[going], now[going]
            row = k * runs + run
            factor: Values | float = 1.0
            if escalating.size:
                in_force = until[escalating[:, None], run] > now
                factor = np.where(in_force, inside[escalating][:, k], 1.0).prod(axis=0)
            back = self.returns[row]
            strikes = back | (self.needed[self.at[row]] < factor)
            self._strike(k[strikes], run[strikes], now[strikes], back[strikes])
            self._pass(row[~strikes])

    def _pass(self, row: Index) -> None:
        """Leave candidates aside."""
        self.at[row] += 1
        self.coming[row] = self.time[self.at[row]]

    def _strike(self, k: Index, run: Index, onset: Values, back: NDArray[np.bool_]) -> None:
        """Make candidates events, and go on to the next candidate after each is over."""
        runs = self.numbers.runs
        row, region = k * runs + run, self.region[k] * runs + run
        slot = self.events[row]
        self._draw(k, slot)
        place = (k * self.onset.shape[1] + slot) * runs + run
        may = Lifting(*self.may[self.drawn[k, slot], run].T)
        end, how = ended(onset, may, self.truce_at[k], self.ruled[region], self.precedent[k])
        self.onset.reshape(-1)[place], self.end.reshape(-1)[place] = onset, end
        self.ending.reshape(-1)[place], self.resumed.reshape(-1)[place] = how, back
        self.events[row] = slot + 1
        self.until[row] = end
        # Only rulings are written: in one round, another restriction of the region may strike in the same run.
        won = region[how == RULING]
        self.ruled[won] = np.minimum(self.ruled[won], end[how == RULING])
        paused = how == TRUCE
        free = np.where(paused, end + may.lapse, end)
        # Whether it comes is not known yet, so each of its candidates stays one; given that the hazard of the day lets
        # it through, what its mark was held against is spread evenly.
        self.mark.reshape(-1)[place] = self.needed[self.at[row]]
        free = np.where(self.reacts[k], np.nextafter(onset, np.inf), free)
        at = self._after(self.at[row], free)
        returns = paused & (may.back > 0.0)
        self.at[row], self.returns[row] = at, returns
        self.coming[row] = np.where(returns, free, self.time[at])

    def _after(self, at: Index, free: Values) -> Index:
        """Places of the first candidates that are not before a time."""
        early = np.flatnonzero(self.time[at] < free)
        while early.size:
            at[early] += 1
            early = early[self.time[at[early]] < free[early]]
        return at

    def _draw(self, k: Index, slot: Index) -> None:
        """Draw the numbers of events that no run has reached before."""
        slots = self.onset.shape[1]
        if slot.size and int(slot.max()) >= slots:
            self._grow(slots)
            slots *= 2
        new = self.drawn[k, slot] < 0
        for pair in sorted(set((k[new] * slots + slot[new]).tolist())):
            index, number = divmod(pair, slots)
            name, restriction = self.restrictions[index]
            u = self.u[index, number] = self.numbers.of(name, f"event {number}", len(DRAWS))
            may = lifting(name, restriction, number, dict(zip(DRAWS, u, strict=True)), self.truces[index], self.numbers)
            place = self.drawn[index, number] = len(self.u) - 1
            if place == len(self.may):
                self.may = np.concatenate([self.may, np.empty_like(self.may)])
            for field, values in enumerate(may):
                self.may[place, :, field] = values
