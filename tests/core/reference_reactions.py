"""For the reference, from `sim/core/MODEL.md`, section 1: candidates of restrictions that react."""

from __future__ import annotations

from sim.core.state import NOTHING, OUTPUT
from tests.core.described import Event, Restriction, SmallChain


class Candidates:
    """Candidates of one restriction that have come so far."""

    def __init__(self, chain: SmallChain, rule: Restriction, events: list[Event]) -> None:
        self.chain, self.rule, self.waiting = chain, rule, sorted(events, key=lambda event: event.announced)
        self.came: list[Event] = []
        if rule.watches == NOTHING:
            self.came, self.waiting = self.waiting, []

    def decide(self, now: int, price: list[float], wanted: list[float], growth: list[float]) -> None:
        """Let those announced before the end of period `now` come or go.

        Parameters
        ----------
        price: Of each market, in the period before.
        wanted: Activity of each process, in the period before.
        growth: Trend factor of each process then.
        """
        while self.waiting and self.waiting[0].announced < now + 1:
            candidate = self.waiting.pop(0)
            free = not self.came or self.came[-1].end <= max(candidate.announced, 0.0)
            seen = self._seen(price, wanted, growth) if now > 0 else 1.0
            chance = (seen - self.rule.begins_at) / (self.rule.full_at - self.rule.begins_at)
            if free and candidate.mark < min(max(chance, 0.0), 1.0):
                self.came.append(candidate)

    def _seen(self, price: list[float], wanted: list[float], growth: list[float]) -> float:
        if self.rule.watches != OUTPUT:
            return sum(price[m] for m in self.rule.watched) / len(self.rule.watched)
        made = usual = 0.0
        for p in self.rule.watched:
            process = self.chain.processes[p]
            made += process.outputs[0].coefficient * wanted[p]
            usual += process.outputs[0].coefficient * process.activity * growth[p]
        return made / usual
