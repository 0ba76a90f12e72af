"""Monthly paths of every run for a few chosen rows: a product, sector or stage in a region."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import variables
from sim.core.collect import Members
from sim.core.state import Record
from sim.engine import labels
from sim.engine.chunk import Floats, Tasks
from sim.engine.collector import Collector, Part, recorded
from sim.errors import Fault, ScenarioError
from sim.scenario.base import nearest
from sim.shocks import Shocks
from sim.variables import Path

if TYPE_CHECKING:
    import xarray as xr

WRITTEN = re.compile(r"\s*(\w+)\s*\[\s*([\w-]+)\s*,\s*(\w+)\s*\]\s*")
OPTION = "--follow"


def checked(wanted: Iterable[Path | str], collector: Collector) -> tuple[Path, ...]:
    """Rows to follow, each once.

    Parameters
    ----------
    wanted: Rows, or as they are written: `price[dy_oxide, EU]`, where `shortage` of a sector is `sector_shortage`.

    Raises
    ------
    ScenarioError: Some cannot be read or do not exist; all of them are listed.
    """
    faults: list[Fault] = []
    found: dict[Path, None] = {}
    for each in wanted:
        written = None if isinstance(each, Path) else WRITTEN.fullmatch(each)
        if not isinstance(each, Path) and written is None:
            faults.append(Fault(OPTION, str(each), "cannot be read", "write such as price[dy_oxide, EU]"))
            continue
        path = each if isinstance(each, Path) else Path(*written.groups())  # type: ignore[union-attr]
        fault = _fault(path, collector)
        if fault is None:
            found[path] = None
        else:
            faults.append(fault)
    if faults:
        raise ScenarioError(faults)
    return tuple(found)


def _fault(path: Path, collector: Collector) -> Fault | None:
    """What is wrong with a row; none if it is there."""
    if path.variable not in collector.plans:
        cure = nearest(path.variable, collector.plans)
        return Fault(OPTION, str(path), f"names '{path.variable}', no monthly variable", cure)
    rows = collector.plans[path.variable].labels
    regions = [region for item, region in rows if item == path.item]
    if not regions:
        problem = f"names '{path.item}', which has no {path.variable}"
        return Fault(OPTION, str(path), problem, nearest(path.item, (item for item, _ in rows)))
    if path.region not in regions:
        problem = f"does not exist: {path.item} has no {path.variable} in {path.region}"
        return Fault(OPTION, str(path), problem, f"regions that have it: {', '.join(regions)}")
    return None


class Paths:
    """`/paths`: the paths of chosen rows, 4 bytes a run and month for each."""

    group = "paths"
    by_month = True

    def __init__(self, wanted: Iterable[Path | str], collector: Collector) -> None:
        """Begin without runs.

        Raises
        ------
        ScenarioError: A row does not exist.
        """
        self.months = collector.months
        self._parts = {path: _row(path, collector) for path in checked(wanted, collector)}
        self._months: dict[str, list[Floats]] = {}

    @property
    def choice(self) -> list[str]:
        """Rows that are followed."""
        return [str(path) for path in self._parts]

    def add(self, record: Record, pool: Executor, *, shift: int) -> Tasks:
        """Have the months of a record taken in, of which the first is `shift`; threads own rows."""
        if shift == 0:
            self._months = {str(path): [] for path in self._parts}

        def take_in(path: Path, part: Part) -> None:
            """Take in the months of a row."""
            members = part.members
            factor = members.factor[shift : shift + record.price.shape[1]]
            values = recorded(part, record)[: len(factor), 0] * factor
            missing = np.clip(1.0 - values, 0.0, 1.0) if members.missing else values
            self._months[str(path)].append(missing.astype(np.float32))

        return [pool.submit(take_in, path, part) for path, part in self._parts.items()]

    def kept(self, record: Record, came: Shocks, runs: int) -> dict[str, Floats]:
        """Paths of the chunk, each of shape (month, run), by the name of the row."""
        return {name: np.concatenate(months)[:, :runs] for name, months in self._months.items()}

    def dataset(self, values: Mapping[str, Floats], coords: dict[str, Any]) -> xr.Dataset:
        """The dataset of `/paths`: rows that are not followed are missing, and labels of none of them left out."""
        import xarray as xr

        entries: dict[str, Any] = {}
        here = dict(coords)
        for dim, labelled in self._labels().items():
            here[dim] = [label for label in coords[dim] if label in labelled]
        used: set[str] = set()
        for variable in variables.PATHS:
            rows = [path for path in self._parts if path.variable == variable.name]
            if not rows:
                continue
            found = np.stack([values[str(path)] for path in rows])
            plan = tuple((path.item, path.region) for path in rows)
            grid = labels.spread(np.moveaxis(found, 2, 0), plan, variable.dims[2], here, axis=1)
            entries[variable.name] = (
                variable.dims,
                grid,
                {"units": variable.units, "long_name": variable.meaning},
            )
            used |= set(variable.dims)
        return xr.Dataset(entries, coords={name: values for name, values in here.items() if name in used})

    def __bool__(self) -> bool:
        """Whether anything is followed."""
        return bool(self._parts)

    def _labels(self) -> dict[str, set[str]]:
        """Labels that are followed, by dimension."""
        dims = {variable.name: variable.dims[2] for variable in variables.PATHS}
        found: dict[str, set[str]] = {variables.REGION: {path.region for path in self._parts}}
        for path in self._parts:
            found.setdefault(dims[path.variable], set()).add(path.item)
        return found


def _row(path: Path, collector: Collector) -> Part:
    """The one row of a variable as a part of its own."""
    label = (path.item, path.region)
    part = next(part for part in collector.plans[path.variable].parts if label in part.labels)
    row, members = part.labels.index(label), part.members
    begin, end = members.start[row : row + 2]
    alone = Members(
        np.array([0, end - begin], dtype=np.int32),
        members.member[begin:end],
        members.weight[begin:end],
        np.ascontiguousarray(members.factor[:, row : row + 1]),
        members.missing,
    )
    return replace(part, labels=(label,), members=alone)
