"""`sim verify` and `sim diff`: is a result what it says it is, and what do two of them differ in?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.arguments import ResultFile, Threads
from sim.cli.messages import FAILURE, note, reported, say, together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sim.questions.differences import Difference
    from sim.questions.verify import Verification

LISTED = 40
"""Differences that are listed."""


def repeat(
    file: ResultFile,
    share: Annotated[float, typer.Option(min=1e-9, max=1.0, help="Share of the runs; 1 for everything.")] = 0.01,
    choice: Annotated[
        int | None, typer.Option(min=0, help="Seed of the choice of runs; by default another one every time.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Folder that holds the tables of the chain, where it is no bundled one.")
    ] = None,
    threads: Threads = None,
) -> None:
    """Simulate some runs of a result again and compare them bit by bit; exit code 1 if any figure differs."""
    with reported("nothing was compared"):
        from sim import store
        from sim.questions.verify import verify

        found = verify(store.open_results(file), share=share, choice=choice, folder=folder, threads=threads)
        _report(file, found)
    if not found.holds:
        raise typer.Exit(FAILURE)


def _report(file: Path, found: Verification) -> None:
    from sim import __version__
    from sim.questions.verify import TOLERANCE

    runs = f"{len(found.runs):,} of {found.of:,} runs"
    if found.holds:
        say(f"{file}: {runs}, {found.figures:,} figures, simulated again: the same to the bit.")
        return
    say(f"{file}: {runs} simulated again: {len(found.differing)} variables differ.")
    _list(found.differing)
    if found.version != __version__:
        note(
            f"The result is of oreflow {found.version}, this is {__version__}: another version may give other figures."
        )
    elif found.relative <= TOLERANCE:
        note(
            f"The largest difference is {found.relative:.2g} of the largest figure of its variable. Bits are equal on "
            f"all processors that fuse multiplication and addition; one that does not makes up to {TOLERANCE:g}."
        )
    else:
        note("That is more than another type of processor makes: the file was changed, or the program was.")


def compare_bits(
    one: Annotated[Path, typer.Argument(metavar="A", help="Result file (.nc) or folder (.zarr).")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another.")],
) -> None:
    """Say what two results differ in: scenario, seed, version and every figure; exit code 1 if they differ."""
    with reported("nothing was compared"):
        from sim import store
        from sim.questions.differences import differences

        first, second = together(lambda: store.open_results(one), lambda: store.open_results(other))
        found = differences(first, second)
        if found:
            say(f"{one} (first) and {other} (second) differ in {len(found):,} places.")
            _list(found)
        else:
            say(f"{one} and {other} are the same to the bit.")
    if found:
        raise typer.Exit(FAILURE)


def _list(found: Sequence[Difference]) -> None:
    for each in found[:LISTED]:
        say(f"  {each}")
    if len(found) > LISTED:
        say(f"  and {len(found) - LISTED:,} more")
