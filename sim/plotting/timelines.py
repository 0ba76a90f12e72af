"""When restrictions strike and for how long: one row for each restriction."""

from __future__ import annotations

import textwrap

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.errors import ResultError
from sim.plotting import style
from sim.results import sentences
from sim.results.drawn import RestrictionRow, restrictions
from sim.results.lookup import origin
from sim.results.timeline import in_force, onsets
from sim.variables import MONTH, RESTRICTION

LONG = 60
"""Months of a horizon from which onsets are counted by quarter."""


def shocks(results: xr.DataTree) -> Figure:
    """Draw the share of runs in which each restriction is in force, and beside it when it sets in.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.

    Raises
    ------
    ResultError: The scenario has no restriction.
    """
    rows = restrictions(results)
    if not rows:
        raise ResultError("the scenario has no restrictions, so there is nothing to draw")
    force, begun = in_force(results), onsets(results)
    figure = style.new_figure(10.0, 1.5 + 1.05 * len(rows))
    grid = figure.subplots(len(rows), 2, sharex=True, squeeze=False, width_ratios=(3, 2))
    for row, (left, right) in zip(rows, grid, strict=True):
        _force(left, force.sel({RESTRICTION: row.name}), row, min(1.05 * float(force.max()), 1.0))
        _onset(right, begun.sel({RESTRICTION: row.name}))
    grid[0, 0].annotate(
        "Runs in which it is in force", (0, 1), (0, 21), "axes fraction", "offset points", fontsize=style.LARGE
    )
    every = "quarter" if force[MONTH].size >= LONG else "month"
    grid[0, 1].annotate(
        f"Runs in which it sets in, by {every}", (0, 1), (0, 21), "axes fraction", "offset points", fontsize=style.LARGE
    )
    source = origin(results)
    style.big_title(figure, f"Restrictions in {source.runs:,} runs: {source.title}")
    return style.sourced(figure, results)


def _force(axes: Axes, share: xr.DataArray, row: RestrictionRow, top: float) -> None:
    style.dress(axes)
    axes.fill_between(share[MONTH].values, 0.0, share.values, step="post", color=style.BLUE, alpha=0.75, linewidth=0.0)
    axes.set_ylim(0.0, max(top, style.LEAST_SHARE))
    axes.locator_params(axis="y", nbins=3)
    style.percent_ticks(axes.yaxis)
    style.date_axis(axes, share[MONTH])
    title = textwrap.shorten(row.title, 60, placeholder=" ...")
    label = f"{title}  (strikes {sentences.percent(row.strikes)} of runs)"
    axes.set_title(label, loc="left", fontsize=style.NORMAL, pad=3.0)


def _onset(axes: Axes, counts: xr.DataArray) -> None:
    style.dress(axes)
    months = 3 if counts[MONTH].size >= LONG else 1
    begins = counts[MONTH].values[::months]
    total = np.add.reduceat(counts.values, np.arange(0, counts.size, months))
    axes.bar(begins, total, width=30.4 * months * 0.9, align="edge", color=style.VERMILION)
    style.date_axis(axes, counts[MONTH])
    axes.set_ylim(0.0, max(1.1 * float(total.max()), 1e-3))
    style.percent_ticks(axes.yaxis)
    axes.locator_params(axis="y", nbins=3)
