"""Inventories and inbound of the reference state."""

from __future__ import annotations

import math

import numpy as np

from sim.chain.accounts import Values
from sim.chain.reference import Reference, Use

RELEASE_MARGIN = 1.1
"""Release at the reference over outflow of a period, at least: below it the chain would ration itself."""


def fresh_share(decay: Values | float) -> Values:
    """Share of a steady inflow of a period that leaves within it, where `decay` = dt / time constant."""
    return np.asarray(1.0 + np.expm1(-np.asarray(decay)) / decay)


def cover_needed(dt: float, release_share: float) -> float:
    """Least cover, months, at which a period's release exceeds `RELEASE_MARGIN` times its outflow.

    Before a period the inventory is the cover; what arrives during the period adds its own part.
    """
    low, high = 0.0, 1000.0 * dt
    for _ in range(100):
        middle = 0.5 * (low + high)
        decay = dt / (release_share * middle)
        if middle * -math.expm1(-decay) + dt * float(fresh_share(decay)) < RELEASE_MARGIN * dt:
            low = middle
        else:
            high = middle
    return high


def covers(reference: Reference) -> tuple[Values, Values]:
    """Cover of each market as given, and as used (without what users hold, no less than a step needs); months."""
    dt = 12.0 / reference.scenario.time.periods_per_year
    given = np.array([reference.products[product].cover_months for product, _ in reference.markets])
    held = np.zeros(len(reference.markets))
    for use in reference.uses:
        held[reference.at[use.product, use.region]] += mean_cover(reference, use) * use.demand
    pooled = given - held / reference.flows.outflow
    return given, np.maximum(pooled, cover_needed(dt, reference.scenario.parameters.release_share))


def inbound(reference: Reference, dt: float) -> Values:
    """Tonnes in transit and in process towards each market at the reference, for a step of `dt` months."""
    found = np.zeros(len(reference.markets))
    for process in reference.processes:
        months = max(process.lead_months, dt)
        for product, coefficient in process.outputs.items():
            found[reference.at[product, process.region]] += coefficient * process.activity / 12.0 * months
    for route in reference.routes:
        months = max(reference.transport[route.origin, route.destination].transit_months, dt)
        found[reference.at[route.product, route.destination]] += route.flow / 12.0 * months
    return found


def buyers(reference: Reference, use: Use) -> list[tuple[float, float]]:
    """Cohorts of the buyers of a use: share of it, and own stock in months of it; one where none keeps a stock.

    Together they hold the part `users_cover` of the market's cover for what they use, each in proportion to its cover
    in the table: who has months in stock and who has days is known better than how much of it is counted in the
    inventories of markets already.
    """
    held = reference.scenario.parameters.users_cover * reference.products[use.product].cover_months
    rows = reference.cohorts.get(use.sector, ()) if held > 0.0 else ()
    mean = sum(row.share * row.cover_weeks for row in rows)
    return [(row.share, row.cover_weeks / mean * held) for row in rows] or [(1.0, 0.0)]


def mean_cover(reference: Reference, use: Use) -> float:
    """Own stock of the buyers of a use, months of it."""
    return sum(share * cover for share, cover in buyers(reference, use))
