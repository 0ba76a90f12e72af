"""Sections of an entry: parts that are compiled one by one, beside each other where a process has been told to.

Machine code of an entry calls that of its sections by name, so theirs is there before it is loaded.
"""

from __future__ import annotations

import gc
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from numba.core import config

from sim.core.jit import entry
from sim.core.linking import call_before_loading, is_tested

BESIDE = "OREFLOW_COMPILES"
"""Set in a process that compiles for another one: it has sections compiled by processes of their own."""
MOST = 4
"""Processes that compile at the same time, at most: the longest section takes as long as the others on three."""
SELDOM = (50_000, 20, 100)
"""Thresholds of the garbage collector for a process that compiles: of the millions of small objects that the compiler
makes few are no longer used. It takes a tenth less time and 80 MB more memory."""

Function = TypeVar("Function", bound=Callable[..., Any])
Types = Mapping[str, Any]
"""Types of arguments by name."""
Signature = tuple[Any, ...]
"""Types of a section's arguments in their order."""


def entry_of(*parts: Any, **made: Any) -> Callable[[Function], Function]:
    """Compile a function that Python calls and that is made up of sections.

    Parameters
    ----------
    parts: Its sections, those first that take longest to compile.
    made: Types of their arguments that the entry makes by itself; the others have the names of its own arguments.
    """

    def compile_entry(function: Function) -> Function:
        """Compile the entry, and have its sections there before its machine code is."""
        compiled = entry(function)
        if not config.DISABLE_JIT and is_tested():
            names = list(inspect.signature(function).parameters)
            call_before_loading(compiled, lambda given: _load(parts, dict(zip(names, given, strict=True)) | made))
        return compiled

    return compile_entry


def _load(parts: Sequence[Any], given: Types) -> None:
    """Have machine code of all sections in this process, compiled where none is kept."""
    signatures = [tuple(given[name] for name in inspect.signature(part.py_func).parameters) for part in parts]
    if os.environ.get(BESIDE):
        _compile_beside([asked for asked in zip(parts, signatures, strict=True) if not is_kept(asked[0])])
    for part, signature in zip(parts, signatures, strict=True):
        part.compile(signature)


def is_kept(compiled: Any) -> bool:
    """Whether machine code of a function is kept for this copy of the sources and this processor."""
    # Numba keeps that of every copy of the sources in a folder of its own.
    name = f"{compiled.__module__.rpartition('.')[2]}.{compiled.__name__}"
    return any(Path(compiled.stats.cache_path).glob(f"{name}-*.nbi"))


def _compile_beside(asked: Sequence[tuple[Any, Signature]]) -> None:
    """Have processes compile sections and keep them; what they cannot do is done by whoever needs it."""
    if len(asked) < 2:
        return
    named = [(part.__module__, part.__name__, signature) for part, signature in asked]
    workers = min(MOST, len(asked), os.cpu_count() or 1)
    # Forked, they would share what this process has half compiled. Some systems lack what they wait for each other by.
    cannot = suppress(OSError, ImportError, NotImplementedError, BrokenProcessPool)
    with cannot, ProcessPoolExecutor(workers, get_context("spawn"), gc.set_threshold, SELDOM) as pool:
        list(pool.map(_compile, named))


def _compile(named: tuple[str, str, Signature]) -> None:
    """Compile and keep one section."""
    module, name, signature = named
    getattr(import_module(module), name).compile(signature)
