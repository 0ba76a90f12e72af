"""The chain as accounts: every market's sources and outlets as one vector of tonnes and one balance matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.scenario.tables import ChainTables

Values = NDArray[np.float64]
Market = tuple[str, str]
DISPOSAL_DOUBT = 1.0
"""Standard deviation given to disposal, over the supply of its market: nothing is published about it, and any less
would force surplus by-products into uses and recycling."""


@dataclass(frozen=True)
class Accounts:
    """Tonnes a year of all activities, flows, uses and disposals, in that order, as published or assumed."""

    markets: tuple[Market, ...]
    """Product and region of each market."""
    names: tuple[str, ...]
    """What each entry is, for people."""
    confidence: tuple[str, ...]
    """Class of confidence of each entry."""
    values: Values
    """Tonnes a year, shape (entry,)."""
    doubt: Values
    """Relative standard deviation of each entry."""
    balance: Values
    """Inflow (> 0) or outflow (< 0) of a market for a tonne of an entry, shape (market, entry)."""
    processes: int
    routes: int
    uses: int
    disposals: tuple[int, ...]
    """Market of each disposal."""

    def split(self, values: Values) -> tuple[Values, Values, Values, Values]:
        """Return activities, flows, uses and disposals of a vector of entries."""
        ends = np.cumsum([self.processes, self.routes, self.uses])
        activity, flow, use, disposal = np.split(values, ends)
        return activity, flow, use, disposal


def collect(tables: ChainTables) -> Accounts:
    """Lay the tables of a chain out as accounts.

    Parameters
    ----------
    tables: Sound tables.

    Returns
    -------
    Accounts as published: they need not balance.
    """
    products = {row.product: row for row in tables.products}
    touched: set[Market] = set()
    for process in tables.processes:
        touched |= {(product, process.region) for product in tables.recipe(process.recipe)}
    for route in tables.routes:
        touched |= {(route.product, route.origin), (route.product, route.destination)}
    touched |= {(use.product, use.region) for use in tables.uses}
    markets = tuple(
        (p.product, r.region) for p in tables.products for r in tables.regions if (p.product, r.region) in touched
    )
    at = {market: index for index, market in enumerate(markets)}
    columns: list[Values] = []
    for process in tables.processes:
        column = np.zeros(len(markets))
        for product, coefficient in tables.recipe(process.recipe).items():
            column[at[product, process.region]] += coefficient
        columns.append(column)
    for route in tables.routes:
        column = np.zeros(len(markets))
        column[at[route.product, route.origin]] -= 1.0
        column[at[route.product, route.destination]] += 1.0
        columns.append(column)
    columns += [_outlet(at[use.product, use.region], len(markets)) for use in tables.uses]
    values = [row.activity_t_per_year for row in tables.processes]
    values += [row.flow_t_per_year for row in tables.routes]
    values += [row.demand_t_per_year for row in tables.uses]
    disposals = tuple(index for index, (product, _) in enumerate(markets) if products[product].disposable)
    supply = np.array(columns).T.clip(min=0.0) @ np.array(values)
    surplus = np.array(columns).T @ np.array(values)
    columns += [_outlet(index, len(markets)) for index in disposals]
    thrown = [max(surplus[index], 0.05 * supply[index], 1e-3) for index in disposals]
    disposal_doubt = [
        DISPOSAL_DOUBT * max(supply[index], tonnes) / tonnes for index, tonnes in zip(disposals, thrown, strict=True)
    ]
    values += thrown
    rows = (*tables.processes, *tables.routes, *tables.uses)
    return Accounts(
        markets=markets,
        names=(
            *(f"activity of {row.process} in {row.region}" for row in tables.processes),
            *(f"{row.product} {row.origin} to {row.destination}" for row in tables.routes),
            *(f"{row.product} used by {row.sector} in {row.region}" for row in tables.uses),
            *(f"disposal of {markets[index][0]} in {markets[index][1]}" for index in disposals),
        ),
        confidence=(*(row.confidence for row in rows), *("not published" for _ in disposals)),
        values=np.array(values),
        doubt=np.array([*(tables.meta.confidence[row.confidence] for row in rows), *disposal_doubt]),
        balance=np.array(columns).T,
        processes=len(tables.processes),
        routes=len(tables.routes),
        uses=len(tables.uses),
        disposals=disposals,
    )


def _outlet(market: int, markets: int) -> Values:
    column = np.zeros(markets)
    column[market] = -1.0
    return column
