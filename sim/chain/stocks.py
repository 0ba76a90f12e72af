"""Inventories and inbound of the reference state."""

from __future__ import annotations

import math

import numpy as np

from sim.chain.accounts import Values
from sim.chain.reference import Reference

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
    """Cover of each market as given, and as used: raised where the step would outrun it; months."""
    dt = 12.0 / reference.scenario.time.periods_per_year
    given = np.array([reference.products[product].cover_months for product, _ in reference.markets])
    return given, np.maximum(given, cover_needed(dt, reference.scenario.parameters.release_share))


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


def buyers(reference: Reference, sector: str) -> list[tuple[float, float]]:
    """Cohorts of a sector's buyers: share of its use, and own stock in months of it; one where none keeps a stock."""
    held = reference.scenario.parameters.users_cover * 12.0 / 52.0
    rows = [row for row in reference.scenario.tables.cohorts if row.sector == sector and held > 0.0]
    return [(row.share, row.cover_weeks * held) for row in rows] or [(1.0, 0.0)]


def mean_cover(reference: Reference, sector: str) -> float:
    """Own stock of a sector's buyers, months of their use."""
    return sum(share * cover for share, cover in buyers(reference, sector))
