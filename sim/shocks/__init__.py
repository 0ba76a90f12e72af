"""Shocks: restrictions as drawn in every run. All randomness of a run lives here.

The core is deterministic: it replays the events drawn here. A historical episode is a scenario whose restrictions
have dates.

How onsets are drawn
--------------------
Of each restriction with a hazard, *candidates* are drawn as a Poisson process over the whole horizon, at the largest
hazard the run can meet (conflict, and all that escalates it in force), each with a uniform *mark*. A candidate becomes
an onset if the mark, times that largest hazard, is below the hazard on the day, and the restriction is neither in
force nor under a truce. This thinning is exact (Lewis and Shedler 1979), and since candidates and marks come from the
restriction's own stream and do not depend on what becomes of them, runs with and without another restriction, or a
policy, share them.

Steps and spillovers
--------------------
A measure with a schedule is cut into steps, events that follow each other without a gap, once it is known when it is in
force: a schedule changes neither onsets nor ends. What spills over from a restriction is a row of its own,
`NAME.spillover`, with the onsets of the restriction and a level and an end from that restriction's stream.

Reactive hazards: how they will be drawn
----------------------------------------
A hazard that depends on the state of the chain (a cut-off of blanks provoked by a production credit, dumping provoked
by new capacity) cannot be decided before the run, but its candidates can: `candidates` already draws them. What has to
be handed to the core for each such restriction is

* the time and the mark of each candidate, shape (restriction, candidate, run), at the declared maximum of the hazard,
  which is an input of the scenario and bounds the function of state;
* the quantities of the event that each candidate would be (notice, duration, level, profile, lifting), drawn by number
  of candidate rather than by slot, so that accepting one leaves the draws of the next untouched.

In the period that holds a candidate the core compares mark < hazard(state, policy) / maximum, with the restriction not
in force, and on acceptance copies the candidate's quantities into the event in force; escalation and rulings that
follow from such an event must then be decided in the core too, since only there it is known to have happened. A hazard
above its declared maximum is counted and reported, never clipped in silence. Anticipation is lost: an onset decided on
the day has no announcement before it, so notice shifts the onset instead. Draws stay common between policies, and a
run remains a function of its number only.
"""

from sim.quantiles import quantile
from sim.shocks.events import NEVER, Shocks, joined
from sim.shocks.sampling import sample

__all__ = ["NEVER", "Shocks", "joined", "quantile", "sample"]
