"""The one place where compile settings and the compile cache are chosen.

`kernel` is for functions called from compiled code, `topic` for those called once a period, `section` for the parts
that the core is compiled in, `entry` for the few called from Python. Fused multiply-add is the only liberty taken with
arithmetic (`contract`): order of operations is kept, so bits do not depend on the vector width.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import llvmlite
import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core import config

from sim.core.linking import inner_options, section_options

OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
}
# A topic's inner loop touches up to a dozen rows. LLVM gives up vectorising beyond eight alias checks and unrolls
# short loops before it vectorises them; both limits are lifted. Four vectors at a time keep the long chains of a
# logarithm and an exponential from waiting for themselves: 2.8 against 3.3 ns an entity-step.
LLVM_OPTIONS = (
    "-runtime-memory-check-threshold=512",
    "-unroll-full-max-count=1",
    "-force-vector-interleave=4",
)

UNCOUNTED: dict[str, Any] = {"_nrt": False}
"""Arrays stay their caller's: no row taken of one is counted as a reference to it.

Numba counts them by atomic operations on memory that threads share, some in loops over lanes, which are no vectors
then: the core takes 1.6 to 2 times as long. A function that counts none cannot make an array, nor hand one on to its
caller but as a `view`.
"""
UNWRAPPED: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **UNCOUNTED}
"""Options of functions that only compiled code calls: no wrappers, which halves compile time."""
INNER: dict[str, Any] = {**UNWRAPPED, **inner_options()}
"""The same of those that are linked into what calls them."""

Function = TypeVar("Function", bound=Callable[..., Any])


@lru_cache(maxsize=1)
def _set_llvm_options() -> None:
    for option in LLVM_OPTIONS:
        llvm.set_option("oreflow", option)


def cache_stamp(sources: Path | None = None) -> str:
    """Fingerprint of all that decides the machine code: sources of the core, options, compiler and processor.

    Numba stamps a cached function with its own file only, so a change of an inner function elsewhere would run the
    old machine code. A folder per fingerprint makes that impossible.

    Parameters
    ----------
    sources: Folder of the core's `.py` files; the folder of this file by default.

    Returns
    -------
    32 hexadecimal digits.
    """
    folder = Path(__file__).parent if sources is None else sources
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(folder.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    facts = (
        sorted((key, str(value)) for key, value in OPTIONS.items()),
        LLVM_OPTIONS,
        numba.__version__,
        llvmlite.__version__,
        np.__version__,
        platform.python_version(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    )
    digest.update(repr(facts).encode())
    return digest.hexdigest()


def cache_folder() -> Path:
    """Folder of compiled code: `$OREFLOW_CACHE_DIR`, or `oreflow` in the user's cache folder; created if need be.

    Returns
    -------
    A folder that can be written. Where none of the usual ones can be, a temporary folder of this user.
    """
    home = os.environ.get("OREFLOW_CACHE_DIR") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache"), "oreflow"
    )
    stamp = cache_stamp()
    for root in (Path(home), Path(tempfile.gettempdir()) / f"oreflow-{os.getuid() if hasattr(os, 'getuid') else 0}"):
        folder = root / stamp
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if os.access(folder, os.W_OK):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="oreflow-"))


@contextmanager
def _numba_cache_in(folder: Path) -> Iterator[None]:
    """Numba reads its cache folder when a function is decorated; other users of numba keep theirs."""
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def kernel(function: Function) -> Function:
    """Compile a function that only compiled code calls: no Python wrapper, which halves compile time."""
    compiled: Function = numba.njit(forceinline=True, **INNER, **OPTIONS)(function)
    return compiled


def view(function: Function) -> Function:
    """Have a function that returns rows of an array written out where it is called: none that does not count may."""
    written: Function = numba.njit(inline="always", **INNER, **OPTIONS)(function)
    return written


def topic(function: Function) -> Function:
    """Compile a function that runs once a period, apart from the others.

    The compiler's time grows faster than the size of a function: all in one takes three minutes, in topics one. A call
    costs a fraction of a microsecond, since the arrays are passed by value.
    """
    compiled: Function = numba.njit(**INNER, **OPTIONS)(function)
    return compiled


def section(function: Function) -> Function:
    """Compile a part of an entry by itself, kept in the cache: `sim.core.sections` has parts compiled side by side."""
    return _entry(function, **UNWRAPPED, **section_options())


def entry(function: Function) -> Function:
    """Compile a function that Python calls, kept in the cache between sessions; it makes no array."""
    return _entry(function, **UNCOUNTED)


def allocating_entry(function: Function) -> Function:
    """The same for one that makes arrays to work in."""
    return _entry(function)


def _entry(function: Function, **options: Any) -> Function:
    if config.DISABLE_JIT:
        return function
    _set_llvm_options()
    with _numba_cache_in(cache_folder()):
        compiled: Function = numba.njit(cache=True, **options, **OPTIONS)(function)
    return compiled
