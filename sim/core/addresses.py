"""Records that compiled functions hand on by address, in place of all the arrays in them.

Numba hands on a tuple of arrays as each array's pointers, shape and strides: some 670 numbers for a chain and a block
of runs, written out in every call and again in every function. Compiling the core took half as long again. A class
marked here is handed on as one address, of a copy that the entry makes when Python calls it, and an attribute is read
where it is used. Nothing writes to the copy, and the compiler is told so: what it has read stays in a register.

The compiler may be told how long the last axis of all arrays of a record is: such records are of a class of their own,
and have machine code of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.core.types import Type
from numba.core.typing.templates import AttributeTemplate
from numba.extending import (
    NativeValue,
    infer_getattr,
    lower_getattr_generic,
    models,
    register_model,
    typeof_impl,
    unbox,
)

Record = TypeVar("Record", bound=type)
_ADDRESS = ir.IntType(8).as_pointer()


class Address(Type):
    """Type of the address of a record, for the compiler."""

    def __init__(self, record: str, fields: dict[str, Type], last: int = 0) -> None:
        """Describe a record of some types; its name is short, since it becomes part of the names of functions.

        Parameters
        ----------
        last: Length of the last axis of every array in it; 0 where the compiler is not to know.
        """
        self.fields, self.last = fields, last
        digest = hashlib.blake2b(repr((fields, last)).encode(), digest_size=8).hexdigest()
        super().__init__(f"{record}.{digest}")


def by_address(record: Record, *, last: int = 0) -> Record:
    """Have compiled functions hand on instances of a named tuple by address; they read its attributes, and only that.

    Parameters
    ----------
    last: Length of the last axis of every array in an instance, which the compiler is told; 0 where it is not to know.
        Numba looks at the class and not at the arrays of an instance whose like it has seen, so all must keep to it.

    Example
    -------
    >>> from typing import NamedTuple
    >>> import numba, numpy as np
    >>> @by_address
    ... class Stock(NamedTuple):
    ...     tonnes: np.ndarray
    >>> @numba.njit
    ... def held(stock):
    ...     return stock.tonnes[1]
    >>> held(Stock(np.array([1.0, 2.0])))
    2.0
    """
    fields: tuple[str, ...] = record._fields  # type: ignore[attr-defined]

    @typeof_impl.register(record)
    def address_of(value: Any, context: Any) -> Address | None:
        """Type of an instance; none where that of a field is not known."""
        types = {name: typeof_impl(item, context) for name, item in zip(fields, value, strict=True)}
        return None if None in types.values() else Address(record.__name__, types, last)

    return record


@infer_getattr
class AddressAttributes(AttributeTemplate):  # type: ignore[misc]
    """Types of the attributes of a record."""

    key = Address

    def generic_resolve(self, address: Address, name: str) -> Type | None:
        """Type of an attribute; none where there is no such."""
        return address.fields.get(name)


@register_model(Address)
class AddressModel(models.PrimitiveModel):  # type: ignore[misc]
    """What the address of a record is in machine code."""

    def __init__(self, manager: Any, address: Address) -> None:
        """Describe it to the compiler."""
        super().__init__(manager, address, _ADDRESS)


def _layout(context: Any, address: Address) -> ir.Type:
    """Memory of a record; a record within it lies there itself."""
    return ir.LiteralStructType(
        [
            _layout(context, item) if isinstance(item, Address) else context.get_data_type(item)
            for item in address.fields.values()
        ]
    )


@lower_getattr_generic(Address)
def _attribute(context: Any, builder: Any, address: Address, value: Any, name: str) -> Any:
    """Read an attribute."""
    record = builder.bitcast(value, _layout(context, address).as_pointer())
    place = cgutils.gep_inbounds(builder, record, 0, list(address.fields).index(name))
    item = address.fields[name]
    if isinstance(item, Address):
        return builder.bitcast(place, _ADDRESS)
    found = context.data_model_manager[item].from_data(builder, _read(builder, place))
    if address.last:
        found = _told(context, builder, item, found, address.last)
    return impl_ret_borrowed(context, builder, item, found)


def _told(context: Any, builder: Any, item: Any, array: Any, last: int) -> Any:
    """An array whose last axis is known to be as long."""
    place = list(context.data_model_manager[item]._fields).index("shape")
    known = context.get_constant(types.intp, last)
    return builder.insert_value(array, known, (place, item.ndim - 1))


def _read(builder: Any, place: Any) -> Any:
    """Read what lies at a place, number by number: read as a whole it would be no constant of a loop."""
    kind = place.type.pointee
    if not isinstance(kind, ir.Aggregate):
        number = builder.load(place)
        number.set_metadata("invariant.load", builder.module.add_metadata([]))
        return number
    whole = ir.Constant(kind, ir.Undefined)
    for index in range(len(kind)):
        whole = builder.insert_value(whole, _read(builder, cgutils.gep_inbounds(builder, place, 0, index)), index)
    return whole


@unbox(Address)
def _copy(address: Address, record: Any, c: Any) -> NativeValue:
    """Copy a record that Python hands over, for as long as the entry runs."""
    place = cgutils.alloca_once(c.builder, _layout(c.context, address))
    failed, cleanups = cgutils.alloca_once_value(c.builder, cgutils.false_bit), list[Callable[[], None]]()
    _fill(place, address, record, c, failed, cleanups)
    # From here on the compiler cannot tell that it has seen the memory written.
    hidden = c.builder.asm(
        ir.FunctionType(_ADDRESS, [_ADDRESS]), "", "=r,0,~{memory}", [c.builder.bitcast(place, _ADDRESS)], True
    )

    def cleanup() -> None:
        """Let go of what the copy refers to."""
        for each in cleanups:
            each()

    return NativeValue(hidden, is_error=c.builder.load(failed), cleanup=cleanup)


def _fill(place: Any, address: Address, record: Any, c: Any, failed: Any, cleanups: list[Callable[[], None]]) -> None:
    for index, (name, item) in enumerate(address.fields.items()):
        found, at = c.pyapi.object_getattr_string(record, name), cgutils.gep_inbounds(c.builder, place, 0, index)
        if isinstance(item, Address):
            _fill(at, item, found, c, failed, cleanups)
        else:
            native = c.unbox(item, found)
            with cgutils.if_unlikely(c.builder, native.is_error):
                c.builder.store(cgutils.true_bit, failed)
            c.builder.store(c.context.data_model_manager[item].as_data(c.builder, native.value), at)
            cleanups += [native.cleanup] if native.cleanup else []
        # The record holds on to it.
        c.pyapi.decref(found)
