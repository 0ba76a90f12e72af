"""Records by address: compiled functions read what Python handed over, and nothing else."""

from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

from sim.core import jit
from sim.core.addresses import Address, by_address
from sim.core.state import Block, Chain, Constants, Events, Record


@by_address
class Inner(NamedTuple):
    """A record within another one."""

    rate: Any
    on: Any


@by_address
class Outer(NamedTuple):
    """Arrays of two kinds, a number and a record."""

    tonnes: Any
    rows: Any
    inner: Inner
    plain: Any


@numba.njit(**jit.OPTIONS)  # type: ignore[untyped-decorator]
def _worth(outer: Any) -> Any:
    return _sum(outer) * outer.inner.rate if outer.inner.on else -outer.plain[0].size


@numba.njit(**jit.OPTIONS)  # type: ignore[untyped-decorator]
def _sum(outer: Any) -> Any:
    total = outer.tonnes[0, 0] * 0
    for i in range(outer.rows.size):
        row = outer.rows[i]
        total += outer.tonnes[row.place, 1] * row.weight
    return total


@numba.njit(**jit.UNCOUNTED, **jit.OPTIONS)  # type: ignore[untyped-decorator]
def _fill(outer: Any, value: Any) -> None:
    for i in range(outer.tonnes.shape[0]):
        outer.tonnes[i, 1] = value + outer.tonnes[i, 0]


def _outer(precision: Any = np.float32, *, on: bool = True) -> Outer:
    rows = np.rec.array([(2, 0.5), (1, 2.0)], dtype=[("place", np.int32), ("weight", precision)])
    inner = Inner(precision(10), on)
    return Outer(np.arange(6, dtype=precision).reshape(3, 2), rows, inner, (np.zeros(7, np.int32),))


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_attributes_are_those_of_the_record_that_was_handed_over(precision: Any) -> None:
    # 5 * 0.5 + 3 * 2, times 10.
    assert _worth(_outer(precision)) == 85.0
    assert _worth(_outer(precision, on=False)) == -7


def test_another_record_is_read_anew() -> None:
    first, second = _outer(), _outer()
    second.tonnes[...] *= 2
    assert [_worth(each) for each in (first, second, first._replace(tonnes=second.tonnes))] == [85.0, 170.0, 170.0]


def test_arrays_of_a_record_are_written_to_in_place() -> None:
    outer = _outer()
    _fill(outer, np.float32(100))
    np.testing.assert_array_equal(outer.tonnes, [[0, 100], [2, 102], [4, 104]])


def test_types_tell_precisions_apart_and_do_not_grow_with_their_fields() -> None:
    single, double = numba.typeof(_outer()), numba.typeof(_outer(np.float64))
    assert single == numba.typeof(_outer()) != double
    assert isinstance(single.fields["inner"], Address)
    assert len(repr(single)) < 30


def test_an_attribute_that_is_not_there_is_refused() -> None:
    @numba.njit  # type: ignore[untyped-decorator]
    def wrong(outer: Any) -> Any:
        return outer.ounces

    with pytest.raises(TypingError, match="ounces"):
        wrong(_outer())


def test_a_field_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(TypingError):
        _worth(_outer()._replace(rows=object()))


@pytest.mark.parametrize("record", [Block, Chain, Constants, Events, Record])
def test_what_the_core_is_handed_is_marked(record: Any) -> None:
    fields = {name: np.zeros((1, 1, 1), np.float32) for name in record._fields}
    assert isinstance(numba.typeof(record(**fields)), Address)
