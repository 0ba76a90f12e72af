"""Which entities add up to which labelled row: products in regions, sectors, stages, and the world."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import variables
from sim.chain.reference import Reference
from sim.core.state import Chain

Values = NDArray[np.float64]
Label = tuple[str, str]


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


def groups(members: dict[Label, list[tuple[int, float]]]) -> Groups:
    """Groups from the members of each label; every label needs at least one."""
    pairs = [pair for each in members.values() for pair in each]
    return Groups(
        labels=tuple(members),
        start=np.concatenate([[0], np.cumsum([len(each) for each in members.values()])]).astype(np.int32),
        member=np.array([index for index, _ in pairs], dtype=np.int32),
        weight=np.array([weight for _, weight in pairs], dtype=np.float32),
    )


@dataclass(frozen=True)
class Layout:
    """All groups of a chain."""

    intake: Groups
    """Markets with consumers: tonnes taken in, from uses and then processes."""
    sector: Groups
    """Sectors in regions: tonnes, from uses."""
    world_intake: Groups
    """Rows of `intake`, and the world beside them."""
    world_sector: Groups
    stage_intake: Groups
    """Stages in regions and the world, valued at reference prices, from rows of `intake`."""
    price: Groups
    """Markets, and the world weighted by reference use."""
    volume: Groups
    """Markets, and the world as a sum."""
    inventory: Groups
    """Markets, and the world weighted by reference inventory."""
    stage_price: Groups
    """Stages in regions and the world, weighted by the value of reference use, from markets."""


def layout(reference: Reference, chain: Chain) -> Layout:
    """Groups of a chain."""
    markets, uses = reference.markets, reference.uses
    intake, sector = _intake(reference), _sector(reference)
    product_rows = {label: index for index, label in enumerate(intake)}
    stage = {product: row.stage for product, row in reference.products.items()}
    value = {product: row.price_usd_per_kg for product, row in reference.products.items()}
    flows = reference.flows
    used = {market: float((flows.intake + flows.sales)[index]) for index, market in enumerate(markets)}
    held = {market: float(chain.markets.inventory[index]) for index, market in enumerate(markets)}
    everywhere = dict.fromkeys(markets, 1.0)
    at = reference.at
    assert len(uses) == chain.uses.market.size
    return Layout(
        intake=groups(intake),
        sector=groups(sector),
        world_intake=groups(_with_world({label: 1.0 for label in intake}, product_rows, normalised=False)),
        world_sector=groups(
            _with_world({label: 1.0 for label in sector}, {label: i for i, label in enumerate(sector)}, normalised=False)
        ),
        stage_intake=groups(
            _by_stage({label: value[label[0]] for label in intake}, product_rows, stage, normalised=False)
        ),
        price=groups(_with_world(used, at, normalised=True)),
        volume=groups(_with_world(everywhere, at, normalised=False)),
        inventory=groups(_with_world(held, at, normalised=True)),
        stage_price=groups(
            _by_stage({m: used[m] * value[m[0]] for m in markets if used[m] > 0.0}, at, stage, normalised=True)
        ),
    )


def _intake(reference: Reference) -> dict[Label, list[tuple[int, float]]]:
    found: dict[Label, list[tuple[int, float]]] = {}
    for index, use in enumerate(reference.uses):
        found.setdefault((use.product, use.region), []).append((index, 1.0))
    for index, process in enumerate(reference.processes):
        for product, tonnes in process.inputs.items():
            found.setdefault((product, process.region), []).append((len(reference.uses) + index, tonnes))
    return found


def _sector(reference: Reference) -> dict[Label, list[tuple[int, float]]]:
    found: dict[Label, list[tuple[int, float]]] = {}
    for index, use in enumerate(reference.uses):
        found.setdefault((use.sector, use.region), []).append((index, 1.0))
    return found


def _with_world(
    weights: dict[Label, float], at: dict[Label, int], *, normalised: bool
) -> dict[Label, list[tuple[int, float]]]:
    """Each row as it is, then the world's row of every product that has weight."""
    found = {label: [(at[label], 1.0)] for label in weights}
    world: defaultdict[Label, list[tuple[int, float]]] = defaultdict(list)
    for label, weight in weights.items():
        if weight > 0.0:
            world[label[0], variables.WORLD].append((at[label], weight))
    return found | (_shares(world) if normalised else dict(world))


def _by_stage(
    weights: dict[Label, float], at: dict[Label, int], stage: dict[str, str], *, normalised: bool
) -> dict[Label, list[tuple[int, float]]]:
    found: defaultdict[Label, list[tuple[int, float]]] = defaultdict(list)
    for label, weight in weights.items():
        for place in (label[1], variables.WORLD):
            found[stage[label[0]], place].append((at[label], weight))
    return _shares(found) if normalised else dict(found)


def _shares(rows: dict[Label, list[tuple[int, float]]]) -> dict[Label, list[tuple[int, float]]]:
    totals = {label: sum(weight for _, weight in members) for label, members in rows.items()}
    return {label: [(index, weight / totals[label]) for index, weight in members] for label, members in rows.items()}


def needs(reference: Reference, chain: Chain, months: NDArray[np.int32]) -> Values:
    """Tonnes each use and each process needs in each month of the service path, shape (use + process, month)."""
    dt = float(chain.constants.dt)
    per_period = np.concatenate(
        [
            chain.uses.demand[:, None].astype(float) * chain.trend.use,
            chain.processes.activity[:, None].astype(float) * chain.trend.process,
        ]
    )
    total = np.zeros((per_period.shape[0], int(months[-1]) + 1))
    np.add.at(total, (slice(None), months), per_period * dt)
    return total
