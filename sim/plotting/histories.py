"""Restrictions and price under one another: what was in force when a price moved."""

from __future__ import annotations

import textwrap
from typing import Literal

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.errors import ResultError
from sim.months import later
from sim.plotting import style
from sim.plotting.fans import bands, legend_handles, limits
from sim.results.lookup import chosen, labels, origin, paths, restriction_title, variable
from sim.results.timeline import in_force
from sim.variables import MONTH, PRODUCT, REGION, RESTRICTION, RUN

TRACED: tuple[tuple[str, str, Literal["-", "--"]], ...] = (
    ("price", style.BLUE, "-"),
    ("transacted_price", style.GREEN, "--"),
)
LABEL_WIDTH = 44
IN_FORCE = LinearSegmentedColormap.from_list("in force", ["#FFFFFF", style.VERMILION])


def history(results: xr.DataTree, *, of: str, region: str, run: int | None = None) -> Figure:
    """Draw the price of a product, and below it when each restriction is in force.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    of: Product.
    region: Region.
    run: Number of a traced run, which is drawn alone; all runs by default: a fan, and shares of runs below it.

    Raises
    ------
    ResultError: An unknown name, no restriction, or a run that was not traced.
    """
    force = in_force(results) if run is None else _in_force_in(results, run)
    names = [name for name in labels(force, RESTRICTION) if run is None or bool(force.sel({RESTRICTION: name}).any())]
    if not force.sizes[RESTRICTION]:
        raise ResultError("the scenario has no restrictions; draw the price with --kind fan")
    figure = style.new_figure(10.0, 3.8 + 0.32 * max(len(names), 1))
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(9.0, max(len(names), 1.0)))
    if run is None:
        _fan(upper, results, of, region)
    else:
        _paths(upper, results, of, region, run)
    _bars(lower, results, force.sel({RESTRICTION: names}), alone=run is not None)
    source = origin(results)
    which = f"{source.runs:,} runs" if run is None else f"run {run}"
    title = style.begun(f"{style.named(of)}, {region}: price and restrictions")
    style.heading(upper, title, f"{which}; {source.title}")
    return style.sourced(figure, results)


def _fan(axes: Axes, results: xr.DataTree, of: str, region: str) -> None:
    path = paths(results, "price", of, region)
    style.dress(axes, size=style.NORMAL)
    bands(axes, path, is_share=False)
    dated = style.dated_onsets(results)
    style.mark(axes, dated)
    limits(axes, [path], is_share=False)
    axes.set_ylabel("quoted price\nover its reference", fontsize=style.NORMAL)
    style.beside(axes, legend_handles(is_share=False, dated=bool(dated)))


def _paths(axes: Axes, results: xr.DataTree, of: str, region: str, run: int) -> None:
    drawn = []
    style.dress(axes, size=style.NORMAL)
    for name, colour, dashes in TRACED:
        found = variable(results, "traces", name)
        place = {
            PRODUCT: chosen(of, labels(found, PRODUCT), PRODUCT),
            REGION: chosen(region, labels(found, REGION), REGION),
        }
        path = found.sel({RUN: run, **place})
        if bool(path.isnull().all()):
            raise ResultError(f"{of} has no price in {region}")
        axes.plot(style.middles(path[MONTH]), path.values, color=colour, linewidth=1.8, linestyle=dashes)
        drawn.append(path)
    axes.axhline(1.0, color=style.GREY, linewidth=0.8)
    limits(axes, drawn, is_share=False)
    axes.set_ylabel("price over its reference", fontsize=style.NORMAL)
    lines = [
        Line2D([], [], color=colour, linewidth=1.8, linestyle=dashes, label=name)
        for name, (_, colour, dashes) in zip(("quoted", "transacted"), TRACED, strict=True)
    ]
    style.beside(axes, [*lines, Line2D([], [], color=style.GREY, linewidth=0.8, label="reference")])


def _in_force_in(results: xr.DataTree, run: int) -> xr.DataArray:
    """Share of each month that each restriction is in force in one run, shape (restriction, time)."""
    if "traces" not in results.children:
        raise ResultError("no run was traced; run the scenario again with --traces")
    traced = [int(number) for number in results["traces"].to_dataset()[RUN].values]
    if run not in traced:
        raise ResultError(f"run {run} was not traced; traced are {traced[0]} to {traced[-1]}")
    one = results["shocks"].to_dataset().sel({RUN: [run]})
    return in_force(xr.DataTree.from_dict({"distribution": results["distribution"].to_dataset(), "shocks": one}))


def _bars(axes: Axes, results: xr.DataTree, force: xr.DataArray, *, alone: bool) -> None:
    """A bar for each restriction, the fuller its colour the more runs have it in force."""
    months = force[MONTH].values.astype("datetime64[M]")
    edges = [style.date_number(month) for month in (*months, later(months[-1], 1))]
    names = labels(force, RESTRICTION)
    if names:
        axes.pcolormesh(edges, np.arange(len(names) + 1) - 0.5, force.values, cmap=IN_FORCE, vmin=0.0, vmax=1.0)
    for row in range(len(names) + 1):
        axes.axhline(row - 0.5, color="white", linewidth=6.0)
    titles = [restriction_title(results, name) for name in names]
    axes.set_yticks(
        range(len(titles)),
        ["\n".join(textwrap.wrap(title, LABEL_WIDTH, max_lines=2, placeholder=" ...")) for title in titles],
    )
    axes.set_ylim(max(len(titles), 1) - 0.5, -0.5)
    axes.tick_params(axis="y", labelsize=style.SMALL, colors=style.GREY, length=0)
    axes.tick_params(axis="x", labelsize=style.NORMAL, colors=style.GREY, length=3)
    for side in axes.spines.values():
        side.set_color("0.85")
    style.date_axis(axes, force[MONTH])
    if not titles:
        axes.text(0.5, 0.5, "none in force", transform=axes.transAxes, ha="center", va="center", color=style.GREY)
    half = "for half of the month" if alone else "in half of the runs"
    style.beside(axes, [_shade(1.0, "in force"), _shade(0.5, half)])


def _shade(share: float, label: str) -> Line2D:
    return Line2D([], [], color=style.paler(style.VERMILION, 1.0 - share), linewidth=7.0, label=label)
