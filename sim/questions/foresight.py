"""Leading indicators: which observables foretell a shortage some months ahead, with hits, false alarms and errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtri

from sim import variables
from sim.errors import Fault, ScenarioError
from sim.questions.futures import Values, checked_market, deliveries, need, opened, routes_into, series
from sim.results import intervals
from sim.streams import uniform
from sim.variables import MONTH, PRODUCT, REGION, RUN

INDICATOR, FALSE_ALARM = "indicator", "false_alarm_rate"
LEADS = (3, 6)
"""Months ahead, first and last."""
ALARMS = 0.10
"""False-alarm rate that thresholds are set for."""
CHANGE = 3
"""Months over which changes are taken."""
DRAWS = 200
"""Bootstrap draws of whole runs."""
GRID = np.round(np.linspace(0.0, 1.0, 51), 6)
"""False-alarm rates at which a curve is given."""
LEAST_EVENTS = 20
"""Onsets of shortage below which hit rates are no basis for a decision."""
BACKLOG = 12
"""Months over which missing exports are added up."""
REACH = float(ndtri(0.975))
"""Standard errors on either side of an interval of 95 %."""


def indicators(
    source: str | Path | xr.DataTree,
    *,
    product: str,
    region: str,
    exporter: str = "CN",
    leads: tuple[int, int] = LEADS,
    threshold: float = variables.SHORT,
) -> xr.Dataset:
    """How well what can be seen in a month foretells that a region will run short of a product.

    The event: after a month without shortage, and none until the first lead, the shortage passes the threshold in some
    month between the leads. Months in shortage, or with one before the first lead, count neither way. A score is an
    alarm above a threshold that is set on the even runs, so that it sounds falsely in 10 % of calm months, and judged
    on the odd ones.

    Parameters
    ----------
    source: Result with monthly `price`, `inventory`, `shortage` and `delivery`, or catalogue.
    product: Product that may run short.
    region: Region whose users may.
    exporter: Region whose prices and exports are watched.
    leads: First and last month ahead.
    threshold: Shortage from which a month counts as short.

    Returns
    -------
    Shape (indicator, false_alarm_rate) for the curve, (indicator,) for the rest; `sim/questions/COLUMNS.md` defines
    each column.

    Raises
    ------
    ScenarioError: Unknown names, or leads out of order; all faults at once.
    ResultError: The result lacks what is needed, or no shortage ever comes.
    """
    found = opened(source)
    need(found, "price", "inventory", "shortage", "delivery")
    _check(found, product, region, exporter, leads)
    lacking = np.nan_to_num(series(found, "shortage", product, region))
    valid, event = onsets(lacking, leads, threshold)
    scores = observables(found, product, region, exporter)
    rows = [_judged(score, valid, event) for score in scores.values()]
    entries = {name: (INDICATOR, np.array([row[name] for row in rows])) for name in rows[0] if name != "curve"}
    curves = np.stack([row["curve"] for row in rows])
    data = xr.Dataset(
        entries | {"hit_rate_curve": ((INDICATOR, FALSE_ALARM), curves)},
        coords={INDICATOR: list(scores), FALSE_ALARM: GRID},
    )
    for name in data.data_vars:
        data[name].attrs["units"] = "1"
    data.attrs = {"title": str(found.attrs["title"]), "product": product, "region": region, "exporter": exporter}
    data.attrs |= {"first_lead": leads[0], "last_lead": leads[1], "threshold": threshold}
    data.attrs |= {"events": int((valid & event).sum()), "calm_months": int((valid & ~event).sum())}
    data.attrs |= {"runs": len(lacking), "runs_with_events": int((valid & event).any(axis=1).sum())}
    return data


def _check(found: xr.DataTree, product: str, region: str, exporter: str, leads: tuple[int, int]) -> None:
    faults = []
    for name, of_region in ((product, region), (None, exporter)):
        try:
            checked_market(found, name, of_region, where="sim indicators")
        except ScenarioError as error:
            faults += list(error.faults)
    months = found["reference"].sizes[MONTH]
    if not 1 <= leads[0] <= leads[1] or leads[1] + CHANGE >= months:
        cure = f"give a first lead from 1 and a last one not before it, below {months - CHANGE}"
        faults.append(Fault("--lead", "", f"is {leads[0]} to {leads[1]} months", cure))
    if region == exporter:
        faults.append(Fault("--exporter", "", f"is {exporter}, the region itself", "give another region"))
    if faults:
        raise ScenarioError(faults)


def onsets(lacking: Values, leads: tuple[int, int], threshold: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Months that count, and those of them after which a shortage comes between the leads.

    Parameters
    ----------
    lacking: Shortage, shape (run, month).

    Example
    -------
    >>> valid, event = onsets(np.array([[0.0, 0.0, 0.0, 0.2, 0.0]]), (2, 3), 0.05)
    >>> valid.tolist(), event.tolist()
    ([[True, True, False, False, False]], [[True, True, False, False, False]])
    """
    short = lacking >= threshold
    first, last = leads
    valid, event = np.zeros_like(short), np.zeros_like(short)
    for month in range(short.shape[1] - last):
        valid[:, month] = ~short[:, month : month + first].any(axis=1)
        event[:, month] = short[:, month + first : month + last + 1].any(axis=1)
    return valid, event & valid


def observables(found: xr.DataTree, product: str, region: str, exporter: str) -> dict[str, Values]:
    """What can be seen in each month, each so that more of it is a worse sign; shape (run, month).

    Inventories and prices are those of the chain's markets. Queues of licences are not recorded by the engine; what
    customs statistics show of them is: exports missing over a year, whatever keeps them.
    """
    here, there = series(found, "price", product, region), series(found, "price", product, exporter)
    scores = {
        "price_gap": np.log(here / there),
        "price_rise": _change(np.log(here)),
        "inventory_fall": -_change(np.log(np.maximum(series(found, "inventory", product, region), 1e-3))),
    }
    reference = found["reference"].dataset
    route = routes_into(reference, product, region).get(exporter)
    if route is not None:
        sent = deliveries(found, route)
        scores["export_fall"] = -_change(sent)
        scores["export_gap"] = 1.0 - sent
        scores["export_backlog"] = backlog(sent)
    for upstream in _inputs_with_gap(found, product, region, exporter):
        ratio = series(found, "price", upstream, region) / series(found, "price", upstream, exporter)
        scores[f"price_gap_{upstream}"] = np.log(ratio)
    return scores


def _inputs_with_gap(found: xr.DataTree, product: str, region: str, exporter: str) -> list[str]:
    """Oxides whose price is quoted in both regions: the classic early sign."""
    reference = found["reference"].dataset
    if str(reference["stage_of"].sel({PRODUCT: product}).values) == "separation":
        return []
    price = found["monthly"].dataset["price"].isel({RUN: 0, MONTH: 0}).sel({REGION: [region, exporter]})
    quoted = price.notnull().all(REGION).values
    stages = reference["stage_of"].values
    pairs = zip(map(str, reference[PRODUCT].values), quoted, stages, strict=True)
    return [name for name, both, stage in pairs if both and stage == "separation"]


def backlog(sent: Values) -> Values:
    """Exports missing over twelve months, in months of usual ones; what was sent more makes up for it.

    Parameters
    ----------
    sent: Shipments over those without shocks, shape (run, month); before the first month all were sent.

    Example
    -------
    >>> backlog(np.array([[1.0, 0.5, 0.0, 1.2]])).round(6).tolist()
    [[0.0, 0.5, 1.5, 1.3]]
    """
    missing = np.cumsum(np.pad(1.0 - sent, ((0, 0), (BACKLOG, 0))), axis=1)
    return np.maximum(missing[:, BACKLOG:] - missing[:, :-BACKLOG], 0.0)


def _change(path: Values) -> Values:
    """Change over three months; none in the first three."""
    return np.asarray(path - np.concatenate([path[:, :1].repeat(CHANGE, axis=1), path[:, :-CHANGE]], axis=1))


def _judged(score: Values, valid: NDArray[np.bool_], event: NDArray[np.bool_]) -> dict[str, Any]:
    """Area under the curve with its error, the curve, and hits and false alarms out of sample."""
    runs = np.repeat(np.arange(len(score)), score.shape[1]).reshape(score.shape)
    flat, hit, of_run = score[valid], event[valid], runs[valid]
    area, error = area_under_curve(flat, hit, of_run)
    even = of_run % 2 == 0
    calm = np.sort(flat[even & ~hit])
    bound = calm[min(int(np.ceil((1.0 - ALARMS) * calm.size)), calm.size - 1)] if calm.size else np.inf
    alarm, reach = (score > bound)[1::2], REACH * error
    rates = {"hit_rate": event[1::2], "false_alarm": (valid & ~event)[1::2]}
    return {
        "area": area,
        "area_low": max(area - reach, 0.0),
        "area_high": min(area + reach, 1.0),
        "alarm_above": bound,
        "curve": curve(flat, hit),
    } | {
        f"{name}{ending}": getattr(found, part)
        for name, months in rates.items()
        for found in [intervals.clustered_share((alarm & months).sum(axis=1), months.sum(axis=1))]
        for ending, part in (("", "value"), ("_low", "low"), ("_high", "high"))
    }


def curve(score: Values, hit: NDArray[np.bool_]) -> Values:
    """Hit rate at each false-alarm rate of the grid: the curve of a threshold that is lowered.

    Example
    -------
    >>> float(curve(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True]))[0])
    1.0
    """
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.diff(score[order]) != 0.0, True)
    hits = np.cumsum(hit[order])[ends] / max(hit.sum(), 1)
    alarms = np.cumsum(~hit[order])[ends] / max((~hit).sum(), 1)
    # Of several hit rates at one rate of false alarms the last is reached too.
    last = np.append(np.diff(alarms) > 0.0, True)
    alarms, hits = alarms[last], hits[last]
    if not alarms.size or alarms[0] > 0.0:
        alarms, hits = np.append(0.0, alarms), np.append(0.0, hits)
    return np.asarray(np.interp(GRID, alarms, hits))


def area_under_curve(score: Values, hit: NDArray[np.bool_], run: NDArray[np.intp]) -> tuple[float, float]:
    """Chance that a month before a shortage scores above a calm one, ties half, and its standard error.

    The error is that of 200 bootstrap draws of whole runs, since months of one run go together.

    Parameters
    ----------
    score, hit: Score of each month, and whether a shortage follows.
    run: Run of each month, from 0.

    Example
    -------
    >>> area_under_curve(np.array([1.0, 2.0, 3.0, 3.0]), np.array([False, False, True, False]), np.zeros(4, int))[0]
    0.8333333333333334
    """
    if not hit.any() or hit.all():
        return float("nan"), float("nan")
    order = np.argsort(score, kind="stable")
    group = np.cumsum(np.append(False, np.diff(score[order]) != 0.0))
    hit, run = hit[order], run[order]
    runs = int(run.max()) + 1
    picked = (uniform(0, "indicators", "bootstrap", first=0, runs=DRAWS, draws=runs) * runs).astype(int)

    def area(weight: Values) -> float:
        """Area with weights of runs."""
        calm = np.bincount(group, weight[run] * ~hit)
        struck = np.bincount(group, weight[run] * hit)
        below = np.cumsum(calm) - calm
        total = calm.sum() * struck.sum()
        return float((struck * (below + calm / 2.0)).sum() / total) if total > 0.0 else float("nan")

    draws = [area(np.bincount(row, minlength=runs).astype(float)) for row in picked]
    return area(np.ones(runs)), float(np.nanstd(draws, ddof=1)) if runs > 1 else float("nan")
