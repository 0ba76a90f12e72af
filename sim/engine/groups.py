"""Which recorded entities are, or add up to, which labelled row: products, sectors and stages in regions, the world."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import variables
from sim.chain.reference import Reference
from sim.core.state import Chain

Values = NDArray[np.float64]
Label = tuple[str, str]
Rows = dict[Label, list[tuple[int, float]]]


@dataclass(frozen=True)
class Groups:
    """Rows as weighted sums of entities, in the form the core's `combine` takes."""

    labels: tuple[Label, ...]
    """First dimension (product, sector or stage) and region of each row."""
    start: NDArray[np.int32]
    member: NDArray[np.int32]
    weight: NDArray[np.float32]

    def total(self, values: Values) -> Values:
        """Rows of values known without simulation, shape (row, ...)."""
        weighted = self.weight.reshape(-1, *([1] * (values.ndim - 1))).astype(float) * values[self.member]
        return np.asarray(np.add.reduceat(weighted, self.start[:-1], axis=0))


def groups(rows: Rows) -> Groups:
    """Groups from the members of each label; every label needs at least one."""
    pairs = [pair for members in rows.values() for pair in members]
    return Groups(
        labels=tuple(rows),
        start=np.concatenate([[0], np.cumsum([len(members) for members in rows.values()])]).astype(np.int32),
        member=np.array([index for index, _ in pairs], dtype=np.int32),
        weight=np.array([weight for _, weight in pairs], dtype=np.float32),
    )


@dataclass(frozen=True)
class Layout:
    """Labels of recorded entities, and the groups they add up to."""

    markets: tuple[Label, ...]
    takers: NDArray[np.int32]
    """Markets with local makers or users."""
    sectors: tuple[Label, ...]
    """Sectors in regions, in the order of their records."""
    world_price: Groups
    """Products in the world, weighted by reference use."""
    world_volume: Groups
    """Products in the world, summed over markets."""
    world_inventory: Groups
    """Products in the world, weighted by reference inventory."""
    world_intake: Groups
    """Products in the world, summed over markets with takers."""
    world_sector: Groups
    """Sectors in the world, summed."""
    stage_price: Groups
    """Stages in regions and the world, weighted by the value of reference use."""
    stage_intake: Groups
    """Stages in regions and the world, valued at reference prices."""


def layout(reference: Reference, chain: Chain) -> Layout:
    """Labels and groups of a chain."""
    at, flows = reference.at, reference.flows
    value = {product: row.price_usd_per_kg for product, row in reference.products.items()}
    used = {m: float((flows.intake + flows.sales)[i]) for m, i in at.items() if (flows.intake + flows.sales)[i] > 0.0}
    held = {m: float(chain.markets.inventory[i]) for m, i in at.items()}
    sectors = tuple(dict.fromkeys((use.sector, use.region) for use in reference.uses))
    stage = {product: row.stage for product, row in reference.products.items()}
    return Layout(
        markets=reference.markets,
        takers=np.array([at[market] for market in used], dtype=np.int32),
        sectors=sectors,
        world_price=groups(_shares(_world(used, at))),
        world_volume=groups(_world(dict.fromkeys(at, 1.0), at)),
        world_inventory=groups(_shares(_world(held, at))),
        world_intake=groups(_world(dict.fromkeys(used, 1.0), at)),
        world_sector=groups(_world(dict.fromkeys(sectors, 1.0), {label: i for i, label in enumerate(sectors)})),
        stage_price=groups(_shares(_stages({m: tonnes * value[m[0]] for m, tonnes in used.items()}, at, stage))),
        stage_intake=groups(_stages({m: value[m[0]] for m in used}, at, stage)),
    )


def _world(weights: dict[Label, float], at: dict[Label, int]) -> Rows:
    found: defaultdict[Label, list[tuple[int, float]]] = defaultdict(list)
    for label, weight in weights.items():
        found[label[0], variables.WORLD].append((at[label], weight))
    return dict(found)


def _stages(weights: dict[Label, float], at: dict[Label, int], stage: dict[str, str]) -> Rows:
    found: defaultdict[Label, list[tuple[int, float]]] = defaultdict(list)
    for label, weight in weights.items():
        for place in (label[1], variables.WORLD):
            found[stage[label[0]], place].append((at[label], weight))
    return dict(found)


def _shares(rows: Rows) -> Rows:
    totals = {label: sum(weight for _, weight in members) for label, members in rows.items()}
    return {label: [(index, weight / totals[label]) for index, weight in members] for label, members in rows.items()}


def needs(reference: Reference, chain: Chain, months: NDArray[np.int32]) -> tuple[Values, Values]:
    """Tonnes that the service path needs in each month: by market, and by sector and region.

    Parameters
    ----------
    months: Month of each period.

    Returns
    -------
    Shapes (market, month) and (sector, month).
    """
    market = np.zeros((len(reference.markets), int(months[-1]) + 1))
    np.add.at(market, chain.uses.market, _used(chain, months))
    for index, process in enumerate(reference.processes):
        activity = float(chain.processes.activity[index]) * float(chain.constants.dt) * chain.trend.process[index]
        tonnes = _by_month(activity, months)
        for product, coefficient in process.inputs.items():
            market[reference.at[product, process.region]] += coefficient * tonnes
    return market, sector_need(chain, months)


def sector_need(chain: Chain, months: NDArray[np.int32]) -> Values:
    """Tonnes that the service path of each sector in a region needs in each month, shape (sector, month).

    Parameters
    ----------
    months: Month of each period.
    """
    sector = np.zeros((int(chain.uses.sector.max(initial=-1)) + 1, int(months[-1]) + 1))
    np.add.at(sector, chain.uses.sector, _used(chain, months))
    return sector


def _used(chain: Chain, months: NDArray[np.int32]) -> Values:
    """Tonnes that the service path of each use needs in each month, shape (use, month)."""
    dt, uses = float(chain.constants.dt), zip(chain.uses.demand, chain.trend.use, strict=True)
    found = [_by_month(float(demand) * dt * trend, months) for demand, trend in uses]
    return np.array(found).reshape(len(found), int(months[-1]) + 1)


def _by_month(tonnes: NDArray[Any], months: NDArray[np.int32]) -> Values:
    """Tonnes of periods added up by month."""
    return np.bincount(months, weights=tonnes, minlength=int(months[-1]) + 1).astype(float, copy=False)
