"""Formulae of the core against cases worked by hand, and its elementary functions against the library's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from sim.core import flow, mathx, price, production, rationing, restrictions, trade
from sim.core.jit import entry
from sim.core.state import Constants

F32, F64 = np.float32, np.float64
KINDS = pytest.mark.parametrize("kind", [F32, F64])


@entry
def choke(x: Any, multiple: Any) -> Any:
    return production.choke(x, multiple)


@entry
def thrifted(x: Any, elasticity: Any, floor: Any) -> Any:
    return production.thrifted(x, elasticity, floor)


@entry
def served(available: Any, claimed: Any) -> Any:
    return rationing.served(available, claimed)


@entry
def rent_after(rent: Any, wanted: Any, quota: Any, active: Any, constants: Any) -> Any:
    return trade.rent_after(rent, wanted, quota, active, constants)


@entry
def ordered(before: Any, advantage: Any, usual: Any, latent: Any, demand: Any, constants: Any) -> Any:
    return trade.ordered(before, advantage, usual, latent, demand, constants)


@entry
def overlap(now: Any, begin: Any, end: Any) -> Any:
    return restrictions.overlap(now, begin, end)


@entry
def pipeline_row(markets: Any, m: Any, period: Any) -> Any:
    return flow.pipeline_row(markets[m], period)


@entry
def cover_wish(trend: Any, linear: Any, strength: Any, threshold: Any, bound: Any) -> Any:
    return price.cover_wish(trend, linear, strength, threshold, bound)


@entry
def elementary(x: Any, exponents: Any, exps: Any, logs: Any, powers: Any, exponent: Any) -> None:
    for i in range(x.size):
        exps[i] = mathx.exp(exponents[i])
        logs[i] = mathx.log(x[i])
        powers[i] = mathx.power(x[i], exponent)


def constants(kind: Any, **values: float) -> Constants:
    """Constants of which a formula under test reads only `values`."""
    return Constants(*(kind(values.get(name, 0.0)) for name in Constants._fields))


@KINDS
def test_choke__is_one_up_to_the_reference_price_and_one_half_at_the_multiple(kind: Any) -> None:
    assert choke(kind(0.5), kind(4)) == 1
    assert choke(kind(1), kind(4)) == 1
    assert choke(kind(4), kind(4)) == 0.5
    assert choke(kind(7), kind(4)) == pytest.approx(1 / 9, rel=1e-6)  # (6 / 3)^3 = 8


@KINDS
def test_thrifted__stays_between_floor_and_its_inverse(kind: Any) -> None:
    assert thrifted(kind(1e-9), kind(0.25), kind(0.4)) == kind(1) / kind(0.4)
    assert thrifted(kind(16), kind(0.25), kind(0.4)) == pytest.approx(0.5, rel=1e-6)
    assert thrifted(kind(1000), kind(0.25), kind(0.4)) == kind(0.4)


@KINDS
def test_served__is_the_share_of_a_claim_within_reach(kind: Any) -> None:
    assert served(kind(3), kind(4)) == 0.75
    assert served(kind(4), kind(4)) == 1
    assert served(kind(5), kind(4)) == 1
    assert served(kind(0), kind(4)) == 0
    assert served(kind(0), kind(0)) == 1


@KINDS
def test_rent_after__moves_with_the_excess_of_orders_over_the_quota(kind: Any) -> None:
    given = constants(kind, rent_step=0.5, rent_excess_bound=1.5, rent_scale=10.0)
    # e = 2.71828 times the quota: an excess of 1, half of which a period takes; (6 + 10) e^0.5 - 10
    assert rent_after(kind(6), kind(100 * math.e), kind(100), kind(1), given) == pytest.approx(16.37954, rel=1e-5)
    # fourfold orders for a quarter of the period: 20 * 4^(0.5 * 0.25) - 10 = 20 * 1.189207 - 10
    assert rent_after(kind(10), kind(400), kind(100), kind(0.25), given) == pytest.approx(13.78414, rel=1e-5)
    # a hundredfold excess counts as e^1.5: 10 * e^0.75 - 10
    assert rent_after(kind(0), kind(1e4), kind(100), kind(1), given) == pytest.approx(11.17000, rel=1e-5)
    assert rent_after(kind(1), kind(1), kind(100), kind(1), given) == 0
    assert rent_after(kind(5), kind(200), kind(100), kind(0), given) == 0


@KINDS
def test_ordered__follows_the_bounded_advantage(kind: Any) -> None:
    given = constants(kind, follow_order=0.25, order_bound=3.0, latent_floor=0.0)
    assert ordered(kind(8), kind(2), kind(10), kind(0), kind(1), given) == 11  # 8 + (20 - 8) / 4
    assert ordered(kind(8), kind(9), kind(10), kind(0), kind(2), given) == 21  # 8 + (60 - 8) / 4
    assert ordered(kind(0), kind(3), kind(0), kind(2), kind(1), given) == 1  # (2 * 2) / 4
    assert ordered(kind(4), kind(0.5), kind(0), kind(2), kind(1), given) == 3


@KINDS
def test_overlap__is_the_share_of_the_period_in_force(kind: Any) -> None:
    assert overlap(kind(3), kind(3.25), kind(10)) == 0.75
    assert overlap(kind(3), kind(0), kind(3.25)) == 0.25
    assert overlap(kind(3), kind(3.25), kind(3.5)) == 0.25
    assert overlap(kind(3), kind(0), kind(10)) == 1
    assert overlap(kind(3), kind(4), kind(10)) == 0
    assert overlap(kind(3), kind(0), kind(3)) == 0
    assert overlap(kind(3), kind(3e38), kind(3e38)) == 0


def test_pipeline_row__returns_to_a_row_when_the_longest_delay_has_passed() -> None:
    markets = np.rec.fromarrays(
        [np.array([0, 10], np.int32), np.array([10, 4], np.int32)], names="pipeline, pipeline_rows"
    )
    assert [pipeline_row(markets, 1, period) for period in (0, 3, 4, 9)] == [10, 13, 10, 11]
    assert pipeline_row(markets, 0, 23) == 3


@KINDS
def test_cover_wish__extrapolates_and_speculates_above_the_threshold(kind: Any) -> None:
    bound = kind(3)
    assert cover_wish(kind(0.05), kind(0.2), kind(10), kind(0.1), bound) == pytest.approx(0.01, rel=1e-6)
    assert cover_wish(kind(0.3), kind(0.2), kind(10), kind(0.1), bound) == pytest.approx(0.46, rel=1e-6)  # 0.06 + 0.4
    assert cover_wish(kind(9), kind(0.2), kind(10), kind(0.1), bound) == 3
    assert cover_wish(kind(-20), kind(0.2), kind(10), kind(0.1), bound) == -3


@pytest.mark.parametrize("exponent", [-2.0, 0.25, 6.0])
def test_elementary_functions__are_accurate_over_wide_ranges_in_single_precision(exponent: float) -> None:
    x = np.concatenate([np.geomspace(1e-6, 1e6, 20001), np.linspace(0.9, 1.1, 20001)]).astype(F32)
    exponents = np.linspace(-80, 80, x.size).astype(F32)
    exps, logs, powers = (np.empty_like(x) for _ in range(3))
    elementary(x, exponents, exps, logs, powers, F32(exponent))
    exact = x.astype(float)
    assert np.abs(exps / np.exp(exponents.astype(float)) - 1).max() < 3e-7
    assert np.all(np.abs(logs - np.log(exact)) <= 3e-7 * np.abs(np.log(exact)) + 1e-12)
    fits = np.abs(exponent * np.log(exact)) < 80
    # the rounding of log and of its product with the exponent is carried over by the exponential
    allowed = 4e-7 * (1 + np.abs(exponent * np.log(exact)))
    assert np.all(np.abs(powers / exact**exponent - 1)[fits] < allowed[fits])


def test_elementary_functions__are_the_librarys_in_double_precision() -> None:
    x = np.geomspace(1e-6, 1e6, 2001)
    exponents = np.linspace(-80, 80, x.size)
    exps, logs, powers = (np.empty_like(x) for _ in range(3))
    elementary(x, exponents, exps, logs, powers, 0.25)
    assert np.allclose(exps, [math.exp(y) for y in exponents], rtol=1e-15)
    assert np.allclose(logs, [math.log(y) for y in x], rtol=1e-15)
    assert np.allclose(powers, x**0.25, rtol=1e-14)


def test_elementary_functions__hold_their_limits_in_single_precision() -> None:
    x, exponents = np.array([0, 1e-45, 1, 3e38], dtype=F32), np.array([-1e4, 0, 87.5, 1e4], dtype=F32)
    exps, logs, powers = (np.empty_like(x) for _ in range(3))
    elementary(x, exponents, exps, logs, powers, F32(1))
    assert exps[1] == 1 and 0 <= exps[0] < 2e-38 and np.isfinite(exps).all() and exps[3] > 1e38
    assert logs[2] == 0 and np.isfinite(logs).all() and logs[0] == logs[1]
