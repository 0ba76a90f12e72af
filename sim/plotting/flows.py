"""The chain as a map: what flows from region to region at every stage, and who misses it."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.patheffects import Normal, Stroke

from sim.chain.reference import Reference
from sim.plotting import style
from sim.plotting.heatmaps import LEAST_SHARE, statistic
from sim.results import remade
from sim.results.lookup import origin
from sim.variables import MONTH, REGION, STAGE

LEFT_OUT = ("scrap",)
"""Stages beside the main line of the chain."""
LACKING = LinearSegmentedColormap.from_list("missing", ["#D9D9D9", "#F6C29A", style.VERMILION, "#5A2600"])
"""From grey: a flow that misses nothing must still be seen."""
PAD, NODE, LEAST_LABEL = 0.018, 0.12, 0.014
"""Space between regions, width of a node, and least height of one with a name; over the whole flow of a stage."""
LEAST_WIDTH = 9.0
"""Inches."""
SHORT_NAME = 3
"""Letters of a name that fit across a node."""
Flows = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Column:
    """Where the regions of one column stand: bottom of each, and what enters on its left and leaves on its right."""

    bottom: dict[str, float]
    height: dict[str, float]


def chain_map(results: xr.DataTree, *, quantile: float | None = None, folder: Path | None = None) -> Figure:
    """Draw the flows of the reference state from region to region, coloured by what is missing in the worst month.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    quantile: Quantile over runs of the shortage, one of those kept; the mean over runs by default.
    folder: Folder that the scenario's chain is relative to; the working folder by default.

    Raises
    ------
    ResultError: The chain's tables are not found or have changed, or the quantile is not kept.
    """
    reference = remade.reference(results, folder=folder)
    stages = [stage for stage in reference.scenario.tables.meta.stages if stage not in LEFT_OUT]
    flows = {stage: stage_flows(reference, stage) for stage in stages}
    stages = [stage for stage in stages if flows[stage]]
    short = statistic(results, "stage_shortage", quantile)
    month = worst_month(short, flows)
    lacking = short.sel({MONTH: month})
    figure = style.new_figure(max(1.8 + 1.65 * len(stages), LEAST_WIDTH), 7.4)
    axes = figure.add_subplot()
    scale = ScalarMappable(Normalize(0.0, max(float(lacking.sel({STAGE: stages}).max()), LEAST_SHARE)), LACKING)
    _draw(axes, [(stage, flows[stage]) for stage in stages], reference.regions, lacking, scale)
    said = "mean over runs" if quantile is None else f"{100 * quantile:g} % quantile over runs"
    style.colour_bar(axes, scale, f"intake missing where the flow ends,\n{said}", shrink=0.5)
    source = origin(results)
    shown = np.datetime_as_string(month, unit="M")
    style.big_title(figure, f"Who makes for whom, and who misses it in {shown}, the worst month: {source.title}")
    said = (
        "Width: share of what the world uses of a stage, at reference prices, before any restriction. "
        f"Colour: intake missing in {shown}, {source.runs:,} runs."
    )
    lines = textwrap.fill(said, int(11 * figure.get_figwidth()))
    axes.set_title(lines, loc="left", fontsize=style.SMALL, color=style.GREY)
    return style.sourced(figure, results)


def stage_flows(reference: Reference, stage: str) -> Flows:
    """Share of the world's use of a stage's products by origin and destination, at reference prices.

    What a region uses beyond its imports is its own. Goods passed on through a region count on both legs.
    """
    products = {name: row.price_usd_per_kg for name, row in reference.products.items() if row.stage == stage}
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    for route in reference.routes:
        if route.product in products:
            sums[route.origin, route.destination] += route.flow * products[route.product]
    sides = reference.flows
    for (product, region), index in reference.at.items():
        if product in products:
            own = sides.intake[index] + sides.sales[index] - sides.imports[index]
            sums[region, region] += max(float(own), 0.0) * products[product]
    total = sum(sums.values())
    return {pair: value / total for pair, value in sums.items() if value > 0.0} if total > 0.0 else {}


def worst_month(short: xr.DataArray, flows: Mapping[str, Flows]) -> np.datetime64:
    """The month in which most of the world's flows is missing, all stages alike."""
    weights = xr.zeros_like(short.isel({MONTH: 0}, drop=True))
    for stage, pairs in flows.items():
        for (_, destination), share in pairs.items():
            weights.loc[{STAGE: stage, REGION: destination}] += share
    missing = (short * weights).sum((STAGE, REGION))
    return np.datetime64(str(missing[MONTH].values[int(np.argmax(missing.values))])[:7], "M")


def _draw(
    axes: Axes,
    gaps: list[tuple[str, Flows]],
    regions: tuple[str, ...],
    lacking: xr.DataArray,
    scale: ScalarMappable,
) -> None:
    columns = _columns([pairs for _, pairs in gaps], _ordered(gaps, regions))
    for index, (stage, pairs) in enumerate(gaps):
        ends = columns[index], columns[index + 1]
        short = lacking.sel({STAGE: stage, REGION: list(regions)}).fillna(0.0).values
        colours = {
            region: tuple(map(float, colour)) for region, colour in zip(regions, scale.to_rgba(short), strict=True)
        }
        _ribbons(axes, index, pairs, ends, colours)
        axes.text(index + 0.5, -0.03, f"{style.named(stage)}", ha="center", fontsize=style.LARGE, fontweight="bold")
    for index, column in enumerate(columns):
        _nodes(axes, index, column, last=index == len(gaps))
    top = max(max(column.bottom[region] + column.height[region] for region in column.bottom) for column in columns)
    axes.text(-NODE / 2, -0.03, "made in", ha="center", fontsize=style.SMALL, color=style.GREY)
    axes.text(len(gaps) + NODE / 2, -0.03, "used in", ha="center", fontsize=style.SMALL, color=style.GREY)
    axes.set_xlim(-0.15, len(gaps) + 0.15)
    axes.set_ylim(top + 0.01, -0.06)
    axes.set_axis_off()


def _ordered(gaps: list[tuple[str, Flows]], regions: tuple[str, ...]) -> list[str]:
    """Regions by their part in all stages together, the largest first."""
    part: defaultdict[str, float] = defaultdict(float)
    for _, pairs in gaps:
        for (start, end), share in pairs.items():
            part[start] += share
            part[end] += share
    return sorted(regions, key=lambda region: -part[region])


def _columns(gaps: list[Flows], regions: list[str]) -> list[Column]:
    """Nodes of every column: a region is as high as the larger of what it uses there and what it makes there."""
    found = []
    for index in range(len(gaps) + 1):
        height: dict[str, float] = {}
        for region in regions:
            enters = sum(share for (_, end), share in gaps[index - 1].items() if end == region) if index else 0.0
            leaves = sum(s for (start, _), s in gaps[index].items() if start == region) if index < len(gaps) else 0.0
            if max(enters, leaves) > 0.0:
                height[region] = max(enters, leaves)
        bottom, at = {}, 0.0
        for region, size in height.items():
            bottom[region] = at
            at += size + PAD
        found.append(Column(bottom, height))
    return found


def _ribbons(
    axes: Axes, index: int, pairs: Flows, ends: tuple[Column, Column], colours: Mapping[str, tuple[float, ...]]
) -> None:
    order = {region: place for place, region in enumerate(dict.fromkeys([*ends[0].bottom, *ends[1].bottom]))}
    leaving = _stacked(sorted(pairs, key=lambda pair: (order[pair[0]], order[pair[1]])), pairs, ends[0].bottom, side=0)
    entering = _stacked(sorted(pairs, key=lambda pair: (order[pair[1]], order[pair[0]])), pairs, ends[1].bottom, side=1)
    for pair in sorted(pairs, key=lambda pair: -pairs[pair]):
        outline = _ribbon(index + NODE / 2, index + 1 - NODE / 2, leaving[pair], entering[pair], pairs[pair])
        axes.add_patch(PathPatch(outline, facecolor=colours[pair[1]], edgecolor="white", linewidth=0.25, alpha=0.9))


def _stacked(ordered: list[tuple[str, str]], pairs: Flows, bottom: Mapping[str, float], *, side: int) -> Flows:
    """Where each flow begins (side 0) or ends (side 1): one above the other in its region."""
    at, found = dict(bottom), {}
    for pair in ordered:
        found[pair] = at[pair[side]]
        at[pair[side]] += pairs[pair]
    return found


def _ribbon(x0: float, x1: float, y0: float, y1: float, width: float) -> Outline:
    """A band of one width from one height to another."""
    middle = 0.5 * (x0 + x1)
    points = [(x0, y0), (middle, y0), (middle, y1), (x1, y1), (x1, y1 + width)]
    points += [(middle, y1 + width), (middle, y0 + width), (x0, y0 + width), (x0, y0)]
    curve = [Outline.MOVETO, Outline.CURVE4, Outline.CURVE4, Outline.CURVE4, Outline.LINETO]
    curve += [Outline.CURVE4, Outline.CURVE4, Outline.CURVE4, Outline.CLOSEPOLY]
    return Outline(points, curve)


def _nodes(axes: Axes, index: int, column: Column, *, last: bool) -> None:
    """Bars of the regions, named inside where there is room, beside them where there is less."""
    for region, bottom in column.bottom.items():
        size = column.height[region]
        axes.add_patch(Rectangle((index - NODE / 2, bottom), NODE, size, color=style.GREY, linewidth=0.0))
        if size < LEAST_LABEL / 4:
            continue
        inside = size >= 1.5 * LEAST_LABEL * max(len(region) / SHORT_NAME, 1.0)
        side = 1.0 if last else -1.0
        axes.text(
            index if inside else index + side * 0.6 * NODE,
            bottom + size / 2,
            region,
            ha="center" if inside else ("left" if last else "right"),
            va="center",
            rotation=90.0 if inside and len(region) > SHORT_NAME else 0.0,
            fontsize=style.SOURCE,
            color="white" if inside else "black",
            zorder=5,
            path_effects=[] if inside else [Stroke(linewidth=1.6, foreground="white"), Normal()],
        )
