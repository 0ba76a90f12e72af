"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ScenarioName = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="Name of a bundled scenario (see `sim list`) or path of a TOML file.")
]
Overrides = Annotated[
    list[str], typer.Option("--set", metavar="KEY=VALUE", help="Set a key of the scenario; can be given many times.")
]
Without = Annotated[
    list[str],
    typer.Option("--without", metavar="NAME", help="Switch off a policy of the scenario; can be given many times."),
]
ResultFile = Annotated[Path, typer.Argument(metavar="FILE", help="Result file (.nc) or folder (.zarr).")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files of the same name.")]
