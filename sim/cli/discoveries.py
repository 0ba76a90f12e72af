"""`sim discover`: within which limits of what was drawn most of the bad runs lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.arguments import Overwrite, ResultFile
from sim.cli.messages import reported, say, table, together
from sim.errors import ResultError

if TYPE_CHECKING:
    import xarray as xr


def find(
    file: ResultFile,
    metric: Annotated[
        str, typer.Option(metavar="METRIC", help="A condition, or a quantity of which the worst tenth of runs is bad.")
    ],
    out: Annotated[Path | None, typer.Option(help="Table of the box: .csv or .nc.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture of the box: .png, .svg or .pdf.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Find the limits of drawn shocks within which most bad runs lie, and judge them on runs not used to find them."""
    with reported():
        from sim import plotting, store
        from sim.plotting import files
        from sim.questions import discovery, tables

        found, target, picture = together(
            lambda: store.open_results(file),
            lambda: None if out is None else tables.check_table(out, overwrite=overwrite),
            lambda: None if plot is None else files.check_picture(plot, overwrite=overwrite),
        )
        try:
            data = discovery.discover(found, metric)
        except ModuleNotFoundError as error:
            raise ResultError(str(error)) from error
        _print_box(data)
        if target is not None:
            tables.write_table(data, target)
            say(f"Table: {out}")
        if picture is not None:
            files.write(plotting.discovery(data), picture)
            say(f"Picture: {plot}")


def _print_box(data: xr.Dataset) -> None:
    """Print the limits, and how good they are."""
    from sim.cli.figures import figure

    rows = [
        (str(name), *(figure(float(data[key].sel(input=name))) for key in ("limit_low", "limit_high", "least", "most")))
        for name in data.input.values
    ]
    heads = ("drawn", ">from", ">to", ">least of all runs", ">most")
    table(f"Box of {data.attrs['metric']}, found on half of {data.attrs['runs']:,} runs", heads, rows)
    shares = [
        f"{float(data[key]):.0%} ({float(data[f'{key}_low']):.0%} to {float(data[f'{key}_high']):.0%})"
        for key in ("coverage", "density", "mass")
    ]
    say(
        f"On the other half: {shares[0]} of bad runs lie inside; {shares[1]} of runs inside are bad, against "
        f"{float(data.bad_share):.0%} of all; {shares[2]} of runs lie inside."
    )
