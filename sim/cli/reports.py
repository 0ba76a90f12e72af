"""`sim report` and `sim explore`: a page of findings, and a page to choose on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli.arguments import Overwrite
from sim.cli.messages import note, reported, together


def write(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Result files (.nc) or folders (.zarr), one or more.")
    ],
    out: Annotated[Path, typer.Option(help="Page to write, .html.")] = Path("report.html"),
    region: Annotated[
        str | None, typer.Option(help="Region that pictures show; by default the hardest hit of each result.")
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Whether pictures are drawn, which takes most of the time.")] = True,
    overwrite: Overwrite = False,
) -> None:
    """Write findings, figures, tables, sources and how to make them again into one page that needs no network."""
    with reported():
        from sim import report, store

        target, *found = together(
            lambda: report.check_page(out, overwrite=overwrite),
            *(lambda file=file: store.open_results(file) for file in files),
        )
        folders = [file.parent for file in files]
        text = report.html(found, region=region, folders=folders, with_pictures=pictures)
        report.write(text, target)
        note(f"{out}: a page on {len(files)} result{'s' if len(files) > 1 else ''}, {len(text) / 1e6:.1f} MB")


def explore(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Result files (.nc) or folders (.zarr), one or more.")
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of this machine; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Whether the page is opened in the browser.")] = True,
) -> None:
    """Open a page on this machine to choose scenario, product, region and quantile on; Ctrl-C ends it."""
    with reported("nothing was served"):
        from sim import store
        from sim.report import explored, explorer

        _, *found = together(explorer.check_installed, *(lambda file=file: store.open_results(file) for file in files))
        server = explorer.server(explored.named(found), port=port)
        address = f"http://{explorer.HOST}:{server.port}/"
        note(f"{address}  (this machine only; Ctrl-C ends it)")
        server.start()
        if browser:
            typer.launch(address)
        server.io_loop.start()
        note("ended")
