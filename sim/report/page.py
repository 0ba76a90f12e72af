"""One page of findings: a file that needs no other and no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from sim import __version__, store
from sim.errors import ResultError
from sim.plotting import style
from sim.report import rendering
from sim.report.classes import classes
from sim.report.context import context
from sim.report.figures import Picture, pictures
from sim.report.findings import Finding, findings, measured
from sim.report.provenance import Provenance, provenance
from sim.results import remade, sentences
from sim.results.lookup import known_region, labels, origin, variable
from sim.results.summary import Summary, summarise
from sim.results.tables import Table, tables
from sim.variables import REGION, SECTOR, WORLD

ENDINGS = (".html",)


@dataclass(frozen=True)
class Section:
    """What the page says about one result."""

    title: str
    caution: tuple[str, ...]
    intro: str
    findings: tuple[Finding, ...]
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]
    provenance: Provenance
    notes: tuple[str, ...]


def html(
    results: Sequence[xr.DataTree],
    *,
    region: str | None = None,
    folders: Sequence[Path] = (),
    with_pictures: bool = True,
) -> str:
    """The page as text.

    Parameters
    ----------
    results: One result or several, each with a section; several have a table side by side as well.
    region: Region that pictures show; by default the hardest hit of each result.
    folders: Folder of each result's scenario file and chain, where they are not bundled.
    with_pictures: Whether pictures are drawn, which takes most of the time.

    Raises
    ------
    ResultError: No result, or one that lacks what is needed; an unknown region.

    Example
    -------
    >>> import sim
    >>> page = html([sim.run(sim.load("still", overrides=["time.years=1"]), runs=2)], with_pictures=False)
    >>> "Nothing happens" in page, "<script" in page
    (True, False)
    """
    if not results:
        raise ResultError("there is no result to report")
    places = [*folders, *[None] * (len(results) - len(folders))]
    sections = [
        _section(each, region=region, folder=folder, with_pictures=with_pictures)
        for each, folder in zip(results, places, strict=True)
    ]
    return rendering.filled(
        "page.html.jinja",
        title=sections[0].title if len(sections) == 1 else " | ".join(section.title for section in sections),
        style=rendering.text("page.css"),
        sections=sections,
        beside=_beside(results) if len(results) > 1 else None,
        version=__version__,
    )


def check_page(path: str | Path, *, overwrite: bool = False) -> Path:
    """Return the path with links followed, or say why a page cannot be written there.

    Raises
    ------
    ResultError: Unknown ending, missing or unwritable folder, or a file there.
    """
    final = store.checked_place(path, ENDINGS)
    if final.is_dir() or (final.exists() and not overwrite):
        raise ResultError(f"{path}: exists; choose another name, or allow it to be replaced (--overwrite)")
    return final


def write(text: str, path: Path) -> None:
    """Write a page, whole or not at all.

    Parameters
    ----------
    text: What `html` returned.
    path: A path that `check_page` returned.
    """
    with store.replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _section(results: xr.DataTree, *, region: str | None, folder: Path | None, with_pictures: bool) -> Section:
    summary = summarise(results)
    known_region(results, region)
    drawn, missing = pictures(results, summary, region=region, folder=folder) if with_pictures else ((), ())
    found, notes = list(tables(summary)), list(missing)
    scenario = None
    try:
        scenario = remade.scenario(results, folder=folder)
        found.insert(min(3, len(found)), classes(results, scenario))
    except ResultError as error:
        notes.append(f"No table by class of sector, and no word on how well the data are known: {error}.")
    intro, *rest = sentences.sentences(summary)
    return Section(
        title=summary.origin.title or summary.origin.scenario,
        caution=_cautions(summary),
        intro=" ".join([intro, *(text for text in rest if text.startswith("Conflict"))]),
        findings=(*findings(results, summary), *context(results, summary, scenario)),
        pictures=drawn,
        tables=tuple(found),
        provenance=provenance(results, scenario, folder=folder),
        notes=tuple(notes),
    )


def _cautions(summary: Summary) -> tuple[str, ...]:
    """What to be careful about, in this result and always."""
    return (
        *sentences.cautions(summary),
        "Ranges are over runs of this model: they hold what is drawn (restrictions, their dates, depths and ends), not "
        "errors of the data or of the response parameters, most of which are assumed or judged (see below).",
    )


def _beside(results: Sequence[xr.DataTree]) -> Table:
    """Key figures of several results, a column each."""
    heads = ["over the whole horizon, all regions", *(f">{origin(each).title}" for each in results)]
    rows = [
        ("runs and years", [f"{origin(each).runs:,} x {origin(each).years:g}" for each in results]),
        ("rationed, t", [_sum(each, "rationed_tonnes") for each in results]),
        ("given up because of price, t", [_sum(each, "destroyed_tonnes") for each in results]),
        ("output lost, million USD", [_sum(each, "lost_output") for each in results]),
    ]
    same = len({(origin(each).seed, origin(each).years) for each in results}) == 1
    drawn = "the same draws, so differences are due to the scenarios" if same else "draws or horizons differ"
    return Table(f"Side by side ({drawn})", tuple(heads), tuple((name, *cells) for name, cells in rows))


def _sum(results: xr.DataTree, name: str) -> str:
    found = variable(results, "runs", name)
    regions = [label for label in labels(found, REGION) if label != WORLD]
    return measured(found.sel({REGION: regions}).sum((SECTOR, REGION)).values, style.number)
