"""What a region's makers need, stage by stage, of what goes into the goods that some of its users take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sim.chain.reference import Reference

FORMS = ("separation", "metal", "block", "magnet")
"""Stages whose products a stockpile may hold by default: oxide, metal, block and magnet."""


@dataclass(frozen=True)
class Need:
    """A product that users draw on, or that goes into what they draw on."""

    product: str
    stage: str
    tonnes: float
    """Tonnes a year in the reference state."""


def needs(reference: Reference, uses: Iterable[int], region: str) -> list[Need]:
    """What some uses of a region need of each product, by the recipes of the region's own makers.

    A product that nobody in the region makes is the end of the line: what goes into it is of no use there. Inputs of a
    later stage than what they go into, such as scrap, are left aside: no form of a stockpile, but a source of its own.

    Parameters
    ----------
    uses: Numbers of uses, all in the region.
    region: The region.

    Returns
    -------
    Products in the order of the stages, upstream first.
    """
    stages = list(reference.scenario.tables.meta.stages)
    rank = {product: stages.index(row.stage) for product, row in reference.products.items()}
    wanted: defaultdict[str, float] = defaultdict(float)
    for index in uses:
        wanted[reference.uses[index].product] += reference.uses[index].demand
    makers = [row for row in reference.processes if row.region == region]
    # Downstream first: what a stage needs of an earlier one is known once the later ones are done.
    for product in sorted(rank, key=lambda name: -rank[name]):
        made = {row.name: row.outputs[product] * row.activity for row in makers if product in row.outputs}
        total = sum(made.values())
        for row in makers:
            if wanted[product] <= 0.0 or row.name not in made:
                continue
            activity = wanted[product] * made[row.name] / total / row.outputs[product]
            for used, coefficient in row.inputs.items():
                if rank[used] < rank[product]:
                    wanted[used] += coefficient * activity
    found = [Need(product, stages[rank[product]], tonnes) for product, tonnes in wanted.items() if tonnes > 0.0]
    return sorted(found, key=lambda need: (rank[need.product], need.product))
