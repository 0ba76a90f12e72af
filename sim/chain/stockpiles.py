"""Stockpiles of a scenario as arrays for the core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.chain.reference import Reference
from sim.core.state import NEVER, Ints, Reserves
from sim.scenario.stockpile import Stockpile


@dataclass(frozen=True)
class Held:
    """One product that a stockpile holds in one region."""

    policy: str
    """Name of the stockpile."""
    product: str
    region: str
    market: int
    size: float
    """Most it holds, t."""
    rule: Stockpile
    """Its terms."""


def held(reference: Reference) -> tuple[Held, ...]:
    """All that stockpiles hold, in the order of the scenario; nothing of a product of which the size is zero."""
    flows, found = reference.flows, []
    for name, policy in reference.scenario.policies.items():
        if not isinstance(policy, Stockpile):
            continue
        for product in policy.products:
            for region in policy.regions:
                market = reference.at.get((product, region))
                if market is not None:
                    size = policy.size(product, float(flows.intake[market] + flows.sales[market]))
                    found.append(Held(name, product, region, market, size, policy))
    return tuple(row for row in found if row.size > 0.0)


def reserves(reference: Reference, dt: float) -> Reserves:
    """Columns of the core; a period is `dt` months."""
    rows = held(reference)
    first = {reference.at[use.product, use.region] for use in reference.uses if reference.sectors[use.sector].priority}
    size = np.array([row.size for row in rows])
    shared = np.array([row.rule.commercial_share if row.market in first else 1.0 for row in rows])
    spans = [_span(row.rule, reference) for row in rows]

    def multiple(name: str) -> list[float]:
        """A price multiple of each; none is never reached."""
        given = [getattr(row.rule, name) for row in rows]
        return [float(NEVER) if value is None else value for value in given]

    def of(name: str) -> np.ndarray:
        """A number of each."""
        return np.array([getattr(row.rule, name) for row in rows], dtype=float)

    return Reserves(
        market=np.array([row.market for row in rows], dtype=np.int32),
        most=size,
        opening=size * of("initial"),
        kept=size * (1.0 - shared),
        loss=-np.expm1(np.log1p(-of("loss_per_year")) * dt / 12.0),
        pace=size / of("months_to_fill"),
        buy_below=of("buy_below"),
        outflow=size * of("release_share") * dt,
        relieves=np.array([row.rule.on_shortage for row in rows], dtype=np.int32),
        relief_above=np.array(multiple("relief_above"), dtype=float),
        sell_above=np.array(multiple("sell_above"), dtype=float),
        begin=np.array([begin for begin, _ in spans], dtype=np.int32),
        end=np.array([end for _, end in spans], dtype=np.int32),
    )


def reserve_rows(reference: Reference) -> Ints:
    """Row of the stockpile of each market, -1 where there is none."""
    rows = np.full(len(reference.markets), -1, dtype=np.int32)
    for index, row in enumerate(held(reference)):
        rows[row.market] = index
    return rows


def _span(rule: Stockpile, reference: Reference) -> tuple[int, int]:
    """Periods of which at least half lie within the dates of a stockpile: the first, and the one after the last."""
    inside = np.flatnonzero(rule.within(reference.scenario.time) >= 0.5)
    return (int(inside[0]), int(inside[-1]) + 1) if inside.size else (0, 0)
