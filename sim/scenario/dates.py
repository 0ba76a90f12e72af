"""Dates of a scenario: a month or a day, as text."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from sim.scenario.base import defect, show

FORM = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


def parse(text: str) -> date:
    """Return the day of `YYYY-MM-DD`, or the first day of `YYYY-MM`; anything else raises `ValueError`."""
    match = FORM.fullmatch(text)
    if match is None or not text.isascii():
        raise ValueError(text)
    year, month, day = match.groups()
    return date(int(year), int(month), int(day or 1))


def months_between(start: str, at: str) -> float:
    """Return the months from one date to another, days counted as parts of their month.

    Example
    -------
    >>> months_between("2025-01", "2025-04-16")
    3.5
    """
    return _months(parse(at)) - _months(parse(start))


def _months(day: date) -> float:
    return 12 * day.year + day.month - 1 + (day.day - 1) / monthrange(day.year, day.month)[1]


def _month(text: str) -> str:
    try:
        parse(text)
    except ValueError:
        raise defect(f"is {show(text)}", 'give a month as "YYYY-MM"') from None
    if len(text) != 7:
        raise defect(f"is {show(text)}", 'give a month as "YYYY-MM", without a day')
    return text


def _day(text: str) -> str:
    try:
        parse(text)
    except ValueError:
        raise defect(f"is {show(text)}", 'give a date as "YYYY-MM" or "YYYY-MM-DD"') from None
    return text


Month = Annotated[str, AfterValidator(_month), Field(json_schema_extra={"pattern": r"^\d{4}-\d{2}$"})]
Day = Annotated[str, AfterValidator(_day), Field(json_schema_extra={"pattern": r"^\d{4}-\d{2}(-\d{2})?$"})]


def span(years: float) -> str:
    """A length of time in years.

    Example
    -------
    >>> span(1.0), span(2.5)
    ('1 year', '2.5 years')
    """
    return f"{years:g} year{'' if years == 1.0 else 's'}"
