"""Pictures of tails and comparisons: how often a quantity is exceeded, and differences with their intervals."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from sim.plotting import style

WHOLE = "all years"
UNITS = {"1": "", "t": "t", "month": "months", "week": "weeks"}
DIFFERENCE = ("difference", "difference_low", "difference_high")
LOG_BELOW = 0.05
"""Least share of a curve below which shares are drawn on a logarithmic axis."""
LEAST_SHARE = 1e-4


def exceedance(data: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the share of runs in which a quantity exceeds each value, with its band; years in colours of their own.

    Parameters
    ----------
    data: What `sim.questions.tails.exceedance` returned.
    ax: Axes to draw on; those of a new figure by default.

    Returns
    -------
    The axes; shares are on a logarithmic axis where they become small, so that tails can be read.
    """
    axes = style.new_figure(6.5, 4.2).add_subplot() if ax is None else ax
    years = [str(each) for each in data.horizon.values if each != WHOLE]
    shades = colormaps["viridis"](np.linspace(0.05, 0.9, max(len(years), 1)))
    for year, shade in zip(years, shades, strict=False):
        _steps(axes, data.sel(horizon=year), color=shade, linewidth=1.0, label=year)
    whole = data.sel(horizon=WHOLE)
    at = whole.threshold.values
    floor = max(0.5 / float(data.attrs["runs"]), LEAST_SHARE)
    axes.fill_between(
        at,
        np.maximum(whole.low.values, floor),
        np.maximum(whole.high.values, floor),
        step="post",
        color=style.BLUE,
        alpha=0.25,
        linewidth=0.0,
        label="95 % interval",
    )
    _steps(axes, whole, color=style.BLUE, linewidth=1.6, label="worst of all years" if years else "runs")
    style.dress(axes, size=style.NORMAL)
    if float(whole.share.min()) < LOG_BELOW:
        axes.set_yscale("log")
        axes.set_ylim(floor, 1.15)
    else:
        axes.set_ylim(0.0, 1.05)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, position: f"{100.0 * value:g} %"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("share of runs above", fontsize=style.NORMAL)
    per, unit = _scale(str(data.attrs["units"]), float(at.max()))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, position: style.number(value / per, 4)))
    meaning = str(data.attrs["meaning"]).rstrip(".")
    axes.set_xlabel(textwrap.fill(meaning + (f", {unit}" if unit else ""), 66), fontsize=style.NORMAL)
    style.heading(axes, str(data.attrs["quantity"]), width=60)
    axes.legend(frameon=False, fontsize=style.SMALL, loc="best")
    return axes


def _scale(unit: str, largest: float) -> tuple[float, str]:
    """How many of a unit make one of the unit that is shown, and its name."""
    if unit == "million USD" and largest >= 1e4:
        return 1e3, "billion USD"
    return 1.0, UNITS.get(unit, unit)


def _steps(axes: Axes, curve: xr.Dataset, **look: Any) -> None:
    """A curve of shares above thresholds; no share of a logarithmic axis is 0."""
    share = np.where(curve.share.values > 0.0, curve.share.values, np.nan)
    axes.step(curve.threshold.values, share, where="post", **look)


def _signed(figure: Figure, words: str) -> Figure:
    """Put the source at the foot."""
    figure.supxlabel(words, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure


def forest(data: xr.Dataset, metric: str, *, ax: Axes | None = None) -> Axes:
    """Draw differences to the first scenario with their paired intervals, and pale, those without common draws.

    Parameters
    ----------
    data: What `sim.compare` returned.
    metric: One of its metrics.
    ax: Axes to draw on; those of a new figure by default.
    """
    axes = style.new_figure(7.0, 3.0).add_subplot() if ax is None else ax
    part = data.sel(metric=metric)
    names = [str(name) for name in data.scenario.values if name != data.attrs["base"]]
    largest = float(np.nanmax(np.abs(part.difference.values)))
    per, unit = _scale(str(part.units.values), largest)
    for row, name in enumerate(names):
        each = part.sel(scenario=name)
        value, low, high = (float(each[item]) / per for item in DIFFERENCE)
        reach = 1.96 * float(each.unpaired_error) / per
        if np.isfinite(reach):
            axes.plot([value - reach, value + reach], [row, row], color="0.82", linewidth=5.0, solid_capstyle="butt")
        sure = low > 0.0 or high < 0.0
        colour = (style.VERMILION if value > 0.0 else style.GREEN) if sure else style.GREY
        if np.isfinite([low, high]).all():
            axes.plot([low, high], [row, row], color=colour, linewidth=2.0)
        axes.plot(value, row, "o", color=colour, markersize=5.0)
        words = f"{'+' if value > 0 else ''}{style.number(value)}"
        axes.annotate(words, (value, row), (0.0, 7.0), textcoords="offset points", ha="center", fontsize=style.SMALL)
    axes.axvline(0.0, color=style.GREY, linewidth=0.8)
    style.dress(axes, size=style.NORMAL)
    axes.grid(visible=False)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    base = f"{style.number(float(part.value.sel(scenario=data.attrs['base'])) / per, 4)} {unit}".strip()
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, position: style.number(value)))
    axes.set_xlabel(f"difference{', ' + unit if unit else ''}", fontsize=style.NORMAL)
    style.heading(axes, metric, f"difference to {data.attrs['base']}, which has {base}", width=60)
    return axes


def forest_figure(data: xr.Dataset) -> Figure:
    """A figure with a panel for each metric, a legend and the source; parameters as for `forest`."""
    from matplotlib.lines import Line2D

    metrics = [str(metric) for metric in data.metric.values]
    others = data.sizes["scenario"] - 1
    figure = style.new_figure(8.0, 0.6 + len(metrics) * (1.25 + 0.42 * others))
    grid = figure.subplots(len(metrics), 1, squeeze=False)
    for axes, metric in zip(grid.flat, metrics, strict=True):
        forest(data, metric, ax=axes)
    handles = [
        Line2D([], [], color=style.VERMILION, linewidth=2.0, marker="o", label="surely more (95 %)"),
        Line2D([], [], color=style.GREEN, linewidth=2.0, marker="o", label="surely less"),
        Line2D([], [], color=style.GREY, linewidth=2.0, marker="o", label="not told apart"),
        Line2D([], [], color="0.82", linewidth=5.0, label="without common draws"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, frameon=False, fontsize=style.SMALL)
    source = data.attrs
    return _signed(
        figure, f"Source: oreflow, {source['runs']:,} runs of each scenario, seed {source['seed']}, the same draws"
    )
