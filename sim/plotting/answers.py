"""Answers to questions: who is answerable for a figure, what sets runs with a rare event apart, what matters."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.plotting import style
from sim.variables import CAUSE, DRAW, FACTOR, INPUT, METRIC, PARAMETER

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
    height = 1.2 + 0.24 * (data.sizes[CAUSE] + 1)
    figure = style.new_figure(8.0, 0.9 + height * len(metrics))
    for axes, metric in zip(figure.subplots(len(metrics), 1, squeeze=False)[:, 0], metrics, strict=True):
        blame_bars(axes, data.sel({METRIC: metric}))
    style.big_title(figure, f"What each restriction is answerable for: {data.attrs.get('title', '')}")
    source = (
        f"{_maker(data)}Shapley values of {data.attrs['runs']:,} runs, same draws; blue adds, green takes off; "
        "lines: one standard error"
    )
    figure.supxlabel(source, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure


def _maker(data: xr.Dataset) -> str:
    """Version and seed that an answer comes from, as far as it says so."""
    given = (("oreflow ", "oreflow_version"), ("seed ", "seed"))
    made = ", ".join(f"{word}{data.attrs[key]}" for word, key in given if key in data.attrs)
    return f"Source: {made}; " if made else ""


def blame_bars(axes: Axes, part: xr.Dataset) -> Axes:
    """Draw the parts of one figure as a waterfall: the largest on top, each from where the last ends, then their sum.

    Parameters
    ----------
    part: One metric of what `sim.blame` returned.
    """
    ordered = part.isel({CAUSE: np.argsort(-abs(part.blame.values), kind="stable")})
    names, values = [str(cause) for cause in ordered[CAUSE].values], ordered.blame.values
    ends, places = np.cumsum(values), np.arange(values.size + 1)[::-1]
    colours = [_colour(name, value) for name, value in zip(names, values, strict=True)]
    axes.barh(places[:-1], values, left=ends - values, color=colours, height=0.7)
    axes.errorbar(ends, places[:-1], xerr=ordered.blame_error.values, fmt="none", ecolor="black", elinewidth=1.2)
    axes.vlines(ends, places[1:] - 0.35, places[:-1] + 0.35, color=style.GREY, linewidth=0.8)
    total, units = float(part.total), str(part.units.values)
    axes.barh(places[-1:], [total], xerr=[float(part.total_error)], color="black", ecolor=style.GREY, height=0.7)
    axes.set_yticks(places, [*names, "together"])
    axes.axvline(0.0, color=style.GREY, linewidth=0.8)
    style.dress(axes)
    axes.grid(visible=True, axis="x", color="0.9", linewidth=0.7)
    axes.grid(visible=False, axis="y")
    unit = "" if units == "1" else f" {units}"
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, position: style.number(value)))
    axes.set_xlabel(f"sum of the parts so far{unit and f',{unit}'}", fontsize=style.SMALL, color=style.GREY)
    style.heading(
        axes,
        str(part[METRIC].values),
        f"{style.number(total, 4)}{unit} +- {style.number(float(part.total_error))} in all",
    )
    return axes


def _colour(name: str, value: float) -> str:
    """What adds is blue, what takes off is green, and what no restriction explains is grey."""
    if name == NO_RESTRICTION:
        return style.GREY
    return style.BLUE if value >= 0.0 else style.GREEN


def stress(data: xr.Dataset) -> Figure:
    """Draw what sets runs with an event apart: how often each restriction comes, and where the draws lie.

    Parameters
    ----------
    data: `data` of what `sim.stress` returned.
    """
    draws = data.draw_mean[:MOST]
    figure = style.new_figure(11.0, 1.6 + 0.3 * max(data.sizes[CAUSE], draws.size, 4))
    left, right = figure.subplots(1, 2, squeeze=False)[0]
    names, rows = [str(cause) for cause in data[CAUSE].values], np.arange(data.sizes[CAUSE])[::-1]
    left.barh(rows + 0.2, data.came.values, height=0.38, color=style.VERMILION, label="runs with the event")
    left.barh(rows - 0.2, data.came_usually.values, height=0.38, color=style.GREY, label="all runs")
    left.set_yticks(rows, names)
    left.set_xlim(0.0, 1.0)
    style.percent_ticks(left.xaxis)
    left.legend(frameon=False, fontsize=style.SMALL, loc="lower center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    style.dress(left)
    style.heading(left, "Restrictions that come", "share of runs", width=50)
    places = np.arange(draws.size)[::-1]
    right.hlines(places, 0.5, draws.values, color=style.BLUE)
    right.plot(draws.values, places, "o", color=style.BLUE)
    right.axvline(0.5, color=style.GREY, linewidth=0.8)
    right.set_yticks(places, [str(name) for name in draws[DRAW].values])
    right.set_xlim(0.0, 1.0)
    style.dress(right)
    style.heading(right, "Draws behind it", "mean of uniform numbers, runs with the event", width=50)
    chance = f"{float(data.probability):.2g} ({float(data.low):.2g} to {float(data.high):.2g})"
    style.big_title(figure, f"{data.attrs['event']}: probability {chance}")
    source = f"{data.attrs['title']}; {int(data.simulations):,} runs, importance sampling; interval at 95 %"
    figure.supxlabel(source, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure


def sensitivity(data: xr.Dataset) -> Figure:
    """Draw where the variance of every figure comes from: factors where they were drawn, and the inputs that matter.

    Parameters
    ----------
    data: What `sim.sensitivity`, `sim.shock_shares`, `sim.parameter_indices` or
        `sim.factor_indices` returned.
    """
    if "index_total" in data:
        return _indices(data)
    metrics = [str(text) for text in data[METRIC].values][:MOST]
    whole = "first_share" in data
    figure = style.new_figure(11.0 if whole else 7.5, 0.9 + 3.4 * len(metrics))
    grid = figure.subplots(len(metrics), 2 if whole else 1, squeeze=False)
    for row, metric in zip(grid, metrics, strict=True):
        part = data.sel({METRIC: metric})
        if whole:
            factor_bars(row[0], part)
            tornado(row[1], part.parameter_share, part.parameter_share_error, "Parameters, of what they move it by")
        else:
            tornado(row[0], part.input_share, part.input_share_error, metric)
    style.big_title(figure, f"Where the uncertainty comes from: {data.attrs['title']}")
    source = f"{_maker(data)}{data.attrs['runs']:,} runs" + (
        f" of each of {4 * data.attrs['blocks']} worlds" if whole else ""
    )
    words = f"{source}; lines: one standard error either way"
    figure.supxlabel(words, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure


def _indices(data: xr.Dataset) -> Figure:
    """Draw the Sobol indices of parameters or of all factors, a panel for each figure."""
    metrics = [str(text) for text in data[METRIC].values][:MOST]
    of_runs = "run_sd" in data
    shown = min(data.index_total.sizes[FACTOR if of_runs else PARAMETER], MOST)
    figure = style.new_figure(8.5, 1.2 + (1.1 + 0.32 * shown) * len(metrics))
    for axes, metric in zip(figure.subplots(len(metrics), 1, squeeze=False)[:, 0], metrics, strict=True):
        index_bars(axes, data.sel({METRIC: metric}))
    words = "What a run's value hangs on" if of_runs else "Which parameters a figure hangs on"
    style.big_title(figure, f"{words}: {data.attrs['title']}")
    drawn = "all factors" if of_runs else "all parameters"
    each = "{} runs of each world" if of_runs else "the same {} runs"
    source = f"{_maker(data)}{data.attrs['draws']} draws of {drawn}, {each.format(data.attrs['runs'])}"
    words = f"{source}; lines: one standard error either way"
    figure.supxlabel(words, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure


def index_bars(axes: Axes, part: xr.Dataset) -> Axes:
    """Draw first-order and total Sobol indices, the largest on top.

    Parameters
    ----------
    part: One metric of what `sim.parameter_indices` or `sim.factor_indices` returned.
    """
    of_runs = "run_sd" in part
    order = np.argsort(np.nan_to_num(part.index_total.values))[-MOST:]
    places = np.arange(order.size)
    for name, shift, colour, label in (
        ("index_first", 0.2, style.BLUE, "by itself"),
        ("index_total", -0.2, style.GREY, "with interactions"),
    ):
        error = part[f"{name}_error"].values[order]
        axes.barh(places + shift, part[name].values[order], height=0.38, xerr=error, color=colour, label=label)
    axes.set_yticks(places, [str(name) for name in part[FACTOR if of_runs else PARAMETER].values[order]])
    axes.set_xlim(-0.1, 1.1)
    axes.axvline(0.0, color=style.GREY, linewidth=0.8)
    style.percent_ticks(axes.xaxis)
    axes.legend(frameon=False, fontsize=style.SMALL, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    style.dress(axes)
    whose = "variance of a run's value" if of_runs else "variance that parameters give it"
    style.heading(axes, str(part[METRIC].values), f"share of the {whose}", width=60)
    return axes


def factor_bars(axes: Axes, part: xr.Dataset) -> Axes:
    """Draw first-order and total shares of each factor.

    Parameters
    ----------
    part: One metric of what `sim.sensitivity` returned.
    """
    places = np.arange(part.sizes[FACTOR])[::-1]
    for name, shift, colour, label in (
        ("first_share", 0.2, style.BLUE, "by itself"),
        ("total_share", -0.2, style.GREY, "with interactions"),
    ):
        error = part[f"{name}_error"].values
        axes.barh(places + shift, part[name].values, height=0.38, xerr=error, color=colour, label=label)
    axes.set_yticks(places, [str(name) for name in part[FACTOR].values])
    axes.set_xlim(0.0, 1.0)
    style.percent_ticks(axes.xaxis)
    axes.legend(frameon=False, fontsize=style.SMALL, loc="lower right")
    style.dress(axes)
    style.heading(axes, str(part[METRIC].values), "share of the variance of a run's value", width=42)
    return axes


def tornado(axes: Axes, share: xr.DataArray, error: xr.DataArray, title: str) -> Axes:
    """Draw the largest shares of inputs, the largest on top.

    Parameters
    ----------
    share, error: Shares of the variance and their standard errors, one dimension.
    title: Title of the panel.
    """
    order = np.argsort(share.values)[-MOST:]
    names = [str(name) for name in share[share.dims[0]].values[order]]
    axes.barh(names, share.values[order], xerr=error.values[order], color=style.BLUE, height=0.7)
    axes.set_xlim(min(0.0, float(share.values[order].min())) - 0.02, min(1.0, float((share + error).max()) + 0.05))
    axes.axvline(0.0, color=style.GREY, linewidth=0.8)
    style.percent_ticks(axes.xaxis)
    style.dress(axes)
    style.heading(axes, title, "share of the variance by itself", width=60)
    return axes


def discovery(data: xr.Dataset) -> Figure:
    """Draw the limits of a box within the range of each input, the most limiting on top.

    Parameters
    ----------
    data: What `sim.discover` returned.
    """
    figure = style.new_figure(9.0, 1.8 + 0.4 * max(data.sizes[INPUT], 2))
    axes = figure.add_subplot()
    rows = np.arange(data.sizes[INPUT])[::-1]
    span = np.maximum(data.most.values - data.least.values, 1e-12)
    low = (np.maximum(data.limit_low.values, data.least.values) - data.least.values) / span
    high = (np.minimum(data.limit_high.values, data.most.values) - data.least.values) / span
    axes.barh(rows, np.ones(rows.size), color="0.92", height=0.6)
    axes.barh(rows, np.maximum(high - low, 0.005), left=low, color=style.VERMILION, height=0.6)
    for row, name in zip(rows, data[INPUT].values, strict=True):
        part = data.sel({INPUT: name})
        for edge, place, side in ((part.least, -0.01, "right"), (part.most, 1.01, "left")):
            axes.text(place, row, style.number(float(edge)), ha=side, va="center", fontsize=style.SMALL)
        middle = float(low[rows[0] - row] + high[rows[0] - row]) / 2.0
        axes.text(middle, row, _limits(float(part.limit_low), float(part.limit_high)), ha="center", va="center")
    axes.set_yticks(rows, [str(name) for name in data[INPUT].values])
    axes.tick_params(axis="y", pad=45)
    axes.set_xticks([])
    axes.set_xlim(-0.02, 1.02)
    style.dress(axes)
    axes.grid(visible=False)
    words = (
        f"{float(data.coverage):.0%} of bad runs lie inside; {float(data.density):.0%} of runs inside are bad, "
        f"against {float(data.bad_share):.0%} of all"
    )
    style.heading(axes, words, "limits within the range of all runs", width=90)
    style.big_title(figure, f"Where {data.attrs['metric']} comes from: {data.attrs['title']}")
    source = f"PRIM box found on half of {data.attrs['runs']:,} runs, judged on the other half"
    figure.supxlabel(source, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure


def _limits(low: float, high: float) -> str:
    """Limits in words; those that are infinite are none.

    Example
    -------
    >>> _limits(2.0, float("inf")), _limits(2.0, 3.0)
    ('from 2', 'from 2 to 3')
    """
    parts = [f"{word} {style.number(end)}" for word, end in (("from", low), ("to", high)) if np.isfinite(end)]
    return " ".join(parts)
