"""A summary in sentences that can be quoted as they stand."""

from __future__ import annotations

import math
from collections.abc import Callable

from sim.results.quantiles import Spread
from sim.results.summary import Summary
from sim.scenario.dates import span
from sim.variables import CONFLICT

MONEY = ((1e6, "trillion USD"), (1e3, "billion USD"), (1.0, "million USD"))


def sentences(summary: Summary) -> tuple[str, ...]:
    """What was run, what gets dearest, who is short first, and what it costs; then what to be careful about."""
    origin = summary.origin
    first = (
        f"{origin.runs:,} runs of {span(origin.years)} from {origin.start}, seed {origin.seed}: "
        "quantiles over runs are given as median (5 to 95 %)."
    )
    return (first, *_conflict(summary), *_findings(summary), *cautions(summary))


def _conflict(summary: Summary) -> tuple[str, ...]:
    """What counts as a conflict run."""
    found = summary.conflict
    if found is None:
        return ()
    share = found.runs / summary.origin.runs
    last = "." if 0.0 < share < 1.0 else ", which need no lines of their own."
    average = f"Conflict ({', '.join(found.regimes)}) takes {percent(found.share)} of the horizon on average."
    some = f"the {found.runs:,} runs ({percent(share)}) with more than {percent(CONFLICT)} of the horizon in conflict"
    return (f"{average} Lines 'in conflict': {some}{last}",)


def _findings(summary: Summary) -> tuple[str, ...]:
    if summary.lacking:
        names = ", ".join(summary.lacking)
        return (f"What needs variables that were not kept of each run (--per-run) is left out: {names}.",)
    if not summary.products and not summary.sectors:
        return ("Nothing happens: no price rises by a tenth and no sector is short in any run to speak of.",)
    found = []
    if summary.products:
        row = summary.products[0]
        found.append(
            f"Dearest: {row.product} in {row.region}; price peaks at {multiples(row.peak_price)} times its reference."
        )
    if summary.sectors:
        worst = summary.sectors[0]
        when = (
            ""
            if math.isnan(worst.months_to_shortage)
            else (f", first {months(worst.months_to_shortage)} after the first onset in the median of those runs")
        )
        found.append(
            f"Largest loss on average: {worst.sector} in {worst.region}, short by more than 5 % in some month of "
            f"{percent(worst.runs_short)} of runs{when}."
        )
    conflict = summary.conflict
    then = "" if conflict is None or not conflict.runs else f"; in conflict runs {money(conflict.lost_output)}"
    found.append(f"Output lost in all sectors and regions together: {money(summary.lost_output)}{then}.")
    return tuple(found)


def cautions(summary: Summary) -> tuple[str, ...]:
    """What to be careful about before a number of this ensemble is quoted."""
    found = []
    if summary.is_rough:
        found.append("Few runs: the 5 and 95 % quantiles are rough; 1,000 runs or more make them firm.")
    if summary.origin.periods_per_year == 12:
        found.append(
            "Monthly steps are for quick looks only: peaks come out up to 20 % lower. Do not quote these numbers."
        )
    return tuple(found)


def multiples(spread: Spread) -> str:
    """Price multiples.

    Example
    -------
    >>> multiples(Spread(1.0, 2.51, 13.2))
    '2.5 (1.0 to 13)'
    """
    return written(spread, lambda value: f"{value:.1f}" if value < 9.95 else f"{value:.0f}")


def percents(spread: Spread) -> str:
    """Shares in percent.

    Example
    -------
    >>> percents(Spread(0.0, 0.124, 0.5))
    '12 (0 to 50) %'
    """
    return written(spread, lambda value: f"{100.0 * value:.0f}") + " %"


def durations(spread: Spread) -> str:
    """Numbers of months.

    Example
    -------
    >>> durations(Spread(1.0, 3.4, float("inf")))
    '3 (1 to no end)'
    """
    return written(spread, lambda value: "no end" if math.isinf(value) else f"{value:.0f}")


def tonnes(spread: Spread) -> str:
    """Tonnes, with two figures: an ensemble of thousands of runs knows quantiles to a few percent.

    Example
    -------
    >>> tonnes(Spread(-1234.4, 0.4, 87764.0))
    '0 (-1,200 to 88,000)'
    """
    return written(spread, lambda value: whole(value, 2))


def whole(value: float, figures: int) -> str:
    """A number without decimals, zeros after so many figures; more would be read as if they were known.

    Example
    -------
    >>> whole(124583.0, 2), whole(96846.2, 3), whole(7.6, 2), whole(-0.2, 2)
    ('120,000', '96,800', '8', '0')
    """
    size = math.floor(math.log10(abs(value))) + 1 if value else 0
    # Adding zero makes a negative zero a plain one.
    return f"{round(value, min(figures - size, 0)) + 0:,.0f}"


def money(spread: Spread) -> str:
    """Million USD, in the unit that suits the median, or the upper quantile where the median is small.

    Example
    -------
    >>> money(Spread(0.0, 1500.0, 20000.0)), money(Spread(0.0, 0.0, 20000.0))
    ('1.5 (0.0 to 20) billion USD', '0.0 (0.0 to 20) billion USD')
    """
    size = spread.middle if spread.middle >= 1.0 else spread.high
    scale, unit = next((pair for pair in MONEY if size >= pair[0]), MONEY[-1])

    def form(value: float) -> str:
        """An amount with two figures."""
        return f"{value / scale:.1f}" if value < 9.95 * scale else whole(value / scale, 2)

    return f"{written(spread, form)} {unit}"


def percent(share: float) -> str:
    """A share in percent; more than none is never written as none, nor less than all as all.

    Example
    -------
    >>> percent(0.123), percent(0.999), percent(0.001)
    ('12 %', 'over 99 %', 'under 1 %')
    """
    if 0.0 < share < 0.01:
        return "under 1 %"
    if 0.99 < share < 1.0:
        return "over 99 %"
    return f"{100.0 * share:.0f} %"


def months(number: float) -> str:
    """A number of months."""
    return "at once" if number < 0.5 else f"{number:.0f} month{'s' if number >= 1.5 else ''}"


def written(spread: Spread, form: Callable[[float], str]) -> str:
    """Median and range, in a form for numbers; only one number where all three look the same."""
    if math.isnan(spread.middle):
        return "never"
    low, middle, high = form(spread.low), form(spread.middle), form(spread.high)
    return middle if low == middle == high else f"{middle} ({low} to {high})"
