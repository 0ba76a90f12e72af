"""`sim value-of-information`: what it is worth to a decision to know more before it is made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.arguments import Overrides, Overwrite, Seed, Threads, Without
from sim.cli.messages import note, reported, say, table, together

if TYPE_CHECKING:
    import xarray as xr

    from sim.scenario import Scenario


def weigh_knowledge(
    items: Annotated[
        list[str], typer.Argument(metavar="A [B...]", help="Scenarios to choose between; or one, with --vary.")
    ],
    metrics: Annotated[
        list[str],
        typer.Option(
            "--metric",
            metavar="METRIC",
            help="What is to become less, such as 'mean(lost_output)'; given many times, the sum of all.",
        ),
    ],
    vary: Annotated[
        list[str],
        typer.Option(
            "--vary", metavar="POLICY=STRENGTHS", help="Such as reserve=0,1: the options are mixes of one scenario."
        ),
    ] = [],  # noqa: B006 (typer copies it)
    highest: Annotated[bool, typer.Option("--highest", help="What is asked for is to become more.")] = False,
    worlds: Annotated[int, typer.Option(min=16, help="Draws of parameters and chain.")] = 64,
    runs: Annotated[int, typer.Option(min=2, help="Runs of each of these and of each option.")] = 32,
    parameters: Annotated[
        list[str], typer.Option("--parameter", help="Response parameter to draw; by default all with a prior.")
    ] = [],  # noqa: B006 (typer copies it)
    seed: Seed = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    without: Without = [],  # noqa: B006 (typer copies it)
    threads: Threads = None,
    out: Annotated[Path | None, typer.Option(help="The answer: .nc.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture of the answer: .png, .svg or .pdf.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Estimate what it would save to know a parameter, all of them, or everything before an option is chosen."""
    with reported():
        from sim import store
        from sim.cli.progress import Meter, stops_at_once
        from sim.plotting import files
        from sim.questions import deciding, tables

        options, target, picture = together(
            lambda: _options(items, vary, overrides, without),
            lambda: None if out is None else store.checked_file(out, (".nc",), overwrite=overwrite),
            lambda: None if plot is None else files.check_picture(plot, overwrite=overwrite),
        )
        asked: dict[str, Any] = {"highest": highest, "worlds": worlds, "runs": runs, "seed": seed, "threads": threads}
        note("simulating worlds ...")
        with Meter(1) as meter, stops_at_once(meter):
            data = deciding.value_of_information(
                options, metrics, parameters=parameters or None, progress=meter.update, **asked
            )
        _print_values(data)
        if target is not None:
            tables.write_table(data, target)
            say(f"Table: {out}")
        if picture is not None:
            from sim.plotting import deciding as pictures

            files.write(pictures.value_of_information(data), picture)
            say(f"Picture: {plot}")


def _options(items: list[str], vary: list[str], overrides: list[str], without: list[str]) -> dict[str, Scenario]:
    """Options by name: scenarios, or mixes of the policies of one.

    Raises
    ------
    ScenarioError: A scenario or mix cannot be.
    """
    from sim import scenario as scenarios
    from sim.cli.frontiers import strengths_of
    from sim.errors import Fault, ScenarioError
    from sim.questions import frontiers

    if vary and len(items) > 1:
        raise ScenarioError([Fault("--vary", "", "makes options of one scenario", f"give one, not {len(items)}")])
    if not vary and len(set(items)) < 2:
        raise ScenarioError([Fault("decision", "", "has one option", "give two scenarios, or one with --vary")])
    loaded = together(
        *(lambda item=item: scenarios.load(item, overrides=overrides, without=without) for item in dict.fromkeys(items))
    )
    if not vary:
        return dict(zip(dict.fromkeys(items), loaded, strict=True))
    (scenario,) = loaded
    return {mix.name: frontiers.mixed(scenario, mix) for mix in frontiers.mixes_of(scenario, strengths_of(vary))}


def _print_values(data: xr.Dataset) -> None:
    """Print the options, what knowledge is worth, and how far that can be trusted."""
    from sim.questions.deciding import TELLING_WORLDS

    about = data.attrs
    unit = "" if about["units"] == "1" else f", {about['units']}"
    order = data.difference.values.argsort()[:: -1 if about["highest"] else 1]
    options = [
        (
            str(each.option.values),
            *(_with_error(each, name) for name in ("figure", "difference")),
            f"{float(each.chosen):.0%}",
        )
        for each in (data.isel(option=place) for place in order)
    ]
    table(f"Options by {about['metrics']}{unit}", ("option", ">mean", ">beyond the best", ">best in worlds"), options)
    knowledge = [data.isel(knowledge=place) for place in (0, 1, *(2 + data.value[2:].argsort()[::-1].values))]
    rows = [
        (str(each.knowledge.values), _with_error(each, "value"))
        for place, each in enumerate(knowledge[:12])
        if place < 2 or float(each.value) > 0.0
    ]
    table(f"What it saves to know before the choice{unit}", ("knowledge", ">value"), rows)
    say(
        f"{about['worlds']} worlds of {about['runs']} runs, seed {about['seed']}, the same draws for all options. "
        f"Without more knowledge '{about['best']}' is chosen. +-: one standard error; below two of them a value may as "
        "well be none."
    )
    if float(data.value[1]) == 0.0:
        say("No world was found in which another option is better on average: to know more changes nothing.")
    if about["worlds"] < TELLING_WORLDS:
        note(f"Careful: {about['worlds']} worlds rank parameters roughly; give --worlds {TELLING_WORLDS} or more")
    best = data.sel(option=about["best"])
    rivals = data.drop_sel(option=about["best"])
    if (abs(rivals.difference) < 2.0 * rivals.difference_error).any() and float(best.chosen) < 1.0:
        note("Careful: options are not told apart on average, where values come out too low; give more worlds")


def _with_error(part: xr.Dataset, name: str) -> str:
    """A value with its standard error."""
    from sim.cli.figures import figure

    value, error = float(part[name]), float(part[f"{name}_error"])
    return f"{figure(value)} +- {figure(error)}" if error else figure(value)
