"""`sim blame`, `sim sensitivity` and `sim stress`: what is asked of a scenario beyond one ensemble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.arguments import Overrides, Overwrite, Seed, Threads
from sim.cli.messages import nearby, note, reported, say, table, together

if TYPE_CHECKING:
    import xarray as xr

    from sim.questions.inverse import Stress

Source = Annotated[
    str,
    typer.Argument(
        metavar="SCENARIO|FILE",
        help="Bundled scenario, path of a TOML file, or a result file (.nc, .zarr) to look into.",
    ),
]
Metrics = Annotated[
    list[str],
    typer.Option(
        "--metric", metavar="METRIC", help="Such as 'tail95(shortage\\[magnet_hc, US])'; can be given many times."
    ),
]
Table = Annotated[Path | None, typer.Option(help="Table of the answer: .csv or .nc.")]
Picture = Annotated[Path | None, typer.Option(help="Picture of the answer: .png, .svg or .pdf.")]

ROUGH = 0.15
"""Standard error of a Sobol index from which its table says that it is rough."""
TELLING_DRAWS = 80
"""Draws of the parameters from which their ranking is shown without a warning."""


def assign_blame(
    source: Source,
    metrics: Metrics,
    by: Annotated[
        str | None,
        typer.Option(help="product, stage, sector or region: what the word `each` in a metric stands for."),
    ] = None,
    runs: Annotated[int, typer.Option(min=2, help="Runs looked at; each costs dozens of simulations.")] = 100,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs of orders of a run with many restrictions.")] = 4,
    seed: Seed = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    threads: Threads = None,
    out: Table = None,
    plot: Picture = None,
    overwrite: Overwrite = False,
) -> None:
    """Split figures into what each restriction is answerable for, and what no restriction explains."""
    with reported():
        from sim.questions import attribution

        scenario, target, picture = together(
            lambda: _scenario(source, overrides),
            *_places(out, plot, overwrite),
        )
        wanted = together(*(lambda text=text: attribution.spelled(text, by, scenario) for text in metrics))
        with _meter("simulating coalitions of restrictions") as update:
            data = attribution.blame(
                scenario,
                [text for texts in wanted for text in texts],
                runs=runs,
                pairs=pairs,
                seed=seed,
                threads=threads,
                progress=update,
            )
        _print_blame(data)
        _kept(data, target, picture, "blame")


def split_variance(
    source: Source,
    metrics: Metrics,
    blocks: Annotated[int, typer.Option(min=4, help="Blocks of four chains with parameters of their own.")] = 12,
    runs: Annotated[
        int | None, typer.Option(min=2, help="Runs of each world; 64 by default, 128 with --indices.")
    ] = None,
    indices: Annotated[
        int | None,
        typer.Option(
            metavar="DRAWS",
            min=16,
            help="Sobol indices of each parameter in place of blocks, from so many draws of all of them; "
            "simulates DRAWS x (parameters + 2) worlds.",
        ),
    ] = None,
    with_shocks: Annotated[
        bool,
        typer.Option(
            "--with-shocks",
            help="Indices of shocks and data beside parameters, for the value of a run in place of the figure; "
            "3 x DRAWS worlds more.",
        ),
    ] = False,
    parameters: Annotated[
        list[str], typer.Option("--parameter", help="Response parameter to draw; by default all with a prior.")
    ] = [],  # noqa: B006 (typer copies it)
    seed: Seed = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    threads: Threads = None,
    out: Table = None,
    plot: Picture = None,
    overwrite: Overwrite = False,
) -> None:
    """Split the variance of figures into shocks, parameters and data; of a result file, into its drawn shocks."""
    with reported():
        from sim import store
        from sim.errors import Fault, ScenarioError
        from sim.questions import uncertainty

        if with_shocks and indices is None:
            cure = "give --indices DRAWS too, or leave it out: without indices shocks and data are split anyway"
            raise ScenarioError([Fault("--with-shocks", "", "has no --indices beside it", cure)])
        is_file = Path(source).suffix in store.ENDINGS and indices is None
        found, target, picture = together(
            lambda: store.open_results(source) if is_file else _scenario(source, overrides),
            *_places(out, plot, overwrite),
        )
        if is_file:
            data = uncertainty.shock_shares(found, metrics)
        elif indices is not None:
            options: dict[str, Any] = {"seed": seed, "parameters": parameters or None, "threads": threads}
            data = _indices(found, metrics, indices, runs, with_shocks, options)
        else:
            with _meter("simulating worlds") as update:
                data = uncertainty.sensitivity(
                    found,
                    metrics,
                    blocks=blocks,
                    runs=runs or uncertainty.RUNS,
                    seed=seed,
                    parameters=parameters or None,
                    threads=threads,
                    progress=update,
                )
        if indices is None:
            _print_sensitivity(data)
        else:
            _print_indices(data)
        _kept(data, target, picture, "sensitivity")


def _indices(
    found: Any, metrics: list[str], draws: int, runs: int | None, with_shocks: bool, options: dict[str, Any]
) -> xr.Dataset:
    """Sobol indices of each parameter, or of shocks and data too, with progress."""
    from sim.questions import indices

    work = indices.factor_indices if with_shocks else indices.parameter_indices
    with _meter("simulating worlds") as update:
        return work(found, metrics, draws=draws, runs=runs or indices.RUNS, progress=update, **options)


def search_event(
    source: Source,
    event: Annotated[
        str, typer.Option(metavar="CONDITION", help="Such as 'stopped\\[defence, US] > 0.3 for 6 months'.")
    ],
    runs: Annotated[int, typer.Option(min=1000, help="Runs of search and estimate together.")] = 6000,
    histories: Annotated[
        str | None,
        typer.Option(metavar="PREFIX", help="Write the likeliest histories as scenario files PREFIX-1.toml and on."),
    ] = None,
    ways: Annotated[int, typer.Option(min=1, max=20, help="Histories at most.")] = 3,
    seed: Seed = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    threads: Threads = None,
    out: Table = None,
    plot: Picture = None,
    overwrite: Overwrite = False,
) -> None:
    """Estimate how likely an event is, however rare, what makes it, and the histories that lead to it."""
    with reported():
        from sim import store
        from sim.questions import inverse, tables

        files = [Path(f"{histories}-{number}.toml") for number in range(1, ways + 1)] if histories else []
        scenario, target, picture, *places = together(
            lambda: _scenario(source, overrides),
            *_places(out, plot, overwrite),
            *(lambda file=file: store.checked_file(file, (".toml",), overwrite=overwrite) for file in files),
        )
        with _meter("searching") as update:
            found = inverse.stress(scenario, event, runs=runs, ways=ways, seed=seed, threads=threads, progress=update)
        _print_stress(found)
        _kept(found.data, target, picture, "stress")
        for history, place, shown in zip(found.histories, places, files, strict=False):
            tables.write_text(history.toml, place)
            say(f"History: {shown}  (replay it with `sim run {shown}`)")


def _scenario(source: str, overrides: list[str]) -> Any:
    """The scenario of a name, or of a result file."""
    from sim import scenario as scenarios
    from sim import store
    from sim.results import remade

    if Path(source).suffix not in store.ENDINGS:
        return scenarios.load(source, overrides=overrides)
    found = store.open_results(source)
    loaded = remade.scenario(found)
    return loaded.replace(f"ensemble.seed={found.attrs['seed']}", *overrides)


def _places(out: Path | None, plot: Path | None, overwrite: bool) -> tuple[Callable[[], Path | None], ...]:
    """Checks of the table and of the picture to write, which return where."""
    from sim.questions import tables

    return (
        lambda: None if out is None else tables.check_table(out, overwrite=overwrite),
        lambda: _picture(plot, overwrite),
    )


def _picture(plot: Path | None, overwrite: bool) -> Path | None:
    """Where a picture goes; none if none was asked for."""
    from sim.plotting import files

    return None if plot is None else files.check_picture(plot, overwrite=overwrite)


@contextmanager
def _meter(words: str) -> Iterator[Any]:
    """A progress bar that learns how much there is to do from its first update."""
    from sim.cli.progress import Meter, stops_at_once

    note(f"{words} ...")
    with Meter(1) as meter, stops_at_once(meter):
        yield meter.update


def _kept(data: xr.Dataset, target: Path | None, picture: Path | None, name: str) -> None:
    """Write the table and the picture that were asked for."""
    from sim import plotting
    from sim.plotting import files
    from sim.questions import tables

    if target is not None:
        tables.write_table(data, target)
        say(f"Table: {nearby(target)}")
    if picture is not None:
        files.write(getattr(plotting, name)(data), picture)
        say(f"Picture: {nearby(picture)}")


def _print_blame(data: xr.Dataset) -> None:
    """Print the parts of every metric, the largest first."""
    from sim.cli.figures import figure

    for metric in data.metric.values:
        part = data.sel(metric=metric)
        total, error = float(part.total), float(part.total_error)
        rows = []
        for cause in part.blame.sortby(-abs(part.blame)).cause.values:
            value, spread = float(part.blame.sel(cause=cause)), float(part.blame_error.sel(cause=cause))
            share = f"{round(100.0 * value / total, 1) + 0.0:.1f} %" if total else "-"
            rows.append((str(cause), figure(value), f"+- {figure(spread)}", share))
        rows.append(("sum: the figure itself", figure(total), f"+- {figure(error)}", "100 %" if total else "-"))
        unit = "" if str(part.units.values) == "1" else f", {part.units.values}"
        table(f"{metric}{unit}", ("answerable", ">part", ">standard error", ">of the figure"), rows)
        if str(part.warning.values):
            note(f"Careful: {metric}: {part.warning.values}")
    say(
        f"{data.attrs['runs']} runs, {data.attrs['simulations']:,} simulations. Leaving out a restriction takes "
        "its own events out of a run and leaves all others as drawn, also those that it had made likelier."
    )


def _print_stress(found: Stress) -> None:
    """Print probability, restrictions that come, and ways to the event."""
    from sim.cli.figures import figure

    data = found.data
    say(
        f"{data.attrs['event']}: probability {figure(float(data.probability))} "
        f"({figure(float(data.low))} to {figure(float(data.high))} at 95 %), {int(data.simulations):,} runs; plain "
        f"sampling would need {float(data.plain_runs):,.0f} for the same error."
    )
    if data.attrs["warning"]:
        note(f"Careful: {data.attrs['warning']}")
    rows = [
        (str(cause), f"{float(part.came):.0%}", f"{float(part.came_usually):.0%}")
        for cause in data.sortby(-(data.came - data.came_usually)).cause.values
        for part in [data.sel(cause=cause)]
    ]
    if rows:
        table("Restrictions that come", ("restriction", ">runs with the event", ">all runs"), rows)
    ways = [
        (", ".join(way.causes) or "none", f"{way.share:.0%}", str(way.run), "yes" if way.confirmed else "no")
        for way in found.histories
    ]
    if ways:
        heads = ("restrictions that suffice", ">of the probability", ">run", ">replay with dates shows it")
        table("Likeliest ways to the event", heads, ways)


def _print_sensitivity(data: xr.Dataset) -> None:
    """Print shares of factors and the inputs that matter most."""
    for metric in data.metric.values:
        part = data.sel(metric=metric)
        if "first_share" in part:
            rows = [
                (str(name), *(_share(part[key], part[f"{key}_error"], name) for key in ("first_share", "total_share")))
                for name in part.factor.values
            ]
            table(f"{metric}: variance of a run's value", ("from", ">by itself", ">with interactions"), rows)
        key, dim = ("parameter_share", "parameter") if "parameter_share" in part else ("input_share", "input")
        order = part[key].sortby(-part[key])[dim].values[:10]
        top = [(str(name), _share(part[key], part[f"{key}_error"], name)) for name in order]
        table(f"{metric}: {dim}s that matter most", (dim, ">by itself"), top)
    if "input_share" in data:
        say(
            f"{data.attrs['runs']:,} runs. Share of the variance of a run's value that goes with one drawn input, and "
            "its standard error. Inputs overlap (a long measure began early): shares do not add up to 100 %."
        )
    if "first_share" in data:
        say(
            f"{4 * data.attrs['blocks']} worlds of {data.attrs['runs']} runs. Shares of parameters are of what "
            "parameters move the mean over runs by; below twice their standard error they may as well be none."
        )
        if 2 * data.attrs["blocks"] < TELLING_DRAWS:
            note(
                f"Careful: {2 * data.attrs['blocks']} draws of the parameters rank them roughly at best; give --blocks "
                f"{TELLING_DRAWS // 2} or more to name the ones that matter"
            )


def _print_indices(data: xr.Dataset) -> None:
    """Print the Sobol indices of every factor, the largest total first; single parameters after those of all."""
    from sim.cli.figures import figure

    of_runs = "run_sd" in data
    dim, moves = ("factor", "a run's value varies") if of_runs else ("parameter", "parameters move it")
    for metric in data.metric.values:
        part = data.sel(metric=metric)
        if bool(part.index_total.isnull().all()):
            note(f"{metric}: nothing moves it; there is no variance to split")
            continue
        rows = [
            (str(name), *(_share(part[key], part[f"{key}_error"], name) for key in ("index_first", "index_total")))
            for name in part[dim].values[(-part.index_total).argsort().values]
        ]
        unit = "" if str(part.units.values) == "1" else f" {part.units.values}"
        spread = figure(float(part.run_sd if of_runs else part.figure_sd))
        title = f"{metric}: Sobol indices; {moves} by {spread}{unit} (one s.d.)"
        table(title, (dim, ">by itself", ">with interactions"), rows)
    worlds = (
        f"{data.attrs['draws']} draws of shocks, data and parameters, {data.attrs['runs']} runs of each world. "
        if of_runs
        else f"{data.attrs['draws']} draws of {data.sizes[dim]} parameters, each world with the same "
        f"{data.attrs['runs']} runs. "
    )
    say(
        worlds + "A share within twice its standard error of nothing may as well be none; it can come out slightly "
        "below."
    )
    if float(data.index_total_error.max()) > ROUGH:
        note("Careful: shares are known roughly; give --indices twice as many draws, or name fewer --parameter")


def _share(share: xr.DataArray, error: xr.DataArray, name: object) -> str:
    """One share with its standard error, in percent."""
    dim = share.dims[0]
    return f"{100 * float(share.sel({dim: name})):.0f} +- {100 * float(error.sel({dim: name})):.0f} %"
