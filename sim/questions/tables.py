"""Answers as labelled datasets, from the declarations of their variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from sim import store
from sim.variables import RUN, Variable

ENDINGS = (".csv", ".nc")
"""Endings of tables."""


def labelled(declared: Sequence[Variable], values: Mapping[str, Any], coords: Mapping[str, Any]) -> xr.Dataset:
    """A dataset of declared variables, with their units and meaning.

    Parameters
    ----------
    declared: Variables there may be.
    values: Arrays by name; dimensions in the order of their declaration.
    coords: Labels of all dimensions used, and what stands beside them.

    Raises
    ------
    KeyError: A name that is not declared.

    Example
    -------
    >>> from sim.questions.declared import BLAME
    >>> labelled(BLAME, {"total": [3.0]}, {"metric": ["mean(x)"]}).total.attrs["long_name"]
    'The figure, to which the parts add up.'
    """
    by_name = {variable.name: variable for variable in declared}
    entries = {
        name: (by_name[name].dims, array, {"units": by_name[name].units, "long_name": by_name[name].meaning})
        for name, array in values.items()
    }
    return xr.Dataset(entries, coords=dict(coords))


def check_table(path: str | Path, *, overwrite: bool = False) -> Path:
    """Return the path of a table as `store.checked_file` does."""
    return store.checked_file(path, ENDINGS, overwrite=overwrite)


def write_table(data: xr.Dataset, path: Path) -> None:
    """Write an answer whole or not at all: as NetCDF, or as a table of what is not of single runs.

    Parameters
    ----------
    data: What a question returned.
    path: A path that `check_table` returned.
    """
    with store.replacing(path) as partial:
        if path.suffix == ".nc":
            data.to_netcdf(partial)
        else:
            flat = data.drop_vars([name for name, array in data.data_vars.items() if RUN in array.dims])
            flat.drop_dims(RUN, errors="ignore").to_dataframe().to_csv(partial)


def write_text(text: str, path: Path) -> None:
    """Write a text file whole or not at all.

    Parameters
    ----------
    path: A path that `store.checked_file` returned.
    """
    with store.replacing(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
