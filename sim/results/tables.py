"""A summary as tables of text, for the command line and the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sim.months import later
from sim.results import sentences
from sim.results.drawn import RestrictionRow
from sim.results.quantiles import Spread
from sim.results.shortage import ShortageRow
from sim.results.summary import ProductRow, SectorRow, Summary

THEN = "  in conflict"
"""First cell of the second line of a row: the same over conflict runs."""
MOST_SENDERS = 3
"""Regions that restrict whose lost exports are shown."""
MONEY_FIGURES = 3
"""Figures of amounts: means over runs, which a thousand runs know to a few percent."""
Row = TypeVar("Row", RestrictionRow, ProductRow, SectorRow, ShortageRow)


@dataclass(frozen=True)
class Table:
    """A table of text."""

    title: str
    columns: tuple[str, ...]
    """Headings; those that begin with '>' stand over numbers, which are set to the right."""
    rows: tuple[tuple[str, ...], ...]


def tables(summary: Summary) -> tuple[Table, ...]:
    """All tables of a summary that have rows, from restrictions to years, policies and their liabilities."""
    made = (restrictions, stages, products, sectors, shortages, years, policies, liabilities)
    found = [table(summary) for table in made]
    return tuple(table for table in found if table.rows)


def _lines(row: Row, *labels: str) -> list[tuple[Row, tuple[str, ...]]]:
    """A row over all runs and, where there are any, over conflict runs, each with the labels that begin its line."""
    lines = [(row, labels)]
    if row.in_conflict is not None:
        lines.append((row.in_conflict, (THEN, *[""] * (len(labels) - 1))))
    return lines


def restrictions(summary: Summary) -> Table:
    """Restrictions as drawn: how often, when and for how long."""
    rows = tuple(
        (
            *labels,
            sentences.percent(each.strikes),
            _dates(each.onset, summary.origin.start),
            sentences.durations(each.duration),
            sentences.percent(each.lifted),
        )
        for row in summary.restrictions
        for each, labels in _lines(row, row.title)
    )
    heads = ("restriction", ">runs struck", ">first onset", ">months in force, as drawn", ">lifted")
    return Table("Restrictions as drawn (lifted: events that a truce or a ruling ends)", heads, rows)


def stages(summary: Summary) -> Table:
    """Stages where they are dearest and where they run shortest."""
    rows: list[tuple[str, ...]] = []
    for row in summary.stages:
        dear, short = row.price.spread.high > 1.005, row.shortage.spread.high > 0.0
        rows.append(
            (
                row.stage,
                *((row.price.region, month(row.price.month)) if dear else ("-", "-")),
                sentences.multiples(row.price.spread),
                *((row.shortage.region, month(row.shortage.month)) if short else ("-", "-")),
                sentences.percents(row.shortage.spread),
            )
        )
        if row.in_conflict is not None:
            price, lacking = row.in_conflict.price.spread, row.in_conflict.shortage.spread
            rows.append((THEN, "", "", sentences.multiples(price), "", "", sentences.percents(lacking)))
    heads = ("stage", "dearest in", "about", ">peak multiple", "shortest in", "about", ">intake missing")
    return Table("Stages over a run, where it is worst: highest month of each run", heads, tuple(rows))


def years(summary: Summary) -> Table:
    """Losses and public money by calendar year; of the regions that restrict those that lose most."""
    names = summary.years[0].exports if summary.years else {}
    total = {name: sum(row.exports[name] for row in summary.years) for name in names}
    senders = sorted(total, key=lambda name: -abs(total[name]))[:MOST_SENDERS]
    paid = any(row.net_cost is not None for row in summary.years)
    rows = []
    for row in summary.years:
        costs = () if row.net_cost is None else (row.net_cost,)
        exports = (row.exports[name] for name in senders)
        amounts = (row.mean_output, row.output.high, row.value_added, *costs, *exports)
        rows.append((str(row.year), *(sentences.whole(amount, MONEY_FIGURES) for amount in amounts)))
    heads = (
        "year",
        ">output lost",
        ">its 95th percentile",
        ">value added lost",
        *((">net public cost",) if paid else ()),
    )
    title = "Losses by calendar year, million USD, mean over runs, not discounted"
    return Table(title, (*heads, *(f">exports {name} lost" for name in senders)), tuple(rows))


def policies(summary: Summary) -> Table:
    """Money of policies."""
    rows = tuple(
        (
            row.name,
            row.kind,
            *(
                sentences.whole(amount, MONEY_FIGURES)
                for amount in (row.cost, row.receipts, row.mean_net, row.net.high, row.private)
            ),
        )
        for row in summary.policies
    )
    heads = ("policy", "kind", ">paid", ">received", ">net cost", ">95th percentile", ">private money")
    title = "Money of policies over the horizon, million USD, mean over runs; net cost is discounted"
    if any(row.kind == "stockpile" for row in summary.policies):
        title += ", and less what stockpiles still hold"
    return Table(title, heads, rows)


def liabilities(summary: Summary) -> Table:
    """Contingent liabilities: what the public owes only if prices or plants fall."""
    rows = tuple(
        (
            row.name,
            row.kind,
            *(
                sentences.whole(amount, MONEY_FIGURES)
                for amount in (row.mean_net, row.contingent.high, row.most_owed.high)
            ),
        )
        for row in summary.policies
        if row.contingent is not None
    )
    heads = ("policy", "kind", ">mean", ">95th percentile", ">debt guaranteed, 95th percentile")
    title = "Contingent liabilities over the horizon, million USD, net and discounted (in the costs above)"
    return Table(title, heads, rows)


def products(summary: Summary) -> Table:
    """Products that get dear."""
    rows = tuple(
        (
            *labels,
            sentences.multiples(each.peak_price),
            sentences.durations(each.months_dear),
            "-" if each.worst_shortage is None else sentences.percents(each.worst_shortage),
        )
        for row in summary.products
        for each, labels in _lines(row, row.product, row.region)
    )
    heads = ("product", "dearest in", ">peak price multiple", ">months above x2", ">worst month, intake missing")
    return Table("Products over a run", heads, rows)


def sectors(summary: Summary) -> Table:
    """Sectors that run short."""
    rows = tuple(
        (
            *labels,
            sentences.percent(each.runs_short),
            sentences.durations(each.months_short),
            "-" if each.months_to_shortage != each.months_to_shortage else f"{each.months_to_shortage:.0f}",
            sentences.money(each.lost_output),
        )
        for row in summary.sectors
        for each, labels in _lines(row, row.sector, row.region)
    )
    heads = ("sector", "in", ">runs short", ">months short", ">months to first", ">output lost")
    return Table("Sectors over a run (short: more than 5 % of service demand not met)", heads, rows)


def shortages(summary: Summary) -> Table:
    """Parts of shortage of each product."""
    rows = []
    for row in summary.shortages:
        for each, labels in _lines(row, row.product):
            parts = each.parts
            tonnes = (parts.rationed, parts.destroyed, parts.substituted, parts.saved, parts.held_up)
            rows.append((*labels, *map(sentences.tonnes, tonnes)))
    place = summary.shortages[0].region if summary.shortages else ""
    heads = ("product", ">rationed", ">destroyed", ">substituted", ">saved", ">held up")
    title = f"Shortage over a run by its parts, {place}, t (held up: activity of makers that missed this input)"
    return Table(title, heads, tuple(rows))


def _dates(onset: Spread, start: str) -> str:
    """Months of first onsets."""
    begin = np.datetime64(start, "M")
    # A date on the first of a month is stored in single precision, perhaps just below it.
    return sentences.written(onset, lambda months: str(later(begin, int(months + 1e-4))))


def month(moment: np.datetime64) -> str:
    """A month as YYYY-MM."""
    return str(moment)[:7]
