"""One value a run: peaks, months, tonnes and money from the record of a chunk."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Executor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import variables
from sim.chain.reference import Reference
from sim.core import collect
from sim.core.state import Record
from sim.engine.chunk import Tasks, by_run, share
from sim.engine.collector import NOTHING, Collector
from sim.engine.groups import Label
from sim.errors import Fault, ScenarioError
from sim.scenario.base import nearest
from sim.shocks import Shocks

Values = NDArray[np.float64]
WEEKS_A_MONTH = 52.0 / 12.0


NAMES = tuple(item.name for item in (*variables.RUNS, *variables.YEARS))


def known(names: Iterable[str]) -> tuple[str, ...]:
    """Names of variables of `/runs` and `/years` in the order of their declaration.

    Raises
    ------
    ScenarioError: Some are unknown; all are listed.

    Example
    -------
    >>> known(["lost_output", "peak_price"])
    ('peak_price', 'lost_output')
    """
    wanted = tuple(names)
    faults = [
        Fault("--per-run", name, "is no variable of /runs or /years", nearest(name, NAMES))
        for name in wanted
        if name not in NAMES
    ]
    if faults:
        raise ScenarioError(faults)
    return tuple(name for name in NAMES if name in wanted)


COUNTED = {
    "peak_price": ("price", "peak"),
    "months_dear": ("price", "above"),
    "worst_shortage": ("shortage", "peak"),
    "worst_sector_shortage": ("sector_shortage", "peak"),
    "worst_stopped": ("stopped", "peak"),
    "peak_stage_price": ("stage_price", "peak"),
    "worst_stage_shortage": ("stage_shortage", "peak"),
    "shortage_months": ("sector_shortage", "above"),
}
"""Variables of `/runs` that are found while a monthly variable is counted over runs: which one, and what of it."""


def counted(names: Iterable[str]) -> set[str]:
    """Monthly variables that must be counted for some variables of `/runs`.

    Example
    -------
    >>> sorted(counted(["peak_price", "months_dear", "lost_output"]))
    ['price']
    """
    return {COUNTED[name][0] for name in names if name in COUNTED}


MONTH_BY_MONTH = ("weeks_stopped", "shortage_tonnes", "time_to_survive", "time_to_recover")
"""Variables of `/runs` that are added up month by month (`Followed`)."""


class Followed:
    """What is added up over the months of each run of a chunk, shape (row, block, lane); rows: sectors in regions."""

    def __init__(self, collector: Collector, record: Record) -> None:
        """Begin a chunk."""
        blocks, _, rows, lanes = record.sector.shape
        self._need = np.ascontiguousarray(collector.sector_need.T.astype(np.float32))
        self._share = np.where(self._need > NOTHING, 1.0 / np.maximum(self._need, NOTHING), 0.0).astype(np.float32)
        self.lacking, self.stopped = (np.zeros((rows, blocks, lanes), dtype=np.float32) for _ in range(2))
        self.opening, self.closing = (np.full((rows, blocks, lanes), -1.0, dtype=np.float32) for _ in range(2))

    def add(self, record: Record, pool: Executor, *, shift: int = 0) -> Tasks:
        """Have the months of a record added, of which the first is `shift`."""
        threshold, months = np.float32(variables.SHORT), min(record.sector.shape[1], len(self._need) - shift)
        found = (self.lacking, self.stopped, self.opening, self.closing)

        def follow(begin: int, end: int) -> None:
            """Add what some rows lack."""
            recorded = record.sector, self._need, threshold, record.stopped, self._share
            collect.follow(*recorded, begin, end, shift, months, *found)

        return share(pool, self.lacking.shape[0], follow)


def outcomes(
    reference: Reference, collector: Collector, followed: Followed | None, record: Record, shocks: Shocks, runs: int
) -> dict[str, NDArray[np.float32]]:
    """Per-run results of the chunk just counted, each of shape (row, run); rows as `row_labels` says.

    Those that need a variable that is not counted, or months that were not followed, are left out.

    Parameters
    ----------
    followed: What was added up month by month, if it was.
    record: Record whose sums over the horizon are complete.
    runs: Runs that count.
    """
    sectors = len(collector.layout.sectors)
    of_sector = collector_rows(reference)
    destroyed, rationed, substituted = (
        _add_rows(by_run(part, runs), of_sector, sectors)
        for part in (record.destroyed, record.rationed, record.substituted)
    )
    output, added = _unit_values(reference, collector.layout.sectors)
    lost = destroyed + rationed
    followed_months = {
        name: _flat(getattr(collector.found[source], field), runs)
        for name, (source, field) in COUNTED.items()
        if source in collector.found
    }
    if "shortage_months" in followed_months:
        # The rows behind those of sectors in regions are of the world.
        followed_months["shortage_months"] = followed_months["shortage_months"][:sectors]
    found = {
        **followed_months,
        **({} if followed is None else _month_by_month(followed, shocks, collector.months, runs)),
        "rationed_tonnes": rationed,
        "destroyed_tonnes": destroyed,
        "substituted_tonnes": substituted,
        **_by_product(reference, collector, record, runs),
        # t times USD/kg is thousand USD.
        "lost_output": lost * output[:, None] / 1e3,
        "lost_value_added": lost * added[:, None] / 1e3,
        "licence_rent": by_run(record.rent, runs) / 1e3,
        "sender_loss": by_run(record.sender_loss, runs) / 1e3,
    }
    return {name: np.array(rows, dtype=np.float32) for name, rows in found.items()}


def _month_by_month(followed: Followed, shocks: Shocks, months: int, runs: int) -> dict[str, NDArray[Any]]:
    """What is added up month by month, by sector and region."""
    return {
        "weeks_stopped": _flat(followed.stopped, runs) * WEEKS_A_MONTH,
        "shortage_tonnes": _flat(followed.lacking, runs),
        **times(_flat(followed.opening, runs), _flat(followed.closing, runs), shocks.onset[:, :, :runs], months),
    }


def _by_product(reference: Reference, collector: Collector, record: Record, runs: int) -> dict[str, Values]:
    """Parts of shortage by market, of those with makers or users: what users go without, and makers save or miss."""
    row = {int(market): place for place, market in enumerate(collector.layout.takers)}
    used = np.array([row[reference.at[use.product, use.region]] for use in reference.uses])
    fed = np.array([row[reference.at[p, process.region]] for process in reference.processes for p in process.inputs])
    parts = {
        "product_rationed": (record.rationed, used),
        "product_destroyed": (record.destroyed, used),
        "product_substituted": (record.substituted, used),
        "product_saved": (record.saved, fed),
        "product_held_up": (record.held_up, fed),
    }
    return {name: _add_rows(by_run(part, runs), rows, len(row)) for name, (part, rows) in parts.items()}


def _flat(values: NDArray[np.float32], runs: int) -> NDArray[np.float32]:
    return values.reshape(values.shape[0], -1)[:, :runs]


def collector_rows(reference: Reference) -> NDArray[np.int64]:
    """Row of sector and region of each use."""
    rows = {label: index for index, label in enumerate(dict.fromkeys((u.sector, u.region) for u in reference.uses))}
    return np.array([rows[use.sector, use.region] for use in reference.uses])


def _add_rows(values: NDArray[np.float32], row: NDArray[np.int64], rows: int) -> Values:
    total = np.zeros((rows, values.shape[1]))
    for place, added in zip(row, values, strict=True):
        total[place] += added
    return total


def _unit_values(reference: Reference, labels: tuple[Label, ...]) -> tuple[Values, Values]:
    rows = [reference.sectors[sector] for sector, _ in labels]
    return (
        np.array([row.output_value_usd_per_kg for row in rows]),
        np.array([row.value_added_usd_per_kg for row in rows]),
    )


def times(opening: NDArray[np.float32], closing: NDArray[np.float32], onset: Values, months: int) -> dict[str, Values]:
    """Months from the first onset to the first short month, and from that to the last.

    Parameters
    ----------
    opening, closing: First and last short month, -1 where there is none, shape (row, run).
    onset: Months from the start, shape (restriction, slot, run).
    months: Length of the horizon.
    """
    strikes = onset.min(axis=(0, 1), initial=np.inf)
    first = np.where(opening >= 0, opening, np.nan)
    survive = np.where(strikes < months, first - np.minimum(strikes, months), np.nan)
    return {
        "time_to_survive": np.maximum(survive, 0.0),
        "time_to_recover": np.where(opening >= 0, closing - first, np.nan),
    }


def row_labels(collector: Collector) -> dict[str, tuple[Label, ...]]:
    """Labels of the rows of each per-run variable; those by restriction have none."""
    by_sector = (
        "shortage_months",
        "weeks_stopped",
        "shortage_tonnes",
        "rationed_tonnes",
        "destroyed_tonnes",
        "substituted_tonnes",
        "lost_output",
        "lost_value_added",
    )
    by_product = tuple(f"product_{part}" for part in ("rationed", "destroyed", "substituted", "saved", "held_up"))
    takers = tuple(collector.layout.markets[market] for market in collector.layout.takers)
    return {
        **dict.fromkeys(("peak_price", "months_dear"), collector.plans["price"].labels),
        **dict.fromkeys(by_product, takers),
        "worst_shortage": collector.plans["shortage"].labels,
        "worst_sector_shortage": collector.plans["sector_shortage"].labels,
        "worst_stopped": collector.plans["stopped"].labels,
        "peak_stage_price": collector.plans["stage_price"].labels,
        "worst_stage_shortage": collector.plans["stage_shortage"].labels,
        **dict.fromkeys((*by_sector, "time_to_survive", "time_to_recover"), collector.layout.sectors),
    }
