"""`sim check`, `sim list` and `sim schema`: what can be run, before it is run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sim.cli.arguments import Overrides, ScenarioName, Without
from sim.cli.messages import FAILURE, note, reported, say, table

if TYPE_CHECKING:
    from sim.chain.reference import Reference


def inspect(scenario: ScenarioName, overrides: Overrides = [], without: Without = []) -> None:  # noqa: B006 (typer copies them)
    """Check a scenario and its chain; print what reconciliation changed, what was assumed and whether it is stable."""
    with reported("nothing else was checked"):
        from sim import chain as chains
        from sim import scenario as scenarios

        loaded = scenarios.load(scenario, overrides=overrides, without=without)
        reference = chains.build(loaded)
        _print_size(reference)
        _print_changes(reference)
        _print_covers(reference)
        _print_assumptions(reference)
        _print_optional(reference)
        _print_shares(reference)
        _print_unmet(reference)
        _print_certificate(reference)


def names() -> None:
    """List the bundled scenarios."""
    with reported():
        from sim import scenario as scenarios

        table("", ("scenario", "title"), list(scenarios.bundled().items()))


def json_schema() -> None:
    """Print the JSON schema of a scenario file, for editors."""
    with reported():
        import typer

        from sim import scenario as scenarios

        typer.echo(json.dumps(scenarios.schema(), indent=2))


def _print_size(reference: Reference) -> None:
    from sim.results import audit
    from sim.scenario.dates import span

    loaded = reference.scenario
    say(loaded.title)
    say(f"Chain {loaded.tables.meta.name} ({loaded.tables.meta.title}), tables {loaded.tables.digest[:12]}.")
    say(", ".join(f"{count:,} {name}" for name, count in audit.counts(reference).items()) + ".")
    time = loaded.time
    say(f"{span(time.years)} from {time.start}, {time.periods_per_year} periods a year.\n")


def _print_changes(reference: Reference) -> None:
    if not reference.changes:
        say("Reconciliation changes no row by more than 5 %.\n")
        return
    rows = [
        (
            change.name,
            f"{change.published:,.1f}",
            f"{change.reconciled:,.1f}",
            f"{100 * change.relative:+.1f} %",
            change.confidence,
        )
        for change in reference.changes
    ]
    table(
        "Rows that reconciliation changes by more than 5 %, t a year",
        ("row", ">published", ">reconciled", ">change", "confidence"),
        rows,
    )


def _print_covers(reference: Reference) -> None:
    from sim.results import audit

    raised = audit.raised_covers(reference)
    if not raised:
        say("No cover had to be raised for the step of time.\n")
        return
    rows = [(row.product, str(row.markets), f"{row.given:.2f}", f"{row.used:.2f}") for row in raised]
    table("Covers raised to bear the step of time, months", ("product", ">markets", ">given", ">used"), rows)


def _print_assumptions(reference: Reference) -> None:
    from sim.results import audit

    known = audit.confidence(reference.scenario)
    rows = [(name, *(str(count or "-") for count in counts.values())) for name, counts in known.items()]
    table("Rows by confidence", ("confidence", *(f">{table}" for table in audit.TABLES)), rows)
    stated = audit.stated_assumptions(reference.scenario)
    if stated:
        say("Assumptions, in the words of the chain's README:")
        for text in stated:
            say(f"- {text}")
        say()


def _print_optional(reference: Reference) -> None:
    """Print what the chain says of months and years, and which of it results do not depend on yet."""
    from sim.results import audit

    tables = [row for row in audit.optional_tables(reference.scenario) if row.rows]
    if not tables:
        say("The chain has none of the tables on buyers, new capacity, projects and demand over the years.\n")
        return
    rows = [
        (
            row.name,
            str(row.rows),
            str(row.subjects),
            str(row.assumptions or "-"),
            "yes" if row.used else "no",
            row.about,
        )
        for row in tables
    ]
    header = ("table", ">rows", ">subjects", ">assumptions", "in results", "about")
    table("Buyers, new capacity, projects and demand over the years", header, rows)
    unused = [row.name for row in tables if not row.used]
    if unused:
        note(f"read and checked, but results do not depend on them in this version: {', '.join(unused)}")


def _print_shares(reference: Reference) -> None:
    from sim.results.shares import YEAR, chinese_shares

    found = chinese_shares(reference)
    if not found:
        return
    title, shares = "China's shares in the reference state", [(row.name, f"{100 * row.value:.1f} %") for row in found]
    if reference.scenario.tables.meta.base_year != YEAR:
        table(title, ("share", ">here"), shares)
        return
    published = [
        (f"{100 * row.low:.0f} to {100 * row.high:.0f} %", "within" if row.is_within else "OUTSIDE") for row in found
    ]
    rows = [(*share, *judged) for share, judged in zip(shares, published, strict=True)]
    table(title, ("share", ">here", ">published", ""), rows)


def _print_unmet(reference: Reference) -> None:
    """Print sourcing rules that no source can meet."""
    from sim.scenario.provenance import unmet

    for text in unmet(reference.scenario):
        note(text)


def _print_certificate(reference: Reference) -> None:
    """Print the stability certificate of the chain: the one kept with it, or a new one.

    Raises
    ------
    typer.Exit: The chain is not stable; the exit code says so.
    """
    import typer

    from sim.chain import stability

    scenario = reference.scenario
    kept = stability.stored(scenario)
    if kept is None:
        note("no certificate is kept for this chain, step and parameters; computing one takes a minute or two")
    found = kept or stability.certify(scenario)
    say(f"Stability certificate, {'kept with the chain' if kept else 'computed now'}:")
    say(
        f"- small disturbances are multiplied by {found.radius:.4f} a period "
        f"({found.neutral} of the leading modes neither grow nor shrink);"
    )
    say(
        f"- of {stability.DISTURBANCES} random disturbances of inventories and prices by up to "
        f"{100 * stability.SIZE:g} %, "
        f"at most {100 * found.remaining:.2g} % is left after {stability.MONTHS} months "
        f"({100 * stability.DECAYED:g} % is allowed)."
    )
    if not found.stable:
        say("The chain is NOT STABLE: it amplifies its own noise, and results of it mean nothing.")
        raise typer.Exit(FAILURE)
    say("The chain is stable.")
