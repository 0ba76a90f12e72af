"""What a name in a metric expression stands for: one number a run, from `/runs`, from what was booked of policies,
stockpiles and capacity, or from monthly paths of every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim import variables
from sim.errors import MetricError, ResultError
from sim.questions import books
from sim.questions.known import Labels, known
from sim.results.lookup import chosen
from sim.variables import MONTH, PRODUCT, REGION, RUN, SECTOR, STAGE, WORLD, Path

Values = NDArray[np.float64]
MONTHLY: dict[str, dict[str, str]] = {
    "price": {PRODUCT: "price", STAGE: "stage_price"},
    "shortage": {PRODUCT: "shortage", SECTOR: "sector_shortage", STAGE: "stage_shortage"},
    **{
        item.name: {item.dims[0]: item.name}
        for item in variables.DISTRIBUTION
        if item.name not in ("price", "shortage")
    },
}
"""Monthly variables by the name in an expression and by what they are asked for."""
PEAKS = {
    "price": "peak_price",
    "stage_price": "peak_stage_price",
    "shortage": "worst_shortage",
    "stage_shortage": "worst_stage_shortage",
    "sector_shortage": "worst_sector_shortage",
    "stopped": "worst_stopped",
}
"""Variables of `/runs` that hold the highest month of a monthly one."""
WHOLE = {item.name: item for item in variables.RUNS}
SHORTHAND: dict[str, dict[str, tuple[str, ...]]] = {
    "lost_demand": {
        SECTOR: ("rationed_tonnes", "destroyed_tonnes"),
        PRODUCT: ("product_rationed", "product_destroyed"),
    },
    "rationed": {SECTOR: ("rationed_tonnes",), PRODUCT: ("product_rationed",)},
    "destroyed": {SECTOR: ("destroyed_tonnes",), PRODUCT: ("product_destroyed",)},
    "substituted": {SECTOR: ("substituted_tonnes",), PRODUCT: ("product_substituted",)},
    "stopped_weeks": {SECTOR: ("weeks_stopped",)},
}
"""Names for variables of `/runs`, or for sums of them, by what they are asked for."""
SHARES = (
    "shortage",
    "sector_shortage",
    "stage_shortage",
    "stopped",
    "content",
    *(name for name in WHOLE if name.startswith("worst_")),
)
"""Names of numbers that lie between 0 and 1."""
ADD_UP = ("t", "t/year", "million USD")
"""Units of what may be added up over labels."""
NEVER = {"time_to_survive": np.inf, "time_to_recover": 0.0}
"""What a missing time counts as: who is never short survives, and has nothing to recover from."""
ALL = "*"


@dataclass(frozen=True)
class Reducer:
    """How one number is made of the months of a run."""

    of: Callable[[Any], Values]
    """From shape (run, month) to (run,)."""
    counts: bool
    """Whether it counts months of a condition."""


def longest(holds: NDArray[np.bool_]) -> Values:
    """Most months in a row in which a condition holds, shape (run,).

    Example
    -------
    >>> longest(np.array([[True, True, False, True]])).tolist()
    [2.0]
    """
    here = np.zeros(holds.shape[0])
    most = np.zeros(holds.shape[0])
    for month in holds.T:
        here = np.where(month, here + 1.0, 0.0)
        most = np.maximum(most, here)
    return most


REDUCERS = {
    "peak": Reducer(lambda path: path.max(axis=1), counts=False),
    "lowest": Reducer(lambda path: path.min(axis=1), counts=False),
    "average": Reducer(lambda path: path.mean(axis=1), counts=False),
    "months": Reducer(lambda holds: holds.sum(axis=1).astype(float), counts=True),
    "longest": Reducer(longest, counts=True),
}
SIGNS: dict[str, Callable[[Any, float], Any]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


def compared(values: Values, sign: str, limit: float) -> NDArray[np.bool_]:
    """Whether values lie on one side of a limit, which is rounded to single precision as results are.

    Example
    -------
    >>> compared(np.array([np.float32(0.39)], dtype=float), ">=", 0.39).tolist()
    [True]
    """
    return np.asarray(SIGNS[sign](values, float(np.float32(limit))))


@dataclass(frozen=True)
class Quantity:
    """One number a run, as it is asked for."""

    name: str
    labels: tuple[tuple[str, ...], ...] = ()
    """Labels in the order of the brackets; several that add up stand together."""
    reducer: str = ""
    sign: str = ""
    """Of the condition whose months are counted; empty without one."""
    limit: float = 0.0
    year: int | None = None
    """The one calendar year that is looked at; none for the whole horizon."""

    def __str__(self) -> str:
        """Return name and labels as they are written."""
        written = ["+".join(f'"{label}"' if " " in label else label for label in given) for given in self.labels]
        return self.name + (f"[{', '.join(written)}]" if self.labels else "")

    @property
    def in_full(self) -> str:
        """It with how months are made one number and its calendar year, as it would be asked for.

        Example
        -------
        >>> Quantity("price", (("dy_oxide",), ("EU",)), "months", ">", 2.0, 2027).in_full
        'months(price[dy_oxide, EU] > 2) in 2027'
        """
        compared_with = f" {self.sign} {self.limit:g}" if self.sign else ""
        # Without a word, a variable by month is its peak.
        plain = self.reducer in ("", "peak")
        written = str(self) if plain else f"{self.reducer}({self}{compared_with})"
        return written if self.year is None else f"{written} in {self.year}"

    def reduced_for(self, sign: str) -> Quantity:
        """The same, where a monthly variable compared by `<` means its lowest month."""
        if self.reducer or self.name not in MONTHLY:
            return self
        return replace(self, reducer="lowest" if sign.startswith("<") else "peak")

    def spelt_out(self, labels: Labels) -> Quantity:
        """The same with the sectors of a class in place of its name."""
        given = (tuple(each for label in group for each in labels.sectors(label)) for group in self.labels)
        return replace(self, labels=tuple(given))

    def faults(self, labels: Labels) -> list[str]:
        """Everything in it that is not there."""
        given = self.spelt_out(labels)
        try:
            names, dims = given._variables(labels)
        except ResultError as error:
            return [str(error)]
        found = given._label_faults(labels, dims)
        units = _declared(names[0]).units
        if not found and given._adds_up(dims) and units not in ADD_UP:
            place = ", ".join(f"one {dim}" for dim in dims)
            found.append(f"'{self.name}' does not add up; name {place}" + (f" (or {WORLD})" if REGION in dims else ""))
        first, last = labels.years
        if self.year is not None and not first <= self.year <= last:
            found.append(f"{self.year} is not in the horizon; years are {first} to {last}")
        if self.year is not None and self.name not in MONTHLY and not books.has_years(self.name):
            there = _list([*MONTHLY, *filter(books.has_years, [*WHOLE, *books.BOOKS])])
            found.append(f"'{self.name}' is of the whole horizon; it has no years. Those that have: {there}")
        if self.name in books.BOOKS and (lacking := books.lacks(self.name, labels.of, bool(self.labels))):
            return [f"there is no {self}: {lacking}"]
        if self.name in MONTHLY and not self.reducer and names[0] not in PEAKS:
            found.append(f"'{self.name}' has many months; ask for peak(...), lowest(...) or average(...) of it")
        if self.reducer and self.name not in MONTHLY:
            found.append(f"{self.reducer}(...) needs a monthly variable: {_list(MONTHLY)}")
        return found

    def paths(self, labels: Labels) -> tuple[Path, ...]:
        """Monthly paths it needs of every run."""
        given = self.spelt_out(labels)
        names, _ = given._variables(labels)
        if self.name not in MONTHLY or self._in_runs(names[0]):
            return ()
        (item,), (region,) = given.labels
        return (Path(names[0], item, region),)

    def kept(self, labels: Labels) -> tuple[str, ...]:
        """Variables of `/runs` that it needs."""
        names, _ = self.spelt_out(labels)._variables(labels)
        if self.name in books.BOOKS or (self.name in MONTHLY and not self._in_runs(names[0])):
            return ()
        if self.name in MONTHLY:
            return (PEAKS[names[0]],)
        # Months short tell rows without a time from those that do not exist.
        return (*names, "shortage_months") if any(name in NEVER for name in names) else names

    def units(self, labels: Labels) -> str:
        """Units of the number."""
        names, _ = self.spelt_out(labels)._variables(labels)
        return "month" if self.reducer and REDUCERS[self.reducer].counts else _declared(names[0]).units

    def meaning(self, labels: Labels) -> str:
        """What the number is, in a sentence."""
        names, _ = self.spelt_out(labels)._variables(labels)
        if self.name in MONTHLY and (not self.reducer or self.reducer == "peak") and names[0] in PEAKS:
            return WHOLE[PEAKS[names[0]]].meaning
        first = f"{self.reducer}: " if self.reducer else ""
        return first + " Plus: ".join(_declared(name).meaning for name in names)

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and most that the number can be: a share lies between 0 and 1."""
        if self.name in SHARES and not (self.reducer and REDUCERS[self.reducer].counts):
            return 0.0, 1.0
        return -np.inf, np.inf

    def values(self, results: xr.DataTree, text: str) -> Values:
        """The number of every run, shape (run,).

        Parameters
        ----------
        text: The expression, for messages.

        Raises
        ------
        MetricError: The result does not hold it.
        """
        labels = known(results)
        spelt = self.spelt_out(labels)
        names, dims = spelt._variables(labels)
        booked = self.name if self.year is None else books.BY_YEAR.get(self.name, self.name)
        if booked in books.BOOKS:
            given = zip(dims, spelt.labels, strict=False)
            return books.values(results, booked, {d: each for d, each in given if each != (ALL,)}, self.year, text)
        if self.name not in MONTHLY:
            return spelt._summed(results, names, dims, text)
        if self._in_runs(names[0]):
            return spelt._summed(results, (PEAKS[names[0]],), dims, text)
        (item,), (region,) = spelt.labels
        path = monthly(results, Path(names[0], item, region), text)
        if self.year is not None:
            path = path.sel({MONTH: str(self.year)})
        months = path.transpose(RUN, MONTH).values.astype(float)
        reducer = REDUCERS[self.reducer or "peak"]
        return reducer.of(compared(months, self.sign, self.limit) if reducer.counts else months)

    def _in_runs(self, name: str) -> bool:
        """Whether `/runs` holds this number of a monthly variable."""
        return self.reducer in ("", "peak") and self.year is None and name in PEAKS

    def _variables(self, labels: Labels) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Variables that are added up, and the dimensions that the labels are of.

        Raises
        ------
        ResultError: No such name, or not of what it is asked for.
        """
        options: dict[str, tuple[str, ...]]
        name = chosen(self.name, [*MONTHLY, *SHORTHAND, *WHOLE, *books.BOOKS], "metric")
        if name in MONTHLY:
            options = {dim: (found,) for dim, found in MONTHLY[name].items()}
        elif name in SHORTHAND:
            options = SHORTHAND[name]
        else:
            return (name,), books.dims(name) if name in books.BOOKS else WHOLE[name].dims[1:]
        item = self.labels[0][0] if self.labels else ALL
        fits = [dim for dim in options if item in labels.of.get(dim, [])]
        if not fits and len(options) > 1 and item != ALL:
            every = [label for dim in options for label in labels.of.get(dim, [])]
            chosen(item, every, " or ".join(options))
        dim = fits[0] if fits else next(iter(options))
        return options[dim], (dim, REGION)

    def _label_faults(self, labels: Labels, dims: tuple[str, ...]) -> list[str]:
        if len(self.labels) > len(dims):
            return [f"'{self.name}' takes {len(dims)} labels: {', '.join(dims)}"]
        found = []
        for dim, given in zip(dims, self.labels, strict=False):
            for label in given:
                try:
                    if label != ALL and dim in labels.of:
                        chosen(label, labels.of[dim], dim)
                except ResultError as error:
                    found.append(str(error))
        return found

    def _adds_up(self, dims: tuple[str, ...]) -> bool:
        """Whether several labels of a dimension are asked for."""
        return len(self.labels) < len(dims) or any(len(given) > 1 or given == (ALL,) for given in self.labels)

    def _summed(self, results: xr.DataTree, names: Sequence[str], dims: tuple[str, ...], text: str) -> Values:
        """Sum over variables and labels; the world is left out of a sum over all regions."""
        data = results["runs"].to_dataset()
        lacking = [name for name in names if name not in data.data_vars]
        if lacking:
            cure = "make it again, with all variables (--per-run) and this version"
            raise MetricError(text, [f"the result has no {', '.join(lacking)}; {cure}"])
        total = np.zeros(data.sizes[RUN])
        for name in names:
            array = data[name]
            rows = array.transpose(RUN, *dims).sel(self._chosen(array, dims))
            values = rows.values.astype(float).reshape(rows.sizes[RUN], -1)
            values = self._filled(values, data, name, rows, text)
            total = total + np.nansum(values, axis=1) if values.shape[1] > 1 else total + values[:, 0]
        return total

    def _chosen(self, array: xr.DataArray, dims: tuple[str, ...]) -> dict[str, list[str]]:
        """Labels to add up in each dimension."""
        every = {dim: [str(label) for label in array[dim].values if label != WORLD] for dim in dims}
        given = dict(zip(dims, self.labels, strict=False))
        return {dim: every[dim] if given.get(dim, (ALL,)) == (ALL,) else list(given[dim]) for dim in dims}

    def _filled(self, values: Values, data: xr.Dataset, name: str, rows: xr.DataArray, text: str) -> Values:
        """Values with missing times as they count, if the row exists.

        Raises
        ------
        MetricError: Nothing of what is asked for exists.
        """
        there = values
        if name in NEVER:
            # Times may be missing in every run; months short never are where there is a sector.
            place = {dim: rows[dim] for dim in rows.dims if dim != RUN}
            there = data["shortage_months"].sel(place).values.reshape(values.shape)
        if np.isnan(there).all():
            raise MetricError(text, [_absent(data[name], self.name, rows)])
        return np.where(np.isnan(values), NEVER[name], values) if name in NEVER else values


def monthly(results: xr.DataTree, path: Path, text: str) -> xr.DataArray:
    """A monthly path of every run, shape (run, time).

    Parameters
    ----------
    text: The expression, for messages.

    Raises
    ------
    MetricError: The result holds it for no run, or not for every run.
    """
    runs = results["runs"].sizes[RUN]
    for group in ("paths", "monthly", "traces"):
        if group in results.children and path.variable in results[group].data_vars:
            array = results[group].to_dataset()[path.variable]
            dim = next(str(dim) for dim in array.dims if dim not in (RUN, MONTH, REGION))
            labels = ([str(label) for label in array[name].values] for name in (dim, REGION))
            if array.sizes[RUN] == runs and all(
                label in there for label, there in zip((path.item, path.region), labels, strict=True)
            ):
                found = array.sel({dim: path.item, REGION: path.region})
                if not bool(found.isnull().all()):
                    return found
    raise MetricError(
        text,
        [
            f"the result does not hold {path} month by month in every run; "
            f"simulate with --follow '{path}' (follow=['{path}'])"
        ],
    )


def _declared(name: str) -> variables.Variable:
    """Declaration of a variable of `/runs` or `/distribution`."""
    if name in books.BOOKS:
        return books.BOOKS[name][1]
    return WHOLE.get(name) or next(item for item in variables.DISTRIBUTION if item.name == name)


def _absent(array: xr.DataArray, name: str, rows: xr.DataArray) -> str:
    """Message on a row that does not exist, with the regions that have it."""
    here = {str(dim): str(rows[dim].values[0]) for dim in rows.dims if dim != RUN}
    item = next((label for dim, label in here.items() if dim != REGION), "")
    if REGION not in here:
        return f"there is no {name} of {item}"
    rest = {dim: label for dim, label in here.items() if dim != REGION}
    exists = array.sel(rest).isel({RUN: 0}).dropna(REGION)
    places = ", ".join(str(label) for label in exists[REGION].values) or "no region"
    return f"{item} has no {name} in {here[REGION]}; regions that have one: {places}"


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
