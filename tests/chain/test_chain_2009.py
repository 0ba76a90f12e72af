"""The chain of 2009-10: its shares are the published ones, its rows say where they come from, it is stable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import pytest

import sim
from sim.chain import Reference, build, stability
from sim.chain.reference import Process

LIGHT = ("la_oxide", "ce_oxide", "mischmetal")
UNDER_QUOTA = (*LIGHT, "y_oxide", "ndpr_oxide", "sm_oxide", "dy_oxide", "tb_oxide", "ndpr_metal", "dy_metal")
TABLES = ("regions", "products", "recipes", "processes", "routes", "transport", "sectors", "uses")
LEGAL = (30_570 * 12 / 11 + 39_813) / 2
"""Legal exports of China, mean of 2009 (eleven months, a year) and 2010, t."""


@pytest.fixture(scope="module")
def chain() -> Reference:
    return build(sim.load("quota_2010"))


def made(chain: Reference, products: Iterable[str], counts: Callable[[Process], bool] = bool) -> dict[str, float]:
    """Shares of regions in what is made of some products together."""
    tonnes: defaultdict[str, float] = defaultdict(float)
    for process in filter(counts, chain.processes):
        tonnes[process.region] += sum(process.outputs.get(product, 0.0) for product in products) * process.activity
    return {region: made / sum(tonnes.values()) for region, made in tonnes.items()}


def outflow(chain: Reference, products: Iterable[str] = UNDER_QUOTA) -> dict[str, float]:
    """What China exports of some products, t a year, by destination."""
    tonnes: defaultdict[str, float] = defaultdict(float)
    for route in chain.routes:
        if route.origin == "CN" and route.product in set(products):
            tonnes[route.destination] += route.flow
    return tonnes


def of_stage(chain: Reference, stage: str) -> list[str]:
    return [name for name, row in chain.products.items() if row.stage == stage]


@pytest.mark.parametrize("table", TABLES)
def test_tables__say_in_every_row_where_it_comes_from_and_how_well_it_is_known(chain: Reference, table: str) -> None:
    tables = chain.scenario.tables
    rows = getattr(tables, table)
    assert rows
    for row in rows:
        assert len(row.source) >= len("assumption"), row
        assert row.confidence in tables.meta.confidence, row
        if row.confidence == "assumption":
            said = ("assum", "balance", "residual", "as in the tables of 2024")
            assert any(word in row.source for word in said), row


def test_build__changes_hardly_anything(chain: Reference) -> None:
    assert chain.changes == ()


def test_chain__is_of_the_size_it_says(chain: Reference) -> None:
    assert len(chain.regions) == 8 and len(chain.products) == 22
    assert chain.scenario.tables.meta.base_year == 2009


def test_mining__is_97_percent_chinese(chain: Reference) -> None:
    assert made(chain, of_stage(chain, "mining"))["CN"] == pytest.approx(0.97, abs=0.005)


def test_separation__is_mostly_chinese(chain: Reference) -> None:
    ores = set(of_stage(chain, "mining"))
    shares = made(chain, ["ndpr_oxide"], lambda process: not ores.isdisjoint(process.inputs))
    assert 0.95 < shares["CN"] < 0.99


def test_blanks__are_split_as_published_for_2010(chain: Reference) -> None:
    shares = made(chain, of_stage(chain, "block"))
    for region, published in {"CN": 0.794, "JP": 0.193, "EU": 0.013}.items():
        assert shares[region] == pytest.approx(published, abs=0.002)


def test_outflow__is_legal_exports_and_three_tenths_smuggled(chain: Reference) -> None:
    leakage = {row.leakage for row in chain.scenario.restrictions.values() if row.kind == "export_quota"}
    assert leakage == {0.30}
    assert sum(outflow(chain).values()) * (1.0 - 0.30) == pytest.approx(LEGAL, rel=0.02)


def test_outflow__goes_to_japan_first_and_is_light_oxides_by_weight(chain: Reference) -> None:
    total = outflow(chain)
    assert max(total, key=lambda region: total[region]) == "JP"
    assert total["JP"] == pytest.approx(19_500, rel=0.02)
    assert sum(outflow(chain, LIGHT).values()) / sum(total.values()) > 0.75


def test_metal__comes_to_japan_from_china_and_vietnam(chain: Reference) -> None:
    origins = {
        row.origin for row in chain.routes if (row.product, row.destination) == ("ndpr_metal", "JP") and row.flow
    }
    assert origins == {"CN", "VN"}


def test_duty__and_tax_lead_from_the_reference_price_to_the_fob_quote(chain: Reference) -> None:
    quotes = {"la_oxide": 6.08, "ce_oxide": 4.46, "sm_oxide": 3.4, "dy_oxide": 156.5, "tb_oxide": 478.9}
    for row in chain.scenario.tables.routes:
        if row.origin == "CN" and row.product in quotes:
            price = chain.products[row.product].price_usd_per_kg
            assert price * (1.0 + row.duty) == pytest.approx(quotes[row.product], rel=2e-3)
        if row.product in of_stage(chain, "magnet") and row.origin == "CN":
            assert row.duty < 0.05


def test_recipes__are_those_of_2024_where_technology_did_not_change(chain: Reference) -> None:
    here, later = chain.scenario.tables, sim.load("still").tables
    for name in (
        "reduce_ndpr",
        "reduce_dy",
        "sinter_std",
        "sinter_hc",
        "finish_std",
        "finish_hc",
        "cast_std",
        "cast_std_cn",
    ):
        assert here.recipe(name) == later.recipe(name)


def test_buyers__hold_stocks_of_their_own_as_those_of_2024_do(chain: Reference) -> None:
    # Stock taken out of a market makes its price answer a cut sooner: a parameter fitted here must mean the same there.
    def holders(name: str) -> dict[str, list[tuple[float, float]]]:
        found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
        for row in sim.load(name).tables.cohorts:
            found[row.sector].append((row.share, row.cover_weeks))
        return found

    here, later = holders("quota_2010"), holders("still")
    assert set(here) == {row.sector for row in chain.scenario.tables.sectors}
    assert all(here[sector] == later[sector] for sector in here if sector != "phosphors")
    assert chain.scenario.parameters.users_cover == sim.load("still").parameters.users_cover > 0.0


def test_certificate__is_kept_and_holds(chain: Reference) -> None:
    kept = stability.stored(chain.scenario)
    assert kept is not None
    assert kept.radius < 1.0 and kept.remaining <= 0.02
