"""What stockpiles buy, hold and release in each run, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.chain.reference import Reference
from sim.chain.stockpiles import Held, held
from sim.core import fields
from sim.core.state import Record
from sim.engine import labels
from sim.engine.chunk import Clock, Tasks, by_run, share
from sim.policies import budget_years
from sim.variables import STOCKPILE, YEAR

if TYPE_CHECKING:
    import xarray as xr

Floats = NDArray[np.float32]
Values = NDArray[np.float64]
FLOWS = ("bought", "relieved", "covered", "sold", "lost", "lent", "came", "paid", "received")
"""Flows in the order the core records them, after the level; paid and received in thousand USD, others in t."""


class Followed:
    """What is added up of the stockpiles of a chunk over its months; shape (year, stockpile, run and padding)."""

    def __init__(self, reference: Reference, clock: Clock, record: Record) -> None:
        """Begin a chunk."""
        self.rows, self.clock = held(reference), clock
        self.value = np.array([reference.products[row.product].price_usd_per_kg for row in self.rows])[:, None]
        of_period, named = budget_years(reference.scenario.time)
        self.year = of_period[np.searchsorted(clock.months, np.arange(clock.count))]
        runs, years = record.reserve.shape[0] * record.reserve.shape[3], len(named)
        self.flows: dict[str, Values] = {name: np.zeros((years, len(self.rows), runs)) for name in FLOWS}
        self.tonne_years = np.zeros((years, len(self.rows), runs))
        self.lowest = np.full((len(self.rows), runs), np.inf)
        self.closing = np.zeros((len(self.rows), runs))
        self.price = np.ones((len(self.rows), runs))

    def add(self, record: Record, pool: Executor, *, shift: int = 0) -> Tasks:
        """Have the months of a record added, of which the first is `shift`; threads own years, and one what is left."""
        count = len(self.rows)
        if not count:
            return []
        months = min(record.reserve.shape[1], self.clock.count - shift)
        years = self.year[shift : shift + months]

        def add_years(begin: int, end: int) -> None:
            """Add the months of some years, one after the other."""
            for month in np.flatnonzero((years >= begin) & (years < end)).tolist():
                part = by_run(record.reserve[:, month], self.lowest.shape[1]).astype(float)
                part = part.reshape(fields.RESERVE_RECORD, count, -1)
                self.tonne_years[years[month]] += part[0] / 12.0
                for name, values in zip(FLOWS, part[1:], strict=True):
                    self.flows[name][years[month]] += values

        def follow_levels() -> None:
            """Note how low they came, and what is left at what price."""
            level = by_run(record.reserve[:, :months, :count], self.lowest.shape[1])
            self.lowest = np.minimum(self.lowest, level.min(axis=0))
            self.closing[...] = level[-1]
            if record.price.shape[2]:
                last = by_run(record.price[:, months - 1], self.lowest.shape[1])
                self.price[...] = last[[row.market for row in self.rows]]

        return [*share(pool, int(years[-1]) + 1, add_years), pool.submit(follow_levels)]

    def found(self, runs: int) -> dict[str, Floats]:
        """What `/stockpiles` holds of the chunk, each of shape (year, stockpile, run) or (stockpile, run)."""
        rate = np.array([row.rule.holding_cost for row in self.rows])[:, None]
        tonnes, value = self.flows, self.value
        by_year = {
            "stockpile_bought": tonnes["bought"],
            "stockpile_released": tonnes["relieved"] + tonnes["covered"],
            "stockpile_sold": tonnes["sold"],
            "stockpile_lost": tonnes["lost"],
            "stockpile_lent": tonnes["lent"],
            "stockpile_came": tonnes["came"],
            # t times USD/kg is thousand USD.
            "stockpile_purchases": tonnes["paid"] / 1e3,
            "stockpile_receipts": tonnes["received"] / 1e3,
            "stockpile_holding": self.tonne_years * rate * value / 1e3,
        }
        at_end = {
            "stockpile_closing": self.closing,
            "stockpile_lowest": self.lowest,
            "stockpile_closing_value": self.closing * value * self.price / 1e3,
        }
        return {name: rows[..., :runs].astype(np.float32) for name, rows in (by_year | at_end).items()}


def book(stocks: Followed, policies: list[str], money: dict[str, Floats], worth: Values) -> None:
    """Enter what the stockpiles of a chunk cost and bring in the accounts of their instruments.

    The stock at the start counts as bought then, at reference prices, in the first year; the stock at the end is no
    receipt, but its value at the quoted price of the last month lowers the net cost.

    Parameters
    ----------
    policies: Instruments in the order of the accounts.
    money: Accounts by name, with runs last: by instrument and year, net cost by instrument; added to.
    worth: What a dollar of each year is worth at the start, the last entry at the end of the horizon.
    """
    runs = money["net_public_cost"].shape[-1]
    found = stocks.found(runs)
    for index, row in enumerate(stocks.rows):
        account = policies.index(row.policy)
        cost = (found["stockpile_purchases"] + found["stockpile_holding"])[:, index]
        cost[0] += row.size * row.rule.initial * stocks.value[index] / 1e3
        receipts = found["stockpile_receipts"][:, index]
        money["public_cost"][account] += cost
        money["public_receipts"][account] += receipts
        left = found["stockpile_closing_value"][index] * worth[-1]
        money["net_public_cost"][account] += worth[:-1] @ (cost - receipts) - left


def names(rows: tuple[Held, ...]) -> list[str]:
    """Label of what each stockpile holds."""
    return [f"{row.policy} {row.product} {row.region}" for row in rows]


def dataset(reference: Reference, found: Mapping[str, Floats], coords: dict[str, object]) -> xr.Dataset:
    """The dataset of `/stockpiles`."""
    rows = held(reference)
    placed = coords | {STOCKPILE: names(rows), YEAR: budget_years(reference.scenario.time)[1]}
    turned = {name: np.moveaxis(values, -1, 0) for name, values in found.items()}
    data = labels.stockpiles(turned, placed)
    terms = {
        "policy": [row.policy for row in rows],
        "product_held": [row.product for row in rows],
        "region_held": [row.region for row in rows],
        "size": np.array([row.size for row in rows]),
        "reference_price": np.array([reference.products[row.product].price_usd_per_kg for row in rows]),
    }
    return data.assign_coords({name: (STOCKPILE, values) for name, values in terms.items()})
