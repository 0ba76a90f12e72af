"""Users' own stocks (`MODEL.md`, section 11) worked by hand, for the core and for the second implementation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from sim.core import allocate, cohorts, fields
from sim.core.jit import entry
from tests.core import arrays
from tests.core.described import Market, SmallChain, Use
from tests.core.reference_buyers import Buyers

LANES = 16
DT = 0.5
TENTH = math.log(1.1) / DT
"""Growth a month of demand that rises by a tenth every half-month."""


@entry
def claim(chain, now, block):  # type: ignore[no-untyped-def]
    cohorts.claim(chain, chain.tiles[0], now, block)


@entry
def sell(chain, now, block):  # type: ignore[no-untyped-def]
    cohorts.sell(chain, chain.tiles[0], now, block)


@dataclass
class Period:
    """What comes of one period, t."""

    ordered: float
    bought: float
    missing: float
    fullness: list[float]


def in_core(use: Use, fills: list[float]) -> list[Period]:
    """Periods of one use at given fills and no change of price, from the core."""
    small = SmallChain((Market(100, 100, 10),), (), (), (use,), dt=DT)
    chain = arrays.chain_arrays(small, len(fills), np.float64)
    runs = allocate.block_at_reference(chain, LANES)
    found = []
    for now, fill in enumerate(fills):
        before = float(runs.use[fields.RATIONED, 0, 0])
        runs.use[fields.DESIRED] = use.demand * float(chain.trend.use[0, now])
        runs.market[fields.CLAIM_LOCAL] = runs.market[fields.RELEASED] = 0.0
        claim(chain, now, runs)
        runs.market[fields.FILL_LOCAL], runs.market[fields.STRAINED] = fill, float(fill < 1)
        sell(chain, now, runs)
        found.append(
            Period(
                float(runs.market[fields.CLAIM_LOCAL, 0, 0]) * DT,
                float(runs.market[fields.RELEASED, 0, 0]),
                float(runs.use[fields.RATIONED, 0, 0]) - before,
                runs.cohort[fields.FULLNESS, :, 0].tolist(),
            )
        )
    return found


def in_reference(use: Use, fills: list[float]) -> list[Period]:
    """The same from the second implementation."""
    restock = SmallChain((), (), (), ()).parameters.restock_months
    buyers = Buyers(use, DT, 1 - math.exp(-DT / restock))
    found = []
    for now, fill in enumerate(fills):
        growth, before = math.exp(use.growth * now * DT), buyers.rationed
        ordered = buyers.order(use.demand * growth, growth)
        bought = buyers.buy(fill)
        found.append(Period(ordered, bought, buyers.rationed - before, list(buyers.fullness)))
    return found


BOTH = pytest.mark.parametrize("periods", [in_core, in_reference], ids=["core", "reference"])
RESTOCK = 1 - math.exp(-DT / SmallChain((), (), (), ()).parameters.restock_months)
"""k(restock), the only number below that is not worked out from tonnes."""


def assert_period(found: Period, ordered: float, bought: float, missing: float, *fullness: float) -> None:
    assert found.ordered == pytest.approx(ordered, rel=1e-12)
    assert found.bought == pytest.approx(bought, rel=1e-12)
    assert found.missing == pytest.approx(missing, rel=1e-9, abs=1e-9)
    assert found.fullness == pytest.approx(list(fullness), rel=1e-12, abs=1e-12)


@BOTH
def test_cohorts__use_their_stock_stop_and_fill_it_again(periods) -> None:  # type: ignore[no-untyped-def]
    # 50 t a period. A quarter of it has no stock; three quarters, 37.5 t a period, keep 0.4 months, 30 t.
    use = Use(0, 100.0, cohorts=((0.25, 0.0), (0.75, 0.4)))
    first, second, third, fourth = periods(use, [0.8, 0.4, 1.0, 1.0])
    # Fill 0.8: the first lack 2.5 of 12.5 t and stop; the others get 30 t, take 7.5 t of their 30 and go on.
    assert_period(first, 50.0, 40.0, 2.5, 1.0, 0.75)
    # 7.5 t lack: k of it is ordered beside the need. Fill 0.4: the first lack 7.5 t. The others have 22.5 t and get
    # 15 + 3 k of the 37.5 t they need: enough, and 3 k t are left of 30.
    k = RESTOCK
    assert_period(second, 50.0 + 7.5 * k, 20.0 + 3.0 * k, 7.5, 1.0, 0.1 * k)
    # Fill 1: k of the 30 - 3 k t that lack come beside the need.
    third_full = 0.1 * k + k * (1 - 0.1 * k)
    assert_period(third, 50.0 + k * (30 - 3 * k), 50.0 + k * (30 - 3 * k), 0.0, 1.0, third_full)
    assert_period(
        fourth, 50 + 30 * k * (1 - third_full), 50 + 30 * k * (1 - third_full), 0.0,
        1.0, third_full + k * (1 - third_full),
    )  # fmt: skip


@BOTH
def test_cohorts__stop_where_stock_and_supply_do_not_cover_the_need(periods) -> None:  # type: ignore[no-untyped-def]
    # 50 t a period, 20 t in stock. Fill 0.2: 10 t come, 30 t are at hand, 20 t are missing.
    (found,) = periods(Use(0, 100.0, cohorts=((1.0, 0.2),)), [0.2])
    assert_period(found, 50.0, 10.0, 20.0, 0.0)


@BOTH
def test_cohorts__build_stocks_as_demand_grows(periods) -> None:  # type: ignore[no-untyped-def]
    # A month of use: 100, 110, 121, 133.1 t. Steady: the first period orders its need of 50 t only.
    use = Use(0, 100.0, cohorts=((1.0, 1.0),), growth=TENTH)
    first, second, third, fourth = periods(use, [1.0, 0.5, 1.0, 1.0])
    assert_period(first, 50.0, 50.0, 0.0, 1.0)
    # Need 55 t, 10 t more stock: 65 t ordered, 32.5 come; 100 + 32.5 - 55 = 77.5 t of 110 are left.
    assert_period(second, 65.0, 32.5, 0.0, 77.5 / 110)
    # Need 60.5 t, 11 t more stock, k of the 32.5 t that lack.
    k = RESTOCK
    assert_period(third, 71.5 + 32.5 * k, 71.5 + 32.5 * k, 0.0, (88.5 + 32.5 * k) / 121)
    lacking = 32.5 * (1 - k)
    assert_period(fourth, 66.55 + 12.1 + k * lacking, 66.55 + 12.1 + k * lacking, 0.0, 1 - lacking * (1 - k) / 133.1)


@BOTH
def test_cohorts__order_all_that_lacks_once_they_are_nearly_full(periods) -> None:  # type: ignore[no-untyped-def]
    # 50 t a period, 200 t in stock: fill 0.97 takes 1.5 t of it, 0.9925 are left, above 0.99.
    first, second = periods(Use(0, 100.0, cohorts=((1.0, 2.0),)), [0.97, 1.0])
    assert_period(first, 50.0, 48.5, 0.0, 0.9925)
    assert_period(second, 51.5, 51.5, 0.0, 1.0)


@BOTH
def test_cohorts__let_go_what_is_over_as_demand_shrinks(periods) -> None:  # type: ignore[no-untyped-def]
    use = Use(0, 100.0, cohorts=((1.0, 1.0),), growth=-TENTH)
    _, second = periods(use, [1.0, 1.0])
    assert_period(second, 50 / 1.1, 50 / 1.1, 0.0, 1.0)


def test_cohorts__stay_full_to_the_bit_beside_a_lane_that_is_short() -> None:
    # Stocks of some hours in a growing use: what is got less what is needed, a small difference of large numbers.
    use = Use(0, 97.0, cohorts=((0.7, 0.003), (0.3, 0.0)), growth=0.004)
    small = SmallChain((Market(100, 100, 10),), (), (), (use,), dt=DT)
    for kind in (np.float32, np.float64):
        chain = arrays.chain_arrays(small, 40, kind)
        runs = allocate.block_at_reference(chain, LANES)
        fills = np.ones(LANES)
        fills[3] = 0.5
        for now in range(40):
            runs.use[fields.DESIRED] = use.demand * float(chain.trend.use[0, now])
            runs.market[fields.FILL_LOCAL], runs.market[fields.STRAINED] = fills, 1.0
            sell(chain, now, runs)
            others = np.delete(runs.cohort[fields.FULLNESS], 3, axis=1)
            assert np.all(others == 1.0), f"period {now}: {others.min()}"
        assert runs.cohort[fields.FULLNESS, 0, 3] < 1
