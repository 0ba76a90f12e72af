"""The command `sim` and its groups of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from sim import __version__
from sim.cli import (
    chains,
    checks,
    deciding,
    decisions,
    discoveries,
    ensembles,
    frontiers,
    helping,
    hindcasts,
    pictures,
    questions,
    reports,
    results,
    risks,
    stockpiles,
    warming,
)

app = typer.Typer(
    name="sim",
    help="Who runs short of what, when, and at what price, when exports along the rare-earth chain are restricted.",
    epilog="Example: sim run baseline --runs 2000 --out baseline.nc --plot baseline.png",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog="Example: sim run baseline --runs 2000 --set time.years=5 --plot baseline.png")(
    ensembles.simulate
)
app.command("check", epilog="Example: sim check baseline --set growth=false")(chains.inspect)
app.command("show", epilog="Example: sim show baseline.nc --region EU")(results.describe)
app.command("plot", epilog="Example: sim plot baseline.nc --kind fan --product dy_oxide --region EU --out dy.png")(
    pictures.draw
)
app.command("verify", epilog="Example: sim verify baseline.nc --share 0.05")(checks.repeat)
app.command("diff", epilog="Example: sim diff baseline.nc other.nc")(checks.compare_bits)
app.command(
    "blame", epilog="Example: sim blame baseline --metric 'mean(lost_output[*, US])' --runs 50 --plot blame.png"
)(questions.assign_blame)
app.command("exposure", epilog="Example: sim exposure parts.csv baseline.zarr --risk 0.05 --plot exposure.png")(
    decisions.exposure
)
app.command("requirement", epilog="Example: sim requirement emergency_us_2028 baseline.zarr --out need.csv")(
    decisions.requirement
)
app.command("dependence", epilog="Example: sim dependence baseline --region EU --plot dependence.png")(
    decisions.dependence
)
app.command("downstream", epilog="Example: sim downstream baseline.nc --region EU")(decisions.downstream)
app.command(
    "indicators", epilog="Example: sim indicators baseline.zarr --product magnet_hc --region EU --plot roc.png"
)(decisions.indicators)
app.command("catalogue", epilog="Example: sim catalogue baseline --years 100000 --out baseline.zarr")(
    decisions.catalogue
)
app.command("report", epilog="Example: sim report baseline.nc --out report.html")(reports.write)
app.command("explore", epilog="Example: sim explore baseline.nc controls.nc --no-browser --port 5006")(reports.explore)
app.command("new", epilog="Example: sim new my_quota --extends baseline")(helping.create)
app.command("explain", epilog="Example: sim explain restrictions.licensing.cut")(helping.explain)
app.command("hindcast", epilog="Example: sim hindcast rare_earths_2025 --plot hindcast.png")(hindcasts.hindcast)
app.command("calibrate", epilog="Example: sim calibrate --draws 600 --work calibration.npz --out posterior.csv")(
    hindcasts.calibrate
)
app.command("size-stockpile", epilog="Example: sim size-stockpile controls_2025 --region US --runs 256")(
    stockpiles.size
)
app.command("tails", epilog="Example: sim tails baseline.nc --metric 'shortage\\[magnet_hc, US]' --plot tails.png")(
    risks.tails
)
app.command("compare", epilog="Example: sim compare baseline section_232 --runs 2000 --plot compare.png")(risks.compare)
app.command(
    "stress", epilog="Example: sim stress baseline --event 'stopped\\[defence, US] > 0.3 for 6 months' --histories way"
)(questions.search_event)
app.command(
    "sensitivity",
    epilog="Example: sim sensitivity baseline --metric 'mean(lost_output[*, US])' --blocks 12; or, for indices of "
    "parameters, with --metric 'tail95(lost_output)' --indices 32 --parameter price_response --plot indices.png",
)(questions.split_variance)
app.command(
    "value-of-information",
    epilog="Example: sim value-of-information allied_strategy --vary reserve=0,1 --metric 'mean(lost_output)' "
    "--metric 'mean(net_public_cost)'",
)(deciding.weigh_knowledge)
app.command("warmup", epilog="Example: sim warmup")(warming.compile_kernel)
app.command("discover", epilog="Example: sim discover baseline.nc --metric 'lost_output[*, US]' --plot box.png")(
    discoveries.find
)
app.command(
    "frontier", epilog="Example: sim frontier allied_strategy --vary fund=0,1 --vary talent=0,1,2 --plot front.png"
)(frontiers.weigh)
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
