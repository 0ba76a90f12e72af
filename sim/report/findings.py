"""What a reader wants to know first, each in one sentence with its range over runs and its error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.errors import ResultError
from sim.plotting import style
from sim.questions import tails
from sim.results import intervals, sentences
from sim.results.lookup import labels, variable
from sim.results.quantiles import spread
from sim.results.summary import SectorRow, Summary, hardest_hit, sectors
from sim.variables import DEAR, PRODUCT, REGION, RUN, SECTOR, SHORT, STAGE, WORLD

OFTEN = 0.1
"""Share of runs in which a sector must be short to be named as the first."""
LEAST_NEED = 1.0
"""Tonnes that a sector must lack on average to be named."""


TAIL = "tail95(lost_output)"
"""Metric of a bad case."""


@dataclass(frozen=True)
class Finding:
    """One finding: a question, and its answer in a sentence."""

    question: str
    answer: str


def measured(values: NDArray[np.floating], form: Callable[[float], str]) -> str:
    """Median, range over runs, and how well the median is known.

    Example
    -------
    >>> measured(np.arange(101.0), "{:.0f}".format)
    '50 (5 to 95 % of runs: 5 to 95; median known to 40 to 60)'
    """
    there = values[~np.isnan(values)].astype(np.float64)
    if not there.size:
        return "never"
    found = spread(there)
    low, middle, high = (form(value) for value in (found.low, found.middle, found.high))
    error = intervals.quantile(there, 0.5)
    if error.low < there.min() or error.high > there.max():
        known = "too few runs for an error of the median"
    elif form(error.low) == form(error.high):
        known = "the error of the median is below the last digit"
    else:
        known = f"median known to {form(error.low)} to {form(error.high)}"
    return f"{middle} (5 to 95 % of runs: {low} to {high}; {known})"


def counted(happens: NDArray[np.bool_]) -> str:
    """Share of runs in which something happens, with its error.

    Example
    -------
    >>> counted(np.arange(100) < 25)
    '25 % of runs (17 to 35 %)'
    """
    error = intervals.share(int(happens.sum()), happens.size)
    return f"{sentences.percent(float(happens.mean()))} of runs ({100 * error.low:.0f} to {100 * error.high:.0f} %)"


def findings(results: xr.DataTree, summary: Summary) -> tuple[Finding, ...]:
    """Answers to the first questions about an ensemble; those that do not arise are left out.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    summary: Its summary.
    """
    found = (
        _first_short(results),
        _largest_loss(results, summary),
        _hardest_region(results),
        _dearest(results, summary),
        _bottleneck(results, summary),
        _kinds(results),
        _total(results),
    )
    answers = tuple(finding for finding in found if finding is not None)
    quiet = "Nothing happens: no price rises by a tenth and no sector is short in any run to speak of."
    return answers or (Finding("What happens?", quiet),)


def _first_short(results: xr.DataTree) -> Finding | None:
    question = "Who is short first, and by how much?"
    lacking = variable(results, "runs", "shortage_tonnes").mean(RUN)
    rows = [
        row
        for row in sectors(results)
        if row.runs_short >= OFTEN
        and not math.isnan(row.months_to_shortage)
        and float(lacking.sel({SECTOR: row.sector, REGION: row.region})) >= LEAST_NEED
    ]
    if not rows:
        return None

    def rank(row: SectorRow) -> tuple[float, float]:
        """Soonest first; of those as soon, the one that lacks most."""
        return row.months_to_shortage, -float(lacking.sel({SECTOR: row.sector, REGION: row.region}))

    rows.sort(key=rank)
    first = rows[0]
    short, wait, tonnes = (
        _of(results, name, first) for name in ("shortage_months", "time_to_survive", "shortage_tonnes")
    )
    others = [row for row in rows[1:] if row.months_to_shortage <= first.months_to_shortage]
    same = f" As soon in the median: {_listed(others[:4])}." if others else ""
    return Finding(
        question,
        f"{style.begun(_name(first))}: short (more than {100 * SHORT:.0f} % of its service demand not met in some "
        f"month) in {counted(short > 0)}. "
        f"Months from the first onset of a restriction to its first short month, where both come: "
        f"{measured(wait, '{:.0f}'.format)}. Service demand not met over the whole horizon, t: "
        f"{measured(tonnes, style.number)}.{same}",
    )


def _largest_loss(results: xr.DataTree, summary: Summary) -> Finding | None:
    if not summary.sectors:
        return None
    row = summary.sectors[0]
    lost, short, again = (_of(results, name, row) for name in ("lost_output", "shortage_months", "time_to_recover"))
    return Finding(
        "Who loses most, and how long does it last?",
        f"{style.begun(_name(row))}, which loses most on average: {money(float(np.nanmean(lost)))} of output "
        f"over the horizon; in the median run {measured(lost, money)}. "
        f"{_how_often('Short', short > 0, 'months short', short)} Months from the first short month to the last, where "
        f"any is short: {measured(again, '{:.0f}'.format)}.",
    )


def _how_often(said: str, happens: NDArray[np.bool_], of: str, months: NDArray[np.floating]) -> str:
    """Share of runs in which something happens, and for how many months."""
    return f"{said} in {counted(happens)}; {of}: {measured(months, '{:.0f}'.format)}."


def _hardest_region(results: xr.DataTree) -> Finding | None:
    place = hardest_hit(results)
    if place == WORLD:
        return None
    rationed = variable(results, "runs", "rationed_tonnes").drop_sel({REGION: WORLD}, errors="ignore").sum(SECTOR)
    there, mean = rationed.sel({REGION: place}).values, rationed.mean(RUN)
    share = float(mean.sel({REGION: place}) / mean.sum())
    return Finding(
        "Which region is hit hardest?",
        f"{place}: its sectors wanted at the price and did not get, t over the horizon: "
        f"{measured(there, style.number)}; {sentences.percent(share)} of what all regions go without on average.",
    )


def _dearest(results: xr.DataTree, summary: Summary) -> Finding | None:
    if not summary.products:
        return None
    row = summary.products[0]
    peak, dear = (
        variable(results, "runs", name).sel({PRODUCT: row.product, REGION: row.region}).values
        for name in ("peak_price", "months_dear")
    )
    return Finding(
        "What gets dearest, and how dear?",
        f"{style.begun(style.named(row.product))} in {row.region}: the highest monthly quoted price of a run over its "
        f"reference is {measured(peak, 'x{:.2g}'.format)}. "
        f"{_how_often('It passes twice the reference', peak > DEAR, 'months above it', dear)}",
    )


def _bottleneck(results: xr.DataTree, summary: Summary) -> Finding | None:
    if not summary.stages:
        return None
    row = max(summary.stages, key=lambda row: row.shortage.spread.middle + 1e-3 * row.shortage.spread.high)
    if row.shortage.spread.high <= 0.005:
        return None
    place = {STAGE: row.stage, REGION: row.shortage.region}
    missing = variable(results, "runs", "worst_stage_shortage").sel(place).values
    return Finding(
        "At which stage does it pinch?",
        f"Products of the stage {row.stage}, in {row.shortage.region} and most of all about "
        f"{np.datetime_as_string(row.shortage.month, unit='M')}: intake missing in the worst month of a run is "
        f"{measured(missing, sentences.percent)}.",
    )


def _kinds(results: xr.DataTree) -> Finding | None:
    names = {"rationed": "rationed", "destroyed": "given up because of price", "substituted": "replaced"}
    tonnes = {name: world(variable(results, "runs", f"{name}_tonnes")) for name in names}
    if not any(values.max() >= LEAST_NEED for values in tonnes.values()):
        return None
    parts = "; ".join(f"{said} {measured(tonnes[name], style.number)}" for name, said in names.items())
    return Finding("What becomes of demand that is not met?", f"All sectors and regions, t over the horizon: {parts}.")


def _total(results: xr.DataTree) -> Finding | None:
    lost = world(variable(results, "runs", "lost_output"))
    if not lost.max() > 0.0:
        return None
    return Finding(
        "What does it cost, and how bad is a bad case?",
        f"Sector output lost in all sectors and regions together: {measured(lost, money)}. {_bad_case(results)}",
    )


def _bad_case(results: xr.DataTree) -> str:
    """The mean loss of the worst runs, with its interval."""
    try:
        estimate = tails.figures(results, [TAIL]).isel(figure=0)
    except ResultError:
        return "So few runs have no worst twentieth to speak of."
    value, low, high = (float(estimate[name]) for name in ("value", "low", "high"))
    sure = f" (95 % interval {money(low)} to {money(high)})" if math.isfinite(low) and math.isfinite(high) else ""
    warning = str(estimate.warning.values)
    return f"The worst 5 % of runs lose {money(value)} on average{sure}{f'; careful: {warning}' if warning else ''}."


def _of(results: xr.DataTree, name: str, row: SectorRow) -> NDArray[np.float32]:
    values: NDArray[np.float32] = variable(results, "runs", name).sel({SECTOR: row.sector, REGION: row.region}).values
    return values


def world(found: xr.DataArray) -> NDArray[np.float32]:
    """Sum over sectors and regions by run.

    Parameters
    ----------
    found: A variable of `/runs`, shape (run, sector, region).
    """
    regions = [label for label in labels(found, REGION) if label != WORLD]
    values: NDArray[np.float32] = found.sel({REGION: regions}).sum((SECTOR, REGION)).values
    return values


def money(amount: float) -> str:
    """Million USD in words.

    Example
    -------
    >>> money(1534.2)
    '1.5 billion USD'
    """
    scale, unit = next((pair for pair in sentences.MONEY if amount >= pair[0]), sentences.MONEY[-1])
    return f"{amount / scale:,.1f} {unit}" if amount < 99.5 * scale else f"{amount / scale:,.0f} {unit}"


def _name(row: SectorRow) -> str:
    return f"{style.named(row.sector)} in {row.region}"


def _listed(rows: list[SectorRow]) -> str:
    return " and ".join(filter(None, [", ".join(map(_name, rows[:-1])), _name(rows[-1])]))
