"""Service demand along time: paths where the chain has them, the sectors' rates elsewhere."""

from __future__ import annotations

import numpy as np

from sim.chain.accounts import Values
from sim.chain.reference import Reference

MIDDLE = 0.5
"""Part of a year at which its mean is put."""


def service_demand(reference: Reference, years: Values) -> Values:
    """Service demand of every use over that at the start of the horizon.

    A path gives means of calendar years; between their middles demand is joined geometrically, and before the base year
    and after the last year it grows at the rate of the sector. The reference state stands at the start of the horizon,
    whatever the date, so a path counts from there: only its growth is taken.

    Parameters
    ----------
    years: Years from the start of the horizon, below 0 before it, shape (time,).

    Returns
    -------
    Shape (use, time); 1 throughout without growth.
    """
    scenario = reference.scenario
    if not scenario.growth:
        return np.ones((len(reference.uses), years.size))
    start = int(scenario.time.start[:4]) + (int(scenario.time.start[5:7]) - 1) / 12.0
    factors: dict[tuple[str, str], Values] = {}
    for sector, region in {(row.sector, row.region): None for row in reference.uses}:
        rate = reference.sectors[sector].growth_per_year
        path = scenario.tables.demand_path(sector, region)
        if not path:
            factors[sector, region] = (1.0 + rate) ** years
            continue
        logs = log_index(path, scenario.tables.meta.base_year, rate, start + np.append(0.0, years))
        factors[sector, region] = np.exp(logs[1:] - logs[0])
    return np.array([factors[row.sector, row.region] for row in reference.uses]).reshape(-1, years.size)


def log_index(path: dict[int, float], base_year: int, rate: float, at: Values) -> Values:
    """Log of a demand index at calendar times.

    Parameters
    ----------
    path: Means of calendar years over that of the base year.
    base_year: Year in which the index is 1.
    rate: Growth a year outside the years of the path.
    at: Calendar times as years and fractions, any shape.

    Example
    -------
    >>> index = np.exp(log_index({2030: 1.5}, 2024, 0.0, np.array([2024.5, 2027.5, 2030.5, 2040.0])))
    >>> [round(float(value), 3) for value in index]
    [1.0, 1.225, 1.5, 1.5]
    """
    points = dict(sorted((path | {base_year: 1.0}).items()))
    middles = np.array(list(points)) + MIDDLE
    logs = np.log(list(points.values()))
    outside = np.minimum(at - middles[0], 0.0) + np.maximum(at - middles[-1], 0.0)
    return np.asarray(np.interp(at, middles, logs) + np.log1p(rate) * outside)
