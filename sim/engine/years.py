"""What is lost in each calendar year: by sectors, and by regions that restrict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import variables
from sim.chain.reference import Reference
from sim.core.state import Record
from sim.engine import labels
from sim.engine.chunk import Floats, by_run
from sim.engine.groups import Label
from sim.engine.pieces import pieces
from sim.policies import budget_years
from sim.variables import REGION, RUN, SECTOR, YEAR

if TYPE_CHECKING:
    import xarray as xr

NAMES = tuple(item.name for item in variables.YEARS)


def losses(reference: Reference, record: Record, sectors: tuple[Label, ...], runs: int) -> dict[str, Floats]:
    """What `/years` holds of the chunk just simulated, each of shape (row, year, run); rows are sectors, or regions.

    Parameters
    ----------
    record: Record whose sums over the horizon are complete.
    sectors: Sector and region of each row that is lost by.
    runs: Runs that count.
    """
    years = len(budget_years(reference.scenario.time)[1])
    # Sums of single precision since the start, at the ends of the years: their differences are exact in double.
    total = by_run(record.lost, runs).astype(float).reshape(years, len(sectors), runs)
    tonnes = np.diff(total, axis=0, prepend=0.0).swapaxes(0, 1)
    rows = [reference.sectors[sector] for sector, _ in sectors]
    output = np.array([row.output_value_usd_per_kg for row in rows])
    added = np.array([row.value_added_usd_per_kg for row in rows])
    exports = by_run(record.exports, runs).astype(float)
    exports = exports.reshape(years, len(exports) // years, runs)
    # t times USD/kg is thousand USD.
    found = {
        "lost_output_by_year": tonnes * output[:, None, None] / 1e3,
        "lost_value_added_by_year": tonnes * added[:, None, None] / 1e3,
        "lost_exports": exports.swapaxes(0, 1) / 1e3,
    }
    return {name: values.astype(np.float32) for name, values in found.items()}


def dataset(
    reference: Reference, found: Mapping[str, Floats], sectors: tuple[Label, ...], coords: dict[str, Any]
) -> xr.Dataset:
    """The dataset of `/years`, of what was found; a region that restricts nothing loses no exports.

    Parameters
    ----------
    sectors: Sector and region of each row that is lost by.
    """
    import xarray as xr

    regions = list(reference.regions)
    here = coords | {REGION: regions}
    entries = {}
    for variable in variables.YEARS:
        if variable.name not in found:
            continue
        if SECTOR in variable.dims:
            values = labels.spread_runs(pieces(found, variable.name), sectors, SECTOR, here)
        else:
            rows = found[variable.name]
            values = np.zeros((rows.shape[-1], len(regions), rows.shape[1]), dtype=np.float32)
            # Rows end with the last region that restricts.
            values[:, : len(rows)] = rows.transpose(2, 0, 1)
        entries[variable.name] = (variable.dims, values, labels.attributes(variable))
    used = {dim for dims, *_ in entries.values() for dim in dims}
    places = here | {RUN: coords[RUN], YEAR: budget_years(reference.scenario.time)[1]}
    return xr.Dataset(entries, coords={dim: places[dim] for dim in (RUN, SECTOR, REGION, YEAR) if dim in used})
