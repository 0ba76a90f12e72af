"""Bins of values or of their logarithms."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.core.jit import kernel
from sim.core.mathx import HALF, ZERO, clip


class Bins(NamedTuple):
    """How values become bins: centres lie at `low + i / per_unit`, of the value or of its logarithm."""

    logarithmic: Any
    low: Any
    per_unit: Any
    last: Any


@kernel
def bin_of(value, low, per_unit, last):
    """Bin of a value, or of a logarithm; what is outside falls in the first or last bin."""
    return np.int32(clip((value - low) * per_unit + HALF, ZERO, last))


def of_scale(logarithmic: bool, low: float, per_unit: float, count: int) -> Bins:
    """Bins whose centres lie at `low + i / per_unit`, in the precision in which values are recorded."""
    return Bins(logarithmic, np.float32(low), np.float32(per_unit), np.float32(count - 1))
