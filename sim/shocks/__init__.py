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

Reactive hazards
----------------
A hazard that depends on the state of the chain (a cut-off of blanks provoked by new magnet plants, dumping provoked by
new capacity) cannot be decided before the run, but its candidates can. The hazard of the onset is the most it can be;
every candidate that it lets through on the day becomes an event with a mark that is uniform on [0, 1), and the core
lets it come where the mark is below the share of that hazard which the state justifies, or strikes it out
(`MODEL.md`, section 1). What becomes of one candidate leaves the draws of the next untouched, so draws stay common
between policies, and a run remains a function of its number only. Escalation, truces and rulings that would follow
from such an event could be decided in the core only; they are refused. `/shocks` holds what came.
"""

from sim.quantiles import quantile
from sim.shocks.events import NEVER, Shocks, joined
from sim.shocks.sampling import sample

__all__ = ["NEVER", "Shocks", "joined", "quantile", "sample"]
