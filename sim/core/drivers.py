"""What governments do, as drivers: rows that say what each acts on, and one array of rates over time.

The core knows no instrument by name, only the row of the accounts that an amount is booked to.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.core.addresses import by_address

Floats = NDArray[np.floating]
Ints = NDArray[np.int32]
Records = Any

PAID, RECEIVED, PRIVATE, OWED = range(4)
"""Sides of the accounts: public money paid, public receipts, private money drawn in, and private debt that the public
guarantees at the end of the year; thousand USD."""
SIDES = 4


class Levies(NamedTuple):
    """Duties on imports; a rate below 0 is an ordinary duty forgone."""

    crossing: Ints  # row among restricted routes
    row: Ints  # of its rates: duty over the price at the origin
    account: Ints
    below: Floats  # log of the price multiple at home up to which it is laid; `NEVER` always


class Credits(NamedTuple):
    """Money for every tonne of a process's activity."""

    row: Ints  # of its rates: credit over the value of the output at reference prices
    account: Ints
    value: Floats  # that value, thousand USD for a tonne of activity
    above: Floats  # paid while some watched market's price multiple is above this; 0 always
    watch_begin: Ints  # watched markets, among `watched`
    watch_end: Ints


class Guarantees(NamedTuple):
    """Prices made up to a floor for what a process makes of one product, and shared above a ceiling."""

    row: Ints  # of its rates: covered share of the output
    account: Ints
    output: Ints
    floor: Floats  # price multiples
    ceiling: Floats
    upside: Floats  # share of the price above the ceiling that is paid back
    premium: Floats  # what the makers pay for it in any case, over the reference price


class Grants(NamedTuple):
    """Public money for new capacity of a process as it is ordered."""

    row: Ints  # of its rates: share of the support that is given
    account: Ints
    process: Ints
    public: Floats  # cost to the public, thousand USD for a t/month
    private: Floats  # private money that goes with it


class Debts(NamedTuple):
    """Loans for new capacity of a process that the public guarantees."""

    row: Ints  # of its rates: share of the guarantee that is given
    account: Ints
    process: Ints
    lent: Floats  # guaranteed when capacity is ordered, thousand USD for a t/month
    fee: Floats  # share of it that the borrower pays then
    repaid: Floats  # share of the debt that is paid back in a step
    lost: Floats  # share of what is called that is not recovered


class Aids(NamedTuple):
    """Money for what a use buys of a product; it lowers the price that users feel."""

    row: Ints  # of its rates: money over the reference price
    account: Ints
    price: Floats  # that price, USD/kg


class Firms(NamedTuple):
    """Firm purchases on routes, one row a route."""

    route: Ints
    row: Ints  # of their rates: t/month


@by_address
class Drivers(NamedTuple):
    """All of them; no rows where a scenario has no policy."""

    levies: Records
    credits: Records
    guarantees: Records
    grants: Records
    firms: Records
    debts: Records
    aids: Records
    rate: Floats  # (row, period)
    research: Floats  # factor on the slow elasticity of uses, shape (use, period); no rows where it is 1
    rated: Ints  # 1 where a use is rated as first class, shape (use, period); no rows where none is
    watched: Ints  # markets whose prices credits answer
    places: Ints  # row of each process in the revenue of a year; no rows where revenue is not followed
    senders: Ints  # row in a year's losses of the region that each restricted route leaves; no rows where not followed
    credit_starts: Ints  # credits of process p are `credit_starts[p]:credit_starts[p + 1]`
    guarantee_starts: Ints
    aid_starts: Ints  # aids of use u likewise
    year: Ints  # budget year of each period, from 0
    years: np.int32  # 0 where nothing is kept by year
    accounts: np.int32  # instruments that are accounted for


def no_drivers(processes: int, uses: int, periods: int, precision: type[np.floating[Any]]) -> Drivers:
    """Drivers that do nothing.

    Parameters
    ----------
    processes: Processes of the chain.
    uses: Uses of the chain.
    periods: Periods of the horizon.
    precision: The working precision.
    """
    # `records` stands in `state`, which holds the chain and so stands on this module.
    from sim.core.state import records

    def rows(kind: Any) -> Records:
        """Records without rows."""
        return records(kind(*([np.zeros(0)] * len(kind._fields)))._replace(**_whole(kind)), precision)

    starts = np.zeros(processes + 1, dtype=np.int32)
    return Drivers(
        levies=rows(Levies),
        credits=rows(Credits),
        guarantees=rows(Guarantees),
        grants=rows(Grants),
        firms=rows(Firms),
        debts=rows(Debts),
        aids=rows(Aids),
        rate=np.zeros((0, periods), dtype=precision),
        research=np.zeros((0, periods), dtype=precision),
        rated=np.zeros((0, periods), dtype=np.int32),
        watched=np.zeros(0, dtype=np.int32),
        places=np.zeros(0, dtype=np.int32),
        senders=np.zeros(0, dtype=np.int32),
        credit_starts=starts,
        guarantee_starts=starts,
        aid_starts=np.zeros(uses + 1, dtype=np.int32),
        year=np.zeros(periods, dtype=np.int32),
        years=np.int32(0),
        accounts=np.int32(0),
    )


def _whole(kind: Any) -> dict[str, Ints]:
    """Empty columns of the fields that hold whole numbers."""
    whole = ("crossing", "row", "account", "output", "process", "route", "watch_begin", "watch_end")
    return {name: np.zeros(0, dtype=np.int32) for name in kind._fields if name in whole}
