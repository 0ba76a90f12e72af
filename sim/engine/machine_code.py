"""Compiled code: made before it is needed, and thrown away where a failing disk has cut it short or changed it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

from sim.core import jit, loop
from sim.core.apart import PARTS
from sim.core.full import BlockOfLanes
from sim.core.linking import is_tested
from sim.core.sections import BESIDE, CANNOT, SELDOM, is_kept
from sim.core.state import Block
from sim.locks import one_at_a_time

ENDINGS = (".nbi", ".nbc")
"""Indices and machine code, as numba keeps them."""
BEGINS, ENDS = b"\x80", b"."
"""First and last byte of every such file that is whole."""
LOCK = "compiling.lock"
"""File of a compile cache that is locked while a process compiles for another one."""
DIGESTS = "digests.json"
"""File of a compile cache that tells time of change and digest of every other, as they were when first seen whole."""
_COMPILE = f"import gc; gc.set_threshold(*{SELDOM}); from sim.engine import machine_code; machine_code.compile_kind"
Digests = dict[str, list[int | str]]


def discard_damaged(folder: Path | None = None) -> list[Path]:
    """Delete files of the compile cache that are not what was written, which would end a run or spoil it; return them.

    A file is damaged if it is cut short, or if its content has changed while its time of change has not.

    Parameters
    ----------
    folder: Folder of compiled code; that of this version by default.
    """
    folder = jit.cache_folder() if folder is None else folder
    known, found = _known(folder), Digests()
    damaged = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in ENDINGS):
        name, now = path.relative_to(folder).as_posix(), _state(path)
        if not _is_whole(path) or (name in known and now[:1] == known[name][:1] and now != known[name]):
            path.unlink(missing_ok=True)
            damaged.append(path)
        else:
            found[name] = now
    if found != known:
        _keep(folder, found)
    return damaged


def _known(folder: Path) -> Digests:
    try:
        known = json.loads((folder / DIGESTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _state(path: Path) -> list[int | str]:
    """Time of change and digest of a file; nothing where another process has just removed it."""
    try:
        return [path.stat().st_mtime_ns, hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()]
    except OSError:
        return []


def _keep(folder: Path, found: Digests) -> None:
    """Write the digests whole or not at all; a folder that cannot be written goes without."""
    partial = folder / f"{DIGESTS}.{secrets.token_hex(4)}.partial"
    try:
        partial.write_text(json.dumps(found), encoding="utf-8")
        os.replace(partial, folder / DIGESTS)
    except OSError:
        partial.unlink(missing_ok=True)


def compile_all() -> None:
    """Compile and keep all that any run needs, and simulate the smallest ones; what is kept already is only loaded."""
    for full in (True, False):
        make_ready(all_parts(), full=full)
    _run_smallest()
    _follow_smallest()


def compile_kind(full: bool) -> None:
    """Compile and keep one kind of the core, in a process that does it for another one.

    Parameters
    ----------
    full: Whether that of full blocks is meant, and what counts them, or that of blocks of other sizes.
    """
    if not full:
        _follow_smallest()
        return
    # Counting is compiled while the core is.
    beside = get_context("spawn").Process(target=_count_nothing)
    with suppress(*CANNOT):
        beside.start()
    _run_smallest()
    if beside.pid is not None:
        beside.join()


def _run_smallest() -> None:
    from sim.engine.run import run
    from sim.scenario import load

    run(load("still", overrides=["time.years=1"]), runs=1, follow=["price[dy_oxide, EU]"])


def _follow_smallest() -> None:
    from sim.engine.follow import Follower
    from sim.scenario import load

    Follower(load("still", overrides=["time.years=1"])).path()


def _count_nothing() -> None:
    """Compile and keep what counts, on a record of nothing; in a process of its own, whose core does nothing."""
    loop.simulate = lambda *_: None
    _run_smallest()


def all_parts() -> tuple[str, ...]:
    """Names of all parts of the core that some chain needs."""
    return tuple(part.name for part in PARTS)


def is_compiled(parts: tuple[str, ...] = (), *, full: bool = True) -> bool:
    """Whether machine code of the kernel of this installation is kept for this processor, and that of some parts.

    Parameters
    ----------
    parts: Names of parts of the core.
    full: Whether that of full blocks is meant, or that of blocks of other sizes.
    """
    named = [part.section for part in PARTS if part.name in parts]
    kind = f"{(BlockOfLanes if full and is_tested() else Block).__name__}."
    return hasattr(loop.advance, "stats") and all(is_kept(each, [kind]) for each in (loop.advance, *named))


def is_all_compiled() -> bool:
    """Whether machine code of both kinds of blocks is kept, with all parts."""
    return all(is_compiled(all_parts(), full=full) for full in (True, False))


@lru_cache
def make_ready(parts: tuple[str, ...] = (), *, full: bool = True) -> None:
    """Have a process of its own compile what a run needs, where it is not kept already.

    Parameters
    ----------
    parts: Names of the parts of the core that its chain needs.
    full: Whether it is simulated in full blocks, or in blocks of another size.

    Notes
    -----
    The compiler leaves a quarter of a gigabyte behind, which an ensemble of any size would carry to its end. If that
    process fails, or its folder would not be found again, this one compiles when it comes to it. Where several need the
    same machine code, one has it compiled and the others wait for it.
    """
    folder = jit.cache_folder()
    needed = hasattr(loop.advance, "signatures") and not is_compiled(parts, full=full)
    found_again = folder.name == jit.cache_stamp() and bool(sys.executable)
    if BESIDE in os.environ or not needed or not found_again:
        return
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    there = {BESIDE: ",".join(("core", *parts)), "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    there["OREFLOW_CACHE_DIR"] = str(folder.parent)
    # -P: a copy of the sources in the working folder is another copy, with machine code of its own.
    command = [sys.executable, "-P", "-c", f"{_COMPILE}({full})"]
    with one_at_a_time(folder / LOCK), suppress(OSError):
        if not is_compiled(parts, full=full):
            subprocess.run(command, env=os.environ | there, capture_output=True, check=False)


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
