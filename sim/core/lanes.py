"""Whole rows of lanes: clearing them, and questions asked of all lanes at once, to skip what matters in none.

A shortcut must give every lane the bits it would get the long way, or a run would depend on its neighbours.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils, config
from numba.core.imputils import impl_ret_borrowed
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from sim.core.jit import kernel, view
from sim.core.mathx import ZERO


@kernel
def any_positive(row):
    """Whether some lane is above zero."""
    # Without an early end the compiler reduces whole vectors: 11 ns for 128 lanes against 85.
    found = False
    for lane in range(row.size):
        found |= row[lane] > ZERO
    return found


@kernel
def any_below(row, bound):
    """Whether some lane is below a bound."""
    found = False
    for lane in range(row.size):
        found |= row[lane] < bound
    return found


@view
def of_block(row, first, lanes):
    """The part of a row over all runs that belongs to a block whose first lane is run `first`.

    To index the whole row by `first + lane` costs the loop its vectors: for all the compiler knows the sum is negative.
    """
    return row[first : first + lanes]


def flat(rows):
    """Neighbouring rows as one: a loop over all of them costs what a loop over one does to begin."""
    return rows.reshape(rows.size)


def _flat(_: Any, rows: Any) -> Any:
    """Types of a call of `flat` in compiled code, and what writes it: `reshape` calls a function each time."""
    if not isinstance(rows, types.Array) or rows.layout != "C":
        return None
    row = rows.copy(ndim=1)

    def write(context: Any, builder: Any, sig: Any, given: Any) -> Any:
        """Add a view of the same memory."""
        before, after = make_array(rows)(context, builder, given[0]), make_array(row)(context, builder)
        size = context.get_constant(types.intp, 1)
        for length in cgutils.unpack_tuple(builder, before.shape):
            size = builder.mul(size, length)
        shared = {"meminfo": before.meminfo, "parent": before.parent, "itemsize": before.itemsize}
        populate_array(after, data=before.data, shape=[size], strides=[before.itemsize], **shared)
        return impl_ret_borrowed(context, builder, row, after._getvalue())

    return row(rows), write


if not config.DISABLE_JIT:
    flat = intrinsic(_flat)


@kernel
def clear(rows):
    """Set every lane of neighbouring rows to zero."""
    values = flat(rows)
    for i in range(values.size):
        values[i] = ZERO
