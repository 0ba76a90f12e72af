"""Hindcast pictures: the fan of a series against what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.months import later
from sim.plotting import style
from sim.questions.observables import SUMMED
from sim.scenario.dates import months_between
from sim.scenario.episodes import ObservationRow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sim.questions.hindcast import Replays

COLUMNS, WIDTH, HEIGHT = 3, 4.2, 2.7
BANDS = ((0.05, 0.95, 0.75), (0.25, 0.75, 0.45))
"""Lower and upper quantile over parameter sets, and how far the colour is mixed with white."""
ERRORS = 1.645
"""Standard deviations of an error bar: it holds 90 %."""


def series(replays: Replays, name: str, *, ax: Axes | None = None) -> Axes:
    """Draw median and bands over parameter sets of one series with its observations.

    The bands are those of the parameters alone, without the discrepancy that scores add: what the model says, not what
    we believe.

    Parameters
    ----------
    replays: What `sim.questions.hindcast.replay` returned.
    name: Series of the episode.
    ax: Axes to draw on; those of a new figure by default.

    Returns
    -------
    The axes; filled dots are scored, hollow ones imposed or seen before.
    """
    axes = style.new_figure(WIDTH, HEIGHT).add_subplot() if ax is None else ax
    row = replays.episode.by_name[name]
    scale = 12.0 if row.quantity in SUMMED else 1.0
    paths = scale * replays.fans[name]
    time = dates(replays.start, np.arange(paths.shape[1]) + 0.5)
    for low, high, paleness in BANDS:
        axes.fill_between(
            time, *np.quantile(paths, [low, high], axis=0), color=style.paler(style.BLUE, paleness), linewidth=0.0
        )
    axes.plot(time, np.median(paths, axis=0), color=style.BLUE, linewidth=1.5)
    rows = [each for each in replays.episode.observations if each.series == name]
    _dots(axes, replays.start, rows, row.base_value, filled=row.role == "scored")
    style.dress(axes)
    months = later(np.datetime64(replays.start, "M"), np.arange(paths.shape[1]))
    style.date_axis(axes, xr.DataArray(months.astype("datetime64[ns]")), most=6)
    axes.set_title(row.title, loc="left", fontsize=style.NORMAL)
    values = [paths.min(), paths.max(), *(each.value / row.base_value * np.exp(ERRORS * each.error) for each in rows)]
    if row.base_from:
        style.multiple_axis(axes, min(values), max(values))
        axes.axhline(1.0, color=style.GREY, linewidth=0.8)
    else:
        axes.set_ylim(0.0, 1.08 * max(values))
        axes.set_ylabel("t a year" if row.quantity in SUMMED else row.unit, fontsize=style.SMALL)
    return axes


def _dots(axes: Axes, start: str, rows: Sequence[ObservationRow], base: float, *, filled: bool) -> None:
    """Observations at the middle of their windows, with the error judged for each and the length of the window."""
    middles = np.array([0.5 * (months_between(start, row.first) + months_between(start, row.last) + 1) for row in rows])
    halves = np.array([0.5 * (months_between(row.first, row.last) + 1.0) for row in rows])
    values = np.array([row.value / base for row in rows])
    around = np.exp(ERRORS * np.array([row.error for row in rows]))
    axes.hlines(
        values, dates(start, middles - halves), dates(start, middles + halves), color=style.VERMILION, linewidth=0.8
    )
    axes.errorbar(
        dates(start, middles),
        values,
        yerr=[values - values / around, values * around - values],
        fmt="o",
        markersize=4.0,
        color=style.VERMILION,
        markerfacecolor=style.VERMILION if filled else "white",
        elinewidth=0.9,
    )


def dates(start: str, months: NDArray[np.floating[Any]]) -> NDArray[np.datetime64]:
    """Days some months after the start of a scenario."""
    begin = np.datetime64(start, "M").astype("datetime64[D]")
    return np.asarray(begin + np.round(months * 365.25 / 12.0).astype("timedelta64[D]"))


def picture(replays: Replays, source: str) -> Figure:
    """All series of an episode as small multiples.

    Parameters
    ----------
    replays: What `sim.questions.hindcast.replay` returned.
    source: What the fan was made of, for the foot.
    """
    names = [row.series for row in replays.episode.series]
    lines = -(-len(names) // COLUMNS)
    figure = style.new_figure(COLUMNS * WIDTH, lines * HEIGHT + 0.9)
    grid = figure.subplots(lines, COLUMNS, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        series(replays, name, ax=axes)
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    style.big_title(figure, f"{replays.episode.about.title}: model against record")
    handles = [
        Line2D([], [], color=style.BLUE, linewidth=1.5, label="median of the parameter sets"),
        *(
            Patch(color=style.paler(style.BLUE, paleness), label=f"{100 * (high - low):.0f} % of them")
            for low, high, paleness in reversed(BANDS)
        ),
        Line2D([], [], marker="o", color=style.VERMILION, linewidth=0.9, label="recorded, with its 90 % error"),
        Line2D(
            [],
            [],
            marker="o",
            color=style.VERMILION,
            markerfacecolor="white",
            linewidth=0.9,
            label="imposed, not scored",
        ),
    ]
    figure.legend(
        handles=handles,
        loc="outside lower left",
        ncols=len(handles),
        frameon=False,
        fontsize=style.SMALL,
        title=f"Source: {source}",
        title_fontproperties={"size": style.SOURCE},
        alignment="left",
    )
    return figure
