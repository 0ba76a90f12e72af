"""What becomes of capacity: where it stands in the end, and when named projects start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim import variables
from sim.chain.reference import Reference
from sim.core.state import Record
from sim.engine import labels
from sim.engine.chunk import by_run
from sim.engine.groups import Label, Rows, groups
from sim.variables import PROJECT

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float32]


def capacities(reference: Reference, record: Record, dt: float, runs: int) -> dict[str, Floats]:
    """What `/capacity` holds of the chunk just simulated, each of shape (row, run).

    Parameters
    ----------
    record: Record whose values at the end of the horizon are complete.
    dt: Months a period.
    runs: Runs that count.
    """
    per_process = 12.0 * by_run(record.capacity, runs).astype(float)
    members = groups(_stages(reference))
    starts = dt * by_run(record.project_start, runs)
    rows = [row.project for row in reference.scenario.tables.projects][: len(starts)]
    first = [starts[[row == name for row in rows]].min(axis=0) for name in names(reference)]
    begun = np.array(first, dtype=np.float32).reshape(-1, runs)
    horizon = 12.0 * reference.scenario.time.years
    return {
        "final_capacity": members.total(per_process).astype(np.float32),
        "project_start": np.where(begun <= horizon, begun, np.float32(np.nan)),
    }


def names(reference: Reference) -> list[str]:
    """Projects that are followed, each once."""
    scenario = reference.scenario
    return list(dict.fromkeys(row.project for row in scenario.tables.projects)) if scenario.capacity.projects else []


def dataset(reference: Reference, found: Mapping[str, Floats], coords: dict[str, object]) -> xr.Dataset:
    """The dataset of `/capacity`."""
    plans = {"final_capacity": tuple(_stages(reference))}
    return labels.per_run(variables.CAPACITY, found, plans, coords | {PROJECT: np.array(names(reference), dtype=str)})


def _stages(reference: Reference) -> Rows:
    """Processes of each stage in each region and in the world; their activities are tonnes of one kind."""
    found: dict[Label, list[tuple[int, float]]] = {}
    for index, row in enumerate(reference.processes):
        stage = reference.scenario.tables.stage(row.recipe_name)
        for place in (row.region, variables.WORLD):
            found.setdefault((stage, place), []).append((index, 1.0))
    return found
