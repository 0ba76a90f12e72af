"""Heat maps: price and shortage over time, stage by stage in a region or region by region for one stage or product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from sim.errors import ResultError
from sim.months import later
from sim.plotting import style
from sim.plotting.fans import AXIS, SHARES
from sim.results.lookup import chosen, full_name, items, labels, origin, variable
from sim.variables import MONTH, QUANTILE, REGION, STAGE

AMBER, NAVY = "#E69F00", "#00263D"
LACKING = LinearSegmentedColormap.from_list("lacking", ["#FFFFFF", "#F6C29A", style.VERMILION, "#5A2600"])
LEAST_DEAR, LEAST_CHEAP = 2.0, 0.8
"""Least reach of the colours of multiples: a calm chain must look calm."""
LEAST_SHARE = 0.1
"""Least reach of the colours of shares."""


def heat(
    results: xr.DataTree,
    name: str = "shortage",
    *,
    region: str | None = None,
    of: str | None = None,
    quantile: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one variable as colours: a row for each stage of a region, or for each region of one thing; time along x.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    name: `price`, `shortage`, or another variable of `/distribution`.
    region: Region, or `world`, whose stages are the rows.
    of: Product, stage or sector whose regions are the rows, in place of `region`.
    quantile: Quantile over runs, one of those kept; the mean over runs by default.
    ax: Axes to draw on; those of a new figure by default.

    Returns
    -------
    The axes, with a colour bar beside them.

    Raises
    ------
    ResultError: Not exactly one of `region` and `of`, an unknown name, or nothing to draw.
    """
    found, dim = _rows(results, name, region=region, of=of, quantile=quantile)
    axes = style.new_figure(9.0, 1.6 + 0.34 * found.sizes[dim]).add_subplot() if ax is None else ax
    full = full_name(results, name, of or "")
    is_share = full in (*SHARES, "content") or name == "shortage"
    scale = _scale(found, is_share=is_share)
    edges = np.append(found[MONTH].values.astype("datetime64[M]"), _after(found))
    axes.pcolormesh(
        [style.date_number(month) for month in edges],
        np.arange(found.sizes[dim] + 1) - 0.5,
        found.transpose(dim, MONTH).values,
        cmap=scale.colours,
        norm=scale.norm,
        rasterized=True,
    )
    _dress(axes, found, dim, dated=style.dated_onsets(results))
    said = "mean over runs" if quantile is None else f"{100 * quantile:g} % quantile over runs"
    what = AXIS.get(f"stage_{name}" if dim == STAGE else full, full)
    _colour_bar(axes, scale, f"{what},\n{said}", is_share=is_share)
    subject = f"{what} by stage, {region}" if of is None else f"{style.named(of)}: {what} by region"
    axes.set_title(style.begun(subject), loc="left", fontsize=style.LARGE, fontweight="bold", pad=6.0)
    return axes


def heat_figure(
    results: xr.DataTree, *, region: str | None = None, of: str | None = None, quantile: float | None = None
) -> Figure:
    """A figure with heat maps of price (above) and shortage (below) and its source; parameters as for `heat`."""
    counts = [
        _rows(results, name, region=region, of=of, quantile=quantile)[0].shape[0] for name in ("price", "shortage")
    ]
    figure = style.new_figure(9.0, 2.6 + 0.3 * sum(counts))
    grid = figure.subplots(2, 1, sharex=True, height_ratios=[count + 2 for count in counts])
    for axes, name in zip(grid, ("price", "shortage"), strict=True):
        heat(results, name, region=region, of=of, quantile=quantile, ax=axes)
    source = origin(results)
    style.big_title(figure, f"When and where it bites, {source.runs:,} runs: {source.title}")
    return style.sourced(figure, results)


def _rows(
    results: xr.DataTree, name: str, *, region: str | None, of: str | None, quantile: float | None
) -> tuple[xr.DataArray, str]:
    """Values of the rows that exist, shape (row, time), and what the rows are."""
    if (region is None) == (of is None):
        raise ResultError("a heat map needs a region (its rows are stages) or a product, stage or sector, and not both")
    full = full_name(results, name, items(results)[STAGE][0] if of is None else of)
    found = statistic(results, full, quantile)
    if of is None:
        dim, found = STAGE, found.sel({REGION: chosen(str(region), labels(found, REGION), REGION)}, drop=True)
    else:
        first = next(str(dim) for dim in found.dims if dim not in (MONTH, REGION))
        dim, found = REGION, found.sel({first: chosen(of, labels(found, first), first)}, drop=True)
    found = found.transpose(dim, MONTH).dropna(dim, how="all")
    if not found.sizes[dim]:
        raise ResultError(f"there is no {name} of {of or 'any stage'}" + (f" in {region}" if region else ""))
    return found, dim


def statistic(results: xr.DataTree, name: str, quantile: float | None) -> xr.DataArray:
    """Mean over runs of a variable of `/distribution`, or a quantile that is kept of it.

    Raises
    ------
    ResultError: No such variable, or the quantile is not kept.
    """
    found = variable(results, "distribution", name)
    if quantile is None:
        return variable(results, "distribution", f"{name}_mean")
    kept = [float(level) for level in found[QUANTILE].values]
    near = min(kept, key=lambda level: abs(level - quantile))
    if abs(near - quantile) > 1e-6:
        known = ", ".join(f"{level:g}" for level in kept)
        raise ResultError(f"the quantile {quantile:g} is not kept; give one of {known}")
    return found.sel({QUANTILE: near}, drop=True)


@dataclass(frozen=True)
class Scale:
    """Colours and the values at their ends."""

    colours: LinearSegmentedColormap
    low: float
    high: float
    is_share: bool

    @property
    def norm(self) -> Normalize:
        """Values to the range of the colours, by their logarithm where they are multiples."""
        return Normalize(self.low, self.high) if self.is_share else LogNorm(self.low, self.high)


def _scale(found: xr.DataArray, *, is_share: bool) -> Scale:
    if is_share:
        return Scale(LACKING, 0.0, max(float(found.max()), LEAST_SHARE), is_share)
    low, high = min(float(found.min()), LEAST_CHEAP), max(float(found.max()), LEAST_DEAR)
    return Scale(_multiples(low, high), low, high, is_share)


def _multiples(low: float, high: float) -> LinearSegmentedColormap:
    """Below the reference amber, at it white, above it blue, which are told apart with any colour vision.

    As far below as above means as strong a colour.
    """
    reference = np.log(1.0 / low) / np.log(high / low)
    weak = min(np.log(1.0 / low) / np.log(high), 1.0)
    cheapest = style.paler(AMBER, 1.0 - weak)
    middle = reference + 0.55 * (1.0 - reference)
    stops: list[tuple[float, Any]] = [(0.0, cheapest), (reference, "#FFFFFF"), (middle, style.BLUE), (1.0, NAVY)]
    return LinearSegmentedColormap.from_list("multiples", stops)


def _after(found: xr.DataArray) -> np.datetime64:
    """The month after the last."""
    after: np.datetime64 = later(found[MONTH].values.astype("datetime64[M]")[-1], 1)
    return after


def _dress(axes: Axes, found: xr.DataArray, dim: str, *, dated: list[float]) -> None:
    names = [style.named(label) if dim == STAGE else label for label in labels(found, dim)]
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.tick_params(labelsize=style.SMALL, colors=style.GREY, length=0)
    for side in axes.spines.values():
        side.set_color("0.8")
    for row in range(1, len(names)):
        axes.axhline(row - 0.5, color="white", linewidth=1.5)
    style.date_axis(axes, found[MONTH])
    style.mark(axes, dated)


def _colour_bar(axes: Axes, scale: Scale, label: str, *, is_share: bool) -> None:
    bar = style.colour_bar(axes, ScalarMappable(scale.norm, scale.colours), label)
    if is_share:
        return
    ticks = [tick for tick in style.MULTIPLES if scale.low * 0.999 <= tick <= scale.high * 1.001]
    bar.yaxis.set_major_locator(FixedLocator(ticks[:: 1 + len(ticks) // style.MOST_TICKS]))
    bar.yaxis.set_minor_locator(NullLocator())
    bar.yaxis.set_major_formatter(FuncFormatter(lambda value, position: f"x{value:g}"))
