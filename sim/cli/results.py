"""`sim show` and `sim plot`: read a result file again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from sim.cli.arguments import Overwrite, ResultFile
from sim.cli.messages import note, reported, say, table, together
from sim.errors import ResultError

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

    from sim.results.quantiles import Spread
    from sim.results.shortage import ShortageRow
    from sim.results.summary import ProductRow, RestrictionRow, SectorRow, Summary


class Kind(StrEnum):
    """Pictures that can be drawn of a result."""

    fan = "fan"
    stages = "stages"
    shocks = "shocks"


def describe(
    file: ResultFile,
    region: Annotated[
        str | None, typer.Option(help="Only this region; by default the hardest hit of each row.")
    ] = None,
) -> None:
    """Print where a result comes from, what it says, and what it holds."""
    with reported("nothing else was read"):
        from sim import store
        from sim.results.summary import summarise

        found = store.open_results(file)
        summary = summarise(found, region=region)
        attributes, first = found.attrs, int(found.attrs.get("first_run", 0))
        say(
            f"{file}: made by oreflow {attributes['oreflow_version']} from {summary.origin.scenario}, "
            f"seed {attributes['seed']}, runs {first} to {first + attributes['runs'] - 1}, "
            f"tables {attributes.get('tables_digest', '')[:12]}"
        )
        print_summary(summary)
        _print_contents(found)


def draw(
    file: ResultFile,
    out: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")],
    kind: Annotated[
        Kind, typer.Option(help="fan: one variable; stages: the whole chain; shocks: the restrictions.")
    ] = (Kind.stages),
    product: Annotated[str | None, typer.Option(help="Product, stage or sector of a fan.")] = None,
    region: Annotated[str | None, typer.Option(help="Region or world; by default the one that lacks most.")] = None,
    variable: Annotated[str, typer.Option(help="Variable of a fan: price, shortage, inventory, flow ...")] = "price",
    overwrite: Overwrite = False,
) -> None:
    """Draw a picture of a result."""
    with reported():
        from sim import plotting, store
        from sim.plotting import files
        from sim.results.summary import hardest_hit

        found, target, _ = together(
            lambda: store.open_results(file),
            lambda: files.check_picture(out, overwrite=overwrite),
            lambda: _need_product(kind, product),
        )
        place = region or hardest_hit(found)
        if kind is Kind.fan:
            assert product is not None
            figure = plotting.fan_figure(found, variable, of=product, region=place)
        elif kind is Kind.stages:
            figure = plotting.stages(found, place)
        else:
            figure = plotting.shocks(found)
        files.write(figure, target)
        note(f"{out}: {kind.value}" + ("" if kind is Kind.shocks else f" in {place}"))


def _need_product(kind: Kind, product: str | None) -> None:
    if kind is Kind.fan and product is None:
        raise ResultError("--kind fan needs --product, such as --product dy_oxide")


def print_summary(summary: Summary) -> None:
    """Print a summary as sentences and tables."""
    from sim.results import sentences

    say(summary.origin.title)
    for sentence in sentences.sentences(summary):
        say(sentence)
    say()
    _print_restrictions(summary)
    _print_stages(summary)
    _print_products(summary)
    _print_sectors(summary)
    _print_shortages(summary)
    _print_policies(summary)


THEN = "  in conflict"
"""First cell of the second line of a row: the same over conflict runs."""


Row = TypeVar("Row", "RestrictionRow", "ProductRow", "SectorRow", "ShortageRow")


def _lines(row: Row, *labels: str) -> list[tuple[Row, tuple[str, ...]]]:
    """A row over all runs and, where there are any, over conflict runs, each with the labels that begin its line."""
    lines = [(row, labels)]
    if row.in_conflict is not None:
        lines.append((row.in_conflict, (THEN, *[""] * (len(labels) - 1))))
    return lines


def _print_restrictions(summary: Summary) -> None:
    from sim.results import sentences

    rows = []
    for row in summary.restrictions:
        rows += [
            (
                *labels,
                sentences.percent(each.strikes),
                _dates(each.onset, summary.origin.start),
                sentences.durations(each.duration),
                sentences.percent(each.lifted),
            )
            for each, labels in _lines(row, row.title)
        ]
    if rows:
        heads = ("restriction", ">runs struck", ">first onset", ">months in force", ">lifted")
        table("Restrictions as drawn (lifted: events that a truce or a ruling ends)", heads, rows)


def _print_stages(summary: Summary) -> None:
    from sim.results import sentences

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
    table("Stages over a run, where it is worst: highest month of each run", heads, rows)


def _print_products(summary: Summary) -> None:
    from sim.results import sentences

    rows = []
    for row in summary.products:
        rows += [
            (
                *labels,
                sentences.multiples(each.peak_price),
                sentences.durations(each.months_dear),
                "-" if each.worst_shortage is None else sentences.percents(each.worst_shortage),
            )
            for each, labels in _lines(row, row.product, row.region)
        ]
    if rows:
        heads = ("product", "dearest in", ">peak price multiple", ">months above x2", ">worst month, intake missing")
        table("Products over a run", heads, rows)


def _print_policies(summary: Summary) -> None:
    rows = []
    for row in summary.policies:
        amounts = (row.cost, row.receipts, row.mean_net, row.net.high, row.private)
        rows.append((row.name, row.kind, *(f"{round(amount):,d}" for amount in amounts)))
    if rows:
        heads = ("policy", "kind", ">paid", ">received", ">net cost", ">95th percentile", ">private money")
        table("Money of policies over the horizon, million USD, mean over runs; net cost is discounted", heads, rows)


def _print_sectors(summary: Summary) -> None:
    from sim.results import sentences

    rows = []
    for row in summary.sectors:
        rows += [
            (
                *labels,
                sentences.percent(each.runs_short),
                sentences.durations(each.months_short),
                "-" if each.months_to_shortage != each.months_to_shortage else f"{each.months_to_shortage:.0f}",
                sentences.money(each.lost_output),
            )
            for each, labels in _lines(row, row.sector, row.region)
        ]
    if rows:
        heads = ("sector", "in", ">runs short", ">months short", ">months to first", ">output lost")
        table("Sectors over a run (short: more than 5 % of service demand not met)", heads, rows)


def _print_shortages(summary: Summary) -> None:
    from sim.results import sentences

    rows = []
    for row in summary.shortages:
        for each, labels in _lines(row, row.product):
            parts = each.parts
            tonnes = (parts.rationed, parts.destroyed, parts.substituted, parts.saved, parts.held_up)
            rows.append((*labels, *map(sentences.tonnes, tonnes)))
    if rows:
        place = summary.shortages[0].region
        heads = ("product", ">rationed", ">destroyed", ">substituted", ">saved", ">held up")
        table(
            f"Shortage over a run by its parts, {place}, t (held up: activity of makers that missed this input)",
            heads,
            rows,
        )


def _dates(onset: Spread, start: str) -> str:
    """Months of first onsets."""
    import numpy as np

    from sim.results import sentences

    begin = np.datetime64(start, "M")
    # A date on the first of a month is stored in single precision, perhaps just below it.
    return sentences.written(onset, lambda months: str(begin + int(months + 1e-4)))


def month(moment: np.datetime64) -> str:
    """A month as YYYY-MM."""
    return str(moment)[:7]


def _print_contents(results: xr.DataTree) -> None:
    from sim.variables import STATISTICS

    for name, node in results.children.items():
        data = node.to_dataset()
        statistics = {f"{base}_{statistic}" for base in data.data_vars for statistic in STATISTICS}
        rows = [
            (
                str(item),
                " x ".join(map(str, array.dims)),
                str(array.attrs.get("units", "")),
                str(array.attrs.get("long_name", "")),
            )
            for item, array in data.data_vars.items()
            if item not in statistics
        ]
        sizes = ", ".join(f"{dim} {size:,}" for dim, size in data.sizes.items())
        beside = f"; each also with _{', _'.join(STATISTICS)}" if statistics & set(map(str, data.data_vars)) else ""
        table(f"/{name}  ({sizes}{beside})", ("variable", "dimensions", "unit", "meaning"), rows)
