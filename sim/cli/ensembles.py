"""`sim run`: from a scenario to a result file, a summary and a picture."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.cli.arguments import Overrides, Overwrite, ScenarioName
from sim.cli.messages import note, reported, say, together


def simulate(
    scenario: ScenarioName,
    runs: Annotated[int | None, typer.Option(min=1, help="Number of runs; the scenario's own by default.")] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**63 - 1, help="Seed of all random draws; the scenario's own by default.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Result file, .nc or .zarr; by default the scenario's name with .nc, in this folder."),
    ] = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    threads: Annotated[int | None, typer.Option(min=1, help="Threads; by default one for each processor.")] = None,
    traces: Annotated[int, typer.Option(min=0, help="Runs, from the first, whose full monthly paths are kept.")] = 0,
    monthly: Annotated[
        str, typer.Option(help="Variables kept month by month of every run, with commas: shortage,delivery,price ...")
    ] = "",
    plot: Annotated[
        Path | None, typer.Option(help="Picture of price and shortage at every stage: .png, .svg or .pdf.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Simulate an ensemble; print a summary, write a result file and, if asked for, a picture."""
    from sim.scenario.provenance import unmet

    with reported():
        place = out or Path(f"{Path(scenario).stem}.nc")
        loaded, kept, target, picture = together(
            lambda: _loaded(scenario, overrides, runs, traces),
            lambda: _monthly(monthly),
            lambda: _result_target(place, overwrite),
            lambda: _picture_target(plot, overwrite),
        )
        if loaded.time.periods_per_year == 12:
            note(
                "QuickLookWarning: monthly steps are for quick looks only: peaks come out up to 20 % lower; "
                "do not quote the numbers"
            )
        for text in unmet(loaded):
            note(text)
        results, seconds = _simulated(loaded, runs=runs, seed=seed, threads=threads, traces=traces, monthly=kept)
        from sim import store

        store.save(results, target, overwrite=overwrite)
    with reported(f"the result is in {place}"):
        region = None
        if picture is not None:
            region = _draw(results, picture)
        _report(results, seconds, place, plot, region)


def _loaded(name: str, overrides: list[str], runs: int | None, traces: int) -> Any:
    from sim import scenario as scenarios
    from sim.errors import Fault, ScenarioError

    loaded = scenarios.load(name, overrides=overrides)
    if traces > (runs or loaded.ensemble.runs):
        raise ScenarioError([Fault("--traces", "", f"is {traces}, more than there are runs", "give fewer")])
    return loaded


def _monthly(names: str) -> tuple[str, ...]:
    from sim.engine.monthly import known

    return known(name.strip() for name in names.split(",") if name.strip())


def _result_target(place: Path, overwrite: bool) -> Path:
    from sim import store

    return store.check_target(place, overwrite=overwrite)


def _picture_target(plot: Path | None, overwrite: bool) -> Path | None:
    if plot is None:
        return None
    from sim.plotting import files

    return files.check_picture(plot, overwrite=overwrite)


def _simulated(scenario: Any, *, runs: int | None, **options: Any) -> tuple[Any, float]:
    from sim import engine
    from sim.cli.progress import Meter, stops_at_once
    from sim.errors import QuickLookWarning

    began = time.perf_counter()
    with Meter(runs or scenario.ensemble.runs) as meter, stops_at_once(meter), warnings.catch_warnings():
        # Said above already, and in words without a line of code.
        warnings.simplefilter("ignore", QuickLookWarning)
        results = engine.run(scenario, runs=runs, progress=meter.update, **options)
    return results, time.perf_counter() - began


def _draw(results: Any, picture: Path) -> str:
    from sim import plotting
    from sim.plotting import files
    from sim.results.summary import hardest_hit

    region = hardest_hit(results)
    files.write(plotting.stages(results, region), picture)
    return region


def _report(results: Any, seconds: float, place: Path, plot: Path | None, region: str | None) -> None:
    from sim.cli.results import print_summary
    from sim.results.summary import summarise

    summary = summarise(results)
    print_summary(summary)
    say(f"Simulated in {seconds:.1f} s. Result: {place}  (read it with `sim show {place}`)")
    if plot is not None:
        say(f"Picture: {plot}  (stages in {region}; others with `sim plot {place} --region R --out F.png`)")
