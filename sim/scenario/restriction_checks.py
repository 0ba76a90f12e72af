"""Checks of the details of a restriction: licences, leakage, schedules and what spills over."""

from __future__ import annotations

from collections.abc import Iterator

from sim.scenario.arrival import At, Lasting
from sim.scenario.base import Finding
from sim.scenario.dates import months_between, span
from sim.scenario.distributions import MOST_DISCOUNT, Distribution, largest
from sim.scenario.measures import Leaking, Measure, Spilling
from sim.scenario.models import Time
from sim.scenario.reaction import Reaction
from sim.scenario.restrictions import Ban, Denial, Dumping, Licensing, Outage
from sim.scenario.schedules import Step
from sim.scenario.tables import ChainTables


def check_details(restriction: Measure, time: Time | None) -> Iterator[Finding]:
    """Yield what is wrong with a restriction by itself and against the horizon."""
    yield from _severity(restriction)
    yield from _reaction(restriction)
    if isinstance(restriction, Licensing):
        yield from _licences(restriction)
    if isinstance(restriction, Leaking):
        yield from _leakage(restriction)
    if isinstance(restriction, Spilling) and restriction.spillover is not None:
        for name in restriction.spillover.products:
            if name in restriction.products:
                yield "spillover.products", f"names '{name}', which the restriction covers", "name goods it spares"
    steps: tuple[Step, ...] = getattr(restriction, "schedule", ())
    if steps:
        yield from _schedule(restriction, steps, time)


def _severity(restriction: Measure) -> Iterator[Finding]:
    """Yield weights that take some level of a share beyond what can be withheld or given away."""
    if not isinstance(restriction, (Ban, Licensing, Outage, Denial, Dumping)) or not isinstance(
        restriction.towards, dict
    ):
        return
    most = max(largest(level) for level in restriction.strengths if isinstance(level, (float, int, Distribution)))
    limit, word = (MOST_DISCOUNT, "discount") if isinstance(restriction, Dumping) else (1.0, "cut")
    for region, weight in restriction.towards.items():
        if weight * most > limit + 1e-6:
            problem = f"is {weight:g}, which takes a {word} of {most:.3g} above {limit:g}"
            yield f"towards.{region}", problem, f"give at most {limit / most:.3g}"


def _reaction(restriction: Measure) -> Iterator[Finding]:
    """Yield what a restriction that reacts cannot have: whether it comes is known in the course of a run only."""
    if restriction.reacts is None:
        return
    if isinstance(restriction.onset, At):
        yield "reacts", "is given with a date of onset", "give onset.hazard_per_year, or remove it"
    for key in ("truce", "ruling", "escalates", "schedule", "spillover"):
        if getattr(restriction, key, None):
            yield key, "is given for a restriction that reacts", "remove one of the two"


def watched(reaction: Reaction, tables: ChainTables) -> Iterator[Finding]:
    """Yield regions in which there is nothing to watch; names are known."""
    makers = {row.recipe for row in tables.recipes if row.coefficient > 0.0 and row.product == reaction.product}
    for region in reaction.regions:
        made = any(row.region == region and row.recipe in makers for row in tables.processes)
        sent = any(row.product == reaction.product and region in (row.origin, row.destination) for row in tables.routes)
        if not made and (reaction.watches == "output" or not sent):
            problem = f"names {region}, which has no {reaction.watches} of {reaction.product}"
            yield (
                "reacts.regions",
                problem,
                "name regions that make it" if reaction.watches == "output" else "remove it",
            )


def _licences(restriction: Licensing) -> Iterator[Finding]:
    if restriction.renewal is not None and restriction.validity_months is None:
        yield "renewal", "is given without validity_months", "add validity_months, or remove it"
    if restriction.validity_months is None:
        return
    if restriction.renewal is None:
        yield "validity_months", "is given without renewal", "add renewal, the share of licences renewed in time"
    if restriction.profile.recovery_months is None:
        cure = "add profile.recovery_months, or remove it"
        yield "validity_months", "is given, but no recovery brings the licences that could expire", cure


def _leakage(restriction: Leaking) -> Iterator[Finding]:
    grown, months = restriction.leakage_grown, restriction.leakage_months
    if grown is not None and months is None:
        yield "leakage_grown", "is given without leakage_months", "add leakage_months, or remove it"
    if months is not None and grown is None:
        yield "leakage_months", "is given without leakage_grown", "add leakage_grown, or remove it"


def _schedule(restriction: Measure, steps: tuple[Step, ...], time: Time | None) -> Iterator[Finding]:
    """Yield steps out of order, outside the horizon, or at a date when the restriction is surely not in force."""
    onset = restriction.onset.at if isinstance(restriction.onset, At) else None
    lasts = restriction.duration.months if isinstance(restriction.duration, Lasting) else None
    before, what = onset, "onset"
    for number, step in enumerate(steps):
        key, problem = f"schedule.{number}.from", f"is '{step.start}'"
        if time is not None and not 0.0 <= time.months_to(step.start) < 12.0 * time.years:
            cure = f"give a date in the {span(time.years)} from {time.start}"
            yield key, f"{problem}, outside the horizon", cure
        elif before is not None and months_between(before, step.start) <= 0.0:
            yield key, f"{problem}, not after the {what}, {before}", "give dates in their order, after the onset"
        elif onset is not None and isinstance(lasts, float) and months_between(onset, step.start) >= lasts:
            cure = "give an earlier date or a longer duration"
            yield key, f"{problem}, after the end {lasts:g} months from {onset}", cure
        before, what = step.start, "step before"
