"""Counts of an ensemble as a labelled group, so that a later call can go on with it to the same bits.

Counts and sums are integers and extremes are exact: what is counted in two calls is what one call would have counted.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.engine.collector import Collector
from sim.errors import ResultError
from sim.variables import RUN, SLOT

FIELDS = ("sums", "squares", "least", "most")
ABSENT = {"ending": -1, "resumed": -1}
"""What flags of an event that does not come hold; all else is missing."""
SAME = {
    "scenario": "scenario",
    "tables_digest": "tables of the chain",
    "seed": "seed",
    "oreflow_version": "version of oreflow",
}
"""Attributes that an ensemble and its continuation share, as a message calls them."""


def counts(collector: Collector) -> xr.Dataset:
    """The dataset of `/counts`: tallies of all variables, counts compressed since most bins are empty."""
    entries: dict[str, Any] = {}
    for name, histogram in collector.found.items():
        packed = np.frombuffer(zlib.compress(np.ascontiguousarray(histogram.counts).data, 1), dtype=np.uint8)
        entries[f"{name}_counts"] = (
            (f"{name}_byte",),
            packed,
            _words(name, "counts by row, month and bin, compressed"),
        )
        for field in FIELDS:
            entries[f"{name}_{field}"] = ((f"{name}_row", "month"), getattr(histogram, field), _words(name, field))
    return xr.Dataset(entries)


def _words(name: str, what: str) -> dict[str, str]:
    return {"units": "1", "long_name": f"Tally of {name} over runs: {what}."}


def take_up(collector: Collector, before: xr.DataTree) -> None:
    """Add the counts of an earlier call to an empty collector.

    Raises
    ------
    ResultError: The result holds no counts, or not those of such a chain.
    """
    if "counts" not in before.children:
        raise ResultError(
            "the result holds no counts, so its ensemble cannot go on; simulate it with --keep-counts or --until"
        )
    data, runs = before["counts"].to_dataset(), int(before.attrs["runs"])
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for name, histogram in collector.found.items():
        try:
            packed = zlib.decompress(data[f"{name}_counts"].values.tobytes())
            arrays = {field: data[f"{name}_{field}"].values for field in FIELDS}
            arrays["counts"] = np.frombuffer(packed, dtype=np.int32).reshape(histogram.counts.shape)
        except (KeyError, ValueError, zlib.error) as error:
            raise ResultError(f"the counts of {name} are damaged ({error}); its ensemble cannot go on") from None
        if any(arrays[field].shape != getattr(histogram, field).shape for field in FIELDS):
            raise ResultError(f"the counts of {name} are of another chain; its ensemble cannot go on")
        found[name] = arrays
    for name, arrays in found.items():
        histogram = collector.found[name]
        histogram.runs += runs
        for field in ("counts", "sums", "squares"):
            getattr(histogram, field)[...] += arrays[field]
        np.minimum(histogram.least, arrays["least"], out=histogram.least)
        np.maximum(histogram.most, arrays["most"], out=histogram.most)


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
        joined[list(data.data_vars)]
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
