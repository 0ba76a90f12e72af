"""Section 15 of `sim/core/MODEL.md` for the reference: stockpiles of one history, in tonnes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.core.described import Reserve, SmallChain
from tests.core.reference_origin import shares
from tests.core.reference_rules import choked
from tests.core.reference_support import felt, first_class

if TYPE_CHECKING:
    from tests.reference import Run


class Stock:
    """One stockpile and what it moved in the last period."""

    def __init__(self, row: Reserve, share: float) -> None:
        self.row, self.level, self.tagged, self.lacked = row, row.opening, share * row.opening, 0.0
        self.buying = self.bought = self.relieved = self.covered = self.sold = self.lost = 0.0
        self.paid = self.received = self.free_relief = self.tagged_relief = self.able = 0.0

    @property
    def relief(self) -> float:
        """What leaves through the market at once."""
        return self.free_relief + self.tagged_relief

    def take(self, tonnes: float) -> float:
        """Take from the mix in stock; the tagged part of it."""
        tagged = self.tagged * tonnes / self.level if self.level > 0 else 0.0
        self.level, self.tagged = self.level - tonnes, self.tagged - tagged
        return tagged

    def release(self, tonnes: float) -> None:
        """Send on what is released out of the mix."""
        tagged = self.take(tonnes)
        self.tagged_relief += tagged
        self.free_relief += tonnes - tagged
        self.able -= tonnes


class Stockpiles:
    """All stockpiles of one history."""

    def __init__(self, chain: SmallChain) -> None:
        left = shares(chain) if chain.followed and chain.reserves else [0.0] * len(chain.markets)
        self.stocks = [Stock(row, left[row.market]) for row in chain.reserves]

    def of(self, market: int) -> Stock | None:
        """The stockpile of a market."""
        return next((stock for stock in self.stocks if stock.row.market == market), None)

    def offer(self, run: Run) -> None:
        """Losses, sales into the market, and what is to be bought."""
        for stock in self.stocks:
            row, m, dt = stock.row, stock.row.market, run.chain.dt
            active = row.begin <= run.now < row.end
            stock.lost = stock.level * (1 - (1 - row.loss) ** dt)
            stock.take(stock.lost)
            stock.able = row.outflow * dt if active else 0.0
            dear = row.sell_above is not None and run.price[m] > row.sell_above
            stock.sold = max(min(stock.level - row.kept, stock.able), 0.0) if dear else 0.0
            tagged = stock.take(stock.sold)
            stock.able -= stock.sold
            run.inventory[m] += stock.sold
            if run.chain.followed:
                run.origin.tagged[m] += tagged
            wish = active and stock.lacked <= 0 and run.price[m] <= row.buy_below
            stock.buying = min(row.pace, (row.size - stock.level) / dt) if wish else 0.0

    def relieve(self, run: Run) -> None:
        """What is bought comes in; what served claims lack goes out."""
        dt = run.chain.dt
        for stock in self.stocks:
            row, m = stock.row, stock.row.market
            value = run.chain.markets[m].price * run.price[m]
            # A sum of shares may be short of one by a digit; nothing is lacking then.
            first, local, export = (1.0 if fill > 1 - 1e-14 else fill for fill in run.fill[m])
            lack = (1 - first) * (run.claims[m][0] - run.firm[m]), (1 - local) * (run.claims[m][1] - stock.buying * dt)
            stock.bought = stock.buying * dt * local
            stock.free_relief = stock.tagged_relief = 0.0
            served_all = row.kept < row.size
            able = stock.able if row.relieves else 0.0
            to_first = min(lack[0], able, stock.level)
            spare = min(able - to_first, stock.level - to_first - row.kept)
            to_local = min(lack[1], max(spare, 0.0)) if served_all else 0.0
            stock.lacked = lack[0] + (lack[1] if served_all else 0.0)
            stock.relieved = to_first + to_local
            stock.release(stock.relieved)
            # What was bought is in stock only after the period: nothing of it is released in it.
            self._cover(stock, run)
            run.fill[m] = (
                first + ((1 - first) * to_first / lack[0] if lack[0] > 0 else 0.0),
                local + ((1 - local) * to_local / lack[1] if lack[1] > 0 else 0.0),
                export,
            )
            stock.paid = value * stock.bought
            stock.received = value * (stock.sold + stock.relieved)
            if row.relief_above is not None:
                stock.received += row.relief_above * run.chain.markets[m].price * stock.covered

    def _cover(self, stock: Stock, run: Run) -> None:
        """Priority sectors get what they would give up because of the price."""
        row, chain = stock.row, run.chain
        stock.covered = 0.0
        if row.relief_above is None or run.price[row.market] <= row.relief_above:
            return
        given_up = {}
        for u, use in enumerate(chain.uses):
            if use.market == row.market and first_class(chain, u, run.now):
                price = felt(chain, u, run.transacted[row.market])
                short = price**-use.short * choked(price, chain.markets[row.market].choke)
                given_up[u] = run.service[u] * max(1 - short, 0.0) * chain.dt
        total = sum(given_up.values())
        stock.covered = min(total, max(min(stock.level, stock.able), 0.0))
        stock.release(stock.covered)
        for u, tonnes in given_up.items():
            run.destroyed[u] -= tonnes / chain.dt * (stock.covered / total if total > 0 else 0.0)

    def relieve_bound(self, stock: Stock, run: Run, bound: float, lacking: float) -> None:
        """Free material for users bound to it."""
        more = min(lacking, max(stock.level - stock.tagged, 0.0), max(stock.able, 0.0)) if stock.row.relieves else 0.0
        stock.lacked += lacking if lacking > 1e-5 * bound else 0.0
        stock.level -= more
        stock.able -= more
        stock.free_relief += more
        stock.relieved += more
        stock.received += run.chain.markets[stock.row.market].price * run.price[stock.row.market] * more

    def pass_on(self, run: Run) -> None:
        """What was released passes through the market; what was bought comes in."""
        for stock in self.stocks:
            m = stock.row.market
            run.inventory[m] += stock.relief
            run.released[m] += stock.bought + stock.covered
            stock.level += stock.bought
            if run.chain.followed:
                run.origin.tagged[m] += stock.tagged_relief
                stock.tagged = min(max(stock.tagged + run.origin.left[m] * stock.bought, 0.0), stock.level)
            assert stock.level <= stock.row.size * (1 + 1e-12) and math.isfinite(stock.level)
