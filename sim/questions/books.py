"""What metric expressions may ask of `/policies`, `/stockpiles`, `/capacity` and `/years`: one number a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim import variables
from sim.errors import MetricError
from sim.scenario import Scenario
from sim.scenario.stockpile import Stockpile
from sim.variables import INSTRUMENT, PRODUCT, PROJECT, REGION, RUN, STOCKPILE, WORLD, YEAR

Values = NDArray[np.float64]
BOOKS = {
    item.name: (group, item)
    for group, items in (
        ("policies", variables.POLICIES),
        ("stockpiles", variables.STOCKPILES),
        ("capacity", variables.CAPACITY),
        ("years", variables.YEARS),
    )
    for item in items
}
"""Group and declaration of each variable, by name."""
NEEDS = {
    "policies": "the scenario has no policies",
    "stockpiles": "the scenario has no stockpile",
    "capacity": "capacity is fixed in the scenario: capacity.answers and capacity.projects are false",
    "years": "the result does not hold it; make it again, with all variables (--per-run) and this version",
}
"""Why a group may be missing."""
BY_YEAR = {"lost_output": "lost_output_by_year", "lost_value_added": "lost_value_added_by_year"}
"""Variables of `/runs` that are sums over the horizon, and what holds their calendar years."""
NEVER = {"project_start": np.inf}
"""What a missing value counts as: a project that does not come."""


def dims(name: str) -> tuple[str, ...]:
    """What the brackets of a variable name, in order; a stockpile is named by instrument, product and region.

    Example
    -------
    >>> dims("public_cost"), dims("stockpile_released"), dims("final_capacity")
    (('instrument',), ('stockpile', 'product', 'region'), ('stage', 'region'))
    """
    found = tuple(dim for dim in BOOKS[name][1].dims if dim not in (RUN, YEAR))
    return (STOCKPILE, PRODUCT, REGION) if found == (STOCKPILE,) else found


def has_years(name: str) -> bool:
    """Whether a variable is booked by calendar year, itself or under another name."""
    return name in BY_YEAR or (name in BOOKS and YEAR in BOOKS[name][1].dims)


def of_results(results: xr.DataTree) -> dict[str, list[str]]:
    """Labels of instruments, stockpiles and projects in results, and `capacity` if it is there; empty where not."""
    there = ["capacity"] if "capacity" in results.children else []
    found: dict[str, list[str]] = {INSTRUMENT: [], STOCKPILE: [], PROJECT: [], "capacity": there}
    for group, dim, coord in (
        ("policies", INSTRUMENT, INSTRUMENT),
        ("stockpiles", STOCKPILE, "policy"),
        ("capacity", PROJECT, PROJECT),
    ):
        if group in results.children:
            found[dim] = list(dict.fromkeys(map(str, results[group].to_dataset()[coord].values)))
    return found


def of_scenario(scenario: Scenario) -> dict[str, list[str]]:
    """The same labels as results of a scenario will have."""
    holders = [name for name, policy in scenario.policies.items() if isinstance(policy, Stockpile)]
    capacity = scenario.capacity
    projects = [row.project for row in scenario.tables.projects] if capacity.projects else []
    there = ["capacity"] if capacity.answers or capacity.projects else []
    return {INSTRUMENT: list(scenario.policies), STOCKPILE: holders, PROJECT: projects, "capacity": there}


def lacks(name: str, labels: Mapping[str, Sequence[str]], has_labels: bool) -> str:
    """Why there is nothing to ask for; empty if there is. What is booked of no instrument at all is 0, and no fault."""
    group, _ = BOOKS[name]
    if group == "capacity":
        return "" if labels.get(group, [group]) else NEEDS[group]
    dim = dims(name)[0]
    if group == "years":
        return ""
    return NEEDS[group] if has_labels and dim in labels and not labels[dim] else ""


def values(results: xr.DataTree, name: str, labels: Mapping[str, Sequence[str]], year: int | None, text: str) -> Values:
    """One number a run, added up over labels and, where no year is given, over years; shape (run,).

    Parameters
    ----------
    labels: Labels to add up, by dimension; all of a dimension that is not named.
    year: Calendar year; all by default.
    text: The expression, for messages.

    Raises
    ------
    MetricError: The result does not hold it.
    """
    group, _ = BOOKS[name]
    if group == "years" and (group not in results.children or name not in results[group].data_vars):
        raise MetricError(text, [f"there is no {name}: {NEEDS[group]}"])
    if group not in results.children:
        if group == "capacity":
            raise MetricError(text, [NEEDS[group]])
        return np.zeros(results["runs"].sizes[RUN])
    array = results[group].to_dataset()[name]
    if year is not None:
        array = array.sel({YEAR: year})
    array = array.isel(_places(array, name, labels))
    rows = array.transpose(RUN, ...).values.astype(float).reshape(array.sizes[RUN], -1)
    if rows.shape[1] == 0 or (name not in NEVER and np.isnan(rows).all()):
        asked = ", ".join("+".join(given) for given in labels.values())
        raise MetricError(text, [f"there is no {name} of {asked}"])
    rows = np.where(np.isnan(rows), NEVER.get(name, 0.0), rows)
    return np.asarray(rows.sum(axis=1) if rows.shape[1] > 1 else rows[:, 0])


def _places(array: xr.DataArray, name: str, labels: Mapping[str, Sequence[str]]) -> dict[str, NDArray[np.intp]]:
    """Places of labels in each dimension of an array; the world is left out of a sum over all regions."""
    if STOCKPILE in array.dims:
        columns = zip(dims(name), ("policy", "product_held", "region_held"), strict=True)
        fits = [np.isin(array[column].values, labels[dim]) for dim, column in columns if dim in labels]
        return {STOCKPILE: np.flatnonzero(np.logical_and.reduce([np.ones(array.sizes[STOCKPILE], dtype=bool), *fits]))}
    found = {}
    for dim in dims(name):
        there = array[dim].values.astype(str)
        found[dim] = np.flatnonzero(np.isin(there, labels[dim]) if dim in labels else there != WORLD)
    return found
