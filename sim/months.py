"""Months as NumPy counts them."""

from __future__ import annotations

from typing import Any

import numpy as np


def later(month: np.datetime64, count: Any) -> Any:
    """The month so many months after one, or an array of them: a number beside a date needs its unit.

    Example
    -------
    >>> later(np.datetime64("2025-11"), 3)
    np.datetime64('2026-02')
    """
    return month + np.asarray(count).astype("timedelta64[M]")
