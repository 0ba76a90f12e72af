from __future__ import annotations

import pytest

import sim
from sim import chain
from sim.chain.reference import Reference
from sim.results import audit
from sim.results.shares import chinese_shares


@pytest.fixture(scope="module")
def reference() -> Reference:
    return chain.build(sim.load("still"))


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("rare-earth oxide mined", 0.60, 0.70),
        ("NdPr oxide separated from ore", 0.86, 0.92),
        ("NdPr metal made", 0.88, 0.93),
        ("NdFeB blocks made", 0.90, 0.94),
        ("finished NdFeB magnets exported, of its output", 0.26, 0.33),
        ("dysprosium used outside, of the world", 0.03, 0.10),
    ],
)
def test_chinese_shares__lie_in_the_published_ranges(reference: Reference, name: str, low: float, high: float) -> None:
    found = {share.name: share for share in chinese_shares(reference)}
    assert low <= found[name].value <= high
    assert found[name].is_within


def test_chinese_shares__of_mining_equal_a_sum_over_mines_by_hand(reference: Reference) -> None:
    mines = [process for process in reference.processes if not process.inputs and process.name.startswith("mine_")]
    china = sum(mine.activity for mine in mines if mine.region == "CN")
    total = sum(mine.activity for mine in mines)
    assert chinese_shares(reference)[0].value == pytest.approx(china / total, rel=1e-12)


def test_counts__are_those_of_the_reference(reference: Reference) -> None:
    found = audit.counts(reference)
    assert found["markets"] == len(reference.markets) and found["regions"] == 13
    assert found["routes"] + found["latent routes"] == len(reference.routes)


def test_confidence__counts_every_row_once(reference: Reference) -> None:
    found = audit.confidence(reference.scenario)
    for table in audit.TABLES:
        assert sum(row[table] for row in found.values()) == len(getattr(reference.scenario.tables, table))


def test_raised_covers__none_at_half_months_and_some_where_markets_empty_slowly(reference: Reference) -> None:
    given = {product: row.cover_months for product, row in reference.products.items()}
    coarse = chain.build(sim.load("still", overrides=["time.periods_per_year=12", "parameters.release_share=1.0"]))
    raised = audit.raised_covers(coarse)
    assert raised and all(row.used > row.given == given[row.product] for row in raised)
    assert not audit.raised_covers(reference)


def test_stated_assumptions__come_from_the_readme_of_the_chain(reference: Reference) -> None:
    stated = audit.stated_assumptions(reference.scenario)
    assert len(stated) > 5 and stated[0].startswith("One price per product.")
    assert not any("*" in text or "\n" in text for text in stated)
