"""Elementary functions that the compiler can vectorise.

The compiler's own `exp` and `log` are scalar calls. In single precision they are replaced by polynomials on the bits of
the number (about 2e-7 relative error); double precision, used by the stability certificate only, keeps the library's.
A number is taken apart as in S. Moshier's Cephes library (`expf`, `logf`), which is in the public domain. Polynomials
are of the least degree that keeps that error: the largest relative error of each was made as small as it gets (Lawson's
iteration, 2,001 Chebyshev points), 9.2e-8 for `exp` and 3.0e-8 for `log` before rounding.
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
_LN2 = np.float32(0.69314718055994531)
_ROUND = np.float32(12582912.0)  # 1.5 * 2**23: adding it leaves the nearest integer in the low bits
_EXP_MOST = np.float32(88.0)
_EXP_LEAST = np.float32(-87.0)
_E1, _E2, _E3, _E4, _E5 = (
    np.float32(c) for c in (9.9999971e-1, 4.9999148e-1, 1.6667638e-1, 4.1898164e-2, 8.2902741e-3)
)
_SQRT_HALF_BITS = np.int32(0x3F3504F3)
_MANTISSA = np.int32(0x007FFFFF)
_SHIFT = np.int32(23)
_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7 = (
    np.float32(c)
    for c in (
        -4.9999992e-1, 3.3333950e-1, -2.5001755e-1, 1.9962072e-1, -1.6570507e-1, 1.4917976e-1, -1.4307531e-1,
        8.7348492e-2,
    )
)  # fmt: skip
_TINY = np.float32(1.2e-38)


@kernel
def _exp32(x: Any) -> Any:
    x = min(max(x, _EXP_LEAST), _EXP_MOST)
    shifted = np.float32(x * _LOG2E + _ROUND)
    whole = shifted - _ROUND
    x = (x - whole * _LN2_HIGH) - whole * _LN2_LOW
    y = np.float32(((((_E5 * x + _E4) * x + _E3) * x + _E2) * x + _E1) * x + ONE)
    # The bits of `shifted` end in those of the whole number; what stands above them is shifted out.
    return np.int32(y.view(np.int32) + np.int32(shifted.view(np.int32) << _SHIFT)).view(np.float32)


@kernel
def _log32(x: Any) -> Any:
    x = np.float32(max(x, _TINY))
    bits = np.int32(x.view(np.int32) - _SQRT_HALF_BITS)
    exponent = np.float32(np.int32(bits >> _SHIFT))
    mantissa = np.int32(np.int32(bits & _MANTISSA) + _SQRT_HALF_BITS)
    x = mantissa.view(np.float32) - ONE
    z = x * x
    # Pairs of terms (Estrin's scheme) rather than nested ones: here a chain of dependent products costs time.
    y = (((_L7 * x + _L6) * z + (_L5 * x + _L4)) * z + (_L3 * x + _L2)) * z + (_L1 * x + _L0)
    return (y * z + x) + exponent * _LN2


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
