"""Paths of every run, month by month, of a few chosen variables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

import numpy as np

from sim import variables
from sim.chain.reference import Reference
from sim.core.state import Record
from sim.engine import labels
from sim.engine.baseline import carrying, monthly_flow
from sim.engine.chunk import Clock, Floats, Tasks, by_run
from sim.engine.collector import NOTHING, Collector, paths
from sim.errors import Fault, ScenarioError
from sim.scenario.base import nearest
from sim.shocks import Shocks
from sim.variables import ROUTE

if TYPE_CHECKING:
    import xarray as xr

DELIVERY = "delivery"
NAMES = tuple(item.name for item in variables.MONTHLY)
STEPS = {"price": 1e-3, "inventory": 1e-3, "shortage": 5e-3, "sector_shortage": 5e-3, "stopped": 5e-3, DELIVERY: 1e-2}
"""What paths are rounded to: shares to half a point, as distributions are counted."""
HIGHEST = {"price": 60.0, "inventory": 60.0, DELIVERY: 2.5}
"""Values above are kept as this."""
MOST_BYTES = 2**31
"""Most that `/monthly` may take in memory; a catalogue, written as it grows, has no such bound."""


def known(names: Iterable[str], *, where: str = "--monthly") -> tuple[str, ...]:
    """Names of variables in the order of their declaration.

    Raises
    ------
    ScenarioError: Some are unknown; all are listed.
    """
    wanted = tuple(names)
    faults = [
        Fault(where, name, "is no monthly variable", nearest(name, NAMES)) for name in wanted if name not in NAMES
    ]
    if faults:
        raise ScenarioError(faults)
    return tuple(name for name in NAMES if name in wanted)


def checked(names: Collection[str], *, runs: int, cells: int) -> tuple[str, ...]:
    """Names of variables to keep in the order of their declaration.

    Parameters
    ----------
    names: Variables asked for.
    runs: Runs to keep.
    cells: Values that a run has of one variable.

    Raises
    ------
    ScenarioError: A name is unknown, or the paths would not fit in memory.
    """
    kept = known(names)
    size = 4 * runs * cells * len(kept)
    if size > MOST_BYTES:
        problem = f"would take {size / 2**30:.1f} GiB for {runs:,} runs, more than {MOST_BYTES / 2**30:.0f}"
        cure = "keep fewer runs or variables, or write a catalogue (sim catalogue)"
        raise ScenarioError([Fault("--monthly", "", problem, cure)])
    return kept


class Monthly:
    """`/monthly`: the paths of chosen variables."""

    group = "monthly"
    by_month = True

    def __init__(self, names: Collection[str], reference: Reference, collector: Collector, clock: Clock) -> None:
        """Begin without runs; `names` as `checked` returned them."""
        self.names, self.reference, self.collector = tuple(names), reference, collector
        self._routes = carrying(reference)
        self._flow = np.maximum(monthly_flow(reference, clock), NOTHING)
        self._months: dict[str, list[Floats]] = {}

    @property
    def choice(self) -> list[str]:
        """Variables that are kept."""
        return list(self.names)

    def add(self, record: Record, pool: Executor, *, shift: int) -> Tasks:
        """Have the months of a record taken in, of which the first is `shift`; threads own variables."""
        if shift == 0:
            self._months = {name: [] for name in self.names}

        def take_in(name: str) -> None:
            """Take in the months of a variable."""
            if name == DELIVERY:
                values = self._deliveries(record, shift)
            else:
                runs = record.price.shape[0] * record.price.shape[-1]
                values = paths(self.collector.plans[name], record, runs, shift=shift)
            self._months[name].append(stepped(name, values))

        return [pool.submit(take_in, name) for name in self.names]

    def kept(self, record: Record, came: Shocks, runs: int) -> dict[str, Floats]:
        """Paths of the chunk, each of shape (month, row, run)."""
        return {name: np.moveaxis(np.concatenate(found, axis=1)[:runs], 0, -1) for name, found in self._months.items()}

    def _deliveries(self, record: Record, shift: int) -> Floats:
        flow = self._flow[shift : shift + record.route.shape[1]]
        runs = record.route.shape[0] * record.route.shape[-1]
        sent = by_run(record.route[:, : len(flow)], runs)[:, self._routes]
        return np.moveaxis(sent / flow[:, :, None], 2, 0).astype(np.float32)

    def dataset(self, values: Mapping[str, Floats], coords: dict[str, Any]) -> xr.Dataset:
        """The dataset of `/monthly`."""
        import xarray as xr

        entries: dict[str, Any] = {}
        used: set[str] = set()
        for variable in variables.MONTHLY:
            if variable.name not in self.names:
                continue
            rows = np.moveaxis(values[variable.name], -1, 0)
            if variable.name != DELIVERY:
                plan = self.collector.plans[variable.name].labels
                rows = labels.spread(rows, plan, variable.dims[2], coords, axis=2)
            attributes = {"units": variable.units, "long_name": variable.meaning}
            entries[variable.name] = (variable.dims, rows, attributes)
            used |= set(variable.dims)
        here = coords | {ROUTE: [coords[ROUTE][index] for index in self._routes]}
        return xr.Dataset(entries, coords={name: values for name, values in here.items() if name in used})


def stepped(name: str, values: Floats) -> Floats:
    """Values rounded to the step of a variable, and held below its highest.

    Example
    -------
    >>> stepped("shortage", np.array([0.0, 0.0119], dtype=np.float32)).round(4).tolist()
    [0.0, 0.009999999776482582]
    """
    # Whole steps times the step in double precision: what a reader of packed integers gets, to the bit.
    steps = np.rint(np.minimum(values, np.float32(HIGHEST.get(name, 1.0))) / np.float32(STEPS[name]))
    return (steps.astype(np.float64) * STEPS[name]).astype(np.float32)
