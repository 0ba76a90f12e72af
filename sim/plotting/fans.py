"""Fan charts: the spread over runs of one variable, month by month."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim import variables
from sim.plotting import style
from sim.results.lookup import full_name, origin, paths
from sim.variables import MONTH, QUANTILE

BANDS = ((0.01, 0.99, 0.82), (0.05, 0.95, 0.62), (0.25, 0.75, 0.35))
"""Lower and upper quantile of each band, and how far its colour is mixed with white."""
SHARES = ("shortage", "sector_shortage", "stage_shortage", "stopped")
AXIS = {
    "price": "quoted price over its reference",
    "stage_price": "quoted price over its reference",
    "transacted_price": "transacted price over its reference",
    "inventory": "inventory over its reference",
    "flow": "outflow over its reference",
    "shortage": "intake missing",
    "stage_shortage": "intake missing",
    "sector_shortage": "service demand not met",
    "stopped": "lines that stand still",
}


def fan(results: xr.DataTree, name: str, *, of: str, region: str, ax: Axes | None = None) -> Axes:
    """Draw median and bands that hold 50, 90 and 98 % of runs.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    name: `price`, `shortage`, or another variable of `/distribution`.
    of: Product, stage or sector.
    region: Region, or `world`.
    ax: Axes to draw on; those of a new figure by default.

    Returns
    -------
    The axes, with a legend beside them.

    Raises
    ------
    ResultError: An unknown name, or something that does not exist in this region.
    """
    path = paths(results, name, of, region)
    full = full_name(results, name, of)
    axes = style.new_figure(8.0, 4.5).add_subplot() if ax is None else ax
    bands(axes, path, is_share=full in SHARES)
    style.mark(axes, style.dated_onsets(results))
    style.dress(axes, size=style.NORMAL)
    style.date_axis(axes, path[MONTH])
    limits(axes, [path], is_share=full in SHARES)
    axes.set_ylabel(AXIS.get(full, full), fontsize=style.NORMAL)
    source = origin(results)
    what = AXIS.get(full, full).split(" over ")[0]
    title = f"{style.named(of)}, {region}: {what}"
    style.heading(axes, title[0].upper() + title[1:], f"{source.runs:,} runs; {source.title}")
    axes.legend(
        handles=legend_handles(is_share=full in SHARES, dated=bool(style.dated_onsets(results))),
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        fontsize=style.SMALL,
    )
    return axes


def fan_figure(results: xr.DataTree, name: str, *, of: str, region: str) -> Figure:
    """A figure with one fan chart and its source; parameters as for `fan`."""
    figure = style.new_figure(8.0, 4.5)
    fan(results, name, of=of, region=region, ax=figure.add_subplot())
    return style.sourced(figure, results)


def bands(axes: Axes, path: xr.DataArray, *, is_share: bool) -> None:
    """Bands and median of one path, without any dress.

    Parameters
    ----------
    axes: Where to draw.
    path: Shape (quantile, time).
    is_share: Whether it is a shortage (vermilion) and no multiple (blue).
    """
    colour = _colour(is_share)
    time = style.middles(path[MONTH])
    levels = {round(float(level), 6): path.sel({QUANTILE: level}).values for level in path[QUANTILE].values}
    for low, high, paleness in BANDS:
        axes.fill_between(time, levels[low], levels[high], color=paler(colour, paleness), linewidth=0.0)
    axes.plot(time, levels[0.5], color=colour, linewidth=1.6)
    if not is_share:
        axes.axhline(1.0, color=style.GREY, linewidth=0.8)


def limits(axes: Axes, drawn: list[xr.DataArray], *, is_share: bool) -> None:
    """Axis along y for all paths drawn on axes, or on axes that share it."""
    low = min(float(path.min()) for path in drawn)
    high = max(float(path.max()) for path in drawn)
    if is_share:
        style.share_axis(axes, high)
    else:
        style.multiple_axis(axes, low, high)


def legend_handles(*, is_share: bool, dated: bool) -> list[Patch | Line2D]:
    """Entries of a legend: median, bands, reference and, if there are any, dated onsets."""
    colour = _colour(is_share)
    handles: list[Patch | Line2D] = [Line2D([], [], color=colour, linewidth=1.6, label="median run")]
    for low, high, paleness in reversed(BANDS):
        handles.append(Patch(color=paler(colour, paleness), linewidth=0.0, label=f"{100 * (high - low):.0f} % of runs"))
    if not is_share:
        handles.append(Line2D([], [], color=style.GREY, linewidth=0.8, label="reference"))
    if dated:
        handles.append(
            Line2D([], [], color=style.GREY, linewidth=0.8, linestyle=(0, (2, 2)), label="dated restriction")
        )
    return handles


def _colour(is_share: bool) -> str:
    return style.VERMILION if is_share else style.BLUE


def paler(colour: str, share: float) -> tuple[float, float, float]:
    """A colour mixed with white: opaque, so that bands do not darken one another."""
    red, green, blue = (1.0 - share) * np.array(to_rgb(colour)) + share
    return float(red), float(green), float(blue)


assert {level for low, high, _ in BANDS for level in (low, high)} <= set(variables.QUANTILES)
