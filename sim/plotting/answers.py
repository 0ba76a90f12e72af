"""Who is answerable for a figure: one bar for each restriction, and one for what none explains."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.plotting import style
from sim.variables import CAUSE, METRIC

NO_RESTRICTION = "no restriction"
MOST = 12
"""Metrics drawn at most, one panel each."""


def blame(data: xr.Dataset) -> Figure:
    """Draw the parts of every figure with their errors, a panel for each metric.

    Parameters
    ----------
    data: What `sim.blame` returned.
    """
    metrics = [str(text) for text in data[METRIC].values][:MOST]
    height = 0.9 + 0.22 * data.sizes[CAUSE]
    figure = style.new_figure(8.0, 0.9 + height * len(metrics))
    for axes, metric in zip(figure.subplots(len(metrics), 1, squeeze=False)[:, 0], metrics, strict=True):
        blame_bars(axes, data.sel({METRIC: metric}))
    style.big_title(figure, f"What each restriction is answerable for: {data.attrs.get('title', '')}")
    source = f"Shapley values of {data.attrs['runs']} runs with the same draws; bars with one standard error either way"
    figure.supxlabel(source, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure


def blame_bars(axes: Axes, part: xr.Dataset) -> Axes:
    """Draw the parts of one figure, the largest on top.

    Parameters
    ----------
    part: One metric of what `sim.blame` returned.
    """
    ordered = part.sortby(abs(part.blame))
    names = [str(cause) for cause in ordered[CAUSE].values]
    colours = [style.GREY if name == NO_RESTRICTION else style.BLUE for name in names]
    axes.barh(names, ordered.blame.values, xerr=ordered.blame_error.values, color=colours, height=0.7, ecolor="black")
    axes.axvline(0.0, color=style.GREY, linewidth=0.8)
    style.dress(axes)
    axes.grid(visible=True, axis="x", color="0.9", linewidth=0.7)
    axes.grid(visible=False, axis="y")
    total, units = float(part.total), str(part.units.values)
    unit = "" if units == "1" else f" {units}"
    style.heading(axes, str(part[METRIC].values), f"{total:,.4g}{unit} +- {float(part.total_error):,.2g} in all")
    return axes
