"""One look for all pictures: colours that colour-blind readers can tell apart, units on axes, a source at the foot."""

from __future__ import annotations

import io
import textwrap
from calendar import month_abbr
from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import to_rgb
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from sim.months import later
from sim.results.lookup import origin, variable
from sim.variables import MONTH

BLUE, VERMILION, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#555555"
"""From the palette of Okabe and Ito (2008), https://jfly.uni-koeln.de/color/."""
SMALL, NORMAL, LARGE, SOURCE = 8.0, 9.0, 11.0, 7.0
"""Font sizes, points."""
SHOWN = 90
"""Dots per inch in a notebook."""
TALL_RATIO = 4.0
"""Ratio of highest to lowest price multiple from which the axis is logarithmic."""
MULTIPLES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100)
MOST_TICKS = 8
STEPS = (1, 2, 3, 4, 6, 12, 24, 60, 120)
"""Months from one date on an axis to the next."""
LEAST_SPREAD = 0.1
"""Least reach of an axis of multiples on either side of 1."""
LEAST_SHARE = 0.05
"""Least upper end of an axis of shares: below it, a picture of nothing would look like a crisis."""

WORDS = {
    "la": "La",
    "ce": "Ce",
    "ndpr": "NdPr",
    "sm": "Sm",
    "dy": "Dy",
    "tb": "Tb",
    "smco": "SmCo",
    "hc": "(high coercivity)",
    "std": "(standard)",
    "eol": "end-of-life",
}


def named(label: str) -> str:
    """A label as people write it.

    Example
    -------
    >>> named("dy_oxide"), named("magnet_hc")
    ('Dy oxide', 'magnet (high coercivity)')
    """
    return " ".join(WORDS.get(word, word) for word in label.split("_"))


def paler(colour: str, share: float) -> tuple[float, float, float]:
    """A colour mixed with white: opaque, so that bands do not darken one another."""
    red, green, blue = (1.0 - share) * np.array(to_rgb(colour)) + share
    return float(red), float(green), float(blue)


def begun(text: str) -> str:
    """A text with a capital at its beginning.

    Example
    -------
    >>> begun("magnet, EU"), begun("NdPr oxide")
    ('Magnet, EU', 'NdPr oxide')
    """
    return text[:1].upper() + text[1:]


def middles(time: xr.DataArray) -> NDArray[np.datetime64]:
    """Middle of each month: where a mean of the month is drawn, so that it does not rise before its cause."""
    return np.asarray(time.values.astype("datetime64[D]") + np.timedelta64(15, "D"))


class Picture(Figure):
    """A figure that a notebook shows by itself, since it belongs to no window that could."""

    def _repr_png_(self) -> bytes:
        """The picture as a PNG file; notebooks ask for it under this name."""
        written = io.BytesIO()
        self.savefig(written, format="png", dpi=SHOWN)
        return written.getvalue()


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, inches; it belongs to no window and no global list."""
    return Picture(figsize=(width, height), dpi=150, layout="constrained", facecolor="white")


def sourced(figure: Figure, results: xr.DataTree) -> Figure:
    """Put scenario, seed and version at the foot."""
    figure.supxlabel(f"Source: {origin(results)}", x=0.01, ha="left", fontsize=SOURCE, color=GREY)
    return figure


def percent_ticks(axis: Axis) -> None:
    """Write the ticks of an axis of shares in percent, with the decimals that they need and no others."""
    axis.set_major_formatter(FuncFormatter(lambda share, position: f"{round(100.0 * share, 6):g} %"))


def dress(axes: Axes, *, size: float = SMALL) -> None:
    """Quiet frame, light grid, readable ticks."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.grid(visible=True, axis="y", color="0.9", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=size, colors=GREY, length=3)


def date_axis(axes: Axes, time: xr.DataArray, *, most: int = 8) -> None:
    """Dates along x: years where there are many months, months where there are few.

    The end has no label, since axes may stand side by side.
    """
    months = time.values.astype("datetime64[M]")
    count = months.size
    step = next((step for step in STEPS if count / step <= most), STEPS[-1])
    first = (-int(months[0].astype(int))) % step
    shown = months[first::step]
    labels = [_date_label(month, step, first=index == 0) for index, month in enumerate(shown)]
    axes.set_xticks([date_number(month) for month in shown], labels)
    axes.set_xlim(date_number(months[0]), date_number(later(months[-1], 1)))


def date_number(moment: np.datetime64) -> float:
    """A date as a number of the date axis."""
    return float(date2num(moment))  # type: ignore[no-untyped-call]


def _date_label(month: np.datetime64, step: int, *, first: bool) -> str:
    year, number = str(month).split("-")
    if step >= 12:
        return year
    return month_abbr[int(number)] + (f"\n{year}" if first or int(number) <= step else "")


def multiple_axis(axes: Axes, low: float, high: float) -> None:
    """Price multiples along y, logarithmic where their range is large."""
    low, high = min(low, 1.0 - LEAST_SPREAD), max(high, 1.0 + LEAST_SPREAD)
    if high / low >= TALL_RATIO:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.08, high * 1.08)
        ticks = [tick for tick in MULTIPLES if low / 1.08 <= tick <= high * 1.08]
        if len(ticks) > MOST_TICKS:
            ticks = [tick for tick in ticks if str(tick).strip("0.") in ("1", "2", "5")]
        axes.yaxis.set_major_locator(FixedLocator(ticks))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        margin = max(0.05 * (high - low), 0.02)
        axes.set_ylim(low - margin, high + margin)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, position: f"x{value:g}"))


def share_axis(axes: Axes, high: float) -> None:
    """Shares along y, in percent from none."""
    top = max(1.05 * high, LEAST_SHARE)
    axes.set_ylim(-0.02 * top, top)  # A line at none would otherwise hide in the frame.
    percent_ticks(axes.yaxis)


def heading(axes: Axes, title: str, subtitle: str = "", *, width: int = 90) -> None:
    """A title set to the left, with a quieter line below it."""
    text = "\n".join(textwrap.wrap(title, width))
    axes.set_title(text, loc="left", fontsize=LARGE, fontweight="bold", pad=20.0 if subtitle else 8.0)
    if subtitle:
        shown = textwrap.shorten(subtitle, int(1.2 * width), placeholder=" ...")
        axes.annotate(shown, (0.0, 1.0), (0.0, 6.0), "axes fraction", "offset points", fontsize=SMALL, color=GREY)


def big_title(figure: Figure, title: str) -> None:
    """A title over the whole figure, in as many lines as it needs."""
    width = int(figure.get_figwidth() * 9.0)
    lines = textwrap.wrap(title, width, max_lines=3, placeholder=" ...")
    figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=13.0, fontweight="bold")


def dated_onsets(results: xr.DataTree) -> list[float]:
    """Onsets that are the same in every run, as numbers of the date axis."""
    onset = variable(results, "shocks", "onset").values
    start = results["distribution"].to_dataset()[MONTH].values[0]
    same = {float(each.flat[0]) for each in onset if each.shape[0] == 1 and np.ptp(each) == 0.0}
    return sorted(date_number(start) + 365.25 / 12.0 * months for months in same)


def mark(axes: Axes, dates: Sequence[float]) -> None:
    """Thin lines where a restriction sets in on a known date."""
    for date in dates:
        axes.axvline(date, color=GREY, linewidth=0.8, linestyle=":", zorder=1.5)


def beside(axes: Axes, handles: Sequence[Line2D | Patch]) -> None:
    """A legend to the right of axes, where it covers nothing."""
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=SMALL)


def dated_handle() -> Line2D:
    """Entry of a legend for what `mark` draws."""
    return Line2D([], [], color=GREY, linewidth=0.8, linestyle=":", label="dated restriction")


def colour_bar(axes: Axes, scale: ScalarMappable, label: str, *, shrink: float = 1.0) -> Axes:
    """A quiet bar of colours beside axes; returns the axes of the bar, in percent unless told otherwise.

    Parameters
    ----------
    axes: Axes the colours are in.
    scale: Colours and what they stand for.
    label: What is shown, with its unit.
    shrink: Length over that of the axes.
    """
    bar = figure_of(axes).colorbar(scale, ax=axes, pad=0.015, aspect=14, shrink=shrink)
    bar.set_label(label, fontsize=SMALL, color=GREY)
    for side in bar.ax.spines.values():
        side.set_visible(False)
    bar.ax.tick_params(labelsize=SMALL, colors=GREY, length=0)
    percent_ticks(bar.ax.yaxis)
    return bar.ax


def figure_of(axes: Axes) -> Figure:
    """The figure that axes stand in."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return figure


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits and thousands apart, never with an exponent.

    Example
    -------
    >>> number(12245.0), number(0.6294), number(-7.0)
    ('12,200', '0.629', '-7')
    """
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.{digits}g}" if abs(rounded) < 10.0**digits else f"{rounded:,.0f}"
