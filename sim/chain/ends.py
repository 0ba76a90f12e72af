"""Where material ends up: the sectors of its own region that a market's intake finally serves."""

from __future__ import annotations

import numpy as np

from sim.chain.accounts import Values
from sim.chain.reference import Reference


def ends_in(reference: Reference) -> Values:
    """Share of the intake of each market that ends up in each sector of the same region.

    What makers take in goes where their outputs go, weighted by value; an output goes to makers, sectors and exports
    of its market by tonnes of the reference flows. What is exported ends up nowhere, even if it comes back.

    Returns
    -------
    Shape (market, sector), sectors in the order of the tables; rows sum to at most 1.
    """
    intake, direct = _intake(reference)
    outflow = np.maximum(reference.flows.outflow, 1e-12)
    kept = (reference.flows.intake + reference.flows.sales) / outflow
    identity = np.eye(len(reference.markets))
    # Of a tonne taken in: `direct` serves sectors now, `intake` goes on to other markets, of which `kept` stays.
    found = np.linalg.solve(identity - intake * kept[None, :], direct)
    return np.asarray(np.clip(found, 0.0, 1.0))


def _intake(reference: Reference) -> tuple[Values, Values]:
    """What becomes of a tonne taken in: share that goes on to each market, and that serves each sector at once."""
    at, count = reference.at, len(reference.markets)
    sectors = {name: index for index, name in enumerate(reference.sectors)}
    onward, direct = np.zeros((count, count)), np.zeros((count, len(sectors)))
    for use in reference.uses:
        direct[at[use.product, use.region], sectors[use.sector]] += use.demand
    for process in reference.processes:
        value = reference.unit_value(process)
        for product, tonnes in process.inputs.items():
            row = at[product, process.region]
            for made, coefficient in process.outputs.items():
                weight = coefficient * reference.products[made].price_usd_per_kg / value
                onward[row, at[made, process.region]] += tonnes * process.activity * weight
    taken = np.maximum(onward.sum(axis=1) + direct.sum(axis=1), 1e-12)[:, None]
    return onward / taken, direct / taken
