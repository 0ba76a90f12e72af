"""The command `sim` and its groups of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from sim import __version__
from sim.cli import chains, ensembles, questions, results

app = typer.Typer(
    name="sim",
    help="Who runs short of what, when, and at what price, when exports along the rare-earth chain are restricted.",
    epilog="Example: sim run baseline --runs 2000 --out baseline.nc --plot baseline.png",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog="Example: sim run baseline --runs 2000 --set time.years=5 --plot baseline.png")(
    ensembles.simulate
)
app.command("check", epilog="Example: sim check baseline --set growth=false")(chains.inspect)
app.command("show", epilog="Example: sim show baseline.nc --region EU")(results.describe)
app.command("plot", epilog="Example: sim plot baseline.nc --kind fan --product dy_oxide --region EU --out dy.png")(
    results.draw
)
app.command(
    "blame", epilog="Example: sim blame baseline --metric 'mean(lost_output[*, US])' --runs 50 --plot blame.png"
)(questions.assign_blame)
app.command(
    "stress", epilog="Example: sim stress baseline --event 'stopped[defence, US] > 0.3 for 6 months' --histories way"
)(questions.search_event)
app.command("sensitivity", epilog="Example: sim sensitivity baseline --metric 'mean(lost_output[*, US])' --blocks 12")(
    questions.split_variance
)
app.command("list", epilog="Example: sim list")(chains.names)
app.command("schema", epilog="Example: sim schema > scenario.schema.json")(chains.json_schema)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"oreflow {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Options of the command itself; the help text of `app` describes it."""
