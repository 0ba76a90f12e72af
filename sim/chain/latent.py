"""Routes unused in the reference that a price gap may open."""

from __future__ import annotations

from collections.abc import Mapping

from sim.chain.accounts import Market
from sim.scenario.tables import ChainTables

LEAST_SHARE = 0.002
"""Latent flows below this share of use at the destination are left out: they move nothing there and cost time."""
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
            opens = tonnes > 0.0 and tonnes >= LEAST_SHARE * use and (origin, destination) in reachable
            if opens and stages[product] not in CLOSED_STAGES and (product, origin, destination) not in used:
                found.append((product, origin, destination, tonnes))
    return found
