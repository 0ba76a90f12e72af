"""Pictures of answers to decision questions, each fit for a slide."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.plotting import style
from sim.questions.concentration import FALLING

COLOURS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, "#E69F00", "#56B4E9", style.GREY)
"""Palette of Okabe and Ito, as in `style`."""
BARS = 8
"""Bars of a ranking."""
MOST_LETTERS = 40
"""Letters in a line of a label."""


def exposure(answer: xr.DataTree, found: xr.DataTree) -> Figure:
    """Draw the yearly chance that a part stops a line, and what each action saves.

    Parameters
    ----------
    answer: What `sim.exposure` returned.
    found: Result or catalogue it was asked of.
    """
    figure, (left, right) = _panels(2)
    parts = answer["parts"].dataset
    bars(left, [str(name) for name in parts.part.values], parts, "yearly_stop_chance", style.VERMILION)
    style.percent_ticks(left.xaxis)
    risk = float(answer.attrs["accepted_yearly_risk"])
    left.axvline(risk, color=style.GREY, linewidth=1.0, linestyle=(0, (2, 2)))
    style.heading(left, "Years in which a line stops for want of it", f"dashed: accepted risk {100 * risk:g} %")
    actions = answer["actions"].dataset.isel(rank=slice(0, BARS))
    names = [f"{one.part.values}: {one.action.values}" for one in _rows(actions, "rank")]
    bars(right, names, actions, "saved", style.BLUE)
    right.set_xlabel("million USD a year", fontsize=style.NORMAL)
    style.heading(right, "What each action alone would save", "lines: 95 % intervals")
    firm = answer["firm"].dataset
    style.big_title(
        figure,
        f"Exposure: {float(firm.dollars_at_risk):,.0f} million USD a year at risk "
        f"({float(firm.dollars_at_risk_low):,.0f} to {float(firm.dollars_at_risk_high):,.0f})",
    )
    return style.sourced(figure, found)


def _rows(data: xr.Dataset, dim: str) -> list[xr.Dataset]:
    return [data.isel({dim: index}) for index in range(data.sizes[dim])]


def bars(axes: Axes, names: Sequence[str], data: xr.Dataset, column: str, colour: str) -> Axes:
    """Horizontal bars of a column, the first on top, with lines for its interval."""
    values, low, high = (np.asarray(data[f"{column}{ending}"].values, float) for ending in ("", "_low", "_high"))
    place = -np.arange(len(names))
    # Ends that the runs do not bound, or do not know, are not drawn.
    spread = np.nan_to_num(np.stack([values - low, high - values]), posinf=0.0)
    axes.barh(place, values, xerr=np.maximum(spread, 0.0), color=colour, height=0.62, error_kw={"ecolor": style.GREY})
    axes.set_yticks(place, [fill(name, MOST_LETTERS) for name in names])
    _horizontal(axes)
    # Where an interval leaves open whether there is anything, its end below zero shows that.
    axes.set_xlim(left=min(0.0, float(np.nanmin(np.where(np.isfinite(low), low, 0.0), initial=0.0))))
    return axes


def _horizontal(axes: Axes) -> None:
    style.dress(axes)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x", color="0.9", linewidth=0.7)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, position: f"{value:,.10g}"))


def requirement(answer: xr.DataTree, found: xr.DataTree) -> Figure:
    """Draw supply, stock and net shortfall of the main form by month, and the bridge.

    Parameters
    ----------
    answer: What `sim.requirement` returned.
    found: Result or catalogue it was asked of.
    """
    figure, (first, second, third, fourth) = _panels(4)
    form, region = str(answer.attrs["form"]), str(answer.attrs["region"])
    panel = answer["panel"].dataset.sel(product=form).sum("class")
    months(first, panel)
    style.heading(first, f"1. Panel: {style.named(form)}, {region}", "demand of the classes served, t a month, means")
    loss = answer["at_risk"].dataset
    weighted = loss["lost_value_added_weighted"].values
    # One that strikes in every run, or in none, has no weight, and no bar.
    order = np.argsort(-weighted)[: min(BARS, np.isfinite(weighted).sum())]
    ranked = loss.isel(restriction=order)
    names = [str(name).replace("_", " ") for name in ranked["restriction"].values]
    bars(second, names, ranked, "lost_value_added_weighted", style.VERMILION)
    total = f"all causes: {float(loss.lost_value_added_a_year):,.0f}"
    share = float(loss.gdp_share_a_year)
    style.heading(
        second,
        f"2. Value added at risk in {region}",
        f"million USD a year, weighted by chance; {total}"
        + (f", {100 * share:.3f} % of GDP" if np.isfinite(share) else ""),
    )
    left_over(third, answer["n_1_stages"].dataset)
    style.heading(third, f"3. N-1: supply of {region} left by stage", "largest foreign supplier gone, by value")
    steps(fourth, answer["bridge"].dataset)
    style.heading(fourth, "From N-1 to the panel's net shortfall", f"{style.named(form)}, t a year of the emergency")
    style.big_title(figure, f"Requirement: {answer.attrs['emergency']}")
    return style.sourced(figure, found)


def left_over(axes: Axes, stages: xr.Dataset) -> Axes:
    """Bars of the supply that is left at each stage, with the supplier that is gone."""
    place = -np.arange(stages.sizes["stage"])
    axes.barh(place, stages["covered"].values, color=style.BLUE, height=0.62)
    axes.barh(place, 1.0 - stages["covered"].values, left=stages["covered"].values, color="0.88", height=0.62)
    pairs = zip(stages["stage"].values, stages["supplier"].values, strict=True)
    axes.set_yticks(place, [f"{stage} ({supplier or 'none'})" for stage, supplier in pairs])
    _horizontal(axes)
    axes.set_xlim(0.0, 1.0)
    style.percent_ticks(axes.xaxis)
    return axes


def _panels(count: int) -> tuple[Figure, Sequence[Axes]]:
    """A figure of two panels side by side, or of four."""
    figure = style.new_figure(11.0, 4.6 if count == 2 else 8.6)
    return figure, list(np.ravel(figure.subplots(count // 2, 2)))


def months(axes: Axes, panel: xr.Dataset) -> Axes:
    """Stacked months: reliable supply, stock and net shortfall, which add up to gross demand."""
    time = style.middles(panel["time"])
    layers = [panel[name].values for name in ("reliable_supply", "stock_offset", "net_shortfall")]
    axes.stackplot(
        time,
        *layers,
        labels=["reliable supply", "from the stockpile", "net shortfall"],
        colors=[style.BLUE, style.GREEN, style.VERMILION],
    )
    style.dress(axes)
    style.date_axis(axes, panel["time"])
    axes.set_ylim(bottom=0.0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False, fontsize=style.SMALL)
    return axes


SHORT_STEPS = {
    "n_1": "largest supplier gone",
    "simulated": "simulated, on average",
    "unreliable": "+ unreliable imports",
    "inputs": "+ unreliable inputs",
    "classes": "only classes served",
    "net": "- stockpile",
}
"""Labels of the steps of the bridge."""


def steps(axes: Axes, bridge: xr.Dataset) -> Axes:
    """A waterfall: from each step's tonnes to the next."""
    tonnes, change = bridge["tonnes"].values, bridge["change"].values
    place = -np.arange(tonnes.size)
    start = np.append(0.0, tonnes[:-1])
    colours = [style.GREY, *(style.VERMILION if step > 0.0 else style.GREEN for step in change[1:])]
    axes.barh(place, tonnes - start, left=start, color=colours, height=0.62)
    for y, end, far in zip(place, tonnes, np.maximum(start, tonnes), strict=True):
        axes.annotate(f"{end:,.0f}", (far, y), (4, 0), "data", "offset points", va="center", fontsize=style.SMALL)
    axes.set_yticks(place, [SHORT_STEPS[str(name)] for name in bridge["step"].values])
    _horizontal(axes)
    axes.set_xlim(0.0, 1.15 * max(float(tonnes.max()), 1e-9))
    return axes


def dependence(answer: xr.DataTree) -> Figure:
    """Draw import penetration, Chinese supply and content by stage, and benchmarks by year.

    Parameters
    ----------
    answer: What `sim.dependence` returned.
    """
    figure, (left, right) = _panels(2)
    stages, region = answer["stages"].dataset, str(answer.attrs["region"])
    by_stage(left, stages.isel(year=0))
    style.heading(left, f"{region}: where each stage's supply comes from", f"{int(stages.year[0])}, by value")
    targets(right, answer["targets"].dataset)
    style.heading(
        right,
        "EU benchmarks, contained magnet rare earths",
        "dashed: bound for 2030; imports of magnets against their first year",
    )
    style.big_title(figure, f"Dependence of {region} on the path without shocks")
    source = f"Source: oreflow {answer.attrs['oreflow_version']}, {answer.attrs['title']}"
    figure.supxlabel(source, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure


def by_stage(axes: Axes, stages: xr.Dataset) -> Axes:
    """Grouped bars of shares, a group for each stage."""
    columns = {"import_penetration": "imported", "chinese_supply": "from China", "chinese_content": "touched by China"}
    place = np.arange(stages.sizes["stage"])
    for index, (name, label) in enumerate(columns.items()):
        axes.bar(place + 0.27 * (index - 1), stages[name].values, width=0.25, color=COLOURS[index], label=label)
    axes.set_xticks(place, [str(name) for name in stages["stage"].values], rotation=20)
    style.dress(axes)
    style.share_axis(axes, 1.0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False, fontsize=style.SMALL)
    return axes


def targets(axes: Axes, data: xr.Dataset) -> Axes:
    """A line for each benchmark, and its bound dashed."""
    for index, name in enumerate(data["target"].values):
        one = data.sel(target=name)
        colour = COLOURS[index]
        sense = "falling from" if one["sense"].values == FALLING else str(one["sense"].values)
        label = f"{str(name).replace('_', ' ')} ({sense} {100 * float(one['bound']):.0f} %)"
        axes.plot(data["year"].values, one["value"].values, color=colour, marker="o", markersize=3, label=label)
        axes.axhline(float(one["bound"]), color=colour, linewidth=0.8, linestyle=(0, (2, 2)))
    style.dress(axes)
    style.share_axis(axes, 1.0)
    axes.set_xticks(data["year"].values[:: max(1, data.sizes["year"] // 6)])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2, frameon=False, fontsize=style.SMALL)
    return axes


def downstream(answer: xr.DataTree, found: xr.DataTree) -> Figure:
    """Draw value added lost a year by sector.

    Parameters
    ----------
    answer: What `sim.downstream` returned.
    found: Result or catalogue it was asked of.
    """
    figure = style.new_figure(8.0, 4.5)
    sectors = answer["sectors"].dataset
    order = np.argsort(-sectors["value_added"].values)[:BARS]
    shown = sectors.isel(sector=order)
    axes = figure.add_subplot()
    bars(axes, [style.named(str(name)) for name in shown["sector"].values], shown, "value_added", style.VERMILION)
    axes.set_xlabel("million USD a year", fontsize=style.NORMAL)
    style.heading(axes, f"Value added not produced, {answer.attrs['region']}", "mean over runs; lines: 95 % intervals")
    return style.sourced(figure, found)


def indicators(answer: xr.Dataset, found: xr.DataTree) -> Figure:
    """Draw hit rate against false-alarm rate of the best indicators.

    Parameters
    ----------
    answer: What `sim.indicators` returned.
    found: Result or catalogue it was asked of.
    """
    figure = style.new_figure(8.0, 4.8)
    axes = roc(figure.add_subplot(), answer)
    about = answer.attrs
    lead = f"{about['first_lead']} to {about['last_lead']} months ahead"
    title = f"Foretelling a shortage of {style.named(about['product'])} in {about['region']}, {lead}"
    style.heading(axes, title, f"{about['events']:,} months before a shortage; area under the curve with 95 % interval")
    return style.sourced(figure, found)


def roc(axes: Axes, answer: xr.Dataset, *, most: int = 6) -> Axes:
    """Curves of the indicators with the largest areas; the diagonal is chance."""
    order = np.argsort(-answer["area"].values)[:most]
    for colour, index in zip(COLOURS, order, strict=False):
        one = answer.isel(indicator=int(index))
        area, low, high = (float(one[f"area{ending}"]) for ending in ("", "_low", "_high"))
        label = f"{style.named(str(one['indicator'].values))}: {area:.2f} ({low:.2f} to {high:.2f})"
        axes.plot(answer["false_alarm_rate"].values, one["hit_rate_curve"].values, color=colour, label=label)
    axes.plot([0.0, 1.0], [0.0, 1.0], color=style.GREY, linewidth=0.8, linestyle=(0, (2, 2)))
    style.dress(axes)
    for axis in (axes.xaxis, axes.yaxis):
        style.percent_ticks(axis)
    axes.set_xlabel("false alarms, of calm months", fontsize=style.NORMAL)
    axes.set_ylabel("hits, of months before a shortage", fontsize=style.NORMAL)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.02)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=style.SMALL)
    return axes
