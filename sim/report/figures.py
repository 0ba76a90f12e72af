"""Pictures of a result for a page: each inside the page, with a text that says what can be seen."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from sim.errors import ResultError
from sim.plotting import curves, flows, heatmaps, histories, overview, style, timelines
from sim.results import sentences
from sim.results.summary import Summary, hardest_hit
from sim.variables import WORLD

RESOLUTION = 110
"""Dots per inch: sharp on paper at the width of a page."""


@dataclass(frozen=True)
class Picture:
    """A picture inside the page."""

    title: str
    uri: str
    """The picture itself, as a data address."""
    text: str
    """What can be seen, for readers who cannot see it and as its caption."""
    width: int
    """Pixels."""
    height: int


def pictures(
    results: xr.DataTree, summary: Summary, *, region: str | None = None, folder: Path | None = None
) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """Pictures of one result, and why some of them could not be drawn.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    summary: Its summary.
    region: Region shown; the hardest hit by default.
    folder: Folder that the scenario's chain is relative to.
    """
    place = region or hardest_hit(results)
    wanted: list[tuple[str, str, Callable[[], Figure]]] = [
        (
            f"Price and shortage from ore to use, {place}",
            f"Fans of quoted price over its reference (above) and of intake missing (below), one column a stage. "
            f"{_stages(summary)}",
            lambda: overview.stages(results, place),
        ),
        (
            f"When it bites, {place}",
            "Mean over runs of price (above) and of intake missing (below), a row for each stage, over time. "
            "The darker, the dearer or the more is missing.",
            lambda: heatmaps.heat_figure(results, region=place),
        ),
    ]
    wanted += _of_the_chain(results, folder) + _of_products(results, summary) + _of_sectors(results, summary)
    drawn, missing = [], []
    for title, text, draw in wanted:
        try:
            drawn.append(inside(title, text, draw()))
        except ResultError as error:
            missing.append(f"{title}: {error}")
    return tuple(drawn), tuple(missing)


def _of_the_chain(results: xr.DataTree, folder: Path | None) -> list[tuple[str, str, Callable[[], Figure]]]:
    return [
        (
            "Who makes for whom, and who misses it",
            "Flows of the reference state from region to region at every stage, as shares of what the world uses of a "
            "stage; coloured by the intake missing where a flow ends, in the month in which most is missing.",
            lambda: flows.chain_map(results, folder=folder),
        )
    ]


def _of_products(results: xr.DataTree, summary: Summary) -> list[tuple[str, str, Callable[[], Figure]]]:
    if not summary.products:
        return []
    row = summary.products[0]
    named = f"{style.named(row.product)} in {row.region}"
    wanted: list[tuple[str, str, Callable[[], Figure]]] = [
        (
            f"Quoted and transacted price: {named}",
            f"The quoted price peaks at {sentences.multiples(row.peak_price)} times its reference; the price that "
            "material changes hands at, contracts included, follows later and less.",
            lambda: curves.sourced(curves.quoted(results, of=row.product, region=row.region), results),
        )
    ]
    if summary.restrictions:
        most = max(summary.restrictions, key=lambda each: each.strikes)
        text = f"The most frequent, {most.title}, strikes in {sentences.percent(most.strikes)} of runs."
        wanted += [
            (
                f"Price and restrictions: {named}",
                "Fan of the quoted price above; below, a bar for each restriction, the fuller its colour the more "
                f"runs have it in force. {text}",
                lambda: histories.history(results, of=row.product, region=row.region),
            ),
            (
                "Restrictions as drawn",
                f"Left: share of runs in which each restriction is in force. Right: when it sets in. {text}",
                lambda: timelines.shocks(results),
            ),
        ]
    return wanted


def _of_sectors(results: xr.DataTree, summary: Summary) -> list[tuple[str, str, Callable[[], Figure]]]:
    if not summary.sectors:
        return []
    row = summary.sectors[0]
    return [
        (
            f"How much is lost, how often: {style.named(row.sector)} in {row.region}",
            f"Share of runs that lose more output than a value, with the interval for so many runs. Output lost: "
            f"{sentences.money(row.lost_output)} in the median and 5 to 95 % of runs.",
            lambda: curves.sourced(curves.exceeded(results, "lost_output", of=row.sector, region=row.region), results),
        )
    ]


def _stages(summary: Summary) -> str:
    """The stage that is shortest, in words."""
    if not summary.stages:
        return ""
    row = max(summary.stages, key=lambda each: each.shortage.spread.high)
    lacking = sentences.percents(row.shortage.spread)
    where = "everywhere together" if row.shortage.region == WORLD else f"in {row.shortage.region}"
    return f"Over all regions, most is missing of the products of {row.stage} {where}: {lacking} in the worst month."


def inside(title: str, text: str, figure: Figure) -> Picture:
    """A figure as a picture inside a page.

    Parameters
    ----------
    title: What it is called.
    text: What can be seen.
    figure: What a plotting function returned.

    Example
    -------
    >>> picture = inside("Nothing", "An empty sheet.", style.new_figure(2.0, 1.0))
    >>> picture.uri.startswith("data:image/png;base64,"), picture.width, picture.height
    (True, 220, 110)
    """
    written = io.BytesIO()
    figure.savefig(written, format="png", dpi=RESOLUTION)
    data = written.getvalue()
    # A PNG file has its size in bytes 16 to 24.
    width, height = int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    return Picture(title, f"data:image/png;base64,{base64.b64encode(data).decode()}", text, width, height)
