"""For the reference, from `sim/core/MODEL.md`: shares of supply, cost and revenue in the reference state."""

from __future__ import annotations

import math

from sim.core.state import PATENT_BARRIER, TECHNOLOGY_BAN
from tests.core.described import Market, Process, Route, SmallChain, Use


class Shares:
    """The reference state of a chain, and its trend."""

    now = 0
    """Period, from the start."""

    def __init__(self, chain: SmallChain) -> None:
        self.chain = chain
        count = len(chain.markets)
        self.local, self.imports, self.exports = [0.0] * count, [0.0] * count, [0.0] * count
        for process in chain.processes:
            for output in process.outputs:
                self.local[output.market] += process.activity * output.coefficient
        for route in chain.routes:
            self.imports[route.destination] += route.flow
            self.exports[route.origin] += route.flow
        self.supply = [a + b for a, b in zip(self.local, self.imports, strict=True)]
        self.cost_shares, self.revenue_shares = [], []
        for process in chain.processes:
            value = sum(o.coefficient * chain.markets[o.market].price for o in process.outputs)
            self.cost_shares.append([i.coefficient * chain.markets[i.market].price / value for i in process.inputs])
            self.revenue_shares.append([o.coefficient * chain.markets[o.market].price / value for o in process.outputs])
        self.landed_value = [chain.markets[r.origin].price * (1 + r.duty) + r.freight for r in chain.routes]

    def at_risk(self, k: int, fresh: float) -> list[float]:
        """Share of each market's reference supply that a restriction touches, times its weight."""
        rule = self.chain.restrictions[k]
        touched = [0.0] * len(self.chain.markets)
        for target in rule.targets:
            route = self.chain.routes[target.route]
            touched[route.destination] += route.flow * (target.weight * fresh + target.weight_after * (1 - fresh))
        for p in () if rule.kind in (TECHNOLOGY_BAN, PATENT_BARRIER) else rule.processes:
            process = self.chain.processes[p]
            for output in process.outputs:
                touched[output.market] += process.activity * output.coefficient
        for d in rule.denied:
            use = self.chain.uses[d.use]
            touched[use.market] += use.demand * (d.weight * fresh + d.weight_after * (1 - fresh))
        return [t / s if s > 0 else 0.0 for t, s in zip(touched, self.supply, strict=True)]

    def growth(self, entity: Market | Process | Route | Use) -> float:
        """Trend factor g of an entity in this period."""
        return math.exp(entity.growth * self.now * self.chain.dt)

    def follow(self, months: float) -> float:
        """k(tau): the step a period takes towards a target."""
        return 1 - math.exp(-self.chain.dt / months)
