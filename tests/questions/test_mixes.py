"""The search for the cheapest mix, against trying all."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.questions.mixes import Mix, Search

STEPS = 4
AMOUNTS = 3


@given(
    prices=st.lists(st.floats(0.1, 10.0), min_size=AMOUNTS, max_size=AMOUNTS),
    enough=st.lists(st.tuples(*(st.integers(0, STEPS - 1) for _ in range(AMOUNTS))), max_size=4),
)
@settings(deadline=None, max_examples=60, derandomize=True)
def test_cheapest__is_that_of_all_mixes_wherever_meeting_is_monotone(prices: list[float], enough: list[Mix]) -> None:
    def cost(mix: Mix) -> float:
        return sum(price * step for price, step in zip(prices, mix, strict=True))

    def meets(mix: Mix) -> bool:
        return any(all(a >= b for a, b in zip(mix, least, strict=True)) for least in enough)

    good = [mix for mix in product(range(STEPS), repeat=AMOUNTS) if meets(mix)]
    found = Search(steps=STEPS, cost=cost, meets=meets).cheapest(amounts=AMOUNTS)
    if not good:
        assert found is None
    else:
        assert found is not None and meets(found) and cost(found) == min(map(cost, good))


def test_cheapest__asks_little_where_one_amount_decides() -> None:
    # Only the last helps, from step 6 of 8 on: seven times eight cubed mixes fail, and none of them is asked twice.
    search = Search(steps=8, cost=lambda mix: mix[0] + mix[1] + mix[2] + 50.0 * mix[3], meets=lambda mix: mix[3] >= 6)
    assert search.cheapest(amounts=4) == (0, 0, 0, 6)
    assert search.tried < 20


def test_cheapest__is_nothing_where_nothing_is_needed() -> None:
    assert Search(steps=3, cost=sum, meets=lambda mix: True).cheapest(amounts=2) == (0, 0)
