"""Answers that need more than the runs of one sector: defence, restrictions, policies, and how well data are known."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.report.findings import OFTEN, Finding, counted, measured, money, world
from sim.results import audit, sentences
from sim.results.drawn import RestrictionRow
from sim.results.lookup import labels, variable
from sim.results.summary import Summary
from sim.scenario import Scenario
from sim.variables import INSTRUMENT, REGION, RESTRICTION, SECTOR, SLOT, WORLD

DEFENCE = "defence"
"""Class of sectors that makes arms."""
NORMAL = 1.96
"""Standard errors on either side of a difference of means, at 95 %."""


def context(results: xr.DataTree, summary: Summary, scenario: Scenario | None) -> tuple[Finding, ...]:
    """Answers that follow the first findings; those that do not arise are left out.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    summary: Its summary.
    scenario: Its scenario with tables; none where they were not found.
    """
    found = (
        None if scenario is None else _defence(results, scenario),
        _restrictions(results, summary),
        _policies(results),
        None if scenario is None else _known(scenario),
    )
    return tuple(finding for finding in found if finding is not None)


def _defence(results: xr.DataTree, scenario: Scenario) -> Finding | None:
    sectors = [row.sector for row in scenario.tables.sectors if row.sector_class == DEFENCE]
    if not sectors:
        return None

    def of(name: str) -> xr.DataArray:
        """A variable of these sectors in all regions."""
        found = variable(results, "runs", name)
        return found.sel({SECTOR: sectors, REGION: [each for each in labels(found, REGION) if each != WORLD]})

    short = np.asarray((of("shortage_months") > 0.0).any((SECTOR, REGION)).values)
    rationed, lost = (of(name).sum((SECTOR, REGION)).values for name in ("rationed_tonnes", "lost_output"))
    mean = of("lost_output").sum(SECTOR).mean("run")
    worst = str(mean[REGION].values[int(np.argmax(mean.values))])
    most = f" Most of it is lost in {worst}, on average." if float(mean.max()) > 0.0 else ""
    return Finding(
        "How hard is defence hit?",
        f"Defence sectors are short in some region in {counted(short)}. Rationed over the horizon, all regions, t: "
        f"{measured(rationed, '{:,.3g}'.format)}. Output lost: {measured(lost, money)}.{most}",
    )


def _restrictions(results: xr.DataTree, summary: Summary) -> Finding | None:
    if not summary.restrictions:
        return None
    row = max(summary.restrictions, key=lambda each: each.strikes)
    lost = world(variable(results, "runs", "lost_output"))
    onset = variable(results, "shocks", "onset")
    gaps = []
    for each in summary.restrictions:
        struck = onset.sel({RESTRICTION: each.name}).notnull().any(SLOT).values
        if OFTEN <= struck.mean() <= 1.0 - OFTEN:
            gaps.append((*_gap(lost, struck), each))
    said = ""
    if gaps:
        gap, reach, each = max(gaps, key=lambda found: found[0])
        least, most = (f"{'-' if end < 0.0 else ''}{money(abs(end))}" for end in (gap - reach, gap + reach))
        said = (
            f" Losses go most with {each.title}: runs that it strikes lose {money(abs(gap))} "
            f"{'more' if gap >= 0.0 else 'less'} on average than runs that it does not ({least} to {most} at 95 %). "
            "What goes with a loss need not cause it; `sim blame` splits causes."
        )
    return Finding("Which restrictions strike, for how long, and which go with the losses?", _strikes(row) + said)


def _strikes(row: RestrictionRow) -> str:
    return (
        f"Most often: {row.title}, in {sentences.percent(row.strikes)} of runs, for "
        f"{sentences.durations(row.duration)} months an event. All are listed under Tables."
    )


def _gap(values: NDArray[np.floating], among: NDArray[np.bool_]) -> tuple[float, float]:
    """Difference of two means and its half-width at 95 %.

    Example
    -------
    >>> gap, reach = _gap(np.array([1.0, 3.0, 6.0, 8.0]), np.array([False, False, True, True]))
    >>> gap, round(reach, 2)
    (5.0, 2.77)
    """
    inside, outside = values[among].astype(float), values[~among].astype(float)
    error = np.sqrt(inside.var(ddof=1) / inside.size + outside.var(ddof=1) / outside.size)
    return float(inside.mean() - outside.mean()), float(NORMAL * error)


def _policies(results: xr.DataTree) -> Finding | None:
    if "policies" not in results.children:
        return None
    cost = variable(results, "policies", "net_public_cost")
    total = cost.sum(INSTRUMENT).values
    mean = cost.mean("run")
    dearest = str(mean[INSTRUMENT].values[int(np.argmax(mean.values))])
    return Finding(
        "What do the policies cost the public, and do they help?",
        f"Public money less receipts over the horizon, discounted: {measured(total, _signed)}; the largest part for "
        f"{dearest.replace('_', ' ')}. Whether they help is not in a single result: `sim compare` sets it against the "
        "same scenario without them, on the same draws, with the error of the difference.",
    )


def _signed(amount: float) -> str:
    return money(amount) if amount >= 0.0 else f"-{money(-amount)}"


def _known(scenario: Scenario) -> Finding:
    counts = {name: sum(tables.values()) for name, tables in audit.confidence(scenario).items()}
    total, assumed = sum(counts.values()), counts.get(audit.ASSUMPTION, 0)
    verified = sum(count for name, count in counts.items() if name.startswith("verified"))
    return Finding(
        "How well are the data known?",
        f"Of {total:,} rows of the tables, {verified:,} are verified in whole or part and {assumed:,} "
        f"({sentences.percent(assumed / total)}) are assumptions; the rest are derived or recalled. The ranges above "
        "are over runs and know nothing of that. Counts by table and assumptions: see Scenario and sources.",
    )
