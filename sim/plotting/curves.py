"""Curves of one product or sector: the quote against what is paid, and how often a run exceeds a value."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Literal

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from sim import variables
from sim.errors import ResultError
from sim.plotting import style
from sim.results.exceedance import exceedance
from sim.results.intervals import COVERAGE
from sim.results.lookup import chosen, labels, origin, paths, variable
from sim.scenario.dates import span
from sim.variables import MONTH, QUANTILE, REGION, RUN, Variable

QUOTED, PAID = style.BLUE, style.GREEN
BAND = (0.05, 0.95)
MULTIPLE = "peak_"
"""How the names of price multiples begin."""


def quoted(results: xr.DataTree, *, of: str, region: str, ax: Axes | None = None) -> Axes:
    """Draw the quoted price of a product against the price material changes hands at: medians and 5 to 95 % of runs.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    of: Product.
    region: Region, or `world`.
    ax: Axes to draw on; those of a new figure by default.

    Raises
    ------
    ResultError: An unknown name, or a product without a price in this region.
    """
    drawn = [paths(results, name, of, region) for name in ("price", "transacted_price")]
    axes = style.new_figure(8.0, 4.5).add_subplot() if ax is None else ax
    time = style.middles(drawn[0][MONTH])
    for path, colour, ground in zip(drawn, (QUOTED, PAID), (0.72, 0.55), strict=True):
        low, middle, high = (path.sel({QUANTILE: level}).values for level in (BAND[0], 0.5, BAND[1]))
        axes.fill_between(time, low, high, color=style.paler(colour, ground), alpha=0.6, linewidth=0.0)
        axes.plot(time, middle, color=colour, linewidth=1.8, linestyle="-" if colour == QUOTED else "--")
    axes.axhline(1.0, color=style.GREY, linewidth=0.8)
    dated = style.dated_onsets(results)
    style.mark(axes, dated)
    style.dress(axes, size=style.NORMAL)
    style.date_axis(axes, drawn[0][MONTH])
    inner = [path.sel({QUANTILE: list(BAND)}) for path in drawn]
    style.multiple_axis(axes, min(float(path.min()) for path in inner), max(float(path.max()) for path in inner))
    axes.set_ylabel("price over its reference", fontsize=style.NORMAL)
    source = origin(results)
    style.heading(
        axes,
        style.begun(f"{style.named(of)}, {region}: quoted and transacted price"),
        f"{source.runs:,} runs; {source.title}",
    )
    style.beside(axes, _price_legend(dated=bool(dated)))
    return axes


def _price_legend(*, dated: bool) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = []
    entries: tuple[tuple[str, str, float, Literal["-", "--"]], ...] = (
        ("quoted (spot)", QUOTED, 0.72, "-"),
        ("transacted, contracts\nincluded", PAID, 0.55, "--"),
    )
    for label, colour, ground, dashes in entries:
        handles.append(Line2D([], [], color=colour, linewidth=1.8, linestyle=dashes, label=f"{label}: median"))
        handles.append(Patch(color=style.paler(colour, ground), linewidth=0.0, label="5 to 95 % of runs"))
    handles.append(Line2D([], [], color=style.GREY, linewidth=0.8, label="reference"))
    if dated:
        handles.append(style.dated_handle())
    return handles


def exceeded(results: xr.DataTree, name: str = "peak_price", *, of: str, region: str, ax: Axes | None = None) -> Axes:
    """Draw the share of runs that exceed each value of a variable of `/runs`, with a band for so many runs.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    name: Variable of `/runs` with a product, stage or sector, and a region.
    of: Product, stage or sector.
    region: Region.
    ax: Axes to draw on; those of a new figure by default.

    Raises
    ------
    ResultError: An unknown name, or something that has no value here.
    """
    found = variable(results, "runs", name)
    first = next((str(dim) for dim in found.dims if dim not in (RUN, REGION)), "")
    if REGION not in found.dims:
        raise ResultError(f"{name} has no region; give a variable of products, stages or sectors")
    values = found.sel(
        {first: chosen(of, labels(found, first), first), REGION: chosen(region, labels(found, REGION), REGION)}
    ).values
    if bool(np.isnan(values).all()):
        raise ResultError(f"{of} has no {name} in {region}, in no run")
    axes = style.new_figure(8.0, 4.5).add_subplot() if ax is None else ax
    declared = next(item for item in variables.RUNS if item.name == name)
    _curve(axes, values, _form(declared))
    _value_axis(axes, declared, float(np.nanmin(values)), float(np.nanmax(values)))
    axes.set_ylabel("share of runs above it", fontsize=style.NORMAL)
    source = origin(results)
    missing = int(np.isnan(values).sum())
    left_out = f"; {missing:,} runs without a value left out" if missing else ""
    style.heading(
        axes,
        style.begun(f"{style.named(of)}, {region}: {name.replace('_', ' ')}, share of runs above a value"),
        f"{source.runs:,} runs of {span(source.years)}{left_out}; {source.title}",
    )
    return axes


def _curve(axes: Axes, values: NDArray[np.float32], form: Callable[[float], str]) -> None:
    found = exceedance(values)
    start = found.values[0] - 0.02 * max(float(np.ptp(found.values)), 1e-9)
    grid = np.concatenate(([start], found.values))
    share, low, high = (np.concatenate(([1.0], each)) for each in (found.share, found.low, found.high))
    low[0] = 1.0
    axes.fill_between(grid, low, high, step="post", color=style.paler(style.BLUE, 0.72), linewidth=0.0)
    axes.step(grid, share, where="post", color=style.BLUE, linewidth=1.8)
    style.dress(axes, size=style.NORMAL)
    axes.grid(visible=True, axis="x", color="0.93", linewidth=0.7)
    axes.set_ylim(0.0, 1.02)
    style.percent_ticks(axes.yaxis)
    for level in (0.5, 0.05):
        above = np.flatnonzero(found.share <= level)
        value = float(found.values[above[0]])
        axes.plot([value], [level], "o", color=style.BLUE, markersize=4)
        said = f"{100 * level:g} % of runs above {form(value)}"
        axes.annotate(said, (value, level), (6, 6), textcoords="offset points", fontsize=style.SMALL, color=style.GREY)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=style.BLUE, linewidth=1.8, label="share of runs"),
        Patch(
            color=style.paler(style.BLUE, 0.72),
            linewidth=0.0,
            label=f"{100 * COVERAGE:g} % interval\nfor {found.runs:,} runs",
        ),
    ]
    style.beside(axes, handles)


def _form(declared: Variable) -> Callable[[float], str]:
    """How a value of a variable is written: multiples, shares and amounts look different."""
    if declared.name.startswith(MULTIPLE):
        return lambda value: f"x{value:.3g}"
    if declared.units == "1":
        return lambda value: f"{100.0 * value:.3g} %"
    return style.number


def _value_axis(axes: Axes, declared: Variable, low: float, high: float) -> None:
    unit = "" if declared.units == "1" else f" ({declared.units})"
    axes.set_xlabel(textwrap.fill(declared.meaning.rstrip(".") + unit, 80), fontsize=style.NORMAL)
    if declared.name.startswith(MULTIPLE) and high / max(low, 1e-9) > style.TALL_RATIO:
        axes.set_xscale("log")
        ticks = [tick for tick in style.MULTIPLES if low / 1.1 <= tick <= high * 1.1]
        axes.xaxis.set_major_locator(FixedLocator(ticks[:: 1 + len(ticks) // style.MOST_TICKS]))
        axes.xaxis.set_minor_locator(NullLocator())
    form = _form(declared)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, position: form(value)))


def sourced(axes: Axes, results: xr.DataTree) -> Figure:
    """The figure that holds axes, with the source of the results at its foot."""
    return style.sourced(style.figure_of(axes), results)
