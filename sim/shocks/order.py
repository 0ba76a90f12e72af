"""Which restrictions depend on which, and so in what order their events are found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.quantiles import Values
from sim.scenario.restrictions import Restriction

Group = tuple[int, ...]
"""Restrictions that depend on each other, by number."""


def generations(restrictions: Sequence[Restriction], factors: Values) -> list[list[Group]]:
    """Groups of restrictions whose events are found together, in generations that depend on earlier ones only.

    One depends on another that escalates it, and those that rulings can end depend on each other in a region where an
    earlier ruling is a precedent.

    Parameters
    ----------
    factors: Factor of each restriction in force (row) on the hazard of each other (column).
    """
    reaches = _reaches((factors != 1.0) | _precedents(restrictions))
    together = reaches & reaches.T
    before = reaches & ~together
    generation = np.zeros(len(restrictions), dtype=int)
    for _ in restrictions:
        generation = np.where(before, generation[:, None] + 1, 0).max(axis=0, initial=0)
    found: list[list[Group]] = []
    for number in range(int(generation.max(initial=-1)) + 1):
        groups = {tuple(np.flatnonzero(together[k]).tolist()): None for k in np.flatnonzero(generation == number)}
        found.append(list(groups))
    return found


def _precedents(restrictions: Sequence[Restriction]) -> NDArray[np.bool_]:
    """Whether a ruling on one restriction (row) may be a precedent for another (column), or the other way round."""
    count = len(restrictions)
    depends = np.zeros((count, count), dtype=bool)
    regions = {row.by for row in restrictions if row.ruling is not None and row.ruling.precedent < 1.0}
    for region in regions:
        members = [k for k, row in enumerate(restrictions) if row.by == region and row.ruling is not None]
        depends[np.ix_(members, members)] = True
    return depends


def _reaches(depends: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether one can be reached from another in any number of steps, none included."""
    reaches = depends | np.eye(len(depends), dtype=bool)
    for middle in range(len(depends)):
        reaches |= np.outer(reaches[:, middle], reaches[middle])
    return reaches
