"""`sim show`: read a result file again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.arguments import ResultFile
from sim.cli.messages import reported, say, table

if TYPE_CHECKING:
    import xarray as xr

    from sim.results.summary import Summary


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


def print_summary(summary: Summary) -> None:
    """Print a summary as sentences and tables."""
    from sim.results.sentences import sentences
    from sim.results.tables import tables

    say(summary.origin.title)
    for sentence in sentences(summary):
        say(sentence)
    say()
    for found in tables(summary):
        table(found.title, found.columns, found.rows)


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
