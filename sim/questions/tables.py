"""Answers as tables in files."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from sim import store
from sim.errors import ResultError
from sim.variables import RUN

ENDINGS = (".csv", ".nc")
"""Endings of tables."""


def check_table(path: str | Path, *, overwrite: bool = False) -> Path:
    """Return the path with links followed, or say why a table cannot be written there; for use before a simulation.

    Raises
    ------
    ResultError: Unknown ending, missing or unwritable folder, or a file there.
    """
    final = store.checked_place(path, ENDINGS)
    if final.is_dir() or (final.exists() and not overwrite):
        raise ResultError(f"{path}: exists; choose another name, or allow it to be replaced (--overwrite)")
    return final


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
