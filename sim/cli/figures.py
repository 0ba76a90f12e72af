"""Figures with their errors, as the commands print them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.questions.estimates import Estimate

SUFFIX = {"1": "", "t": " t", "month": " months", "week": " weeks", "million USD": " million USD"}


def figure(value: float, units: str = "1") -> str:
    """A number with its units, to four digits.

    Example
    -------
    >>> figure(0.12345), figure(12345.6, "t"), figure(math.inf)
    ('0.1235', '12,350 t', 'infinite')
    """
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    digits = 0 if value == 0.0 else max(3 - math.floor(math.log10(abs(value))), 0)
    rounded = round(value, 3 - math.floor(math.log10(abs(value)))) if value else 0.0
    return f"{rounded:,.{min(digits, 6)}f}{SUFFIX.get(units, ' ' + units)}"


def interval(found: Estimate, units: str = "1") -> str:
    """Ends of an interval."""
    return f"{figure(found.low)} to {figure(found.high, units)}"
