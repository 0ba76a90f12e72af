"""`sim report`: a page of findings."""

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
