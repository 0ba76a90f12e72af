"""Locks between processes, which end with the process that holds them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def is_locked(file: Any, *, wait: bool = False) -> bool:
    """Lock an open file until it is closed or its process ends; false where another process has it.

    Parameters
    ----------
    file: An open file.
    wait: Whether to wait for the other process.
    """
    try:
        import fcntl
    except ImportError:  # Windows: the file stays open there, and an open file cannot be deleted by another process.
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    # A process that has just ended may have removed the file this one opened.
    return os.fstat(file.fileno()).st_nlink > 0


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until no other process is within such a block; where files cannot be locked there may be several.

    Parameters
    ----------
    path: A file that is made and stays.
    """
    try:
        file = path.open("ab")
    except OSError:
        yield
        return
    with file:
        is_locked(file, wait=True)
        yield
