"""Pictures of how long a quantity stays beyond a level, of money by budget year, and of all answers of `sim tails`."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from sim.plotting import risks, style
from sim.questions.tails import MONTHS, THRESHOLD

WRITTEN = (1, 3, 6, 12, 18, 24)
"""Months whose shares are written beside their dots."""
MARKS = (
    ("mean", "expected", style.BLUE, "o"),
    ("q95", "1 in 20 (95 % quantile)", "#E69F00", "s"),
    ("q99", "1 in 100 (99 % quantile)", style.VERMILION, "D"),
)
"""Statistics of a budget year: label, words, colour, mark."""
MOST_WARNINGS, MOST_NAMED = 2, 4
"""Warnings that are written out, and figures that each names."""
SPREAD = 0.2
"""How far the marks of a year stand from one another, years."""


def spells(data: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw the share of runs in which a condition lasts for so many months in a row, with intervals at 95 %.

    Hollow dots rest on too few runs to be quoted.

    Parameters
    ----------
    data: What `sim.questions.tails.spells` returned.
    ax: Axes to draw on; those of a new figure by default.
    """
    axes = style.new_figure(6.5, 4.2).add_subplot() if ax is None else ax
    careful = data.warning.values.astype(str) != ""
    for chosen, fill, label in (
        (~careful, style.BLUE, "share of runs, 95 % interval"),
        (careful, "white", "the same, not to be quoted (see note)"),
    ):
        part = data.isel({MONTHS: np.flatnonzero(chosen)})
        if part.sizes[MONTHS]:
            look: dict[str, Any] = {
                "fmt": "o",
                "color": style.BLUE,
                "markerfacecolor": fill,
                "markersize": 4.5,
                "elinewidth": 1.0,
            }
            axes.errorbar(part[MONTHS].values, part.value.values, yerr=_reach(part)[0], label=label, **look)
    for months in (each for each in WRITTEN if each in data[MONTHS]):
        value, top = (float(data[name].sel({MONTHS: months})) for name in ("value", "high"))
        place: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "fontsize": style.SMALL}
        axes.annotate(f"{style.number(100.0 * value, 2)} %", (months, top), (0.0, 2.0), color=style.GREY, **place)
    style.dress(axes, size=style.NORMAL)
    style.share_axis(axes, 1.05 * float(data.high.max()))
    axes.set_xlim(0.0, float(data[MONTHS].max()) + 1.5)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 3, 6, 10]))
    axes.set_xlabel("months in a row, at least", fontsize=style.NORMAL)
    axes.set_ylabel("share of runs", fontsize=style.NORMAL)
    style.heading(axes, f"How often {data.attrs['condition']} lasts", _runs(data), width=58)
    axes.legend(frameon=False, fontsize=style.SMALL, loc="best")
    return _noted(
        axes, _careful({f"{each} months": str(data.warning.sel({MONTHS: each}).values) for each in data[MONTHS].values})
    )


def budget(data: xr.Dataset, *, ax: Axes | None = None) -> Axes:
    """Draw public money by budget year: expected (also as a bar), 1 in 20 and 1 in 100, with intervals at 95 %.

    An arrow stands where so few runs lie beyond a figure that they do not bound it.

    Parameters
    ----------
    data: What `sim.questions.tails.budget` returned.
    ax: Axes to draw on; those of a new figure by default.
    """
    axes = style.new_figure(6.5, 4.2).add_subplot() if ax is None else ax
    years = data.year.values.astype(float)
    axes.bar(years, data.value.sel(statistic="mean").values, width=0.8, color=style.paler(style.BLUE, 0.75))
    for place, (name, words, colour, mark) in enumerate(MARKS, start=-1):
        part = data.sel(statistic=name)
        at, value = years + SPREAD * place, part.value.values
        reach, is_open = _reach(part)
        axes.errorbar(
            at, value, yerr=reach, fmt=mark, color=colour, markersize=4.5, elinewidth=1.2, capsize=2.0, label=words
        )
        for x, y in zip(at[is_open], value[is_open], strict=True):
            # The head is at the end of the text, so many points above the figure.
            arrow = {"arrowstyle": "<-", "color": colour, "linewidth": 1.2, "shrinkA": 0.0, "shrinkB": 0.0}
            axes.annotate("", (x, y), (0.0, 20.0), textcoords="offset points", arrowprops=arrow)
    style.dress(axes, size=style.NORMAL)
    axes.axhline(0.0, color=style.GREY, linewidth=0.8)
    ends = np.concatenate([part.values[np.isfinite(part.values)] for part in (data.value, data.low, data.high)])
    low, high = min(float(ends.min()), 0.0), max(float(ends.max()), 0.0)
    reach_of_all = max(high - low, 1.0)
    # Room on top for arrows and, above them, the legend.
    axes.set_ylim(low - (0.05 * reach_of_all if low < 0.0 else 0.0), high + 0.3 * reach_of_all)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, position: f"{value:.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, position: style.number(value, 4)))
    axes.set_xlabel("budget year", fontsize=style.NORMAL)
    axes.set_ylabel("million USD", fontsize=style.NORMAL)
    arrows = "; arrows: not bounded above" if np.isinf(data.high.values).any() else ""
    title = str(data.attrs["quantity"]).replace("_", " ")
    style.heading(
        axes, f"{style.begun(title)} by budget year", f"{_runs(data)}; lines: 95 % intervals{arrows}", width=64
    )
    axes.legend(frameon=False, fontsize=style.SMALL, loc="upper left", ncols=3, columnspacing=1.2)
    found = {}
    for name, words, _, _ in MARKS:
        for year in data.year.values:
            found[f"{words.split(' (')[0]}, {year}"] = str(data.warning.sel(statistic=name, year=year).values)
    return _noted(axes, _careful(found, every=data.sizes["year"]))


def _reach(part: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Distances to the ends of intervals, shape (2, figure), 0 where an end is infinite; whether the upper one is."""
    found = np.stack([part.value.values - part.low.values, part.high.values - part.value.values])
    bounded = np.isfinite(found)
    return np.where(bounded, np.maximum(found, 0.0), 0.0), ~bounded[1]


def _runs(data: xr.Dataset) -> str:
    """How many runs it rests on."""
    return f"{data.attrs['runs']:,} runs, seed {data.attrs['seed']}"


def _careful(found: dict[str, str], *, every: int = 0) -> list[str]:
    """Warnings, each once, with what it is about, the first few of them.

    Parameters
    ----------
    found: Warnings by what they are about; empty where there is none.
    every: Number of years of a budget, all of which together need no list.

    Example
    -------
    >>> _careful({"6 months": "", "9 months": "few runs", "12 months": "few runs"})
    ['Careful, 9 months, 12 months: few runs']
    """
    by_text: dict[str, list[str]] = {}
    for name, text in found.items():
        if text:
            by_text.setdefault(text, []).append(name)
    lines = []
    for text, names in list(by_text.items())[:MOST_WARNINGS]:
        kinds = {name.rsplit(", ", 1)[0] for name in names}
        about = sorted(kinds) if every and len(names) == every * len(kinds) else names[:MOST_NAMED]
        more = "" if len(about) == len(kinds) or len(names) <= MOST_NAMED else f" and {len(names) - MOST_NAMED} more"
        lines.append(f"Careful, {', '.join(about)}{more}: {text}")
    left = sum(len(names) for names in list(by_text.values())[MOST_WARNINGS:])
    return [*lines, f"and {left} more figures with warnings of their own"] if left else lines


def _noted(axes: Axes, lines: list[str]) -> Axes:
    """Write warnings below axes."""
    text = "\n".join(textwrap.fill(line, 95) for line in lines)
    if text:
        look: dict[str, Any] = {"fontsize": style.SOURCE, "color": style.VERMILION, "va": "top"}
        axes.annotate(text, (0.0, 0.0), (0.0, -36.0), "axes fraction", "offset points", **look)
    return axes


def picture(*answers: xr.Dataset) -> Figure:
    """A figure with a panel for each answer, in their order, and its source.

    Parameters
    ----------
    answers: What `exceedance`, `spells` and `budget` of `sim.questions.tails` returned, of one result.
    """
    columns = min(len(answers), 2)
    rows = -(-len(answers) // columns)
    figure = style.new_figure(6.5 * columns if columns > 1 else 7.2, 4.3 * rows)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, data in zip(grid, answers, strict=False):
        draw = risks.exceedance if THRESHOLD in data.dims else spells if MONTHS in data.dims else budget
        draw(data, ax=axes)
    for axes in grid[len(answers) :]:
        axes.set_visible(False)
    source = answers[0].attrs
    made = f"Source: oreflow {source['oreflow_version']}, {source['title']}, {_runs(answers[0])}"
    figure.supxlabel(made, x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY)
    return figure
