"""Make published tonnages balance with the least change, weighted by how well each is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from sim.chain.accounts import Accounts, Values
from sim.errors import Fault, ScenarioError
from sim.streams import uniform

LEAST_SHARE = 0.02
"""No entry falls below this share of its published value: what exists goes on existing."""
MOST_ROUNDS = 500
NOTABLE = 0.05
"""Relative change above which an entry is listed."""


@dataclass(frozen=True)
class Change:
    """An entry that reconciliation moved."""

    name: str
    confidence: str
    published: float
    reconciled: float

    @property
    def relative(self) -> float:
        """Relative change."""
        return self.reconciled / self.published - 1.0


def reconcile(accounts: Accounts, *, file: str) -> Values:
    """Balanced tonnages closest to the published ones.

    Minimises the sum over entries of (relative change / doubt)^2 subject to every market balancing and to a floor
    at `LEAST_SHARE`. The problem is convex with a unique solution; it is solved by a primal-dual active set, which ends
    at a point that meets the optimality conditions exactly.

    Parameters
    ----------
    accounts: Published tonnages and their balance matrix.
    file: What messages call the tables.

    Returns
    -------
    Tonnes a year, shape (entry,).

    Raises
    ------
    ScenarioError: No tonnages balance; the message names the markets at fault.
    """
    scaled = accounts.balance * accounts.values
    variance = accounts.doubt**2
    used = accounts.values > 0.0
    low = LEAST_SHARE - 1.0
    held = ~used
    seen: set[bytes] = set()
    for _ in range(MOST_ROUNDS):
        free = ~held
        fixed = np.where(held & used, low, 0.0)
        shortfall = -(scaled @ (1.0 + fixed))
        # Markets differ in size by millions; in their own units none is lost to rounding.
        unit = np.maximum(np.linalg.norm(scaled * accounts.doubt, axis=1), 1e-300)
        root = scaled[:, free] * accounts.doubt[free] / unit[:, None]
        price = np.linalg.lstsq(root @ root.T, shortfall / unit, rcond=1e-13)[0] / unit
        pull = scaled.T @ price
        change = np.where(free, variance * pull, fixed)
        _check_balance(accounts, scaled, change, file)
        wants_floor = np.where(held, pull * variance < low, change < low) & used
        after = wants_floor | ~used
        if np.array_equal(after, held):
            return accounts.values * (1.0 + change)
        if after.tobytes() in seen:
            # The set goes round in a circle: move one entry, the one furthest from where it should be.
            astray = np.abs(np.where(held, pull * variance, change) - low) * (after != held)
            after = held.copy()
            after[np.argmax(astray)] ^= True
        seen.add(after.tobytes())
        held = after
    raise ScenarioError(
        [Fault(file, "", "cannot be balanced without closing flows", "give larger flows or more doubt")]
    )


def _check_balance(accounts: Accounts, scaled: Values, change: Values, file: str) -> None:
    left = scaled @ (1.0 + change)
    scale = np.abs(scaled) @ (1.0 + np.abs(change)) + 1e-9
    off = np.flatnonzero(np.abs(left) > 1e-7 * scale)
    if off.size:
        faults = [
            Fault(
                file,
                f"{product} in {region}",
                f"cannot balance: {left[index]:+.4g} t/yr are left between its sources and outlets",
                "give it another source or outlet, or mark the product disposable",
            )
            for index, (product, region) in ((i, accounts.markets[i]) for i in off)
        ]
        raise ScenarioError(faults)


def drawn(accounts: Accounts, draw: int) -> Accounts:
    """Accounts with published values redrawn within their doubt: the data's uncertainty as one more random input.

    Parameters
    ----------
    accounts: Published tonnages.
    draw: Number of the draw; 0 keeps the published values.

    Returns
    -------
    Accounts whose values are lognormal about the published ones, with the relative standard deviation of their doubt.
    """
    if draw == 0:
        return accounts

    entries = len(accounts.values)
    normal = ndtri(uniform(0, "chain", "published values", first=draw, runs=1, draws=entries)[0])
    spread = np.sqrt(np.log1p(accounts.doubt**2))
    factor = np.exp(spread * normal - 0.5 * spread**2)
    return replace(accounts, values=accounts.values * factor)


def changes(accounts: Accounts, reconciled: Values) -> tuple[Change, ...]:
    """Entries moved by more than `NOTABLE`, disposals left out, largest relative change first."""
    known = len(accounts.values) - len(accounts.disposals)
    moved = [
        Change(accounts.names[i], accounts.confidence[i], accounts.values[i], reconciled[i])
        for i in range(known)
        if accounts.values[i] > 0.0 and abs(reconciled[i] / accounts.values[i] - 1.0) > NOTABLE
    ]
    return tuple(sorted(moved, key=lambda change: -abs(change.relative)))
