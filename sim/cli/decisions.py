"""`sim exposure`, `sim requirement`, `sim dependence`, `sim downstream`, `sim indicators`: tables for decisions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.arguments import Overrides, Overwrite, Seed, Threads
from sim.cli.messages import nearby, reported, say, together
from sim.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr
    from matplotlib.figure import Figure

Source = Annotated[
    Path, typer.Argument(metavar="FILE", help="Result (.nc, .zarr) with monthly paths, or catalogue (.zarr).")
]
Out = Annotated[
    Path | None, typer.Option(help="Table of all columns to write: .csv, one file a group beside it, or .nc.")
]
Plot = Annotated[Path | None, typer.Option(help="Picture to write: .png, .svg or .pdf.")]
Region = Annotated[str, typer.Option(help="Region asked about.")]


def exposure(
    parts: Annotated[Path | None, typer.Argument(metavar="PARTS", help="CSV file of the firm's parts.")] = None,
    source: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Result with monthly paths, or catalogue.")
    ] = None,
    risk: Annotated[float, typer.Option(help="Yearly chance of a line stop that the firm accepts.")] = 0.05,
    template: Annotated[bool, typer.Option("--template", help="Print an empty parts file and leave.")] = False,
    out: Out = None,
    plot: Plot = None,
    overwrite: Overwrite = False,
) -> None:
    """Tell a firm how likely its lines stop, what cover they need, what is at risk, and what to do first."""
    if template:
        from sim.questions.parts import template as text

        typer.echo(text(), nl=False)
        return
    with reported():
        given = _both(parts, source)
        from sim.cli import decision_tables as tables
        from sim.questions.exposures import exposure as ask

        places = _Places(given[1], out, plot, overwrite)
        answer = ask(given[0], places.found, risk=risk)
        tables.exposure(answer, places.found)
        places.save(answer, lambda pictures: pictures.exposure(answer, places.found))


def _both(parts: Path | None, source: Path | None) -> tuple[Path, Path]:
    if parts is None or source is None:
        cure = "sim exposure parts.csv baseline.zarr; an empty parts file comes from sim exposure --template"
        raise ResultError(f"a parts file and a result are needed, such as {cure}")
    return parts, source


def requirement(
    emergency: Annotated[
        str, typer.Argument(metavar="EMERGENCY", help="TOML file of an emergency, or a sample: emergency_us_2028.")
    ],
    source: Source,
    form: Annotated[str | None, typer.Option(help="Product that the bridge is about; the main magnet.")] = None,
    out: Out = None,
    plot: Plot = None,
    overwrite: Overwrite = False,
) -> None:
    """Give a requirement as a stockpile panel, as probability-weighted loss and as N-1, with a bridge between them."""
    with reported():
        from sim.cli import decision_tables as tables
        from sim.questions.requirements import requirement as ask

        places = _Places(source, out, plot, overwrite)
        answer = ask(emergency, places.found, form=form)
        tables.requirement(answer, places.found)
        places.save(answer, lambda pictures: pictures.requirement(answer, places.found))


def dependence(
    source: Annotated[str, typer.Argument(metavar="SCENARIO|FILE", help="Scenario, result or catalogue.")],
    region: Region = "EU",
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    out: Out = None,
    plot: Plot = None,
    overwrite: Overwrite = False,
) -> None:
    """Print shares, concentration, import penetration and Chinese content by stage and year, against policy targets."""
    with reported():
        from sim.cli import decision_tables as tables
        from sim.questions.concentration import dependence as ask

        places = _Places(source, out, plot, overwrite, read=lambda: _scenario_or_result(source, overrides))
        answer = ask(places.found, region=region)
        tables.dependence(answer)
        places.save(answer, lambda pictures: pictures.dependence(answer))


def _scenario_or_result(source: str, overrides: list[str]) -> Any:
    """A scenario, unless the name is that of a result or catalogue."""
    from sim import scenario as scenarios
    from sim.questions.futures import opened
    from sim.store import ENDINGS

    if Path(source).suffix not in ENDINGS:
        return scenarios.load(source, overrides=overrides)
    if overrides:
        raise ResultError(f"{source}: is a result, whose scenario can no longer be changed; leave out --set")
    return opened(source)


def downstream(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="Result (.nc, .zarr) or catalogue (.zarr).")],
    region: Annotated[str | None, typer.Option(help="Region of the users; by default all together.")] = None,
    out: Out = None,
    plot: Plot = None,
    overwrite: Overwrite = False,
) -> None:
    """Print what sectors do not produce a year: vehicles, turbines, revenue and value added."""
    with reported():
        from sim.cli import decision_tables as tables
        from sim.questions.losses import downstream as ask

        places = _Places(source, out, plot, overwrite)
        answer = ask(places.found, region=region)
        tables.downstream(answer)
        places.save(answer, lambda pictures: pictures.downstream(answer, places.found))


def indicators(
    source: Source,
    product: Annotated[str, typer.Option(help="Product that may run short.")] = "magnet_hc",
    region: Region = "EU",
    exporter: Annotated[str, typer.Option(help="Region whose prices and exports are watched.")] = "CN",
    lead: Annotated[tuple[int, int], typer.Option(help="First and last month ahead.")] = (3, 6),
    out: Out = None,
    plot: Plot = None,
    overwrite: Overwrite = False,
) -> None:
    """Print which observables foretell a shortage some months ahead, with hit and false-alarm rates."""
    with reported():
        from sim.cli import decision_tables as tables
        from sim.questions.foresight import indicators as ask

        places = _Places(source, out, plot, overwrite)
        answer = ask(places.found, product=product, region=region, exporter=exporter, leads=lead)
        tables.indicators(answer)
        places.save(answer, lambda pictures: pictures.indicators(answer, places.found))


class _Places:
    """What a command asks, and where it writes; the faults of all of them come at once."""

    def __init__(
        self,
        source: str | Path,
        out: Path | None,
        plot: Path | None,
        overwrite: bool,
        *,
        read: Callable[[], Any] | None = None,
    ) -> None:
        """Open the source as a result or catalogue, unless it is read in another way, and check what to write."""
        from sim.plotting import files
        from sim.questions import answers
        from sim.questions.futures import opened

        self.found, self.table, self.picture = together(
            read or (lambda: opened(source)),
            lambda: answers.check_target(out, overwrite=overwrite) if out is not None else None,
            lambda: files.check_picture(plot, overwrite=overwrite) if plot is not None else None,
        )

    def save(self, answer: xr.DataTree | xr.Dataset, draw: Callable[[Any], Figure]) -> None:
        """Write what was asked for; pictures are drawn by `sim.plotting.decisions`, which is given."""
        from sim.plotting import files
        from sim.questions import answers

        if self.table is not None:
            for path in answers.write(answer, self.table):
                say(f"Table: {nearby(path)}")
        if self.picture is not None:
            from sim.plotting import decisions

            files.write(draw(decisions), self.picture)
            say(f"Picture: {nearby(self.picture)}")


def catalogue(
    scenario: Annotated[str, typer.Argument(metavar="SCENARIO", help="Name of a bundled scenario or TOML file.")],
    years: Annotated[float, typer.Option(help="Years to simulate, in runs of the scenario's horizon.")] = 10_000.0,
    out: Annotated[Path, typer.Option(help="Folder to write, ending in .zarr.")] = Path("catalogue.zarr"),
    seed: Seed = None,
    keep: Annotated[
        str | None, typer.Option(help="Monthly variables, with commas; price,inventory,shortage,delivery by default.")
    ] = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    threads: Threads = None,
    overwrite: Overwrite = False,
) -> None:
    """Simulate years once and keep them month by month, to cite and to ask again without a simulation."""
    with reported():
        import numpy as np

        from sim import scenario as scenarios
        from sim.cli.progress import Meter
        from sim.questions import catalogue as catalogues

        loaded, _ = together(
            lambda: scenarios.load(scenario, overrides=overrides),
            lambda: catalogues.check_target(out, overwrite=overwrite),
        )
        runs = int(np.ceil(max(years, 0.0) / loaded.time.years)) if np.isfinite(years) else 0
        names = catalogues.KEPT if keep is None else tuple(filter(None, (name.strip() for name in keep.split(","))))
        with Meter(runs) as meter:
            place = catalogues.make_catalogue(
                loaded,
                out,
                years=years,
                seed=seed,
                keep=names,
                overwrite=overwrite,
                threads=threads,
                progress=meter.update,
            )
        say(f"Cite as: {catalogues.open_catalogue(place).attrs['cite_as']}")
        say(f"Ask it with: sim exposure parts.csv {out}, or requirement, dependence, downstream, indicators.")
