"""Write pictures: whole or not at all, and never over a file by accident."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from sim import store

ENDINGS = (".png", ".svg", ".pdf")


def check_picture(path: str | Path, *, overwrite: bool = False) -> Path:
    """Return the path with links followed, or say why a picture cannot be written there; for use before a simulation.

    Parameters
    ----------
    path: Where to; the ending decides the format.
    overwrite: Whether a file of this name may be replaced.

    Raises
    ------
    ResultError: Unknown ending, missing or unwritable folder, or a file there.
    """
    return store.checked_file(path, ENDINGS, overwrite=overwrite)


def write(figure: Figure, path: Path) -> None:
    """Write a figure.

    Parameters
    ----------
    figure: What a plotting function returned.
    path: A path that `check_picture` returned.
    """
    with store.replacing(path) as partial:
        figure.savefig(partial, format=path.suffix.removeprefix("."))
