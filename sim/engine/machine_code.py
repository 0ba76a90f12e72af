"""Compiled code: made before it is needed, and thrown away where a failing disk has cut it short."""

from __future__ import annotations

from pathlib import Path

from sim.core import jit

ENDINGS = (".nbi", ".nbc")
"""Indices and machine code, as numba keeps them."""
BEGINS, ENDS = b"\x80", b"."
"""First and last byte of every such file that is whole."""


def discard_damaged(folder: Path | None = None) -> list[Path]:
    """Delete files of the compile cache that are cut short, which would end every run; return them.

    Parameters
    ----------
    folder: Folder of compiled code; that of this version by default.
    """
    folder = jit.cache_folder() if folder is None else folder
    damaged = [path for path in folder.rglob("*") if path.suffix in ENDINGS and not _is_whole(path)]
    for path in damaged:
        path.unlink(missing_ok=True)
    return damaged


def compile_all() -> None:
    """Compile and keep all that a run needs, by simulating the smallest one; what is kept already is only loaded."""
    from sim.engine.run import run
    from sim.scenario import load

    run(load("still", overrides=["time.years=1"]), runs=1, follow=["price[dy_oxide, EU]"])


def kept() -> tuple[Path, int]:
    """Folder of the compiled code of this version, and its size in bytes."""
    folder = jit.cache_folder()
    return folder, sum(path.stat().st_size for path in folder.rglob("*") if path.suffix in ENDINGS)


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            begins = file.read(1)
            file.seek(-1, 2)
            return begins == BEGINS and file.read(1) == ENDS
    except FileNotFoundError:  # Another process is at work here.
        return True
    except OSError:
        return False
