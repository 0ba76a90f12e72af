"""A catalogue of simulated years: drawn once, cited, and asked again without a simulation.

It is a Zarr folder that grows batch by batch under another name, so that memory does not grow with the years, and
takes its own name once it is complete.
"""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sim import engine, store, variables
from sim.engine import monthly as monthly_paths
from sim.errors import Fault, ResultError, ScenarioError
from sim.scenario import Scenario
from sim.text import as_labels, as_text
from sim.variables import PRODUCT, ROUTE, RUN, SECTOR, SLOT

FORMAT = "oreflow-catalogue/1"
CREATOR = "The oreflow authors"
LICENCE = "MIT"
"""Of the program, its tables and what they make."""
KEPT = ("price", "inventory", "shortage", "delivery")
"""Monthly variables kept unless others are chosen: what the questions of this package ask for."""
BATCH = 256
"""Runs simulated and written at a time; a multiple of every block of runs."""
CHUNK = {RUN: BATCH, PRODUCT: 1, SECTOR: 1, ROUTE: 8}
"""Sizes of the pieces that are read at a time, so that one product in one region is read alone."""
MOST_EVENTS = 64
"""Events of a restriction in a run that a catalogue can hold."""
PER_RUN = tuple(item.name for item in variables.RUNS if item.dims[1] in (SECTOR, variables.RESTRICTION))
"""Variables with one value a run that are kept: those by sector or restriction."""
Progress = Callable[[int, int], None]


def make_catalogue(
    scenario: Scenario,
    path: str | Path,
    *,
    years: float,
    seed: int | None = None,
    keep: Collection[str] = KEPT,
    overwrite: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Simulate years and write them as a catalogue, whole or not at all.

    Parameters
    ----------
    scenario: What `sim.load` returned.
    path: Folder to write, ending in .zarr.
    years: Years to simulate at least: runs of the scenario's horizon until there are as many.
    seed: Seed of all random draws; the scenario's own by default.
    keep: Monthly variables to keep; fewer make a smaller catalogue.
    overwrite: Whether a catalogue that is already there may be replaced.
    threads: Threads; one for each processor by default.
    progress: Called with the runs done and wanted.

    Returns
    -------
    The path written.

    Raises
    ------
    ScenarioError: The chain cannot be balanced, `years` is not above 0, or `keep` is unknown; all faults at once.
    ResultError: The path cannot be used.
    """
    final = check_target(path, overwrite=overwrite)
    _check(years, keep)
    runs = int(np.ceil(years / scenario.time.years - 1e-9))
    digest = hashlib.blake2b(digest_size=16)
    with store.replacing(final) as partial:
        for first in range(0, runs, BATCH):
            size = min(BATCH, runs - first)
            part = engine.run(scenario, runs=size, seed=seed, first=first, threads=threads, monthly=keep)
            _append(part, partial, first, digest)
            # A tree refers to itself: what it holds stays until it is collected, and batches would pile up.
            gc.collect()
            if progress is not None:
                progress(first + size, runs)
        attributes = part.attrs | {"runs": runs, "first_run": 0, "format": FORMAT}
        attributes |= {"simulated_years": runs * scenario.time.years, "content_digest": digest.hexdigest()}
        attributes |= {"created": f"{datetime.now(UTC):%Y-%m-%d}", "creator": CREATOR, "licence": LICENCE}
        attributes["cite_as"] = citation(attributes)
        xr.Dataset(attrs=attributes).to_zarr(partial, mode="a", zarr_format=3, consolidated=False)
    return final


def _check(years: float, keep: Collection[str]) -> None:
    faults: list[Fault] = []
    try:
        monthly_paths.known(keep, where="--keep")
    except ScenarioError as error:
        faults += error.faults
    if not (np.isfinite(years) and years > 0.0):
        faults.append(Fault("--years", "", f"is {years:g}", "give a number above 0"))
    if not keep:
        faults.append(Fault("--keep", "", "is empty", f"give some of {', '.join(monthly_paths.NAMES)}"))
    if faults:
        raise ScenarioError(faults)


def check_target(path: str | Path, *, overwrite: bool = False) -> Path:
    """Return the path with links followed, or say why no catalogue can be written there; for use before a simulation.

    Raises
    ------
    ResultError: Another ending than .zarr, a folder that cannot be written, or something that may not be replaced.
    """
    final = store.checked_place(path, (".zarr",))
    if final.exists():
        if not is_catalogue(final):
            raise ResultError(f"{path}: exists and is no catalogue; it is left alone, choose another name")
        if not overwrite:
            raise ResultError(f"{path}: exists; choose another name, or allow it to be replaced (--overwrite)")
    return final


def is_catalogue(path: Path) -> bool:
    """Whether a complete catalogue stands at a path; looks at its attributes only."""
    if path.suffix != ".zarr" or not (path / "zarr.json").is_file():
        return False
    try:
        with xr.open_zarr(path, zarr_format=3, consolidated=False, chunks=None) as root:
            return bool(root.attrs.get("format") == FORMAT)
    except Exception:  # Whatever the reader stumbles over, it is none of ours.
        return False


def open_catalogue(path: str | Path) -> xr.DataTree:
    """Open a catalogue; its months are read as they are asked for.

    Raises
    ------
    ResultError: There is none.
    """
    place = Path(path)
    if not is_catalogue(place):
        raise ResultError(f"{path}: is no oreflow catalogue; make one with sim catalogue")

    def group(name: str) -> xr.Dataset:
        """A group, of which only the labels are read yet."""
        data: xr.Dataset = xr.open_zarr(place, group=name, zarr_format=3, consolidated=False, chunks=None)
        return as_labels(data)

    lazy = {name: group(name) for name in ("monthly", "runs", "shocks")}
    tree = xr.DataTree.from_dict(lazy | {"reference": group("reference").load()})
    with xr.open_zarr(place, zarr_format=3, consolidated=False, chunks=None) as root:
        tree.attrs = dict(root.attrs)
    return tree


def citation(attributes: Mapping[Any, Any]) -> str:
    """A reference to a catalogue by which others can find it, make the same, or check theirs.

    The digest of the content is of all monthly values: two catalogues with the same one hold the same simulated years.

    Parameters
    ----------
    attributes: Those of a catalogue.

    Example
    -------
    >>> about = {"creator": "A", "created": "2026-01-31", "title": "B", "simulated_years": 60.0, "scenario_file": "b"}
    >>> about |= {"seed": 1, "oreflow_version": "0.1.0", "tables_digest": "c", "content_digest": "d", "licence": "MIT"}
    >>> citation(about)
    'A (2026-01-31): B. Catalogue of 60 simulated years; scenario b, seed 1, oreflow 0.1.0, tables c, content d. MIT.'
    """
    name = str(attributes.get("scenario_file", "")).removesuffix(".toml") or "made in memory"
    return (
        f"{attributes['creator']} ({attributes['created']}): {attributes['title']}. Catalogue of "
        f"{attributes['simulated_years']:,.0f} simulated years; scenario {name}, seed {attributes['seed']}, "
        f"oreflow {attributes['oreflow_version']}, tables {attributes['tables_digest'][:12]}, "
        f"content {attributes['content_digest']}. {attributes['licence']}."
    )


def _append(part: xr.DataTree, folder: Path, first: int, digest: Any) -> None:
    """Write a batch of runs behind those already there."""
    months = part["monthly"].to_dataset()
    for name in sorted(map(str, months.data_vars)):
        digest.update(np.ascontiguousarray(np.nan_to_num(months[name].values, nan=-1.0)).tobytes())
    per_run = part["runs"].to_dataset()[list(PER_RUN)]
    _write(months, folder, "monthly", first, {str(name): _packed(str(name)) for name in months.data_vars})
    _write(per_run, folder, "runs", first, {})
    _write(_padded(part["shocks"].to_dataset()), folder, "shocks", first, {})
    if first == 0:
        text = as_text(part["reference"].to_dataset())
        text.to_zarr(folder, group="reference", mode="a", zarr_format=3, consolidated=False)


def _padded(shocks: xr.Dataset) -> xr.Dataset:
    """Events of a batch, padded with absent ones to the width that all batches share."""
    found = shocks[[name for name in shocks.data_vars if RUN in shocks[name].dims]]
    lacking = MOST_EVENTS - found.sizes[SLOT]
    if lacking < 0:
        problem = f"has {found.sizes[SLOT]} events of one restriction in one run, more than {MOST_EVENTS}"
        raise ResultError(f"the scenario {problem}; shorten its horizon (--set time.years=10)")
    absent = {str(name): -1 if found[name].dtype.kind == "i" else np.nan for name in found.data_vars}
    wide = found.drop_vars(SLOT).pad({SLOT: (0, lacking)}, constant_values=absent)
    return wide.assign_coords({SLOT: np.arange(MOST_EVENTS)})


def _packed(name: str) -> dict[str, Any]:
    """How a monthly variable is stored: as whole steps."""
    wide = name in ("price", "inventory")
    kind, missing = ("uint16", 65535) if wide else ("uint8", 255)
    return {"dtype": kind, "scale_factor": monthly_paths.STEPS[name], "_FillValue": missing}


def _write(data: xr.Dataset, folder: Path, group: str, first: int, packed: dict[str, dict[str, Any]]) -> None:
    """Write a group, or append to it along its runs."""
    text = as_text(data)
    if first:
        text.to_zarr(folder, group=group, append_dim=RUN, zarr_format=3, consolidated=False)
        return
    sizes = {dim: max(size, 1) for dim, size in data.sizes.items()} | {RUN: BATCH}
    chunks = {
        str(name): {"chunks": tuple(min(sizes[dim], CHUNK.get(str(dim), sizes[dim])) for dim in data[name].dims)}
        for name in data.data_vars
    }
    encoding = {name: chunks[name] | packed.get(name, {}) for name in chunks}
    text.to_zarr(folder, group=group, mode="a", zarr_format=3, consolidated=False, encoding=encoding)
