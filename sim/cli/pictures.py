"""`sim plot`: pictures of a result."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.arguments import Overwrite, ResultFile
from sim.cli.messages import note, reported, together

if TYPE_CHECKING:
    from sim.plotting.kinds import Wanted


class Kind(StrEnum):
    """Pictures that can be drawn of a result; `sim.plotting.kinds` says how, and is not imported for the help text."""

    stages = "stages"
    fan = "fan"
    heat = "heat"
    map = "map"
    history = "history"
    quoted = "quoted"
    exceedance = "exceedance"
    shocks = "shocks"
    forest = "forest"
    blame = "blame"
    tornado = "tornado"
    frontier = "frontier"
    value = "value"
    box = "box"
    spells = "spells"
    budget = "budget"
    hindcast = "hindcast"


KINDS = (
    "stages: price and shortage at every stage of a region; fan: one variable over time; heat: price and shortage as "
    "colours, by stage of a region or by region of a product; map: who makes for whom, and who misses it; "
    "history: a product's price above the restrictions in force; quoted: quoted against transacted price; "
    "exceedance: how often a variable of /runs exceeds a value; shocks: the restrictions. "
    "Of answers kept with --out FILE.nc: forest (of `sim compare`), blame (of `sim blame`), tornado (of "
    "`sim sensitivity`), frontier, value (of `sim value-of-information`), box "
    "(of `sim discover`), spells and budget (of `sim tails` with --lasting, --budget). "
    "Of the name of an episode in place of a file: hindcast."
)


def draw(
    file: ResultFile,
    out: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")],
    kind: Annotated[Kind, typer.Option(help=KINDS)] = Kind.stages,
    product: Annotated[str | None, typer.Option(help="Product, stage or sector.")] = None,
    region: Annotated[str | None, typer.Option(help="Region or world; by default the one that lacks most.")] = None,
    variable: Annotated[
        str | None,
        typer.Option(
            help="Of a fan: price (the default), shortage, inventory, flow ...; of exceedance: peak_price ..."
        ),
    ] = None,
    quantile: Annotated[
        float | None, typer.Option(help="Quantile over runs of a heat map or chain map; by default the mean.")
    ] = None,
    run: Annotated[int | None, typer.Option(min=0, help="A traced run, which a history then shows alone.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Draw a picture of a result, of an answer to a question, or of an episode of history."""
    with reported():
        from sim import store
        from sim.plotting import asked, files, kinds

        wanted = kinds.Wanted(
            product=product, region=region, variable=variable, quantile=quantile, run=run, folder=file.parent
        )
        if kind.value in (*asked.ANSWERS, asked.EPISODE):
            _draw_answer(file, out, kind.value, wanted, overwrite=overwrite)
            return
        found, target, _ = together(
            lambda: store.open_results(file),
            lambda: files.check_picture(out, overwrite=overwrite),
            lambda: kinds.check(kind.value, wanted),
        )
        drawn = kinds.draw(found, kind.value, wanted)
        files.write(drawn.figure, target)
        note(f"{out}: {kind.value}{_where(drawn.region, wanted)}")


def _draw_answer(file: Path, out: Path, kind: str, wanted: Wanted, *, overwrite: bool) -> None:
    """Draw what is no picture of a result."""
    from sim.plotting import asked, files, kinds
    from sim.scenario.episodes import read_episode

    is_answer = kind in asked.ANSWERS
    found, target, _ = together(
        lambda: asked.read(file, kind) if is_answer else read_episode(str(file)),
        lambda: files.check_picture(out, overwrite=overwrite),
        lambda: kinds.refuse(kind, wanted, known=()),
    )
    files.write(asked.ANSWERS[kind].draw(found) if is_answer else asked.replayed(str(file)), target)
    note(f"{out}: {kind} of {file}")


def _where(region: str | None, wanted: Wanted) -> str:
    """What a picture shows, in the words of the command."""
    return (f" of {wanted.product}" if wanted.product else "") + (f" in {region}" if region else "")
