"""Routes unused in the reference that a price gap may open."""

from __future__ import annotations

from collections.abc import Mapping

from sim.chain.accounts import Market
from sim.scenario.tables import ChainTables

LEAST_RATIO = 0.5
"""Latent routes from origins that make less than this share of use at the destination are left out: with
`latent_share` of so little they would move nothing there, and cost time."""
CLOSED_STAGES = ("scrap",)
"""Stages without latent trade: most countries bar trade in waste."""


def latent_routes(
    tables: ChainTables,
    used: set[tuple[str, str, str]],
    made: Mapping[Market, float],
    taken: Mapping[Market, float],
    share: float,
) -> list[tuple[str, str, str, float]]:
    """Latent routes of every product from where it is made to where it is used and not yet bought.

    A latent flow is `share min(use at the destination, production at the origin)`: sized on the buyer's use alone it
    destabilises the chain, since a small producer cannot answer a large buyer.

    Parameters
    ----------
    used: Product, origin and destination of the routes of the reference.
    made, taken: Production and use, t a year, by market.
    share: `latent_share` of the parameters.

    Returns
    -------
    Product, origin, destination and latent flow in t a year.
    """
    reachable = {(row.origin, row.destination) for row in tables.transport}
    stages = {row.product: row.stage for row in tables.products}
    found = []
    for (product, origin), output in made.items():
        for region in tables.regions:
            destination = region.region
            use = taken.get((product, destination), 0.0)
            tonnes = share * min(output, use)
            opens = tonnes > 0.0 and output >= LEAST_RATIO * use and (origin, destination) in reachable
            if opens and stages[product] not in CLOSED_STAGES and (product, origin, destination) not in used:
                found.append((product, origin, destination, tonnes))
    return found
