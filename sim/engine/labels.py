"""The border between arrays and labels: rows of results to datasets with names, units and meaning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim import variables
from sim.chain.reference import Reference
from sim.engine.chunk import Floats
from sim.engine.groups import Label
from sim.engine.histograms import Histogram
from sim.engine.pieces import pieces
from sim.months import later
from sim.scenario import Scenario
from sim.shocks import NEVER, Shocks
from sim.variables import (
    MONTH,
    PARAMETER,
    PRODUCT,
    QUANTILE,
    REGIME,
    REGION,
    RESTRICTION,
    ROUTE,
    RUN,
    SECTOR,
    SLOT,
    STAGE,
    Variable,
)

if TYPE_CHECKING:
    import xarray as xr


def coordinates(reference: Reference, months: int) -> dict[str, Any]:
    """Labels of every dimension but runs and events."""
    tables = reference.scenario.tables
    start = np.datetime64(reference.scenario.time.start, "M")
    return {
        PRODUCT: [row.product for row in tables.products],
        REGION: [*reference.regions, variables.WORLD],
        SECTOR: [row.sector for row in tables.sectors],
        STAGE: [stage for stage in tables.meta.stages],
        MONTH: later(start, np.arange(months)).astype("datetime64[ns]"),
        QUANTILE: list(variables.QUANTILES),
        RESTRICTION: list(reference.scenario.measures),
        ROUTE: [f"{row.product} {row.origin}>{row.destination}" for row in reference.routes],
    }


def spread(
    rows: NDArray[Any], plan: tuple[Label, ...], first: str, coords: dict[str, Any], axis: int
) -> NDArray[np.float32]:
    """Labelled rows to a grid of their first dimension and region; what does not exist is missing.

    Parameters
    ----------
    rows: Any shape, with the rows on `axis`.
    plan: First dimension and region of each row.
    first: The dimension beside region.
    axis: Axis of the rows; the two new axes end up last.
    """
    moved = np.moveaxis(rows, axis, -1)
    grid = np.full((*moved.shape[:-1], len(coords[first]), len(coords[REGION])), np.nan, dtype=np.float32)
    for row, (at, place) in enumerate(zip(*_places(plan, first, coords), strict=True)):
        grid[..., at, place] = moved[..., row]
    return grid


def spread_runs(
    found: Sequence[NDArray[Any]], plan: tuple[Label, ...], first: str, coords: dict[str, Any]
) -> NDArray[np.float32]:
    """Like `spread`, for rows with a value for each run, piece by piece: a piece at a time stays in the cache.

    Parameters
    ----------
    found: Pieces that follow each other, of shape (row, ..., run).
    plan, first: As of `spread`.

    Returns
    -------
    Shape (run, first dimension, region, ...).
    """
    runs, between = sum(piece.shape[-1] for piece in found), found[0].shape[1:-1]
    grid = np.empty((runs, len(coords[first]), len(coords[REGION]), *between), dtype=np.float32)
    at, place = _places(plan, first, coords)
    begin = 0
    for piece in found:
        here = grid[begin : begin + piece.shape[-1]]
        here[...] = np.nan
        here[:, at, place] = np.moveaxis(piece, -1, 0)
        begin += len(here)
    return grid


def _places(plan: tuple[Label, ...], first: str, coords: dict[str, Any]) -> tuple[list[int], list[int]]:
    """Where each row goes, on its first dimension and among regions."""
    at = {name: index for index, name in enumerate(coords[first])}
    place = {name: index for index, name in enumerate(coords[REGION])}
    return [at[name] for name, _ in plan], [place[region] for _, region in plan]


def attributes(variable: Variable) -> dict[str, str]:
    """Units and meaning of a variable, as a dataset carries them."""
    return {"units": variable.units, "long_name": variable.meaning}


def _dataset(entries: dict[str, Any], coords: dict[str, Any]) -> xr.Dataset:
    import xarray as xr

    used = {dim for entry in entries.values() for dim in entry[0]}
    return xr.Dataset(entries, coords={name: values for name, values in coords.items() if name in used})


def distribution(
    found: dict[str, Histogram], plans: dict[str, tuple[Label, ...]], coords: dict[str, Any]
) -> xr.Dataset:
    """The dataset of `/distribution`: quantiles under the variable's name, other statistics beside it."""
    entries: dict[str, Any] = {}
    for variable in variables.DISTRIBUTION:
        if variable.name not in found:
            continue
        histogram, plan, first = found[variable.name], plans[variable.name], variable.dims[0]
        dims = (MONTH, *variable.dims)
        levels = spread(np.swapaxes(histogram.quantiles(variables.QUANTILES), 1, 2), plan, first, coords, axis=2)
        entries[variable.name] = ((QUANTILE, *dims), levels, attributes(variable))
        for name, values in histogram.statistics().items():
            meaning = f"{name} over runs. {variable.meaning}"
            said = {"units": variable.units, "long_name": meaning[0].upper() + meaning[1:]}
            entries[f"{variable.name}_{name}"] = (dims, spread(values.T, plan, first, coords, axis=1), said)
    return _dataset(entries, coords)


def runs(found: Mapping[str, Floats], plans: dict[str, tuple[Label, ...]], coords: dict[str, Any]) -> xr.Dataset:
    """The dataset of `/runs`: the variables that are found."""
    kept = tuple(variable for variable in variables.RUNS if variable.name in found)
    return per_run(kept, found, plans, coords).assign_coords({RUN: coords[RUN]})


def per_run(
    declared: tuple[Variable, ...],
    found: Mapping[str, Floats],
    plans: dict[str, tuple[Label, ...]],
    coords: dict[str, Any],
) -> xr.Dataset:
    """A dataset of variables with one value a run, from rows of shape (row, run)."""
    entries: dict[str, Any] = {}
    for variable in declared:
        if variable.name in plans:
            values = spread_runs(pieces(found, variable.name), plans[variable.name], variable.dims[1], coords)
        else:
            values = found[variable.name].T
        entries[variable.name] = (variable.dims, values, attributes(variable))
    return _dataset(entries, coords)


def stockpiles(found: Mapping[str, Floats], coords: dict[str, Any]) -> xr.Dataset:
    """The dataset of `/stockpiles`, from values that have the dimensions of their variables."""
    declared = variables.STOCKPILES
    return _dataset({row.name: (row.dims, found[row.name], attributes(row)) for row in declared}, coords)


def shocks(found: Shocks, kinds: list[str], coords: dict[str, Any]) -> xr.Dataset:
    """The dataset of `/shocks`: events that never come are missing."""
    absent = found.onset >= NEVER
    forever = found.end >= NEVER
    months = np.arange(len(coords[MONTH]), dtype=float)
    path = found.in_conflict(months)
    values = {
        "announced": found.announced,
        "onset": found.onset,
        "end": np.where(forever, np.inf, found.end),
        "duration": np.where(forever, np.inf, found.end - found.onset),
        "level": found.level,
        "severity": found.severity,
        "ending": found.ending,
        "resumed": found.resumed,
        "hazard": found.hazard,
        "conflict_hazard": found.conflict_hazard,
        "in_conflict": path,
        "conflict_share": found.conflict_share(float(months.size)),
    }
    entries: dict[str, Any] = {}
    for variable in variables.SHOCKS:
        array = values[variable.name]
        if variable.dtype == "float32" and SLOT in variable.dims:
            array = np.where(absent, np.nan, array)
        entries[variable.name] = (variable.dims, array.astype(variable.dtype), attributes(variable))
    said = {"units": "", "long_name": "Kind of the restriction."}
    entries["kind"] = ((RESTRICTION,), np.array(kinds, dtype=object), said)
    data = _dataset(entries, coords | {REGIME: list(found.regimes)})
    return data.assign_coords(
        {SLOT: np.arange(found.onset.shape[1]), RUN: data[RUN] if RUN in data.coords else coords[RUN]}
    )


def parameters(scenario: Scenario, numbers: Sequence[int]) -> xr.Dataset:
    """The dataset of `/parameters`: what each run took from the posterior.

    Parameters
    ----------
    scenario: A scenario with a posterior.
    numbers: Numbers of the runs.
    """
    names = sorted({name for values in scenario.posterior.sets for name in values}) if scenario.posterior else []
    taken = [scenario.parameters_of(run) for run in numbers]
    values = np.array([[getattr(each, name) for each in taken] for name in names], dtype=np.float32)
    (declared,) = variables.PARAMETERS
    entries = {declared.name: (declared.dims, values, attributes(declared))}
    return _dataset(entries, {PARAMETER: names, RUN: np.array(numbers)})


def traces(
    values: dict[str, Floats], plans: dict[str, tuple[Label, ...]], shipped: Floats, coords: dict[str, Any]
) -> xr.Dataset:
    """The dataset of `/traces`: full monthly paths of chosen runs."""
    entries: dict[str, Any] = {}
    for variable in variables.TRACES:
        if variable.optional and variable.name not in values:
            continue
        if variable.name == "shipment":
            path = np.moveaxis(shipped, 2, 0)
        else:
            path = spread(values[variable.name], plans[variable.name], variable.dims[2], coords, axis=2)
        entries[variable.name] = (variable.dims, path, attributes(variable))
    return _dataset(entries, coords)
