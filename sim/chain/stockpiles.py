"""Stockpiles of a scenario as arrays for the core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.chain.reference import Reference
from sim.core.state import NEVER, Ints, Reserves
from sim.scenario.stockpile import Stockpile
from sim.scenario.trade_instruments import Alliance


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
    spans = [row.rule.span(reference.scenario.time) for row in rows]
    pools = _pools(rows, reference)
    months = np.array([row.months for row in pools])

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
        pool=np.array([row.number for row in pools], dtype=np.int32),
        pool_kept=size * np.array([row.kept for row in pools]),
        pool_follow=-np.expm1(-dt / months),
        pool_ahead=1.0 + months / dt,
        pool_by_size=np.array([row.by_size for row in pools], dtype=np.int32),
        pool_begin=np.array([row.span[0] for row in pools], dtype=np.int32),
        pool_end=np.array([row.span[1] for row in pools], dtype=np.int32),
    )


def reserve_rows(reference: Reference) -> Ints:
    """Row of the stockpile of each market, -1 where there is none."""
    rows = np.full(len(reference.markets), -1, dtype=np.int32)
    for index, row in enumerate(held(reference)):
        rows[row.market] = index
    return rows


@dataclass(frozen=True)
class Pooled:
    """The pool that a stockpile lends to and borrows from."""

    number: int = -1
    kept: float = 0.0
    """Share of its size that it gives nobody."""
    months: float = 1.0
    by_size: bool = False
    span: tuple[int, int] = (0, 0)
    """First period in which it lends, and the one after the last."""


def _pools(rows: tuple[Held, ...], reference: Reference) -> list[Pooled]:
    """The pool of each stockpile: those of one product in members of an alliance that shares them."""
    numbers: dict[tuple[str, str], int] = {}
    found = []
    for row in rows:
        pooled = Pooled()
        for name, policy in reference.scenario.policies.items():
            if not isinstance(policy, Alliance) or policy.pool is None or policy.strength == 0.0:
                continue
            if row.region in policy.regions:
                number = numbers.setdefault((name, row.product), len(numbers))
                by_size, span = policy.pool == "size", policy.span(reference.scenario.time)
                pooled = Pooled(number, policy.pool_kept, policy.pool_months, by_size, span)
        found.append(pooled)
    return found
