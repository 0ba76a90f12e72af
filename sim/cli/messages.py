"""What the commands say: faults and notes to standard error, tables to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from sim.cli import INTERRUPTED as INTERRUPTED
from sim.errors import OreflowError

BAD_INPUT, FAILURE = 2, 1
LEAST_WIDTH, MOST_WIDTH = 120, 10_000
"""Columns where standard output is no terminal and has no width: of text, and at most of a table."""


def note(text: str) -> None:
    """Say something beside the result."""
    typer.echo(text, err=True)


def say(text: str = "") -> None:
    """Print a paragraph of the result, folded at the width of the terminal."""
    _console().print(plain(text), highlight=False, markup=False, soft_wrap=False)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns after the first that begin with '>' are set to the right.

    Parameters
    ----------
    title: Line above the table.
    columns: Headings.
    rows: Cells as text, taken literally.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    drawn = Table(
        title=Text(plain(title)), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for column in columns:
        number = column.startswith(">")
        # On a narrow terminal a number is folded; cut off, it would be another number.
        drawn.add_column(column.removeprefix(">"), justify="right" if number else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(plain(cell)) for cell in row))
    console = _console()
    if not sys.stdout.isatty():
        console.width = MOST_WIDTH  # What is measured never exceeds the width there is.
        console.width = max(LEAST_WIDTH, console.measure(drawn).maximum)
    console.print(drawn)


def plain(text: str) -> str:
    """Text without control characters, which could hide or forge what follows on a terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def nearby(path: Path) -> str:
    """A file as its user would write it: from the folder they are in, where it lies below that.

    Example
    -------
    >>> nearby(Path.cwd() / "a.csv"), nearby(Path("b.csv"))
    ('a.csv', 'b.csv')
    """
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _console() -> Any:
    from rich.console import Console

    width = None if sys.stdout.isatty() else LEAST_WIDTH
    return Console(file=sys.stdout, width=width, emoji=False)


@contextmanager
def reported(unharmed: str = "nothing was written") -> Iterator[None]:
    """Turn what can go wrong into one message and an exit code.

    Parameters
    ----------
    unharmed: What a message ends with where the input was at fault or the user interrupted.
    """
    try:
        yield
        sys.stdout.flush()
    except OreflowError as error:
        note(plain(f"{error}\n{unharmed}" if "\n" in str(error) else f"{error}; {unharmed}"))
        raise typer.Exit(BAD_INPUT) from None
    except KeyboardInterrupt:
        note(f"\ninterrupted; {unharmed}")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        # Whoever read our output has enough. Python would complain again when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None
    except (OSError, MemoryError) as error:
        note(plain(f"failed: {error or type(error).__name__}"))
        raise typer.Exit(FAILURE) from None


class Faults(OreflowError):
    """Faults of several arguments together."""


def together(*checks: Callable[[], object]) -> list[Any]:
    """Results of checks of the input; the messages of all that fail are raised as one.

    Raises
    ------
    Faults: At least one check failed.
    """
    found, messages = [], []
    for check in checks:
        try:
            found.append(check())
        except OreflowError as error:
            messages.append(str(error))
    if messages:
        raise Faults("\n".join(messages))
    return found
