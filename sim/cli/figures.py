"""Figures with their errors, as the commands print them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.questions.estimates import Estimate

SUFFIX = {"1": "", "t": " t", "month": " months", "week": " weeks", "million USD": " million USD"}

LEAST = 5e-7
"""Below this a number has no digit among those that are written."""


def figure(value: float, units: str = "1") -> str:
    """A number with its units, to four digits.

    Example
    -------
    >>> figure(0.12345), figure(12345.6, "t"), figure(math.inf), figure(-1e-9)
    ('0.1235', '12,350 t', 'infinite', '0')
    """
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if abs(value) < LEAST:
        return f"0{SUFFIX.get(units, ' ' + units)}"
    digits = max(3 - math.floor(math.log10(abs(value))), 0)
    rounded = round(value, 3 - math.floor(math.log10(abs(value))))
    return f"{rounded:,.{min(digits, 6)}f}{SUFFIX.get(units, ' ' + units)}"


def interval(found: Estimate, units: str = "1") -> str:
    """Ends of an interval."""
    return f"{figure(found.low)} to {figure(found.high, units)}"
