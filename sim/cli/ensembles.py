"""`sim run`: from a scenario to a result file, a summary and a picture."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.arguments import Overrides, Overwrite, ScenarioName
from sim.cli.messages import note, reported, say, together

if TYPE_CHECKING:
    from distributed import Client

    from sim.engine.checkpoint import Checkpoint


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
    cluster: Annotated[
        str | None, typer.Option(help="Dask cluster: tcp://host:8786, or local:4 for four processes here.")
    ] = None,
    traces: Annotated[int, typer.Option(min=0, help="Runs, from the first, whose full monthly paths are kept.")] = 0,
    plot: Annotated[
        Path | None, typer.Option(help="Picture of price and shortage at every stage: .png, .svg or .pdf.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Simulate an ensemble; print a summary, write a result file and, if asked for, a picture.

    Progress is kept beside the result, in FILE.progress, until it stands: after a fault or Ctrl-C the same command goes
    on.
    """
    from sim.scenario.provenance import unmet

    with reported():
        place = out or Path(f"{Path(scenario).stem}.nc")
        loaded, target, picture, _ = together(
            lambda: _loaded(scenario, overrides, runs, traces),
            lambda: _result_target(place, overwrite),
            lambda: _picture_target(plot, overwrite),
            lambda: _check_cluster(cluster),
        )
        if loaded.time.periods_per_year == 12:
            note(
                "QuickLookWarning: monthly steps are for quick looks only: peaks come out up to 20 % lower; "
                "do not quote the numbers"
            )
        for text in unmet(loaded):
            note(text)
        from sim import store
        from sim.engine import checkpoint

        progress = target.with_name(target.name + checkpoint.ENDING)
        with checkpoint.Checkpoint(progress, replace=overwrite, tell=note) as kept, _client(cluster, kept) as client:
            options = {"seed": seed, "threads": threads, "traces": traces, "client": client}
            results, seconds = _simulated(loaded, kept, runs=runs, **options)
            store.save(results, target, overwrite=overwrite)
            kept.discard()
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


def _result_target(place: Path, overwrite: bool) -> Path:
    from sim import store

    return store.check_target(place, overwrite=overwrite)


def _picture_target(plot: Path | None, overwrite: bool) -> Path | None:
    if plot is None:
        return None
    from sim.plotting import files

    return files.check_picture(plot, overwrite=overwrite)


def _check_cluster(address: str | None) -> None:
    if address is not None:
        from sim.engine import cluster

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


def _simulated(scenario: Any, kept: Any, *, runs: int | None, **options: Any) -> tuple[Any, float]:
    from sim import engine
    from sim.cli.progress import Meter, stops_at_once
    from sim.errors import QuickLookWarning

    began = time.perf_counter()
    with Meter(runs or scenario.ensemble.runs) as meter, stops_at_once(meter, kept), warnings.catch_warnings():
        # Said above already, and in words without a line of code.
        warnings.simplefilter("ignore", QuickLookWarning)
        results = engine.run(scenario, runs=runs, progress=meter.update, checkpoint=kept, **options)
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
