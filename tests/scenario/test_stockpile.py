"""Stockpiles in a scenario file: sizes, terms, and all faults at once."""

from __future__ import annotations

from typing import Any

import pytest

from sim.chain import build
from sim.chain.stockpiles import held, reserves
from sim.core.state import NEVER
from sim.scenario import load
from sim.scenario.stockpile import Stockpile
from tests.scenario.test_provenance import toml

STOCK: dict[str, Any] = {"kind": "stockpile", "regions": ["B"], "days": {"magnet": 73}}


def stock(name: str = "store", **keys: Any) -> str:
    return f"policies.{name}={toml({key: value for key, value in (STOCK | keys).items() if value is not None})}"


def test_size__is_days_of_what_the_region_takes_in_or_tonnes(folder: Any) -> None:
    both = load(folder.scenario, overrides=[stock(tonnes={"oxide": 3}, strength=2.0)])
    reference = build(both)
    magnets, oxide = held(reference)
    sold = float(reference.flows.sales[reference.at["magnet", "B"]])
    assert (magnets.product, magnets.size) == ("magnet", pytest.approx(2 * 73 / 365 * sold))
    assert (oxide.product, oxide.region, oxide.size) == ("oxide", "B", 6.0)


def test_stockpile__of_no_strength_or_no_tonnes_is_not_there(folder: Any) -> None:
    for given in (stock(strength=0), stock(days=None, tonnes={"magnet": 0})):
        assert held(build(load(folder.scenario, overrides=[given]))) == ()


def test_reserves__keep_for_priority_sectors_only_where_there_are_any(folder: Any) -> None:
    terms = {"tonnes": {"oxide": 10}, "days": None, "initial": 0.5, "months_to_fill": 20, "loss_per_year": 0.19}
    loaded = load(
        folder.scenario,
        overrides=[
            stock(**terms, release_share=0.5, **{"from": "2026-01", "until": "2027-01"}),
            stock("other", days={"magnet": 365}, commercial_share=0.25, sell_above=2.0, relief_above=1.5),
        ],
    )
    rows = reserves(build(loaded), 0.5)
    assert rows.kept == pytest.approx([0.0, 0.75 * rows.most[1]])
    assert (rows.most[0], rows.opening[0], rows.pace[0], rows.outflow[0]) == (10.0, 5.0, 0.5, 2.5)
    assert rows.loss[0] == pytest.approx(1 - 0.81 ** (0.5 / 12))
    assert (rows.begin[0], rows.end[0], rows.begin[1], rows.end[1]) == (24, 48, 0, 120)
    assert rows.sell_above.tolist() == [float(NEVER), 2.0] and rows.relief_above.tolist() == [float(NEVER), 1.5]


def test_load__reports_all_faults_of_stockpiles_at_once(folder: Any) -> None:
    faults = folder.faults(
        stock("one", days={"magnets": 60}, regions=["C"]),
        stock("two", days={"ore": 60}),
        stock("three", days=None),
        stock("four", tonnes={"magnet": 5}),
        'policies.five={ kind = "stockpile", regions = ["B"], days = { magnet = 73 }, on_shortage = false }',
        stock("six", sell_above=1.2),
        stock("seven", initial=1.5, loss_per_year=-1),
    )
    expected = (
        "policies.one.regions names 'C', not a known region",
        "policies.one.days names 'magnets', not a known product; did you mean magnet?",
        "policies.two.days names 'ore', which nobody in B takes in; give one of magnet, oxide",
        "policies.three holds nothing; give days = { PRODUCT = number } or tonnes = { PRODUCT = number }",
        "policies.four.tonnes gives 'magnet' in tonnes and in days; give one of them",
        "policies.five never releases anything; set on_shortage = true, relief_above or sell_above",
        "policies.six.sell_above is 1.2, not above buy_below 1.25: it would buy what it sells",
        "policies.seven.initial is 1.5",
        "policies.seven.loss_per_year is -1",
    )
    for text in expected:
        assert any(text in fault for fault in faults), (text, faults)
    assert len(faults) == len(expected), faults


def test_load__refuses_two_stockpiles_of_one_product_in_one_region(folder: Any) -> None:
    fault = folder.fault(stock("one"), stock("two"))
    assert "policies.two holds magnet in B, as one does; give one stockpile with the size of both" in fault


def test_without__takes_a_stockpile_away(folder: Any) -> None:
    loaded = load(folder.scenario, overrides=[stock()])
    assert isinstance(loaded.policies["store"], Stockpile)
    assert held(build(loaded.without("store"))) == ()


def test_faults__of_bounds_and_of_unknown_names_come_together(folder: Any) -> None:
    found = folder.faults(stock(days={"magnet": -5, "magnets": 3}, regions=["B", "Z"], initial=2))
    assert [line.partition("; ")[0] for line in found] == [
        "--set: policies.store.days.magnet is -5",
        "--set: policies.store.initial is 2",
        "--set: policies.store.regions names 'Z', not a known region",
        "--set: policies.store.days names 'magnets', not a known product",
    ]
