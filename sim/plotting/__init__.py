"""Pictures of results: each function takes axes, or makes a figure, and returns it; none touches global state."""

from sim.plotting.answers import blame, discovery, sensitivity, stress
from sim.plotting.curves import exceeded, quoted
from sim.plotting.deciding import value_of_information
from sim.plotting.fans import fan, fan_figure
from sim.plotting.flows import chain_map
from sim.plotting.frontiers import frontier
from sim.plotting.goals import goal
from sim.plotting.heatmaps import heat, heat_figure
from sim.plotting.histories import history
from sim.plotting.overview import stages
from sim.plotting.tails import budget, spells
from sim.plotting.timelines import shocks

__all__ = [
    "blame",
    "budget",
    "chain_map",
    "discovery",
    "exceeded",
    "fan",
    "fan_figure",
    "frontier",
    "goal",
    "heat",
    "heat_figure",
    "history",
    "quoted",
    "sensitivity",
    "shocks",
    "spells",
    "stages",
    "stress",
    "value_of_information",
]
