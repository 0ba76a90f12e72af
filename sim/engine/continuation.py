"""Counts of an ensemble as a labelled group, so that a later call can go on with it to the same bits.

Counts and sums are integers and extremes are exact: what is counted in two calls is what one call would have counted.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engine import tallies
from sim.engine.collector import Collector
from sim.errors import ResultError
from sim.variables import RUN, SLOT

if TYPE_CHECKING:
    import xarray as xr

ABSENT = {"ending": -1, "resumed": -1}
"""What flags of an event that does not come hold; all else is missing."""
SAME = {
    "scenario": "scenario",
    "tables_digest": "tables of the chain",
    "seed": "seed",
    "oreflow_version": "version of oreflow",
}
"""Attributes that an ensemble and its continuation share, as a message calls them."""


def counts(collector: Collector, pool: Executor) -> xr.Dataset:
    """The dataset of `/counts`: tallies of all variables, counts compressed since most bins are empty."""
    import xarray as xr

    entries: dict[str, Any] = {}
    for name, array in tallies.packed(collector, pool).items():
        variable, _, field = name.partition(".")
        dims = {"by_bin": (f"{variable}_byte",), "runs": ()}.get(field, (f"{variable}_row", "month"))
        said = {"units": "1", "long_name": f"Tally of {variable} over runs: {field}."}
        entries[f"{variable}_{field}"] = (dims, array, said)
    return xr.Dataset(entries)


def take_up(collector: Collector, before: xr.DataTree) -> None:
    """Add the counts of an earlier call.

    Raises
    ------
    ResultError: The result holds no counts, or not those of such a chain.
    """
    if "counts" not in before.children:
        raise ResultError(
            "the result holds no counts, so its ensemble cannot go on; simulate it with --until or --keep-counts"
        )
    data = before["counts"].to_dataset()
    fields = ("runs", "by_bin", *tallies.FIELDS)
    try:
        arrays = {f"{name}.{field}": data[f"{name}_{field}"].values for name in collector.found for field in fields}
        tallies.merge(collector, arrays)
    except (KeyError, ValueError) as error:
        raise ResultError(
            f"the counts are damaged, of another chain or of an earlier version ({error}); its ensemble cannot go on, "
            "simulate it anew"
        ) from None


def check(before: xr.DataTree, wanted: dict[str, Any]) -> None:
    """Raise an error with all that differs between an ensemble and what is to be its continuation.

    Parameters
    ----------
    wanted: Attributes of the continuation.

    Raises
    ------
    ResultError: Something of `SAME` differs.
    """
    other = [words for name, words in SAME.items() if before.attrs.get(name) != wanted[name]]
    if other:
        raise ResultError(f"the result is of another {', another '.join(other)}; its ensemble cannot go on with this")


def appended(before: xr.DataTree, name: str, data: xr.Dataset) -> xr.Dataset:
    """Per-run data of an earlier call and of the runs that follow, as one call would have labelled them.

    Raises
    ------
    ResultError: The earlier result lacks the group, or follows other rows.
    """
    import xarray as xr

    if name not in before.children:
        raise ResultError(f"the result has no /{name}; simulate its ensemble anew to have it")
    old = before[name].to_dataset()
    if set(old.data_vars) != set(data.data_vars):
        raise ResultError(f"/{name} of the result holds other variables; follow the same rows as before")
    slots = max(old.sizes.get(SLOT, 0), data.sizes.get(SLOT, 0))
    parts = [_with_slots(part, slots) if slots else part for part in (old, data)]
    alone = [item for item in data.data_vars if RUN not in data[item].dims]
    joined = xr.concat([part.drop_vars(alone) for part in parts], dim=RUN, join="exact", combine_attrs="override")
    joined = joined.assign({item: data[item] for item in alone})
    return (
        joined[[*data.data_vars, *data.coords]]  # the coordinates too, where no variable has them
        .transpose(*data.dims)
        .map(lambda array: array.transpose(*data[array.name].dims), keep_attrs=True)
    )


def _with_slots(data: xr.Dataset, slots: int) -> xr.Dataset:
    """Shocks with as many slots for events as there are in either part."""
    more = slots - data.sizes[SLOT]
    if more <= 0:
        return data
    padded = {
        name: array.pad({SLOT: (0, more)}, constant_values=ABSENT.get(str(name), np.nan)).astype(array.dtype)
        for name, array in data.drop_vars(SLOT).items()
        if SLOT in array.dims
    }
    rest = data.drop_dims(SLOT)
    return rest.assign(padded).assign_coords({SLOT: np.arange(slots)})[list(data.data_vars)]
