"""Origin of material in the reference state: what is tagged, and who is bound to free material from when."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sim.chain.accounts import Values
from sim.chain.reference import Reference
from sim.core.state import Ints, Origins

SETTLED = 1e-14
"""Change of a tagged share from which on the shares count as settled."""
ROUGHLY_SETTLED = 1e-9
"""The same for shares that nothing is simulated with."""
MOST_ROUNDS = 10_000


def listed_outputs(reference: Reference) -> Ints:
    """1 for each output of each process that is tagged whatever it is made of, else 0."""
    origin = reference.scenario.origin
    return np.array(
        [
            origin is not None and origin.lists(row.region, reference.products[product].stage)
            for row in reference.processes
            for product in row.outputs
        ],
        dtype=np.int32,
    )


def bindable(reference: Reference) -> Ints:
    """1 for each use that a sourcing rule or a denial may bind, else 0."""
    denied = {u for hit in reference.targets.values() for u in hit.uses}
    sourced, _ = np.nonzero(sourcing(reference))
    bound = denied.union(sourced.tolist())
    return np.array([u in bound for u in range(len(reference.uses))], dtype=np.int32)


def sourcing(reference: Reference) -> Values:
    """Share of each use's users that sourcing rules bind: the part of a period after their date; (use, period)."""
    time = reference.scenario.time
    free: Values = np.ones((len(reference.uses), time.periods))
    for rule in reference.scenario.provenance.values():
        begins = time.months_to(rule.start) / 12.0 * time.periods_per_year
        bound = np.clip(np.arange(time.periods) + 1.0 - begins, 0.0, 1.0)
        for u, row in enumerate(reference.uses):
            if rule.binds(row.sector, row.product, row.region):
                free[u] *= 1.0 - bound
    return 1.0 - free


def origins(reference: Reference) -> Origins:
    """Tagged shares at the reference, and the users that sourcing rules bind.

    Tagged shares are those that the reference flows reproduce when nobody is bound: they are carried along the chain
    until they settle, from a chain in which all is tagged: free material stems from free sources only.

    Returns
    -------
    Arrays without entries where the scenario names no origin.

    Raises
    ------
    RuntimeError: The shares do not settle: a loop of the chain has no source.
    """
    if reference.scenario.origin is None:
        return Origins(np.zeros(0), np.zeros((0, 0)))
    return Origins(tagged_shares(reference, listed_outputs(reference) > 0), sourcing(reference))


def tagged_shares(reference: Reference, listed: NDArray[np.bool_]) -> Values:
    """Tagged share of the supply of each market, if listed outputs of processes are tagged whatever they are made of.

    Parameters
    ----------
    listed: One entry for each output of each process, in the order of the processes.

    Returns
    -------
    Shape (market,).

    Raises
    ------
    RuntimeError: The shares do not settle: a loop of the chain has no source.
    """
    carried, share = _Carried(reference, listed), np.ones(len(reference.markets))
    for _ in range(MOST_ROUNDS):
        before, share = share, carried.share(share)
        if np.abs(share - before).max() <= SETTLED:
            return share
    raise RuntimeError("tagged shares of the reference do not settle: a loop of the chain has no source")


def touched(reference: Reference) -> Values:
    """Share of the supply of each market made in each region at any stage, or of material from there.

    As `tagged_shares` with all outputs of one region listed, for all regions at once.

    Returns
    -------
    Shape (region, market).

    Raises
    ------
    RuntimeError: The shares do not settle: a loop of the chain has no source.
    """
    carried = _Carried(reference, np.zeros(0, dtype=bool))
    markets, makers = carried.supply.size, carried.maker.size
    makes = sparse.csr_array((carried.output, (carried.made, np.arange(makers))), shape=(markets, makers))
    moves = sparse.csr_array((carried.flow, (carried.destination, carried.origin)), shape=(markets, markets))
    regions = [row.region for row in reference.processes]
    there = np.array([[regions[p] == region for region in reference.regions] for p in carried.maker])
    # Feeds stand process by process; mines have none.
    fed, starts = np.unique(carried.fed, return_index=True)
    share, most = np.ones((markets, len(reference.regions))), np.zeros((len(regions), len(reference.regions)))
    for _ in range(MOST_ROUNDS):
        most[fed] = np.maximum.reduceat(share[carried.feed], starts)
        inflow = makes @ np.where(there, 1.0, most[carried.maker]) + moves @ share
        before, share = share, np.minimum(inflow / carried.supply[:, None], 1.0)
        if np.abs(share - before).max() <= ROUGHLY_SETTLED:
            return np.asarray(share.T)
    raise RuntimeError("tagged shares of the reference do not settle: a loop of the chain has no source")


class _Carried:
    """Reference flows as lists of who brings what where, to carry tagged shares along."""

    def __init__(self, reference: Reference, listed: NDArray[np.bool_]) -> None:
        at, rows = reference.at, reference.processes
        feeds = [(p, at[product, row.region]) for p, row in enumerate(rows) for product in row.inputs]
        makes = [(p, at[product, row.region], t) for p, row in enumerate(rows) for product, t in row.outputs.items()]
        activity = np.array([row.activity for row in rows])
        self.fed = np.array([p for p, _ in feeds], dtype=np.intp)
        self.feed = np.array([m for _, m in feeds], dtype=np.intp)
        self.maker = np.array([p for p, _, _ in makes], dtype=np.intp)
        self.made = np.array([m for _, m, _ in makes], dtype=np.intp)
        self.output = np.array([t for _, _, t in makes]) * activity[self.maker]
        self.listed = listed
        self.origin = np.array([at[row.product, row.origin] for row in reference.routes], dtype=np.intp)
        self.destination = np.array([at[row.product, row.destination] for row in reference.routes], dtype=np.intp)
        self.flow = np.array([row.flow for row in reference.routes])
        self.supply = reference.flows.supply

    def share(self, before: Values) -> Values:
        """Tagged share of the supply of each market, from that of all markets before."""
        most = np.zeros(self.maker.max(initial=-1) + 1)
        np.maximum.at(most, self.fed, before[self.feed])
        inflow = np.zeros(self.supply.size)
        np.add.at(inflow, self.made, self.output * np.where(self.listed, 1.0, most[self.maker]))
        np.add.at(inflow, self.destination, self.flow * before[self.origin])
        return np.minimum(inflow / self.supply, 1.0)
