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
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, max=2**63 - 1, help="Seed of all random draws; that of the scenario or result by default."
    ),
]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="Threads; by default one for each processor.")]
Rows = Annotated[
    list[str],
    typer.Option(metavar="ROW", help="Row such as 'price\\[dy_oxide, EU]' whose months are kept of every run."),
]
PerRun = Annotated[
    str,
    typer.Option(
        metavar="NAMES|all|none",
        help="Variables of /runs and /years that are kept, with commas: lost_output,peak_price.",
    ),
]
Goal = Annotated[
    str | None,
    typer.Option(metavar="GOAL", help="Go on until a figure is known: 'tail95(shortage\\[magnet_hc, US]) within 2 %'."),
]
Posterior = Annotated[
    str | None,
    typer.Option(help="Posterior that runs spread over, sixteen a set: a bundled one (rare_earths) or a file."),
]
Episodes = Annotated[
    list[str], typer.Option(help="Episode the posterior is fitted to; all in the file by default. Repeat for several.")
]
ResultFile = Annotated[Path, typer.Argument(metavar="FILE", help="Result file (.nc) or folder (.zarr).")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files of the same name.")]
