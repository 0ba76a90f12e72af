"""Compilers of functions that only compiled code calls: they are optimised where they are called, and only there.

Their loops over lanes are marked as `sim.core.independence` says.

Numba optimises every function and makes machine code of it, then links it into its callers and optimises it again.
All but a few functions of the core are never called from Python, so machine code of their own is never run. Here their
code is handed on as it was written down; the entry that links it all optimises once. Compiling the core takes 96 s of
processor time in place of 124 to 127, and the machine code computes the same bits no slower.

This rests on the inside of numba's compiler, so it is used with the versions it was tested with; with others the core
compiles as numba does by itself, slower and to the same results.
"""

from __future__ import annotations

from typing import Any

import numba

TESTED = ("0.68",)
"""Minor versions of numba whose compiler is known to be as the classes here expect it."""


def inner_options() -> dict[str, Any]:
    """Options of the decorator for a function that is only linked into others; none with an untested numba."""
    if ".".join(numba.__version__.split(".")[:2]) not in TESTED:
        return {}
    return {"pipeline_class": _inner_compiler()}


def _inner_compiler() -> type:
    """Compiler class for such functions, made of numba's own."""
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import Compiler
    from numba.core.typed_passes import NativeLowering

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

    class InnerCompiler(Compiler):  # type: ignore[misc]
        """The usual steps, into a library that is only linked."""

        def __init__(self, typing: Any, target: Any, library: Any, *rest: Any) -> None:
            super().__init__(typing, target, LinkedLibrary(target.codegen(), "inner"), *rest)

        def define_pipelines(self) -> list[Any]:
            """Numba's own, but for the step that writes intermediate code."""
            pipelines: list[Any] = super().define_pipelines()
            for pipeline in pipelines:
                marked = {NativeLowering: LaneLowering}
                pipeline.passes = [(marked.get(step, step), text) for step, text in pipeline.passes]
                pipeline.finalize()
            return pipelines

    return InnerCompiler
