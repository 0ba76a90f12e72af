"""What two results differ in: where they come from, what they hold, and every figure, compared bit by bit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.results.lookup import scenario_data

PROVENANCE = ("oreflow_version", "tables_digest", "seed", "runs", "first_run", "reconciliation", "certificate")
"""Attributes that are compared as a whole; the scenario is compared key by key."""
SHOWN = 60
"""Most characters of a value in a sentence."""


@dataclass(frozen=True)
class Difference:
    """One thing in which two results differ."""

    place: str
    """Key of the scenario, attribute, group or variable."""
    what: str
    """How they differ, worded to follow the place."""
    figures: int = 0
    """Figures that differ; 0 where it is no variable."""
    relative: float = 0.0
    """Largest difference of a figure over the largest figure of the variable; infinite where one is missing."""

    def __str__(self) -> str:
        """Return place and difference in one line."""
        return f"{self.place} {self.what}"


def differences(one: xr.DataTree, other: xr.DataTree) -> list[Difference]:
    """All differences of two results; none if they are the same to the bit.

    Parameters
    ----------
    one, other: What `sim.run` or `sim.open_results` returned.

    Example
    -------
    >>> import sim
    >>> scenario = sim.load("still", overrides=["time.years=0.5"])
    >>> one, other = sim.run(scenario, runs=2), sim.run(scenario.replace("time.start=2025-02"), runs=2)
    >>> print(differences(one, other)[0])
    scenario time.start is '2025-01' in the first, '2025-02' in the second
    """
    return [*_of_scenarios(one, other), *_of_attributes(one, other), *_of_groups(one, other)]


def of_datasets(group: str, one: xr.Dataset, other: xr.Dataset) -> Iterator[Difference]:
    """Yield the differences of two groups.

    Parameters
    ----------
    group: Name that places begin with.
    """
    for name in sorted({*map(str, one.variables)} | {*map(str, other.variables)}):
        place = f"/{group}/{name}"
        if name not in one.variables or name not in other.variables:
            yield Difference(
                place, f"is only in the {'second' if name not in one.variables else 'first'}", relative=np.inf
            )
            continue
        first, second = one[name], other[name]
        if first.dims != second.dims or first.shape != second.shape:
            sizes = [" x ".join(f"{dim} {size}" for dim, size in each.sizes.items()) for each in (first, second)]
            yield Difference(place, f"is {sizes[0]} in the first, {sizes[1]} in the second", relative=np.inf)
            continue
        unequal = ~same(first.values, second.values)
        if unequal.any():
            yield _of_figures(place, first, second, unequal)


def same(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Where two arrays hold the same bits; missing values of one kind are the same.

    Example
    -------
    >>> same(np.array([1.0, np.nan, 0.0]), np.array([1.0, np.nan, -0.0])).tolist()
    [True, True, False]
    """
    if one.dtype != other.dtype:
        return np.zeros(one.shape, dtype=bool)
    equal = one == other
    if one.dtype.kind == "f":
        equal = (equal & (np.signbit(one) == np.signbit(other))) | (np.isnan(one) & np.isnan(other))
    return np.asarray(equal | (np.isnat(one) & np.isnat(other)) if one.dtype.kind == "M" else equal)


def _of_figures(place: str, one: xr.DataArray, other: xr.DataArray, unequal: NDArray[np.bool_]) -> Difference:
    count = int(unequal.sum())
    if one.dtype != other.dtype:
        return Difference(place, f"is {one.dtype} in the first, {other.dtype} in the second", count, np.inf)
    relative = _relative(one.values, other.values, unequal)
    worst = np.unravel_index(int(np.argmax(relative)), one.shape)
    where = ", ".join(
        f"{dim} {_shown(one[dim].values[index] if dim in one.coords else index)}"
        for dim, index in zip(one.dims, worst, strict=True)
    )
    values = f"{_shown(one.values[worst])} and {_shown(other.values[worst])}"
    what = f"differs in {count:,} of {one.size:,} figures, most at {where or 'its only figure'}: {values}"
    return Difference(place, what, count, float(relative.max()))


def _relative(one: NDArray[Any], other: NDArray[Any], unequal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Difference over the largest figure; infinite where one is missing or text differs, 0 where they are the same."""
    if one.dtype.kind not in "iuf":
        return np.where(unequal, np.inf, 0.0)
    first, second = one.astype(float), other.astype(float)
    comparable = np.isfinite(first) & np.isfinite(second)
    largest = max(np.abs(each, where=comparable, out=np.zeros_like(each)).max() for each in (first, second))
    distance = np.abs(np.subtract(first, second, where=comparable, out=np.full_like(first, np.inf)))
    return np.where(unequal, distance / largest if largest > 0.0 else distance, 0.0)


def _of_scenarios(one: xr.DataTree, other: xr.DataTree) -> Iterator[Difference]:
    first, second = dict(_leaves(scenario_data(one))), dict(_leaves(scenario_data(other)))
    for key in dict.fromkeys([*first, *second]):
        if first.get(key) != second.get(key):
            words = [f"is {_shown(each[key])}" if key in each else "is absent" for each in (first, second)]
            said = f"{words[0]} in the first, {words[1].removeprefix('is ')} in the second"
            yield Difference(f"scenario {key}", said)


def _leaves(data: Mapping[str, Any], at: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*at, str(name)))
        else:
            yield ".".join((*at, str(name))), value


def _of_attributes(one: xr.DataTree, other: xr.DataTree) -> Iterator[Difference]:
    for name in PROVENANCE:
        first, second = one.attrs.get(name), other.attrs.get(name)
        if first == second:
            continue
        if name in ("reconciliation", "certificate"):
            yield Difference(name, "is not the same in both")
        else:
            yield Difference(name, f"is {_shown(first)} in the first, {_shown(second)} in the second")


def _of_groups(one: xr.DataTree, other: xr.DataTree) -> Iterator[Difference]:
    for name in dict.fromkeys([*one.children, *other.children]):
        if name not in one.children or name not in other.children:
            yield Difference(
                f"/{name}", f"is only in the {'second' if name not in one.children else 'first'}", relative=np.inf
            )
        else:
            yield from of_datasets(str(name), one[name].to_dataset(), other[name].to_dataset())


def _shown(value: Any) -> str:
    """A value in a sentence: short, and figures to the last digit that tells them apart."""
    if value is None:
        return "absent"
    if isinstance(value, np.datetime64):
        return str(value)[:10]
    if isinstance(value, np.generic):
        value = value.item() if value.dtype.kind != "f" else str(value)
        return str(value)
    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
