"""What is kept of each run: gathered while a chunk is simulated, and labelled as one group of the results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sim.chain.reference import Reference
from sim.chain.stockpiles import held
from sim.core.state import Record
from sim.engine import accounts, expansion, labels, stockpiles, years
from sim.engine.chunk import Clock, Tasks
from sim.engine.collector import Collector
from sim.engine.monthly import Monthly
from sim.engine.outcomes import MONTH_BY_MONTH, Followed, outcomes, row_labels
from sim.engine.paths import Paths
from sim.shocks import Shocks
from sim.variables import Path

if TYPE_CHECKING:
    import xarray as xr

Values = dict[str, NDArray[np.float32]]


class Keeper(Protocol):
    """Gathers one group of the results, chunk after chunk."""

    @property
    def group(self) -> str:
        """Name of the group."""

    @property
    def choice(self) -> list[str]:
        """What was chosen to be kept; ensembles of other choices do not go on with each other."""

    @property
    def by_month(self) -> bool:
        """Whether it needs the months of a record, and not only its sums over the horizon and its stockpiles."""

    def add(self, record: Record, pool: Executor, *, shift: int) -> Tasks:
        """Have threads take in the months of a record, of which the first is `shift`; a chunk begins with month 0.

        The record stays as it is until they are done, and what is kept is asked for afterwards.
        """

    def kept(self, record: Record, came: Shocks, runs: int) -> Values:
        """What is kept of the first runs of a chunk whose record is complete; arrays with runs last."""

    def dataset(self, values: Mapping[str, NDArray[np.float32]], coords: dict[str, Any]) -> xr.Dataset:
        """The group, of what was kept of all runs."""


class Outcomes:
    """`/runs`: one value a run."""

    group = "runs"

    def __init__(self, reference: Reference, collector: Collector, chosen: tuple[str, ...] | None = None) -> None:
        """Begin without runs; all variables are kept, or those that are chosen."""
        self._reference, self._collector = reference, collector
        self._chosen = chosen
        self._followed: Followed | None = None

    @property
    def choice(self) -> list[str]:
        """Variables that are kept; nothing is said where all are."""
        return [] if self._chosen is None else ["only", *self._chosen]

    @property
    def by_month(self) -> bool:
        """Whether some variable that is kept is added up month by month."""
        return self._chosen is None or any(name in MONTH_BY_MONTH for name in self._chosen)

    def add(self, record: Record, pool: Executor, *, shift: int) -> Tasks:
        """Follow what sectors lack, month by month."""
        if not self.by_month:
            return []
        if shift == 0 or self._followed is None:
            self._followed = Followed(self._collector, record)
        return self._followed.add(record, pool, shift=shift)

    def kept(self, record: Record, came: Shocks, runs: int) -> Values:
        """Outcomes, each of shape (row, run)."""
        if self._chosen == ():
            return {}
        found = outcomes(self._reference, self._collector, self._followed, record, came, runs)
        return {name: rows for name, rows in found.items() if self._chosen is None or name in self._chosen}

    def dataset(self, values: Mapping[str, NDArray[np.float32]], coords: dict[str, Any]) -> xr.Dataset:
        """The dataset of `/runs`."""
        return labels.runs(values, row_labels(self._collector), coords)


class Years:
    """`/years`: what is lost in each calendar year."""

    group = "years"
    by_month = False

    def __init__(self, reference: Reference, collector: Collector, chosen: tuple[str, ...] | None = None) -> None:
        """Begin without runs; all variables are kept, or those that are chosen."""
        self._reference, self._sectors, self._chosen = reference, collector.layout.sectors, chosen

    @property
    def choice(self) -> list[str]:
        """Variables that are kept; nothing is said where all are."""
        return [] if self._chosen is None else ["only", *self._chosen]

    def add(self, record: Record, pool: Executor, *, shift: int) -> Tasks:
        """Nothing is needed of the months."""
        return []

    def kept(self, record: Record, came: Shocks, runs: int) -> Values:
        """Losses, each of shape (row, year, run)."""
        found = years.losses(self._reference, record, self._sectors, runs)
        return {name: rows for name, rows in found.items() if self._chosen is None or name in self._chosen}

    def dataset(self, values: Mapping[str, NDArray[np.float32]], coords: dict[str, Any]) -> xr.Dataset:
        """The dataset of `/years`."""
        return years.dataset(self._reference, values, self._sectors, coords)


class Capacity:
    """`/capacity`: where capacity ends, where it is not fixed."""

    group = "capacity"
    by_month = False
    choice: list[str] = []  # noqa: RUF012 (never changed)

    def __init__(self, reference: Reference, collector: Collector) -> None:
        """Begin without runs."""
        self._reference, self._dt = reference, collector.dt

    def add(self, record: Record, pool: Executor, *, shift: int) -> Tasks:
        """Nothing is needed of the months."""
        return []

    def kept(self, record: Record, came: Shocks, runs: int) -> Values:
        """Capacities, each of shape (row, run)."""
        return expansion.capacities(self._reference, record, self._dt, runs)

    def dataset(self, values: Mapping[str, NDArray[np.float32]], coords: dict[str, Any]) -> xr.Dataset:
        """The dataset of `/capacity`."""
        return expansion.dataset(self._reference, values, coords)


class Accounts:
    """`/policies`: what policies cost and bring, where there are any."""

    group = "policies"
    by_month = False
    choice: list[str] = []  # noqa: RUF012 (never changed)

    def __init__(self, reference: Reference, collector: Collector, clock: Clock) -> None:
        """Begin without runs."""
        self._reference, self._dt, self._clock = reference, collector.dt, clock
        self._stocks: stockpiles.Followed | None = None

    @property
    def stocks(self) -> stockpiles.Followed:
        """What is added up of stockpiles, of the chunk that is simulated."""
        if self._stocks is None:
            raise ValueError("no month was taken in")
        return self._stocks

    def add(self, record: Record, pool: Executor, *, shift: int) -> Tasks:
        """Add up what stockpiles buy and sell by budget year."""
        if shift == 0:
            self._stocks = stockpiles.Followed(self._reference, self._clock, record)
        return self.stocks.add(record, pool, shift=shift)

    def kept(self, record: Record, came: Shocks, runs: int) -> Values:
        """Money by instrument and year, runs last."""
        return accounts.accounts(self._reference, record, self.stocks, self._dt, runs)

    def dataset(self, values: Mapping[str, NDArray[np.float32]], coords: dict[str, Any]) -> xr.Dataset:
        """The dataset of `/policies`."""
        return accounts.dataset(self._reference, values, coords)


class Stockpiles:
    """`/stockpiles`: what they buy, hold and release, where there are any."""

    group = "stockpiles"
    by_month = True
    """What is left in the end is valued at the last month's price."""
    choice: list[str] = []  # noqa: RUF012 (never changed)

    def __init__(self, reference: Reference, money: Accounts) -> None:
        """Begin without runs; `money` adds up their flows."""
        self._reference, self._money = reference, money

    def add(self, record: Record, pool: Executor, *, shift: int) -> Tasks:
        """Nothing: accounts need the flows too, and add them up."""
        return []

    def kept(self, record: Record, came: Shocks, runs: int) -> Values:
        """Flows, levels and money, runs last."""
        return self._money.stocks.found(runs)

    def dataset(self, values: Mapping[str, NDArray[np.float32]], coords: dict[str, Any]) -> xr.Dataset:
        """The dataset of `/stockpiles`."""
        return stockpiles.dataset(self._reference, values, coords)


def keepers(
    reference: Reference,
    collector: Collector,
    clock: Clock,
    *,
    follow: Iterable[Path | str] = (),
    monthly: Collection[str] = (),
    per_run: tuple[str, ...] | None = None,
) -> list[Keeper]:
    """All that is kept of each run of a scenario.

    Parameters
    ----------
    follow: Rows whose monthly paths are kept.
    monthly: Variables whose monthly paths are kept of all rows, as `monthly.checked` returned them.
    per_run: Variables of `/runs` and `/years` that are kept, as `outcomes.known` returned them; all by default.

    Raises
    ------
    ScenarioError: A row to follow does not exist.
    """
    by_year = None if per_run is None else tuple(name for name in per_run if name in years.NAMES)
    whole = None if per_run is None else tuple(name for name in per_run if name not in years.NAMES)
    found: list[Keeper] = [Outcomes(reference, collector, whole)]
    if by_year != ():
        found.append(Years(reference, collector, by_year))
    if reference.scenario.capacity.followed:
        found.append(Capacity(reference, collector))
    if reference.scenario.policies:
        money = Accounts(reference, collector, clock)
        found.append(money)
        if held(reference):
            found.append(Stockpiles(reference, money))
    paths = Paths(follow, collector)
    if paths:
        found.append(paths)
    if monthly:
        found.append(Monthly(monthly, reference, collector, clock))
    return found
