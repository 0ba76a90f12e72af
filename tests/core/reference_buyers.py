"""Section 11 of `sim/core/MODEL.md` for the reference: stocks of the users' own, in tonnes."""

from __future__ import annotations

from tests.core.described import Use


class Buyers:
    """The cohorts of a use.

    Parameters
    ----------
    use: The use they belong to.
    dt: Months a period.
    refill: Share of what a stock lacks that is ordered in a period.
    """

    def __init__(self, use: Use, dt: float, refill: float) -> None:
        self.use, self.dt, self.refill = use, dt, refill
        self.target = [share * cover * use.demand for share, cover in use.cohorts]
        self.stock = list(self.target)
        self.need: list[float] = []
        self.orders: list[float] = []
        self.rationed = 0.0

    @property
    def fullness(self) -> list[float]:
        """Stock of every cohort over its target, 1 where it keeps none."""
        return [held / target if target > 0 else 1.0 for held, target in zip(self.stock, self.target, strict=True)]

    def order(self, wanted: float, growth: float) -> float:
        """Tonnes ordered in a period: the need, the growth of the stocks, and part of what they lack."""
        grown = [share * cover * self.use.demand * growth for share, cover in self.use.cohorts]
        self.need = [share * wanted * self.dt for share, _ in self.use.cohorts]
        self.orders = []
        for need, held, old, new in zip(self.need, self.stock, self.target, grown, strict=True):
            part = self.refill if held < 0.99 * old else 1.0
            self.orders.append(need + max(new - old, 0.0) + part * (old - held))
        self.target = grown
        return sum(self.orders)

    def buy(self, fill: float) -> float:
        """Get the filled part of the orders, use what is needed as far as it is at hand; tonnes bought."""
        for c, (need, ordered, target) in enumerate(zip(self.need, self.orders, self.target, strict=True)):
            at_hand = self.stock[c] + fill * ordered
            self.rationed += max(need - at_hand, 0.0)
            left = max(at_hand - need, 0.0)
            self.stock[c] = target if left > target * (1 - 1e-15) else left
        return fill * sum(self.orders)
