"""Events of one restriction as the core wants them: what is drawn of each, steps of a schedule, what spills over."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.chain.reference import Reference
from sim.quantiles import Numbers, Values, quantile
from sim.scenario import Scenario
from sim.scenario.measures import Spilling
from sim.shocks.course import DRAWS, Course
from sim.shocks.events import ABSENT, EXPIRED, NEVER, Flags, absent, padded
from sim.shocks.levels import Level
from sim.variables import STEPPED


class Strikes(NamedTuple):
    """Events of one restriction, shape (slot, run), with the fields of `Shocks`; flags come last."""

    announced: Values
    onset: Values
    since: Values
    end: Values
    level: Values
    severity: Values
    rise: Values
    hold: Values
    recovery: Values
    mark: Values
    ending: Flags
    resumed: Flags


def strikes(scenario: Scenario, reference: Reference, course: Course, index: int, name: str) -> Strikes:
    """Events of a restriction, cut into the steps of its schedule."""
    restriction, profile = scenario.restrictions[name], scenario.restrictions[name].profile
    used = int(course.used[index])
    onset, end = course.onset[index, :used], course.end[index, :used]
    flags = course.ending[index, :used], course.resumed[index, :used]
    if used == 0:
        return Strikes(onset, onset, onset, onset, onset, onset, onset, onset, onset, onset, *flags)
    rest = np.zeros((6, *onset.shape))
    happens = onset < NEVER
    drawn = np.array([course.u[index, slot] for slot in range(used)])
    u = {draw: drawn[:, number] for number, draw in enumerate(DRAWS)}
    # A measure that comes back has the level it had.
    origin = np.broadcast_to(np.arange(used)[:, None], onset.shape).copy()
    for slot in range(1, used):
        origin[slot] = np.where(flags[1][slot] == 1, origin[slot - 1], slot)
    former = np.take_along_axis(onset, origin, axis=0)
    u_level = np.take_along_axis(u["level"], origin, axis=0)
    # The last event is over before the next is announced; of candidates it is not known which will have come.
    ends = end[:-1] if restriction.reacts is None else np.full(end[:-1].shape, -NEVER)
    over = np.concatenate([np.zeros((1, onset.shape[1])), ends])[happens]
    begun, recovery = onset[happens], profile.recovery_months
    first = Level(restriction, reference.targets[name], scenario.time)
    rest[:, happens] = np.array(
        [
            np.maximum(begun - quantile(restriction.notice_months, u["notice"][happens]), np.minimum(over, begun)),
            *first.at(u_level[happens], former[happens], former[happens]),
            quantile(profile.rise_months, u["rise"][happens]),
            quantile(profile.hold_months, u["hold"][happens]),
            np.where(
                u["recovers"][happens] < profile.probability,
                quantile(recovery, u["recovery"][happens]) if recovery is not None else 0.0,
                0.0,
            ),
        ]
    )
    announced, level, severity, rise, hold, recovery = rest
    announced = np.where(happens, announced, NEVER)
    mark = course.mark[index, :used]
    found = Strikes(announced, onset, onset, end, level, severity, rise, hold, recovery, mark, *flags)
    steps = [scenario.time.months_to(step.start) for step in getattr(restriction, "schedule", ())]
    return _stepped(found, steps, first, u_level) if steps else found


def _stepped(found: Strikes, steps: list[float], level: Level, u: Values) -> Strikes:
    """Cut events into the steps of a schedule: one follows the other without a gap, and all count from one onset.

    Parameters
    ----------
    steps: Months from the start at which the later levels begin.
    u: Probability that stands for the level of each event.
    """
    edges = [-NEVER, *steps, NEVER]
    parts = []
    for number, (first, last) in enumerate(pairwise(edges)):
        begin, end = np.maximum(found.onset, first), np.minimum(found.end, last)
        exists, initial = (found.onset < NEVER) & (begin < end), begin == found.onset
        part = found._replace(
            announced=np.where(initial, found.announced, begin),
            onset=begin,
            end=end,
            resumed=np.where(initial, found.resumed, STEPPED).astype(np.int8),
        )
        if number > 0:
            strength, severity = np.zeros((2, *begin.shape))
            strength[exists], severity[exists] = level.at(u[exists], begin[exists], found.since[exists], step=number)
            part = part._replace(level=strength, severity=severity)
        parts.append(_only(part, exists))
    # Step by step within each event.
    joined: Any = (np.stack(rows, axis=1).reshape(-1, rows[0].shape[1]) for rows in zip(*parts, strict=True))
    return _in_order(Strikes(*joined))


def _only(found: Strikes, exists: NDArray[np.bool_]) -> Strikes:
    """The events that exist; the others are absent."""
    kept = {name: np.where(exists, array, absent(name)).astype(array.dtype) for name, array in found._asdict().items()}
    return Strikes(**kept)


def _in_order(found: Strikes) -> Strikes:
    """Events without empty slots between them."""
    order = np.argsort(found.ending == ABSENT, axis=0, kind="stable")
    slots = int((found.ending != ABSENT).sum(axis=0).max(initial=0))
    moved: Any = (np.take_along_axis(array, order, axis=0)[:slots] for array in found)
    return Strikes(*moved)


def spillover(scenario: Scenario, name: str, measure: Strikes, numbers: Numbers) -> Strikes:
    """Events of what spills over from a restriction: they come with its own and have a level and an end of theirs.

    Parameters
    ----------
    measure: Events of the restriction, which may be cut into steps.
    """
    restriction = scenario.restrictions[name]
    assert isinstance(restriction, Spilling) and restriction.spillover is not None
    found = _in_order(_only(measure, (measure.ending != ABSENT) & (measure.resumed != STEPPED)))
    happens, zero, slots = found.onset < NEVER, np.zeros(found.onset.shape), len(found.onset)
    # The measure ends with the last of its steps.
    own = (measure.since == found.onset[:, None]) & happens[:, None]
    last = np.where(own, measure.end, 0.0).max(axis=1, initial=0.0)
    u = np.array([numbers.of(name, f"spillover {slot}", 2) for slot in range(slots)]).reshape(slots, 2, numbers.runs)
    until = found.onset + quantile(restriction.spillover.months, u[:, 1])
    level = quantile(restriction.spillover.share, u[:, 0])
    spilled = found._replace(
        announced=found.onset,
        end=np.minimum(until, last),
        level=level,
        severity=level,
        rise=zero,
        hold=zero,
        recovery=zero,
        ending=np.where(until <= last, EXPIRED, found.ending).astype(np.int8),
    )
    return _only(spilled, happens)


def stacked_strikes(rows: list[Strikes], runs: int) -> dict[str, NDArray[Any]]:
    """Events of all restrictions by field, shape (restriction, slot, run), with the slots that the busiest needs."""
    slots = max([1, *(len(row.onset) for row in rows)])
    found = {}
    for name in Strikes._fields:
        dtype = np.int8 if name in ("ending", "resumed") else np.float64
        arrays = [padded(getattr(row, name)[None], slots, absent(name)) for row in rows]
        found[name] = np.concatenate([np.empty((0, slots, runs), dtype=dtype), *arrays])
    return found
