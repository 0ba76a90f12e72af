"""When restrictions strike and how long they are in force, month by month."""

from __future__ import annotations

import numpy as np
import xarray as xr

from sim.results.lookup import variable
from sim.variables import MONTH, RESTRICTION, RUN, SLOT, STEPPED


def in_force(results: xr.DataTree) -> xr.DataArray:
    """Share of runs in which each restriction is in force in each month, shape (restriction, time).

    A month counts by the share of it that the restriction is in force.
    """
    onset = variable(results, "shocks", "onset").transpose(RESTRICTION, SLOT, RUN)
    duration = variable(results, "shocks", "duration").transpose(RESTRICTION, SLOT, RUN)
    time = results["distribution"].to_dataset()[MONTH]
    month = np.arange(time.size)
    begin, end = onset.values[..., None], (onset + duration).values[..., None]
    overlap = np.clip(np.minimum(end, month + 1.0) - np.maximum(begin, month), 0.0, 1.0)
    share = np.nan_to_num(overlap).sum(axis=1).mean(axis=1)
    return xr.DataArray(share, coords={RESTRICTION: onset[RESTRICTION], MONTH: time}, dims=(RESTRICTION, MONTH))


def onsets(results: xr.DataTree) -> xr.DataArray:
    """Onsets a run of each restriction in each month, shape (restriction, time)."""
    onset = variable(results, "shocks", "onset").transpose(RESTRICTION, SLOT, RUN).values
    resumed = variable(results, "shocks", "resumed").transpose(RESTRICTION, SLOT, RUN).values
    time = results["distribution"].to_dataset()[MONTH]
    counts = np.zeros((onset.shape[0], time.size))
    row, _, _ = there = np.nonzero(np.isfinite(onset) & (resumed != STEPPED))
    # A date on the first of a month is stored in single precision, perhaps just below it.
    np.add.at(counts, (row, np.floor(onset[there] + 1e-4).astype(int).clip(0, time.size - 1)), 1.0 / onset.shape[2])
    names = variable(results, "shocks", "onset")[RESTRICTION]
    return xr.DataArray(counts, coords={RESTRICTION: names, MONTH: time}, dims=(RESTRICTION, MONTH))
