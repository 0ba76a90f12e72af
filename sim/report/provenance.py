"""What a result stands on: scenario, sources, how well the data are known, and the marks by which it is known again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from sim.report import recipe
from sim.results import audit
from sim.results.lookup import origin, restriction_title, scenario_data
from sim.results.tables import Table
from sim.scenario import Scenario
from sim.scenario.dates import span
from sim.scenario.parameters import Parameters

MOST_CHANGES = 15
"""Rows that reconciliation changed which are listed, the most changed first."""


@dataclass(frozen=True)
class Measure:
    """A restriction of a scenario, in words."""

    title: str
    kind: str
    by: str
    towards: str
    products: str
    onset: str
    source: str


@dataclass(frozen=True)
class Provenance:
    """All that is needed to judge a result and to make it again."""

    description: str
    measures: tuple[Measure, ...]
    regions: tuple[tuple[str, str], ...]
    """Codes and names."""
    parameters: tuple[str, ...]
    """Response parameters that differ from their defaults."""
    confidence: Table | None
    """Rows of the tables by how well they are known; none where the tables were not found."""
    assumptions: tuple[str, ...]
    changes: Table | None
    changed: int
    """Rows that reconciliation changed by more than 5 %."""
    certificate: str
    command: str
    marks: tuple[tuple[str, str], ...]
    """Names and values: seed, runs, version, tables."""
    scenario: str
    """The scenario in full, as JSON."""


def provenance(results: xr.DataTree, scenario: Scenario | None, *, folder: Path | None = None) -> Provenance:
    """Collect what a result stands on.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    scenario: Its scenario with tables; none where they were not found.
    folder: Folder of the scenario file, where it is not bundled.
    """
    data = scenario_data(results)
    changes = json.loads(str(results.attrs.get("reconciliation", "[]")) or "[]")
    return Provenance(
        description=str(data.get("description", "")).strip(),
        measures=tuple(
            _measure(results, name, each) for name, each in data.get("restrictions", {}).items() if each is not None
        ),
        regions=() if scenario is None else tuple((row.region, row.name) for row in scenario.tables.regions),
        parameters=_parameters(data.get("parameters", {})),
        confidence=None if scenario is None else _confidence(scenario),
        assumptions=() if scenario is None else audit.stated_assumptions(scenario),
        changes=_changes(changes),
        changed=len(changes),
        certificate=_certificate(str(results.attrs.get("certificate", ""))),
        command=recipe.command(results, folder=folder),
        marks=_marks(results, data),
        scenario=json.dumps(data, indent=2, ensure_ascii=False),
    )


def _confidence(scenario: Scenario) -> Table:
    known = audit.confidence(scenario)
    rows = tuple((name, *(str(count or "-") for count in counts.values())) for name, counts in known.items())
    return Table("Rows of the tables by confidence", ("confidence", *(f">{name}" for name in audit.TABLES)), rows)


def _changes(changes: list[dict[str, Any]]) -> Table | None:
    if not changes:
        return None
    ordered = sorted(changes, key=lambda row: -abs(row["reconciled"] / row["published"] - 1.0))
    rows = tuple(
        (
            str(row["name"]),
            f"{row['published']:,.1f}",
            f"{row['reconciled']:,.1f}",
            f"{100.0 * (row['reconciled'] / row['published'] - 1.0):+.1f} %",
            str(row["confidence"]),
        )
        for row in ordered[:MOST_CHANGES]
    )
    heads = ("row", ">published", ">reconciled", ">change", "confidence")
    return Table("Rows that reconciliation changes by more than 5 %, t a year, the most changed first", heads, rows)


def _measure(results: xr.DataTree, name: str, data: dict[str, Any]) -> Measure:
    return Measure(
        title=restriction_title(results, name),
        kind=str(data.get("kind", "")).replace("_", " "),
        by=str(data.get("by", "")),
        towards=_words(data.get("towards", "all")),
        products=_words(data.get("products", "")),
        onset=_words({key: value for key, value in (data.get("onset") or {}).items() if value is not None}),
        source=str(data.get("source", "")) or "none given",
    )


def _words(value: Any) -> str:
    """Data in a few words.

    Example
    -------
    >>> _words({"US": 1.0, "EU": 0.5}), _words(["dy_oxide", "tb_oxide"])
    ('US 1, EU 0.5', 'dy_oxide, tb_oxide')
    """
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_words(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _parameters(data: dict[str, Any]) -> tuple[str, ...]:
    usual = json.loads(Parameters().model_dump_json(by_alias=True))
    found = (
        f"{name} = {_words(value)} (default {_words(usual.get(name))})"
        for name, value in data.items()
        if value != usual.get(name)
    )
    return tuple(found)


def _certificate(text: str) -> str:
    if not text:
        return "none is kept for this chain, step and parameters; `sim check` computes one"
    found = json.loads(text)
    return (
        f"small disturbances are multiplied by {found['radius']:.4f} a period; of the random ones, at most "
        f"{100.0 * found['remaining']:.2g} % is left after ten years (2 % is allowed)"
    )


def _marks(results: xr.DataTree, data: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    source, first = origin(results), int(results.attrs.get("first_run", 0))
    return (
        ("scenario file", str(results.attrs.get("scenario_file", "")) or "made in memory"),
        ("seed", str(source.seed)),
        ("runs", f"{first} to {first + source.runs - 1}"),
        ("horizon", f"{span(source.years)} from {source.start}, {source.periods_per_year} periods a year"),
        ("oreflow", source.version),
        ("chain", f"{data.get('chain', '')}, tables {str(results.attrs.get('tables_digest', ''))[:12]}"),
    )
