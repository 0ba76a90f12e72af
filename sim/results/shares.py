"""A region's weight in a chain, stage by stage, in the reference state.

The ranges are what published accounts of 2024 allow for China; the tables of the bundled chain were closed with them in
view, so a share inside its range is no evidence for an assumed row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sim.chain.reference import Process, Reference

YEAR = 2024
"""Base year of the chains that the ranges are for."""
MAGNETS = ("magnet_std", "magnet_hc")
"""Sintered NdFeB magnets of both grades."""


@dataclass(frozen=True)
class WeightInChain:
    """One share, with the range it should lie in."""

    name: str
    value: float
    low: float
    high: float

    @property
    def is_within(self) -> bool:
        """Whether the share lies in its range."""
        return self.low <= self.value <= self.high


def chinese_shares(reference: Reference, *, region: str = "CN") -> tuple[WeightInChain, ...]:
    """China's shares in a rare-earth chain; those of which the chain has no tonnes are left out, and all of another.

    Parameters
    ----------
    reference: A reconciled chain that names its products as the bundled one does.
    region: The region, China by default.
    """
    if "ndpr_oxide" not in reference.products:
        return ()
    mined = _of_stage(reference, "mining")
    blocks = _of_stage(reference, "block")

    def from_ore(process: Process) -> bool:
        """Whether a process takes in what mines make."""
        return any(product in mined for product in process.inputs)

    outside = 1.0 - _share(_intake(reference, ["dy_metal"]), region)
    found = (
        ("rare-earth oxide mined", _share(_output(reference, mined), region), 0.60, 0.70),
        ("NdPr oxide separated from ore", _share(_output(reference, ["ndpr_oxide"], from_ore), region), 0.86, 0.92),
        ("NdPr metal made", _share(_output(reference, ["ndpr_metal"]), region), 0.88, 0.93),
        ("NdFeB blocks made", _share(_output(reference, blocks), region), 0.90, 0.94),
        ("finished NdFeB magnets exported, of its output", _exported(reference, MAGNETS, region), 0.26, 0.33),
        ("dysprosium used outside, of the world", outside, 0.03, 0.10),
    )
    return tuple(WeightInChain(name, float(value), low, high) for name, value, low, high in found if value == value)


def _of_stage(reference: Reference, stage: str) -> list[str]:
    return [product for product, row in reference.products.items() if row.stage == stage]


def _output(
    reference: Reference, products: Iterable[str], counts: Callable[[Process], bool] = lambda process: True
) -> dict[str, float]:
    """Tonnes a year made of some products together, by region."""
    wanted = set(products)
    made: dict[str, float] = {}
    for process in filter(counts, reference.processes):
        tonnes = sum(share for product, share in process.outputs.items() if product in wanted) * process.activity
        made[process.region] = made.get(process.region, 0.0) + tonnes
    return made


def _intake(reference: Reference, products: Iterable[str]) -> dict[str, float]:
    """Tonnes a year that makers take in of some products together, by region."""
    wanted = set(products)
    taken: dict[str, float] = {}
    for process in reference.processes:
        tonnes = sum(share for product, share in process.inputs.items() if product in wanted) * process.activity
        taken[process.region] = taken.get(process.region, 0.0) + tonnes
    return taken


def _share(tonnes: dict[str, float], region: str) -> float:
    total = sum(tonnes.values())
    return tonnes.get(region, 0.0) / total if total > 0.0 else float("nan")


def _exported(reference: Reference, products: Iterable[str], region: str) -> float:
    wanted = set(products)
    made = _output(reference, wanted).get(region, 0.0)
    sent = sum(route.flow for route in reference.routes if route.product in wanted and route.origin == region)
    return sent / made if made > 0.0 else float("nan")
