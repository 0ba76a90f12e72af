"""Parts of the core that many chains do without: compiled once a chain comes that needs them.

Stockpiles, origins, policies and reactions are a third of what the compiler reads; who has none need not wait for it.
Such a part is a section by itself whose address lies in a cell of memory: what calls it reads the cell, so its machine
code does not change with what else is there. With a numba that sections were not tested with, parts are compiled with
what calls them.
"""

from __future__ import annotations

import ctypes
import hashlib
import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import llvmlite.binding as llvm
from llvmlite import ir
from numba import typeof, types
from numba.core import config
from numba.extending import intrinsic

from sim.core.jit import section, topic
from sim.core.linking import is_tested

if TYPE_CHECKING:
    from sim.core.state import Chain

Function = TypeVar("Function", bound=Callable[..., Any])
Types = Mapping[str, Any]
"""Types of arguments by name."""
Needed = Callable[["Chain"], bool]

# Machine code looks for addresses in the process as a whole, and so does what keeps them: cells, types that the core is
# there for, and parts that some chain of a precision has asked for.
_cells: dict[str, ctypes.c_void_p] = {}
_declared: list[Types] = []
_asked: set[tuple[str, Any]] = set()


@ctypes.CFUNCTYPE(None)
def _missing() -> None:
    """Called in place of a part that is not there: nothing that a run computed after it could be trusted."""
    os.write(2, b"oreflow: a part of the core was called that no chain had asked for; this is a defect of oreflow\n")
    os.abort()


@dataclass(frozen=True)
class Part:
    """A part of the core that is compiled once it is needed."""

    name: str
    """Module and name of the function."""
    needed: Needed
    section: Any
    arguments: tuple[str, ...]

    def signature(self, given: Types) -> tuple[Any, ...]:
        """Types of its arguments in their order."""
        return tuple(given[name] for name in self.arguments)

    def fill(self, given: Types) -> None:
        """Have its machine code, compiled if none is kept, and its address where it is looked for."""
        signature = self.signature(given)
        self.section.compile(signature)
        compiled = self.section.overloads[signature]
        # Kept machine code does not know what it defines; the engine that loaded it does.
        engine = self.section.targetctx.codegen()._engine
        _cells[_symbol(self.name, signature)].value = engine.get_function_address(compiled.fndesc.llvm_func_name)


PARTS: list[Part] = []
"""All of them, once the core is imported."""


def apart(needed: Any, result: Any = types.none) -> Callable[[Function], Function]:
    """Compile a function once a chain needs it; where it is called the same must be asked of the chain before.

    Parameters
    ----------
    needed: Whether a chain needs it, as a function for compiled code.
    result: Type of what it returns.
    """

    def set_apart(function: Function) -> Function:
        """The function as compiled code calls it."""
        if config.DISABLE_JIT or not is_tested():
            return topic(function)
        name, arguments = f"{function.__module__}.{function.__name__}", tuple(inspect.signature(function).parameters)
        PARTS.append(Part(name, getattr(needed, "py_func", needed), section(function), arguments))
        call: Function = _call(name, arguments, result)
        return call

    return set_apart


def needed_by(chain: Chain) -> tuple[str, ...]:
    """Names of the parts that a chain needs."""
    return tuple(part.name for part in PARTS if part.needed(chain))


def ask_for(chain: Chain) -> None:
    """Have all parts that a chain needs, where the core is there, and later wherever it comes to be."""
    precision = typeof(chain.constants.dt)
    for part in PARTS:
        if (part.name, precision) not in _asked and part.needed(chain):
            for given in _declared:
                if _precision(given) == precision:
                    part.fill(given)
            _asked.add((part.name, precision))


def declare(given: Types) -> None:
    """Have a cell for every part, before machine code is loaded that looks for it.

    Parameters
    ----------
    given: Types of arguments by name.
    """
    for part in PARTS:
        _declare(_symbol(part.name, part.signature(given)))


def fill(given: Types) -> None:
    """Have those parts that were asked for."""
    for part in PARTS:
        if (part.name, _precision(given)) in _asked:
            part.fill(given)
    _declared.append(given)


def _precision(given: Types) -> Any:
    return given["chain"].fields["constants"].fields["dt"]


def _symbol(name: str, signature: tuple[Any, ...]) -> str:
    return f"{name}.{hashlib.blake2b(repr(signature).encode(), digest_size=16).hexdigest()}"


def _declare(symbol: str) -> None:
    if symbol not in _cells:
        cell = ctypes.c_void_p(ctypes.cast(_missing, ctypes.c_void_p).value)
        llvm.add_symbol(symbol, ctypes.addressof(cell))
        _cells[symbol] = cell


def _call(name: str, arguments: tuple[str, ...], result: Any) -> Any:
    """What compiled code calls: it reads the cell of a part and calls what it finds there."""

    def typed(_: Any, *given: Any) -> Any:
        """Types of the call, and what writes its code."""

        def write(context: Any, builder: Any, sig: Any, values: Any) -> Any:
            """Add the call to the code of the caller."""
            symbol = _symbol(name, sig.args)
            _declare(symbol)
            kind = context.call_conv.get_function_type(result, sig.args).as_pointer()
            cell = builder.module.globals.get(symbol) or ir.GlobalVariable(builder.module, kind, symbol)
            _, found = context.call_conv.call_function(builder, builder.load(cell), result, sig.args, values)
            return found

        # Numbers of entities and periods are of several widths, and are handed over in one.
        kinds = (types.intp if isinstance(each, types.Integer) else types.unliteral(each) for each in given)
        return result(*kinds), write

    typed.__name__ = name.rpartition(".")[2]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    typed.__signature__ = inspect.Signature([inspect.Parameter(each, kind) for each in ("_", *arguments)])  # type: ignore[attr-defined]
    return intrinsic(typed)
