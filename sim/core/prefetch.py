"""Memory asked for ahead of its use, so that the wait for it passes while something else is done."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array

from sim.core.jit import OPTIONS

_TO_READ, _TO_WRITE = 0, 1
_KEPT_CLOSE, _DATA = 3, 1
"""Further arguments of `llvm.prefetch` in LLVM's language reference."""


def fetch_to_read(array: Any, place: tuple[Any, ...]) -> None:
    """Ask for the line of the cache that holds an entry of an array, given by its indices; changes nothing."""


def fetch_to_write(array: Any, place: tuple[Any, ...]) -> None:
    """The same of an entry that is about to be written to or added to."""


def _asking(purpose: int) -> Any:
    """The processor's own instruction for a purpose, as compiled code calls it."""

    @intrinsic
    def ask(_: Any, array: Any, place: Any) -> Any:
        """Types of the call, and what writes it."""

        def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            """Add the instruction to the code of the caller."""
            view, indices = (
                make_array(array)(context, builder, arguments[0]),
                cgutils.unpack_tuple(builder, arguments[1]),
            )
            offset = context.get_constant(types.intp, 0)
            for index, kind, stride in zip(indices, place, cgutils.unpack_tuple(builder, view.strides), strict=True):
                offset = builder.add(offset, builder.mul(context.cast(builder, index, kind, types.intp), stride))
            byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
            called = ir.FunctionType(ir.VoidType(), (byte, number, number, number))
            function = builder.module.declare_intrinsic("llvm.prefetch", (byte,), called)
            how = [ir.Constant(number, each) for each in (purpose, _KEPT_CLOSE, _DATA)]
            builder.call(function, [builder.gep(builder.bitcast(view.data, byte), [offset]), *how])
            return impl_ret_untracked(context, builder, signature.return_type, context.get_dummy_value())

        return types.none(array, place), write

    return ask


_ask_to_read, _ask_to_write = _asking(_TO_READ), _asking(_TO_WRITE)


@overload(fetch_to_read, jit_options=OPTIONS, strict=False)
def _compiled_to_read(array: Any, place: Any) -> Any:
    return lambda array, place: _ask_to_read(array, place)


@overload(fetch_to_write, jit_options=OPTIONS, strict=False)
def _compiled_to_write(array: Any, place: Any) -> Any:
    return lambda array, place: _ask_to_write(array, place)
