"""What may end an event: its duration, a truce, or a ruling."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.quantiles import Numbers, Values, quantile
from sim.scenario.arrival import Lasting, law_of
from sim.scenario.restrictions import Restriction
from sim.shocks.events import EXPIRED, NEVER, NO_END, RULING, TRUCE


class Lifting(NamedTuple):
    """Ends that may come to events, in months; any shape. Those without a name of their own count from the onset."""

    lasts: Values
    """Duration; `NEVER` if permanent."""
    truce: Values
    """Wait for a truce; `NEVER` if none comes at random."""
    lapse: Values
    """Months from truce to lapse."""
    back: Values
    """1 if the measure is back at the lapse, else 0."""
    complaint: Values
    """Wait for a complaint; `NEVER` if none is made or its ruling would not be obeyed."""
    lag: Values
    """Months from complaint to ruling without precedent."""


def lifting(
    name: str, restriction: Restriction, slot: int, u: dict[str, Values], truces: Values | None, numbers: Numbers
) -> Lifting:
    """Draw the ends that may come to one event in every run.

    Parameters
    ----------
    u: Numbers of the event, each of shape (run,).
    truces: Truces a month while in force, shape (run,); none where there is no such hazard.
    """
    never = np.full(numbers.runs, NEVER)
    lasting, truce, ruling = restriction.duration, restriction.truce, restriction.ruling
    lasts = quantile(lasting.months, u["duration"]) if isinstance(lasting, Lasting) else never
    wait = lapse = back = complaint = lag = never
    if truces is not None:
        with np.errstate(divide="ignore"):
            wait = np.minimum(-np.log(u["truce"]) / truces, NEVER)
    if truce is not None:
        u_lapse, u_back = numbers.of(name, f"truce {slot}", 2)
        lapse, back = quantile(truce.lapse_months, u_lapse), (u_back < truce.snap_back).astype(float)
    if ruling is not None:
        u_complaint, u_lag, u_obeyed = numbers.of(name, f"ruling {slot}", 3)
        obeyed = u_obeyed < ruling.probability
        complaint = np.where(obeyed, quantile(ruling.complaint_months, u_complaint), NEVER)
        lag = quantile(ruling.lag(restriction.kind), u_lag)
    return Lifting(lasts, wait, lapse, back, complaint, lag)


def truce_hazard(name: str, restriction: Restriction, numbers: Numbers) -> Values | None:
    """Draw the truces a month of each run; none where a restriction has no such hazard."""
    truce = restriction.truce
    if truce is None or truce.hazard_per_year is None:
        return None
    return quantile(law_of(truce.hazard_per_year), numbers.of(name, "truce hazard", 1)[0]) / 12.0


def ended(
    onset: Values, may: Lifting, truce_at: Values, ruled: Values, precedent: Values
) -> tuple[Values, NDArray[np.int8]]:
    """End of events, months from the start, and how it comes about: by whatever comes first.

    Parameters
    ----------
    onset: Months from the start, any shape; so all others.
    may: Ends that may come.
    truce_at: Date of a truce, months from the start; `NEVER` without one.
    ruled: First time at which a ruling ends a measure of the same region that began earlier.
    precedent: Factor on the lag of a ruling if that was before the complaint.
    """
    end = np.minimum(onset + may.lasts, NEVER)
    how = np.where(end < NEVER, EXPIRED, NO_END)
    complaint = onset + may.complaint
    ruling = complaint + may.lag * np.where(ruled <= complaint, precedent, 1.0)
    how, end = np.where(ruling < end, RULING, how), np.minimum(end, ruling)
    truce = np.minimum(onset + may.truce, np.where(onset < truce_at, truce_at, NEVER))
    how, end = np.where(truce < end, TRUCE, how), np.minimum(end, truce)
    return end, how.astype(np.int8)
