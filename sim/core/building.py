"""How capacity is built: arrays and rows that section 12 of `MODEL.md` stands on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.addresses import by_address

Floats = NDArray[np.floating]
Ints = NDArray[np.int32]


@by_address
class Building(NamedTuple):
    """How capacity answers, in steps of about a month; scalars, and growth along the trend."""

    stride: np.int32  # periods a step
    step: np.floating  # the same number in the working precision
    answers: np.floating  # 1 where margins move capacity, 0 where only projects are followed
    follow_margin: np.floating
    order_response: np.floating  # share of capacity ordered in a step for a unit of incentive
    order_bound: np.floating  # share of capacity ordered in a step at most
    underway_bound: np.floating  # share of capacity under way at which orders end
    dead_zone: np.floating
    cancel_margin: np.floating
    growth: Floats  # g of capacity and reference activity, shape (process, period)
    people: Floats  # skilled people that growth along the trend takes in the step before, shape (skill, period)
    hurdle: Floats  # of each process; the next three too: shape (process, period), shares of a stage that leave it
    permit: Floats
    construction: Floats  # of one of its three stages
    ramp: Floats  # of one of its two stages
    trained: Floats  # skilled people trained in a step, shape (skill, period)


class Builders(NamedTuple):
    """What it takes to build capacity of each process; no rows where no capacity answers and no project is followed.

    Times are the share of a stage that leaves it in a step.
    """

    premium: Floats
    first_yield: Floats  # y0
    closure: Floats  # of idle capacity
    wear: Floats  # of all capacity
    people: Floats  # skilled people for a t/month
    skill: Ints  # row among skills, -1 if people are no limit


class Skills(NamedTuple):
    """Skilled people of a stage in a region."""

    free: Floats  # at the start
    leaving: Floats  # share of the free, in a step


class Projects(NamedTuple):
    """Processes that named projects enlarge."""

    process: Ints
