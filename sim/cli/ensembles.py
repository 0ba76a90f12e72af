"""`sim run`: from a scenario to a result file, a summary and a picture."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.arguments import (
    Episodes,
    Goal,
    Overrides,
    Overwrite,
    PerRun,
    Posterior,
    Rows,
    ScenarioName,
    Seed,
    Threads,
    Without,
)
from sim.cli.messages import note, reported, say, together

if TYPE_CHECKING:
    from distributed import Client

    from sim.engine.checkpoint import Checkpoint
    from sim.questions.until import Reached

MANY = 100_000
"""Runs from which a summary takes so long that it is said beforehand."""


def simulate(
    scenario: ScenarioName,
    runs: Annotated[int | None, typer.Option(min=1, help="Number of runs; the scenario's own by default.")] = None,
    seed: Seed = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Result file, .nc or .zarr; by default the scenario's name with .nc, in this folder."),
    ] = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    without: Without = [],  # noqa: B006
    posterior: Posterior = None,
    fit: Episodes = [],  # noqa: B006
    sets: Annotated[int, typer.Option(min=1, max=10_000, help="Sets of parameters that stand for the posterior.")] = 64,
    threads: Threads = None,
    cluster: Annotated[
        str | None, typer.Option(help="Dask cluster: tcp://host:8786, or local:4 for four processes here.")
    ] = None,
    traces: Annotated[int, typer.Option(min=0, help="Runs, from the first, whose full monthly paths are kept.")] = 0,
    follow: Rows = [],  # noqa: B006 (typer copies it)
    until: Goal = None,
    max_runs: Annotated[int, typer.Option(min=1, help="Runs at which --until ends at the latest.")] = 100_000,
    go_on: Annotated[
        bool, typer.Option("--continue", help="Go on with the ensemble in the result file; --runs counts all its runs.")
    ] = False,
    keep_counts: Annotated[
        bool, typer.Option("--keep-counts", help="Keep what --continue needs in the result; --until always does.")
    ] = False,
    monthly: Annotated[
        str, typer.Option(help="Variables kept month by month of every run, with commas: shortage,delivery,price ...")
    ] = "",
    per_run: PerRun = "all",
    plot: Annotated[
        Path | None, typer.Option(help="Picture of price and shortage at every stage: .png, .svg or .pdf.")
    ] = None,
    plot_goal: Annotated[
        Path | None, typer.Option(help="Picture of how the figure of --until became known: .png, .svg or .pdf.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Simulate an ensemble; print a summary, write a result file and, if asked for, a picture.

    Progress is kept beside the result, in FILE.progress, until it stands: after a fault or Ctrl-C the same command goes
    on.
    """
    with reported():
        place = out or Path(f"{Path(scenario).stem}.nc")
        loaded, kept, chosen, target, picture, goal, looks, onto, _ = together(
            lambda: _loaded(
                scenario, [*overrides, *_spread(posterior, fit, sets)], without, max_runs if until else runs, traces
            ),
            lambda: _monthly(monthly, until),
            lambda: _per_run(per_run, until),
            lambda: _result_target(place, overwrite or go_on),
            lambda: _picture_target(plot, overwrite),
            lambda: _goal(until, runs),
            lambda: _looks_target(plot_goal, until, overwrite),
            lambda: _begun(place, runs, until) if go_on else None,
            lambda: _check_cluster(cluster, until),
        )
        if goal is not None:
            goal.metric.check(loaded)
        _warn(loaded)
        shared = {"seed": seed, "threads": threads, "traces": traces, "follow": follow, "onto": onto}
        began = time.perf_counter()
        reached = _reached(loaded, goal, max_runs, shared) if goal is not None else None
        if reached is not None:
            results = reached.results
            _write(results, target, overwrite=overwrite or go_on)
        else:
            shared |= {"runs": runs, "open_ended": keep_counts or go_on, "monthly": kept, "per_run": chosen}
            results = _saved(loaded, target, shared, cluster, replace=overwrite, overwrite=overwrite or go_on)
        seconds = time.perf_counter() - began
    with reported(f"the result is in {place}"):
        region = _draw(results, picture) if picture is not None else None
        _report(results, seconds, place, plot, region)
        if reached is not None:
            _report_goal(reached)
            if looks is not None:
                _draw_goal(reached, looks)


def _spread(posterior: str | None, fit: list[str], sets: int) -> list[str]:
    """The override that spreads runs over a posterior, if one is asked for."""
    if posterior is None:
        if fit:
            from sim.errors import Fault, ScenarioError

            raise ScenarioError([Fault("--fit", fit[0], "has no posterior to choose from", "give --posterior as well")])
        return []
    from sim.questions import posteriors

    return [posteriors.spread_over_runs(posterior, fit, sets)]


def _loaded(name: str, overrides: list[str], without: list[str], runs: int | None, traces: int) -> Any:
    from sim import scenario as scenarios
    from sim.errors import Fault, ScenarioError

    loaded = scenarios.load(name, overrides=overrides, without=without)
    if traces > (runs or loaded.ensemble.runs):
        raise ScenarioError([Fault("--traces", "", f"is {traces}, more than there are runs", "give fewer")])
    return loaded


def _warn(scenario: Any) -> None:
    """Say what a reader of the results should know beforehand."""
    from sim.scenario.provenance import unmet

    if scenario.time.periods_per_year == 12:
        note(
            "QuickLookWarning: monthly steps are for quick looks only: peaks come out up to 20 % lower; "
            "do not quote the numbers"
        )
    for text in unmet(scenario):
        note(text)


def _write(results: Any, target: Path, *, overwrite: bool) -> None:
    from sim import store

    store.save(results, target, overwrite=overwrite)


def _monthly(names: str, until: str | None) -> tuple[str, ...]:
    from sim.engine.monthly import known
    from sim.errors import Fault, ScenarioError

    if names and until is not None:
        raise ScenarioError([Fault("--monthly", "", "cannot be kept with --until", "give --follow ROW instead")])
    return known(name.strip() for name in names.split(",") if name.strip())


def _per_run(names: str, until: str | None) -> tuple[str, ...] | None:
    """Variables of `/runs` to keep; none is said where all are."""
    from sim.engine.outcomes import known
    from sim.errors import Fault, ScenarioError

    if names == "all":
        return None
    if until is not None:
        raise ScenarioError([Fault("--per-run", "", "cannot be chosen with --until", "leave one of them out")])
    return () if names == "none" else known(name.strip() for name in names.split(",") if name.strip())


def _result_target(place: Path, overwrite: bool) -> Path:
    from sim import store

    return store.check_target(place, overwrite=overwrite)


def _picture_target(plot: Path | None, overwrite: bool) -> Path | None:
    if plot is None:
        return None
    from sim.plotting import files

    return files.check_picture(plot, overwrite=overwrite)


def _goal(until: str | None, runs: int | None) -> Any:
    """The goal of an ensemble that grows; none without one."""
    if until is None:
        return None
    from sim.errors import Fault, ScenarioError
    from sim.questions.until import read_goal

    if runs is not None:
        raise ScenarioError([Fault("--runs", "", f"is {runs}, and --until decides", "give --max-runs instead")])
    return read_goal(until)


def _looks_target(plot: Path | None, until: str | None, overwrite: bool) -> Path | None:
    """Where the picture of the looks at a figure goes."""
    from sim.errors import Fault, ScenarioError

    if plot is not None and until is None:
        raise ScenarioError([Fault("--plot-goal", "", "has no goal to draw", "give --until as well")])
    return _picture_target(plot, overwrite)


def _begun(place: Path, runs: int | None, until: str | None) -> Any:
    """The result whose ensemble goes on."""
    from sim import store
    from sim.errors import Fault, ScenarioError

    begun = store.open_results(place)
    already = int(begun.attrs["runs"])
    if until is None and (runs is None or runs <= already):
        given = "is not given" if runs is None else f"is {runs:,}"
        cure = f"{place} has {already:,} runs already: give more, or --until"
        raise ScenarioError([Fault("--runs", "", given, cure)])
    return begun


def _check_cluster(address: str | None, until: str | None) -> None:
    if address is not None:
        from sim.engine import cluster
        from sim.errors import Fault, ScenarioError

        if until is not None:
            raise ScenarioError([Fault("--cluster", "", "cannot grow an ensemble with --until", "give --runs instead")])
        cluster.check_address(address)


@contextmanager
def _client(address: str | None, kept: Checkpoint) -> Iterator[Client | None]:
    """A client of the cluster, if one is asked for; a loss of it says what is kept."""
    if address is None:
        yield None
        return
    from sim.engine import cluster
    from sim.errors import ClusterError

    with cluster.connected(address) as client:
        try:
            yield client
        except ClusterError as error:
            raise OSError(f"{error}; {kept.left()}") from None


def _reached(scenario: Any, goal: Any, most: int, options: dict[str, Any]) -> Any:
    """What became of a goal; with a bar of progress."""
    from sim.cli.progress import Meter, stops_at_once
    from sim.questions.until import run_until

    with Meter(most) as meter, stops_at_once(meter), _unwarned():
        return run_until(scenario, goal, max_runs=most, progress=meter.update, **options)


def _saved(
    scenario: Any, target: Path, options: dict[str, Any], cluster: str | None, *, replace: bool, overwrite: bool
) -> Any:
    """Results of an ensemble, saved; with a bar of progress, and progress kept on disk until they are."""
    from sim import making
    from sim.cli.progress import Meter, stops_at_once
    from sim.engine import checkpoint

    progress = target.with_name(target.name + checkpoint.ENDING)
    with checkpoint.Checkpoint(progress, replace=replace, tell=note) as kept, _client(cluster, kept) as client:
        runs = options["runs"] or scenario.ensemble.runs
        with Meter(runs) as meter, stops_at_once(meter, kept), _unwarned():
            options |= {"progress": meter.update, "client": client}
            found = making.simulate(scenario, target, checkpoint=kept, **options)
        return making.write(found, target, overwrite=overwrite)


@contextmanager
def _unwarned() -> Iterator[None]:
    """Nothing is said of quick looks: it was said already, and in words without a line of code."""
    from sim.errors import QuickLookWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuickLookWarning)
        yield


def _draw(results: Any, picture: Path) -> str:
    from sim import plotting
    from sim.plotting import files
    from sim.results.summary import hardest_hit

    region = hardest_hit(results)
    files.write(plotting.stages(results, region), picture)
    return region


def _draw_goal(reached: Reached, picture: Path) -> None:
    from sim import plotting
    from sim.plotting import files

    files.write(plotting.goal(reached.table()), picture)
    say(f"Picture of the goal: {picture}")


def _report(results: Any, seconds: float, place: Path, plot: Path | None, region: str | None) -> None:
    from sim.cli.results import print_summary
    from sim.results.summary import summarise

    if results.attrs["runs"] > MANY:
        note(f"{place} is complete; its {results.attrs['runs']:,} runs are now summarised, which takes some minutes")
    summary = summarise(results)
    print_summary(summary)
    say(f"Simulated in {seconds:.1f} s. Result: {place}  (read it with `sim show {place}`)")
    if plot is not None:
        say(f"Picture: {plot}  (stages in {region}; others with `sim plot {place} --region R --out F.png`)")


def _report_goal(reached: Reached) -> None:
    """Print how well the figure is known."""
    from sim.cli.figures import figure, interval

    found, goal = reached.estimate, reached.goal
    units = goal.metric.units(reached.results)
    achieved = f"{100.0 * reached.achieved:.2g} %" if goal.relative else f"{reached.achieved:.3g}"
    often = f"{len(reached.looks)} time{'s' if len(reached.looks) > 1 else ''}"
    say(
        f"\n{goal.metric.text} = {figure(found.value, units)}, 95 % interval {interval(found, units)}, standard error "
        f"{found.error:.2g}, {found.runs:,} runs, looked at {often}."
    )
    if reached.is_reached:
        say(f"Goal reached: known within {achieved} (asked: {goal}).")
    else:
        say(
            f"GOAL NOT REACHED: known within {achieved} only (asked: {goal}). "
            "To go on: the same command with --continue and a higher --max-runs."
        )
    if found.warning:
        note(f"note: {found.warning}")
