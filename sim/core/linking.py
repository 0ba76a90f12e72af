"""Compilers of functions that only compiled code calls: they are optimised where they are called, and only there.

Their loops over lanes are marked as `sim.core.independence` says.

Numba optimises every function and makes machine code of it, then links it into its callers and optimises it again.
All but a few functions of the core are never called from Python, so machine code of their own is never run. Here their
code is handed on as it was written down; what links it optimises once. Compiling the core took 96 s of processor time
in place of 124 to 127, and the machine code computed the same bits no slower.

A section of the core is linked into nothing: its machine code is called by a name that only its source and the types of
its arguments decide, so that sections are compiled by processes side by side and found again in any order.

This rests on the inside of numba's compiler, so it is used with the versions it was tested with; with others the core
compiles as numba does by itself, slower and to the same results.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numba

TESTED = ("0.68",)
"""Minor versions of numba whose compiler is known to be as the classes here expect it."""


def inner_options() -> dict[str, Any]:
    """Options of the decorator for a function that is only linked into others; none with an untested numba."""
    return {"pipeline_class": _inner_compiler()} if is_tested() else {}


def section_options() -> dict[str, Any]:
    """Options of the decorator for a function that is called by its name; none with an untested numba."""
    return {"pipeline_class": _section_compiler()} if is_tested() else {}


def is_tested() -> bool:
    """Whether the compiler is known to be as the classes here expect it."""
    return ".".join(numba.__version__.split(".")[:2]) in TESTED


def call_before_loading(compiled: Any, prepare: Callable[[tuple[Any, ...]], None]) -> None:
    """Have `prepare` called with the types of the arguments before a compiled function looks for machine code of it."""
    from numba.core.sigutils import normalize_signature

    found = compiled._cache.load_overload

    def load_overload(sig: Any, target_context: Any) -> Any:
        """What is kept for these types, once all is there that it calls."""
        prepare(normalize_signature(sig)[0])
        return found(sig, target_context)

    compiled._cache.load_overload = load_overload


def _section_compiler() -> type:
    """Compiler class for sections, made of numba's own."""
    from llvmlite.binding import parse_assembly
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler_machinery import register_pass
    from numba.core.itanium_mangler import mangle

    from sim.core.independence import LaneLower, LaneLowering

    class CalledLibrary(JITCodeLibrary):  # type: ignore[misc]
        """Machine code of a function that others call and do not link."""

        def __init__(self, codegen: Any) -> None:
            super().__init__(codegen, "section")
            self.enable_object_caching()

        def _get_module_for_linking(self) -> Any:
            self._ensure_finalized()
            return parse_assembly(str(self._codegen._create_empty_module(self.name)))

    class NamedLower(LaneLower):
        """Writes intermediate code of a function under a name that does not change from process to process."""

        def __init__(self, context: Any, library: Any, fndesc: Any, *rest: Any, **more: Any) -> None:
            types = hashlib.blake2b(repr(fndesc.argtypes).encode(), digest_size=16).hexdigest()
            fndesc.mangled_name = mangle(f"{fndesc.modname}.{fndesc.qualname}.{types}", ())
            super().__init__(context, library, fndesc, *rest, **more)

    @register_pass(mutates_CFG=True, analysis_only=False)
    class NamedLowering(LaneLowering):
        """The step that writes intermediate code, with such a name."""

        _name = "named_lowering"

        @property
        def lowering_class(self) -> type:
            """What writes it."""
            return NamedLower

    return _compiler(CalledLibrary, NamedLowering)


def _inner_compiler() -> type:
    """Compiler class for functions that are linked, made of numba's own."""
    from numba.core.codegen import JITCodeLibrary

    from sim.core.independence import LaneLowering

    class Environments:
        """Code generator of a library without machine code, in which no environment can be set."""

        def __init__(self, codegen: Any) -> None:
            self._codegen = codegen

        def __getattr__(self, name: str) -> Any:
            return getattr(self._codegen, name)

        def set_env(self, name: str, environment: object) -> None:
            """Nothing: the environment serves errors raised by a function called from Python."""

    class LinkedLibrary(JITCodeLibrary):  # type: ignore[misc]
        """Intermediate code of a function and of what it calls, not optimised."""

        def __init__(self, codegen: Any) -> None:
            super().__init__(codegen, "inner")

        @property
        def codegen(self) -> Any:
            """What makes code, but for the environments of functions."""
            return Environments(self._codegen)

        def get_pointer_to_function(self, name: str) -> int:
            """No function of this library has an address."""
            self._ensure_finalized()
            return 0

        def finalize(self) -> None:
            """Link what the function calls; neither optimise nor make machine code."""
            self._raise_if_finalized()
            for library in dict.fromkeys(self._linking_libraries):
                self._reload_init.update(library._reload_init)
                self._final_module.link_in(library._get_module_for_linking(), preserve=True)
            self._final_module.verify()
            self._finalize_dynamic_globals()
            self._finalized = True

    return _compiler(LinkedLibrary, LaneLowering)


def _compiler(library_class: type, lowering: type) -> type:
    """Compiler class whose functions become libraries of a class, and whose intermediate code a step writes."""
    from numba.core.compiler import Compiler, Flags
    from numba.core.typed_passes import NativeLowering

    usual = Flags().values()

    class QuickFlags(Flags):  # type: ignore[misc]
        """Numba's settings, put together at once: it compares them for every operation that it looks up."""

        def values(self) -> dict[str, Any]:
            """All settings by name."""
            return {**usual, **self._values}

    class OwnCompiler(Compiler):  # type: ignore[misc]
        """Numba's usual steps, but for the one that writes intermediate code."""

        def __init__(
            self, typing: Any, target: Any, library: Any, args: Any, result: Any, flags: Any, *rest: Any
        ) -> None:
            own = library_class(target.codegen())
            super().__init__(typing, target, own, args, result, QuickFlags(flags), *rest)

        def define_pipelines(self) -> list[Any]:
            """Numba's own, with that step replaced."""
            pipelines: list[Any] = super().define_pipelines()
            for pipeline in pipelines:
                steps = pipeline.passes
                pipeline.passes = [(lowering if step is NativeLowering else step, text) for step, text in steps]
                pipeline.finalize()
            return pipelines

    return OwnCompiler
