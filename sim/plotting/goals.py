"""How a figure became known as runs were added: what every look at it saw, against the error asked for."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from sim.plotting import style


def goal(data: xr.Dataset) -> Figure:
    """Draw the looks at a figure, with their intervals and the error that was asked for.

    Parameters
    ----------
    data: What `Reached.table` returned (`sim.run_until`).
    """
    figure = style.new_figure(6.5, 4.2)
    goal_axes(data, ax=figure.add_subplot())
    state = "reached" if data.attrs["reached"] else "not reached"
    source = f"{data.attrs['title']}; seed {data.attrs['seed']}; goal {state}; intervals at 95 %"
    figure.supxlabel(source, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure


def goal_axes(data: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the same on an axis, of runs on a logarithmic scale.

    Parameters
    ----------
    data: As of `goal`.
    ax: Axes to draw on; those of a new figure by default.
    """
    axes = style.new_figure(6.5, 4.2).add_subplot() if ax is None else ax
    runs, value = data.runs.values, data.value.values
    bounded = np.isfinite(data.low.values) & np.isfinite(data.high.values)
    reach = np.array([value - data.low.values, data.high.values - value])[:, bounded]
    axes.errorbar(
        runs[bounded], value[bounded], yerr=reach, fmt="o", color=style.BLUE, capsize=3, label="95 % interval"
    )
    # A tail of too few runs has no end: the figure alone.
    axes.plot(runs[~bounded], value[~bounded], "o", color=style.BLUE, fillstyle="none")
    last, allowed = float(value[-1]), float(data.allowed.values[-1])
    axes.axhspan(last - allowed, last + allowed, color=style.GREY, alpha=0.2, linewidth=0.0, label="asked for")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(runs.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, position: f"{at:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda at, position: style.number(at, 4)))
    style.dress(axes, size=style.NORMAL)
    axes.set_xlabel("runs", fontsize=style.NORMAL)
    unit = str(data.attrs["units"])
    style.heading(axes, str(data.attrs["goal"]), "" if unit == "1" else unit, width=60)
    axes.legend(frameon=False, fontsize=style.SMALL, loc="best")
    return axes
