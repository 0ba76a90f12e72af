"""For the reference, from `sim/core/MODEL.md`, section 14: duties, credits, prices and purchases of one run."""

from __future__ import annotations

from tests.core.described import Guarantee, SmallChain


def levied(chain: SmallChain, route: int) -> float:
    """Duty on the imports of a route beyond the ordinary one."""
    return sum(row.rate for row in chain.levies if row.route == route)


def firm(chain: SmallChain, route: int, claimed: float) -> float:
    """Part of what a route claims that is a firm purchase."""
    return min(claimed, sum(row.rate for row in chain.firms if row.route == route))


def credited(chain: SmallChain, p: int, paid: float) -> float:
    """Cost of inputs over the value of output, less the credits of a process."""
    process, bought = chain.processes[p], 0.0
    worth = sum(output.coefficient * chain.markets[output.market].price for output in process.outputs)
    for need in process.inputs:
        bought += need.coefficient * chain.markets[need.market].price / worth
    least = 1 / 16 - min(process.conversion_share, 1.0 - bought)
    for row in chain.credits:
        if row.process == p:
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
    return max(row.floor - price, 0.0) - row.upside * max(price - row.ceiling, 0.0)
