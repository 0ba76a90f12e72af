"""Text in labelled arrays, as files hold it and as results do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr


def as_text(data: xr.Dataset) -> xr.Dataset:
    """A dataset as Zarr can hold it: its specification has no labels of fixed width, only text of any length."""
    return retyped(data, object, object)


def as_labels(data: xr.Dataset) -> xr.Dataset:
    """A dataset as it was before it was written: labels of fixed width, other text as objects."""
    return retyped(data, str, object)


def retyped(data: xr.Dataset, labels: type, values: type) -> xr.Dataset:
    """A dataset with its text in arrays of other types: one for coordinates, one for variables."""
    text = {name: array for name, array in data.variables.items() if array.dtype.kind in "OTU"}
    found: dict[Any, Any] = {
        name: (array.dims, array.values.astype(object).astype(labels if name in data.coords else values), array.attrs)
        for name, array in text.items()
    }
    coords = {name: entry for name, entry in found.items() if name in data.coords}
    return data.assign_coords(coords).assign({name: entry for name, entry in found.items() if name not in coords})
