"""The cheapest mix of several amounts that meets a bound, where more of any of them never makes it worse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

Mix = tuple[int, ...]
"""Step of each amount on its ladder."""


class Search:
    """A search over mixes on ladders of steps.

    It is exact for the mixes on the ladders if meeting the bound is monotone: whatever is at least a mix that meets it
    meets it too. Then a mix that fails rules out all that is nowhere above it, and the search first lifts it as far as
    it still fails.

    Example
    -------
    >>> found = Search(steps=5, cost=lambda mix: 3.0 * mix[0] + mix[1], meets=lambda mix: 2 * mix[0] + mix[1] >= 4)
    >>> found.cheapest(amounts=2), found.tried < 25
    ((0, 4), True)
    """

    def __init__(self, *, steps: int, cost: Callable[[Mix], float], meets: Callable[[Mix], bool]) -> None:
        """Keep what a mix costs, which must rise with every amount, and whether it meets the bound."""
        self._steps, self._cost, self._meets = steps, cost, meets
        self._fails: list[Mix] = []
        self._asked: dict[Mix, bool] = {}

    @property
    def tried(self) -> int:
        """Mixes looked at."""
        return len(self._asked)

    def cheapest(self, *, amounts: int) -> Mix | None:
        """Return the cheapest mix that meets the bound; none if the largest does not."""
        if not self._meet((self._steps - 1,) * amounts):
            return None
        for mix in sorted(product(range(self._steps), repeat=amounts), key=lambda mix: (self._cost(mix), mix)):
            if self._ruled_out(mix):
                continue
            if self._meet(mix):
                return mix
            self._fails.append(self._lifted(mix))
        return None

    def _meet(self, mix: Mix) -> bool:
        if mix not in self._asked:
            self._asked[mix] = self._meets(mix)
        return self._asked[mix]

    def _ruled_out(self, mix: Mix) -> bool:
        """Whether a mix is nowhere above one that fails."""
        return any(all(a <= b for a, b in zip(mix, fail, strict=True)) for fail in self._fails)

    def _lifted(self, mix: Mix) -> Mix:
        """The mix with one amount after the other raised as far as it still fails."""
        for place in range(len(mix)):
            low, high = mix[place], self._steps
            for step in self._ladder(low):
                if low < step < high and not self._meet(_with(mix, place, step)):
                    low = step
                elif low < step < high:
                    high = step
            mix = _with(mix, place, low)
        return mix

    def _ladder(self, low: int) -> Iterator[int]:
        """Steps to ask about: the highest first, then all above; those known by then are passed over."""
        yield self._steps - 1
        yield from range(low + 1, self._steps - 1)


def _with(mix: Mix, place: int, step: int) -> Mix:
    """The mix with one amount at another step."""
    return (*mix[:place], step, *mix[place + 1 :])
