"""Sections of an entry: parts that are compiled one by one, beside each other where a process has been told to.

Machine code of an entry calls that of its sections by name, so theirs is there before it is loaded.
"""

from __future__ import annotations

import gc
import inspect
import os
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from numba.core import config

from sim.core.apart import PARTS, Types, declare, fill
from sim.core.jit import entry
from sim.core.linking import call_before_loading, is_tested

BESIDE = "OREFLOW_COMPILES"
"""Set in a process that compiles for another one, to `core` and names of parts: it has all sections, and these parts,
compiled by processes of their own."""
MOST = 4
"""Processes that compile at the same time, at most: the longest section takes as long as the others on three."""
CANNOT = (OSError, ImportError, NotImplementedError, BrokenProcessPool)
"""Raised where no process can be had; some systems lack what processes wait for each other by."""
SELDOM = (50_000, 20, 100)
"""Thresholds of the garbage collector for a process that compiles: of the millions of small objects that the compiler
makes few are no longer used. It takes a tenth less time and 80 MB more memory."""

Function = TypeVar("Function", bound=Callable[..., Any])
Signature = tuple[Any, ...]
"""Types of a section's arguments in their order."""


def entry_of(*sections: Any, types: Callable[[Types], Types]) -> Callable[[Function], Function]:
    """Compile a function that Python calls and that is made up of sections.

    Parameters
    ----------
    sections: Those that it always calls, those first that take longest to compile.
    types: What adds to the types of its arguments, by name, those of other arguments of sections and parts.
    """

    def compile_entry(function: Function) -> Function:
        """Compile the entry, and have its sections there before its machine code is."""
        compiled = entry(function)
        if not config.DISABLE_JIT and is_tested():
            names = list(inspect.signature(function).parameters)
            call_before_loading(compiled, lambda given: _load(sections, types(dict(zip(names, given, strict=True)))))
        return compiled

    return compile_entry


def _load(sections: Sequence[Any], given: Types) -> None:
    """Have machine code of all sections in this process, compiled where none is kept."""
    declare(given)
    signatures = [tuple(given[name] for name in inspect.signature(each.py_func).parameters) for each in sections]
    needed = [*zip(sections, signatures, strict=True)]
    if BESIDE in os.environ:
        wanted = os.environ[BESIDE].split(",")
        needed += [(part.section, part.signature(given)) for part in PARTS if part.name in wanted]
        _compile_beside([asked for asked in needed if not is_kept(asked[0], [*map(str, asked[1])])])
    for each, signature in needed:
        each.compile(signature)
    fill(given)


def is_kept(compiled: Any, types: Collection[str]) -> bool:
    """Whether machine code of a function is kept for this copy of the sources and this processor.

    Parameters
    ----------
    types: Names of types of its arguments, or what they begin with.
    """
    # Numba keeps that of every copy of the sources in a folder of its own, where an index names the types.
    name = f"{compiled.__module__.rpartition('.')[2]}.{compiled.__name__}"
    indices = [path.read_bytes() for path in Path(compiled.stats.cache_path).glob(f"{name}-*.nbi")]
    return any(all(kind.encode() in index for kind in types) for index in indices)


def _compile_beside(asked: Sequence[tuple[Any, Signature]]) -> None:
    """Have processes compile sections and keep them; what they cannot do is done by whoever needs it."""
    if len(asked) < 2:
        return
    named = [(each.__module__, each.__name__, signature) for each, signature in asked]
    workers = min(MOST, len(asked), os.cpu_count() or 1)
    # Forked, they would share what this process has half compiled.
    with suppress(*CANNOT), ProcessPoolExecutor(workers, get_context("spawn"), gc.set_threshold, SELDOM) as pool:
        list(pool.map(_compile, named))


def _compile(named: tuple[str, str, Signature]) -> None:
    """Compile and keep one section."""
    module, name, signature = named
    found = getattr(import_module(module), name)
    parts = {part.name: part.section for part in PARTS}
    parts.get(f"{module}.{name}", found).compile(signature)
