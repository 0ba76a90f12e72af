"""End of life: scrap is collected as what was sold before reaches the end of its life.

What a sector bought `a` years ago comes back with the density of its lifetime at `a`, a gamma law by mean and standard
deviation (one that cannot be negative; the choice is an assumption, and matters little beside the mean). Sales before
the base year follow the demand paths where they go back that far, and the sector's own rate before: an assumption that
says little of electric cars, whose sales rose much faster. What comes back in a region is the sum over its sectors, by
the share that each collects, relative to the start of the horizon: there it is the tonnage of the reference state.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
from scipy.special import gammainc

from sim.chain.accounts import Values
from sim.chain.demand import service_demand
from sim.chain.reference import Reference
from sim.scenario.dynamics import LifetimeRow

SCRAP = "scrap"
"""Stage of what is left over."""
STEP = 0.25
"""Years between the ages at which lives end."""
TAIL = 8.0
"""Standard deviations beyond the mean after which nothing is left."""


def collectors(reference: Reference) -> tuple[int, ...]:
    """Processes that collect end-of-life scrap of sectors with a lifetime: they make scrap, and from nothing."""
    returned = {row.sector for row in reference.scenario.tables.lifetimes if row.collection_share > 0.0}
    regions = {use.region for use in reference.uses if use.sector in returned}
    return tuple(
        index
        for index, row in enumerate(reference.processes)
        if not row.inputs and row.region in regions and {reference.products[p].stage for p in row.outputs} == {SCRAP}
    )


def collection(reference: Reference, years: Values) -> dict[str, Values]:
    """End-of-life collection of each region over that at the start of the horizon.

    Parameters
    ----------
    years: Years from the start of the horizon, shape (time,).

    Returns
    -------
    Shape (time,) by region; 1 throughout without growth.
    """
    lives = {row.sector: row for row in reference.scenario.tables.lifetimes if row.collection_share > 0.0}
    found: defaultdict[str, Values] = defaultdict(lambda: np.zeros(years.size + 1))
    at = np.append(0.0, years)
    for sector, life in lives.items():
        uses = [use for use in reference.uses if use.sector == sector]
        sold = replace(reference, uses=tuple(uses))
        ages, shares = deaths(life)
        past = service_demand(sold, (at[:, None] - ages).ravel()).reshape(len(uses), at.size, ages.size)
        for use, demand in zip(uses, past, strict=True):
            # Summed row by row: a matrix product may round equal rows differently, and steady sales must stay at 1.
            found[use.region] += life.collection_share * use.demand * (demand * shares).sum(axis=1)
    return {region: tonnes[1:] / tonnes[0] for region, tonnes in found.items()}


def deaths(life: LifetimeRow) -> tuple[Values, Values]:
    """Ages in years at which what a sector bought reaches its end of life, and the share of it at each; shape (age,).

    Example
    -------
    >>> row = LifetimeRow(
    ...     sector="x", lifetime_years=12, spread_years=4, collection_share=1, source="x", confidence="x"
    ... )
    >>> ages, shares = deaths(row)
    >>> round(float(shares.sum()), 6), round(float(ages @ shares), 3)
    (1.0, 12.0)
    """
    mean, spread = life.lifetime_years, life.spread_years
    if spread == 0.0:
        return np.array([mean]), np.ones(1)
    edges = np.arange(0.0, mean + TAIL * spread + STEP, STEP)
    shares = np.diff(gammainc((mean / spread) ** 2, edges * mean / spread**2))
    return edges[:-1] + STEP / 2.0, shares / shares.sum()
