"""Risk against outlay of stockpiles of different sizes and forms."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from sim.plotting import style
from sim.questions.stockpiles import alone
from sim.scenario.dates import span

COLOURS = (style.BLUE, style.GREEN, style.PURPLE, style.VERMILION)
MARKS = ("o", "s", "^", "D")


def sizes(found: xr.Dataset, ax: Axes) -> Axes:
    """Draw the risk that each form alone leaves against its outlay, and the cheapest mix that meets the risk.

    Parameters
    ----------
    found: What `sim.size_stockpile` returned.
    ax: Axes to draw on.

    Returns
    -------
    The same axes.
    """
    style.dress(ax)
    for index, form in enumerate(found["form"].values.tolist()):
        row = found.isel(mix=alone(found, form))
        colour, mark = COLOURS[index % len(COLOURS)], MARKS[index % len(MARKS)]
        spread = np.stack([row.risk - row.risk_low, row.risk_high - row.risk])
        ax.errorbar(row.outlay, row.risk, yerr=spread, fmt=mark, color=colour, markersize=3.5, linewidth=0.6, alpha=0.6)
        ax.plot(row.outlay, row.risk_monotone, color=colour, linewidth=1.3, label=f"{form} alone")
    best = found.isel(mix=found.attrs["cheapest"])
    ax.plot(best.outlay, best.risk, "*", color="black", markersize=11, label="cheapest mix that meets it", zorder=5)
    ax.axhline(found.attrs["allowed"], color=style.GREY, linewidth=0.8, linestyle=(0, (2, 2)), label="risk allowed")
    ax.set_xscale("symlog", linthresh=max(float(found.outlay.where(found.outlay > 0.0).min()), 1e-3))
    ax.set_xlim(left=0.0)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.set_ylim(0.0, 1.03 * max(float(found.risk_high.max()), found.attrs["allowed"], style.LEAST_SHARE))
    ax.set_xlabel("outlay at reference prices, million USD", fontsize=style.NORMAL)
    ax.set_ylabel(str(found.attrs["risk"]).split(" <=")[0], fontsize=style.NORMAL)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=style.SMALL)
    about = found.attrs
    style.heading(
        ax,
        f"Stockpile in {about['region']} for {about['sector_class']}: risk left, by form and size",
        f"{about['runs']:,} runs of each mix over {span(about['years'])}; bars: exact 95 % intervals",
    )
    return ax


def sizes_figure(found: xr.Dataset) -> Figure:
    """A figure with the chart and its source; parameters as for `sizes`."""
    figure = style.new_figure(8.0, 4.5)
    sizes(found, figure.add_subplot())
    about = found.attrs
    text = f"Source: {about['scenario']}; seed {about['seed']}"
    figure.supxlabel(text, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure
