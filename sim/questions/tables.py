"""Answers as labelled datasets, from the declarations of their variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from sim.variables import Variable


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
    >>> from sim.variables import BLAME
    >>> labelled(BLAME, {"total": [3.0]}, {"metric": ["mean(x)"]}).total.attrs["long_name"]
    'The figure, to which the parts add up.'
    """
    by_name = {variable.name: variable for variable in declared}
    entries = {
        name: (by_name[name].dims, array, {"units": by_name[name].units, "long_name": by_name[name].meaning})
        for name, array in values.items()
    }
    return xr.Dataset(entries, coords=dict(coords))
