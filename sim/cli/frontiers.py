"""`sim frontier`: what mixes of policies cost against the loss they leave."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.arguments import Overrides, Overwrite, ScenarioName, Seed, Threads, Without
from sim.cli.messages import note, reported, say, table, together

if TYPE_CHECKING:
    import xarray as xr

LOSS, COST = "tail95(lost_output)", "mean(net_public_cost)"


def weigh(
    scenario: ScenarioName,
    vary: Annotated[
        list[str],
        typer.Option(
            "--vary",
            metavar="POLICY=STRENGTHS",
            help="Such as reserve=0,0.5,1; can be given many times, and all combinations are tried. By default none, "
            "each policy alone, all but each, and all.",
        ),
    ] = [],  # noqa: B006 (typer copies it)
    loss: Annotated[str, typer.Option(metavar="METRIC", help="What is to become less.")] = LOSS,
    cost: Annotated[str, typer.Option(metavar="METRIC", help="What it costs.")] = COST,
    runs: Annotated[int, typer.Option(min=2, help="Runs of each mix.")] = 500,
    seed: Seed = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    without: Without = [],  # noqa: B006 (typer copies it)
    threads: Threads = None,
    out: Annotated[Path | None, typer.Option(help="Table of all mixes: .csv or .nc.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture of loss against cost: .png, .svg or .pdf.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Weigh what policies cost against the loss they leave; a mix is dropped only where another surely beats it."""
    with reported():
        from sim import scenario as scenarios
        from sim.cli.progress import Meter, stops_at_once
        from sim.plotting import files
        from sim.questions import frontiers, tables

        loaded, given, target, picture = together(
            lambda: scenarios.load(scenario, overrides=overrides, without=without),
            lambda: strengths_of(vary),
            lambda: None if out is None else tables.check_table(out, overwrite=overwrite),
            lambda: None if plot is None else files.check_picture(plot, overwrite=overwrite),
        )
        options: dict[str, Any] = {"loss": loss, "cost": cost, "runs": runs, "seed": seed, "threads": threads}
        with Meter(1) as meter, stops_at_once(meter):
            data = frontiers.frontier(loaded, vary=given or None, **options, progress=meter.update)
        _print_mixes(data)
        if target is not None:
            tables.write_table(data, target)
            say(f"Table: {out}")
        if picture is not None:
            from sim.plotting import frontiers as pictures

            files.write(pictures.frontier(data), picture)
            say(f"Picture: {plot}")


def strengths_of(given: list[str]) -> dict[str, list[float]]:
    """Strengths by policy.

    Raises
    ------
    ScenarioError: One cannot be read.
    """
    from sim.errors import Fault, ScenarioError

    found: dict[str, list[float]] = {}
    faults = []
    for text in given:
        name, sign, values = text.partition("=")
        try:
            found[name.strip()] = [float(each) for each in values.split(",")]
        except ValueError:
            sign = ""
        if not sign:
            faults.append(Fault("--vary", "", f"is '{text}'", "write such as --vary reserve=0,0.5,1"))
    if faults:
        raise ScenarioError(faults)
    return found


def _print_mixes(data: xr.Dataset) -> None:
    """Print every mix with its figures, the cheapest first."""
    from sim.cli.figures import figure

    rows = []
    for name in data.sortby("cost").mix.values:
        each = data.sel(mix=name)
        cells = [figure(float(each[key])) for key in ("cost", "loss", "loss_change")]
        change = f"{figure(float(each.loss_change_low))} to {figure(float(each.loss_change_high))}"
        beater = str(each.dropped_for.item())
        fate = f"dropped: {beater} beats it" if beater else ("leads" if bool(each.leads) else "not told apart")
        rows.append((str(name), *cells, change if name != data.mix.values[0] else "-", fate))
    about = data.attrs
    cost, loss = (
        about[key] + ("" if about[f"{key}_units"] == "1" else f", {about[f'{key}_units']}") for key in ("cost", "loss")
    )
    first = str(data.mix.values[0])
    heads = ("mix", ">cost", ">loss", f">loss less that of '{first}'", ">interval", "")
    table(f"Cost: {cost}; loss: {loss}", heads, rows)
    say(
        f"{about['runs']:,} runs of each mix, seed {about['seed']}, the same draws. Differences are paired run by run; "
        "their intervals hold for all mixes together, with 95 %. A mix is dropped where another is surely no worse in "
        "both and surely better in one."
    )
    for words in dict.fromkeys(str(each) for each in data.warning.values if each):
        note(f"Careful: {words}")
