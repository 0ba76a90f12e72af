"""Several results beside one another: one quantile of the same thing, a line for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from sim.errors import ResultError
from sim.plotting import style
from sim.plotting.fans import AXIS, SHARES, limits
from sim.results.lookup import full_name, paths
from sim.variables import MONTH, QUANTILE

Dashes = Literal["-", "--", "-.", ":"] | tuple[float, Sequence[float]]
LOOKS: tuple[tuple[str, Dashes], ...] = (
    (style.BLUE, "-"),
    (style.VERMILION, "--"),
    (style.GREEN, "-."),
    (style.PURPLE, ":"),
    ("#E69F00", (0, (5, 1))),
    ("#000000", (0, (1, 1))),
)
"""Colour and dashes of each line: either alone tells lines apart."""


def alongside(
    results: Mapping[str, xr.DataTree],
    name: str = "price",
    *,
    of: str,
    region: str,
    quantile: float = 0.5,
    ax: Axes | None = None,
) -> Axes:
    """Draw one quantile over runs of the same thing in several results.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned, by the name shown in the legend; six at most.
    name: `price`, `shortage`, or another variable of `/distribution`.
    of: Product, stage or sector.
    region: Region, or `world`.
    quantile: Quantile over runs, one of those kept.
    ax: Axes to draw on; those of a new figure by default.

    Returns
    -------
    The axes, with a legend below them.

    Raises
    ------
    ResultError: None or too many results, an unknown name, or a quantile that is not kept.

    Example
    -------
    >>> import sim
    >>> quiet = sim.run(sim.load("still", overrides=["time.years=1"]), runs=2)
    >>> axes = alongside({"quiet": quiet, "again": quiet}, of="dy_oxide", region="EU", quantile=0.95)
    >>> len(axes.lines), axes.get_title(loc="left")
    (3, 'Dy oxide, EU: quoted price')
    """
    if not 1 <= len(results) <= len(LOOKS):
        raise ResultError(f"{len(results)} results were given to be drawn side by side; give 1 to {len(LOOKS)}")
    found = {label: _line(each, name, of, region, quantile) for label, each in results.items()}
    full = full_name(next(iter(results.values())), name, of)
    axes = style.new_figure(8.0, 4.5).add_subplot() if ax is None else ax
    handles = []
    for (label, line), (colour, dashes) in zip(found.items(), LOOKS, strict=False):
        axes.plot(style.middles(line[MONTH]), line.values, color=colour, linestyle=dashes, linewidth=1.8)
        handles.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=1.8, label=label))
    if full not in SHARES:
        axes.axhline(1.0, color=style.GREY, linewidth=0.8)
    style.dress(axes, size=style.NORMAL)
    style.date_axis(
        axes, xr.concat([line[MONTH] for line in found.values()], MONTH).drop_duplicates(MONTH).sortby(MONTH)
    )
    limits(axes, list(found.values()), is_share=full in SHARES)
    what = AXIS.get(full, full)
    axes.set_ylabel(what, fontsize=style.NORMAL)
    title = style.begun(f"{style.named(of)}, {region}: {what.split(' over ')[0]}")
    style.heading(axes, title, f"{100.0 * quantile:g} % quantile over runs, month by month")
    axes.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0.0, -0.12),
        frameon=False,
        fontsize=style.SMALL,
        handlelength=3,
    )
    return axes


def _line(results: xr.DataTree, name: str, of: str, region: str, quantile: float) -> xr.DataArray:
    """One quantile of a path, shape (time,)."""
    path = paths(results, name, of, region)
    kept = path[QUANTILE].values
    if not np.isclose(kept, quantile).any():
        raise ResultError(f"quantile {quantile:g} is not kept; give one of {', '.join(f'{each:g}' for each in kept)}")
    return path.sel({QUANTILE: quantile}, method="nearest")
