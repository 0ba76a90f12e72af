"""Pictures of results: each function takes axes, or makes a figure, and returns it; none touches global state."""

from sim.plotting.answers import blame, sensitivity, stress
from sim.plotting.fans import fan, fan_figure
from sim.plotting.overview import stages
from sim.plotting.timelines import shocks

__all__ = ["blame", "fan", "fan_figure", "sensitivity", "shocks", "stages", "stress"]
