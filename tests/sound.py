"""What every result must be, whatever the scenario: finite, bounded and in order."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import xarray as xr

from sim import variables

SHARES = ("shortage", "sector_shortage", "stage_shortage", "stopped", "content")
NEVER_BELOW_ZERO = (
    "peak_price",
    "months_dear",
    "worst_shortage",
    "shortage_months",
    "shortage_tonnes",
    "rationed_tonnes",
    "destroyed_tonnes",
    "weeks_stopped",
    "licence_rent",
    "time_to_survive",
    "time_to_recover",
)


def unsound(results: xr.DataTree) -> list[str]:
    """What is wrong with a result; nothing if it is sound."""
    found: list[str] = []
    distribution, runs = results["distribution"].to_dataset(), results["runs"].to_dataset()
    for variable in variables.DISTRIBUTION:
        name = variable.name
        if name not in distribution:
            continue
        least, most = distribution[f"{name}_minimum"].values, distribution[f"{name}_maximum"].values
        exists = ~np.isnan(most).all(axis=0)
        levels = [least, *distribution[name].values, most]
        if not all(np.isfinite(level[:, exists]).all() for level in levels):
            found.append(f"{name} is not finite")
        elif any((low > high + 1e-6 * np.abs(high))[:, exists].any() for low, high in pairwise(levels)):
            found.append(f"quantiles of {name} are out of order")
        elif (least[:, exists] < 0.0).any() or (name in SHARES and (most[:, exists] > 1.0).any()):
            found.append(f"{name} is out of bounds")
        elif not np.isfinite(distribution[f"{name}_mean"].values[:, exists]).all():
            found.append(f"the mean of {name} is not finite")
    for name, data in runs.data_vars.items():
        values = data.values
        if np.isinf(values).any():
            found.append(f"{name} is infinite")
        if name in NEVER_BELOW_ZERO and np.nanmin(values, initial=0.0) < -1e-3 * max(
            1.0, np.nanmax(values, initial=0.0)
        ):
            found.append(f"{name} is below zero")
    return found
