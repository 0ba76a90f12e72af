"""What knowledge is worth to a decision."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.plotting import style
from sim.variables import KNOWLEDGE, OPTION

BEYOND = 2
"""Rows of knowledge that are no single parameter; they stand first."""


def value_axes(data: xr.Dataset, *, ax: Axes | None = None, most: int = 12) -> Axes:
    """Draw what each parameter is worth to know, the most on top, below what all of them and everything are worth.

    Parameters
    ----------
    data: What `sim.value_of_information` returned.
    ax: Axes to draw on; those of a new figure by default.
    most: Parameters drawn at most.
    """
    axes = style.new_figure(8.0, 5.0).add_subplot() if ax is None else ax
    order = [*range(BEYOND), *(BEYOND + np.argsort(-data.value.values[BEYOND:], kind="stable")[:most])]
    part = data.isel({KNOWLEDGE: order})
    places = np.arange(len(order))[::-1]
    colours = [style.GREY] * BEYOND + [style.BLUE] * (len(order) - BEYOND)
    axes.barh(places, part.value.values, color=colours, height=0.7)
    # Values cannot be below 0, and neither can what lies within an error of them.
    below = np.minimum(part.value_error.values, part.value.values)
    bars = np.stack([below, part.value_error.values])
    axes.errorbar(part.value.values, places, xerr=bars, fmt="none", ecolor="black", elinewidth=1.2)
    axes.set_yticks(places, [str(name) for name in part[KNOWLEDGE].values])
    axes.set_xlim(left=0.0)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, position: style.number(value, 4)))
    style.dress(axes, size=style.NORMAL)
    axes.grid(visible=True, axis="x", color="0.9", linewidth=0.7)
    axes.grid(visible=False, axis="y")
    unit = str(data.attrs["units"])
    axes.set_xlabel("saved on average" + ("" if unit == "1" else f", {unit}"), fontsize=style.NORMAL)
    return axes


def value_of_information(data: xr.Dataset) -> Figure:
    """A figure with the chart, the decision and the source; parameters as for `value_axes`."""
    shown = min(data.sizes[KNOWLEDGE], 12 + BEYOND)
    figure = style.new_figure(9.0, 1.9 + 0.28 * shown)
    axes = value_axes(data, ax=figure.add_subplot())
    words = ", ".join(f"{name} ({float(data.chosen.sel({OPTION: name})):.0%})" for name in data[OPTION].values)
    style.heading(axes, f"To decide by {data.attrs['metrics']}", f"options, and in how many worlds best: {words}")
    style.big_title(figure, "What it is worth to know before the choice")
    about = data.attrs
    source = f"Source: oreflow, {about['worlds']} worlds of {about['runs']} runs, seed {about['seed']}"
    text = f"{source}; without more knowledge '{about['best']}' is chosen; lines: one standard error either way"
    figure.supxlabel(text, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure
