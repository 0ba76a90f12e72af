"""Elementary functions that the compiler can vectorise.

The compiler's own `exp` and `log` are scalar calls. In single precision they are replaced by polynomials on the bits of
the number (about 2e-7 relative error); double precision, used by the stability certificate only, keeps the library's.
The polynomials are those of S. Moshier's Cephes library (`expf`, `logf`), which is in the public domain.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import overload
from numba.types import float32

from sim.core.jit import OPTIONS, kernel

ZERO = np.float32(0)
HALF = np.float32(0.5)
ONE = np.float32(1)
TWO = np.float32(2)

_LOG2E = np.float32(1.44269504088896341)
_LN2_HIGH = np.float32(0.693359375)
_LN2_LOW = np.float32(-2.12194440e-4)
_ROUND = np.float32(12582912.0)  # 1.5 * 2**23: adding it leaves the nearest integer in the low bits
_ROUND_BITS = np.int32(0x4B400000)
_EXP_MOST = np.float32(88.0)
_EXP_LEAST = np.float32(-87.0)
_EXP = tuple(
    np.float32(c)
    for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)
_E0, _E1, _E2, _E3, _E4, _E5 = _EXP
_SQRT_HALF_BITS = np.int32(0x3F3504F3)
_ONE_BITS = np.int32(0x3F800000)
_MANTISSA = np.int32(0x007FFFFF)
_SHIFT = np.int32(23)
_LOG = tuple(
    np.float32(c)
    for c in (
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    )
)  # fmt: skip
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8 = _LOG
_TINY = np.float32(1.2e-38)


@kernel
def _exp32(x: Any) -> Any:
    x = min(max(x, _EXP_LEAST), _EXP_MOST)
    shifted = np.float32(x * _LOG2E + _ROUND)
    power = np.int32(shifted.view(np.int32) - _ROUND_BITS)
    whole = shifted - _ROUND
    x = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    # Pairs of terms (Estrin's scheme) rather than nested ones: a chain of dependent products is what costs time here.
    z = x * x
    y = (_E1 + _E0 * x) * z * z + ((_E3 + _E2 * x) * z + (_E5 + _E4 * x))
    y = np.float32(y * z + (x + ONE))
    return np.int32(y.view(np.int32) + np.int32(power << _SHIFT)).view(np.float32)


@kernel
def _log32(x: Any) -> Any:
    x = np.float32(max(x, _TINY))
    bits = np.int32(x.view(np.int32) - _SQRT_HALF_BITS)
    exponent = np.float32(np.int32(bits >> _SHIFT))
    mantissa = np.int32(np.int32(bits & _MANTISSA) + _SQRT_HALF_BITS)
    x = mantissa.view(np.float32) - ONE
    z = x * x
    low = (_L6 * x + _L7) * x + _L8
    middle = (_L3 * x + _L4) * x + _L5
    high = (_L0 * x + _L1) * x + _L2
    cube = x * z
    y = low + cube * (middle + cube * high)
    y = y * cube + (exponent * _LN2_LOW - HALF * z)
    return (x + y) + exponent * _LN2_HIGH


def exp(x: Any) -> Any:
    """Exponential of `x`, in the precision of `x`; `x` is held within (-87, 88) in single precision."""
    return _exp32(x) if isinstance(x, np.float32) else math.exp(x)


def log(x: Any) -> Any:
    """Natural logarithm of `x` > 0, in the precision of `x`; a smaller `x` counts as 1.2e-38 in single precision."""
    return _log32(x) if isinstance(x, np.float32) else math.log(x)


@overload(exp, jit_options=OPTIONS, strict=False)
def _exp_compiled(x: Any) -> Any:
    if x == float32:
        return lambda x: _exp32(x)
    return lambda x: math.exp(x)


@overload(log, jit_options=OPTIONS, strict=False)
def _log_compiled(x: Any) -> Any:
    if x == float32:
        return lambda x: _log32(x)
    return lambda x: math.log(x)


@kernel
def power(x: Any, exponent: Any) -> Any:
    """`x ** exponent` for `x` > 0."""
    return exp(exponent * log(x))


@kernel
def clip(x: Any, low: Any, high: Any) -> Any:
    """`x` held between two bounds."""
    return min(max(x, low), high)
