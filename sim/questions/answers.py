"""Write answers as tables: CSV, one file a group, or NetCDF, with the unit of each column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from sim import store
from sim.errors import ResultError

ENDINGS = (".csv", ".nc")


def check_target(path: str | Path, *, overwrite: bool = False) -> Path:
    """Return the path with links followed, or say why tables cannot be written there.

    Raises
    ------
    ResultError: Unknown ending, a folder that cannot be written, or a file that may not be replaced.
    """
    final = store.checked_place(path, ENDINGS)
    there = [final, *final.parent.glob(f"{final.stem}_*.csv")] if final.suffix == ".csv" else [final]
    found = [place.name for place in there if place.exists()]
    if found and (not overwrite or final.is_dir()):
        raise ResultError(f"{path}: {', '.join(found)} exists; choose another name, or allow it (--overwrite)")
    return final


def write(answer: xr.DataTree | xr.Dataset, path: Path) -> tuple[Path, ...]:
    """Write an answer; groups of a tree become files `name_group.csv`, or groups of one `.nc`.

    Parameters
    ----------
    answer: What a question returned.
    path: A path that `check_target` returned.

    Returns
    -------
    The files written.
    """
    groups = {"": answer} if isinstance(answer, xr.Dataset) else {n: c.to_dataset() for n, c in answer.children.items()}
    if path.suffix == ".nc":
        tree = xr.DataTree.from_dict({name or "/": data for name, data in groups.items()})
        tree.attrs = dict(answer.attrs)
        with store.replacing(path) as partial:
            tree.to_netcdf(partial, engine="netcdf4", format="NETCDF4")
        return (path,)
    written = []
    for name, data in groups.items():
        place = path.with_name(f"{path.stem}_{name}.csv") if name else path
        with store.replacing(place) as partial:
            partial.write_text(as_csv(data), encoding="utf-8")
        written.append(place)
    return tuple(written)


def as_csv(data: xr.Dataset) -> str:
    """A dataset as one flat table, its units in brackets behind the names of columns.

    Columns that lack some of the dimensions repeat along them.

    Example
    -------
    >>> print(as_csv(xr.Dataset({"x": ("part", [1.5], {"units": "t"})}, coords={"part": ["rotor"]})).strip())
    part,x [t]
    rotor,1.5
    """
    named = {
        name: f"{name} [{array.attrs['units']}]" for name, array in data.data_vars.items() if array.attrs.get("units")
    }
    if not data.sizes:
        cells = {named.get(name, str(name)): np.asarray(array.values).item() for name, array in data.data_vars.items()}
        return ",".join(cells) + "\n" + ",".join(map(str, cells.values())) + "\n"
    return str(data.rename(named).to_dataframe().to_csv())
