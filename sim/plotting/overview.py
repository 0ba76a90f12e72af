"""The main picture: price and shortage at every stage of the chain in one region."""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.errors import ResultError
from sim.plotting import style
from sim.plotting.fans import bands, legend_handles, limits
from sim.results.lookup import items, origin, paths
from sim.variables import MONTH, REGION, STAGE

LEFT_OUT = ("scrap",)
"""Stages beside the main line of the chain."""
ROWS = (("price", "quoted price over its reference"), ("shortage", "intake missing"))


def stages(results: xr.DataTree, region: str) -> Figure:
    """Draw fans of price (above) and shortage (below), a column for each stage from ore to use.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    region: Region, or `world`.

    Raises
    ------
    ResultError: The region is unknown or no stage has a price there.
    """
    known = [stage for stage in items(results)[STAGE] if stage not in LEFT_OUT]
    found = {(name, stage): _path(results, name, stage, region) for name, _ in ROWS for stage in known}
    if all(path is None for path in found.values()):
        raise ResultError(f"no stage has a price in {region}; regions are {', '.join(items(results)[REGION])}")
    figure = style.new_figure(1.0 + 1.95 * len(known), 5.6)
    grid = figure.subplots(2, len(known), sharex=True, sharey="row", squeeze=False)
    dated = style.dated_onsets(results)
    for row, (name, label) in zip(grid, ROWS, strict=True):
        drawn = [path for stage in known if (path := found[name, stage]) is not None]
        for axes, stage in zip(row, known, strict=True):
            _panel(axes, found[name, stage], drawn, is_share=name == "shortage", dated=dated)
        row[0].set_ylabel(label, fontsize=style.NORMAL)
        row[-1].legend(
            handles=legend_handles(is_share=name == "shortage", dated=bool(dated)),
            loc="upper left",
            bbox_to_anchor=(1.02, 1.0),
            frameon=False,
            fontsize=style.SMALL,
        )
    figure.align_ylabels(grid[:, 0])
    for axes, stage in zip(grid[0], known, strict=True):
        axes.set_title(style.named(stage), fontsize=style.LARGE, fontweight="bold")
    source = origin(results)
    style.big_title(figure, f"Price and shortage from ore to use, {region}, {source.runs:,} runs: {source.title}")
    return style.sourced(figure, results)


def _path(results: xr.DataTree, name: str, stage: str, region: str) -> xr.DataArray | None:
    if region not in items(results)[REGION]:
        raise ResultError(f"'{region}' is no region; give one of {', '.join(items(results)[REGION])}")
    try:
        return paths(results, name, stage, region)
    except ResultError:
        return None  # The region uses nothing of this stage.


def _panel(
    axes: Axes, path: xr.DataArray | None, drawn: list[xr.DataArray], *, is_share: bool, dated: list[float]
) -> None:
    style.dress(axes)
    if path is None:
        axes.text(
            0.5, 0.5, "not used here", transform=axes.transAxes, ha="center", fontsize=style.SMALL, color=style.GREY
        )
        return
    bands(axes, path, is_share=is_share)
    style.mark(axes, dated)
    style.date_axis(axes, path[MONTH], most=4)
    limits(axes, drawn, is_share=is_share)
