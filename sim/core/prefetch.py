"""Memory asked for ahead of its use, so that the wait for it passes while something else is done."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic, overload
from numba.np.arrayobj import make_array

from sim.core.jit import OPTIONS

_TO_WRITE, _KEPT_CLOSE, _DATA = 1, 3, 1
"""Arguments of `llvm.prefetch` in LLVM's language reference."""


def fetch(row: Any, place: Any) -> None:
    """Ask for the line of the cache that holds an entry of a row, which is about to be added to; changes nothing."""


@overload(fetch, jit_options=OPTIONS, strict=False)
def _fetch_compiled(row: Any, place: Any) -> Any:
    return lambda row, place: _fetch(row, place)


@intrinsic
def _fetch(_: Any, row: Any, place: Any) -> Any:
    """The processor's own instruction."""

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        """Add it to the code of the caller."""
        address, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        entry = builder.gep(make_array(row)(context, builder, arguments[0]).data, [arguments[1]])
        called = ir.FunctionType(ir.VoidType(), (address, number, number, number))
        function = builder.module.declare_intrinsic("llvm.prefetch", (address,), called)
        how = [ir.Constant(number, each) for each in (_TO_WRITE, _KEPT_CLOSE, _DATA)]
        builder.call(function, [builder.bitcast(entry, address), *how])
        return impl_ret_untracked(context, builder, signature.return_type, context.get_dummy_value())

    return types.none(row, types.uint64), write
