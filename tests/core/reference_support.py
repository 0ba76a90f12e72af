"""For the reference, from `sim/core/MODEL.md`, section 14: duties, credits, prices and purchases of one run."""

from __future__ import annotations

import math

from tests.core.described import Guarantee, SmallChain


def levied(chain: SmallChain, route: int) -> float:
    """Duty on the imports of a route beyond the ordinary one."""
    return sum(row.rate for row in chain.levies if row.route == route)


def firm(chain: SmallChain, route: int, claimed: float) -> float:
    """Part of what a route claims that is a firm purchase."""
    return min(claimed, sum(row.rate for row in chain.firms if row.route == route))


def felt(chain: SmallChain, u: int, price: float) -> float:
    """Price that a use feels: the market's, less its aids."""
    rate = sum(row.rate for row in chain.aids if row.use == u)
    return max(price - rate, 1 / 16) if rate else price


def researched(chain: SmallChain, u: int, now: int) -> float:
    """Factor of research on the slow elasticity of a use."""
    return math.prod(factor for use, factor, begin in chain.research if use == u and now >= begin)


def first_class(chain: SmallChain, u: int, now: int) -> bool:
    """Whether a use is served first, by itself or by a rating."""
    return chain.uses[u].priority or any(use == u and now >= begin for use, begin in chain.rated)


def credited(chain: SmallChain, p: int, paid: float, price: list[float]) -> float:
    """Cost of inputs over the value of output, less the credits of a process."""
    process, bought = chain.processes[p], 0.0
    worth = sum(output.coefficient * chain.markets[output.market].price for output in process.outputs)
    for need in process.inputs:
        bought += need.coefficient * chain.markets[need.market].price / worth
    least = 1 / 16 - min(process.conversion_share, 1.0 - bought)
    for row in chain.credits:
        called = not row.watched or max(price[m] for m in row.watched) > row.above
        if row.process == p and called:
            paid = max(paid - row.rate, min(paid, least))
    return paid


def topped_up(chain: SmallChain, p: int, shares: list[float], transacted: list[float]) -> float:
    """What guaranteed prices add to the revenue of a process."""
    return sum(
        row.rate * shares[row.output] * owed(row, transacted[chain.processes[p].outputs[row.output].market])
        for row in chain.guarantees
        if row.process == p
    )


def owed(row: Guarantee, price: float) -> float:
    """What a guarantee pays on a price."""
    return max(row.floor - price, 0.0) - row.upside * max(price - row.ceiling, 0.0) - row.premium
