"""What mixes of policies cost against the loss they leave."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.plotting import style
from sim.variables import MIX

PALE = "0.75"
NEAR = 0.02
"""Share of an axis within which marks are numbered together."""


def frontier_axes(data: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw how much more loss and cost than the first mix each has, paired; numbers stand for mixes.

    Mixes that are dropped are pale.

    Parameters
    ----------
    data: What `sim.frontier` returned.
    ax: Axes to draw on; those of a new figure by default.
    """
    axes = style.new_figure(8.0, 5.0).add_subplot() if ax is None else ax
    ordered = data.sortby("cost_change")
    leads = ordered.isel({MIX: np.flatnonzero(ordered.leads.values)})
    axes.step(
        leads.cost_change,
        leads.loss_change,
        where="post",
        color=style.BLUE,
        linewidth=1.2,
        label="no figure is better in both",
    )
    kinds = (
        (ordered.dropped_for == "", style.BLUE, "not told apart from it (95 %)"),
        (ordered.dropped_for != "", PALE, "surely beaten, so dropped"),
    )
    for chosen, colour, label in kinds:
        part = ordered.isel({MIX: np.flatnonzero(chosen.values)})
        if part.sizes[MIX] == 0:
            continue
        bars: dict[str, Any] = {
            f"{way}err": _bars(part, name) for way, name in (("x", "cost_change"), ("y", "loss_change"))
        }
        look: dict[str, Any] = {"fmt": "o", "color": colour, "markersize": 4.5, "elinewidth": 0.8}
        axes.errorbar(part.cost_change.values, part.loss_change.values, **bars, **look, label=label)
    _number(axes, data)
    style.dress(axes, size=style.NORMAL)
    for axis, name in ((axes.xaxis, "cost"), (axes.yaxis, "loss")):
        unit = str(data.attrs[f"{name}_units"])
        axis.set_major_locator(MaxNLocator(6))
        axis.set_major_formatter(FuncFormatter(lambda value, position: style.number(value, 4)))
        axis.set_label_text(
            f"change of {data.attrs[name]}" + ("" if unit == "1" else f", {unit}"), fontsize=style.NORMAL
        )
    # Above the axes, where it covers no mark and no interval.
    axes.legend(frameon=False, fontsize=style.SMALL, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
    return axes


def _number(axes: Axes, data: xr.Dataset) -> None:
    """Write the numbers of mixes beside their marks: one text for those that cannot be told apart by eye."""
    where = np.stack([data.cost_change.values, data.loss_change.values], axis=1)
    width = np.maximum(np.ptp(where, axis=0), 1e-12)
    groups: dict[int, list[int]] = {}
    for place, point in enumerate(where):
        near = (first for first in groups if (np.abs(where[first] - point) < NEAR * width).all())
        groups.setdefault(next(near, place), []).append(place)
    look: dict[str, Any] = {"textcoords": "offset points", "fontsize": style.SMALL, "color": "black"}
    for first, places in groups.items():
        text = ", ".join(str(place + 1) for place in places)
        # A list stands above its mark, and to the left of one at the right end, so that it does not leave the axes.
        is_list, share = len(places) > 1, (where[first, 0] - where[:, 0].min()) / width[0]
        goes_left = is_list and share > 0.85
        offset = (3.0 if goes_left else 4.0, 12.0 if is_list else 4.0 if first % 2 == 0 else -11.0)
        axes.annotate(text, tuple(where[first]), offset, ha="right" if goes_left else "left", **look)


def _bars(part: xr.Dataset, name: str) -> NDArray[np.float64]:
    """Distances to the ends of intervals, shape (2, mix); none where an end is infinite."""
    found = np.stack([part[name] - part[f"{name}_low"], part[f"{name}_high"] - part[name]])
    return np.asarray(np.where(np.isfinite(found), np.maximum(found, 0.0), 0.0))


def frontier(data: xr.Dataset) -> Figure:
    """A figure with the chart, the names of the mixes and the source; parameters as for `frontier_axes`."""
    count = data.sizes[MIX]
    figure = style.new_figure(11.0, max(4.8, 1.4 + 0.2 * count))
    left, right = figure.subplots(1, 2, width_ratios=(2.2, 1.0))
    frontier_axes(data, ax=left)
    right.axis("off")
    names = "\n".join(f"{place}  {name}" for place, name in enumerate(data[MIX].values, start=1))
    right.text(0.0, 1.0, names, va="top", fontsize=style.SMALL, transform=right.transAxes)
    style.big_title(figure, f"What policies cost and what loss they leave: {data.attrs['title']}")
    source = f"Source: oreflow, {data.attrs['runs']:,} runs of each mix, seed {data.attrs['seed']}, the same draws"
    text = f"{source}; changes from mix 1, paired run by run; bars: 95 % for all mixes together, where runs bound it"
    figure.supxlabel(text, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure
