"""China's quotas of 2010-15 leave the marks that the episode left."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.chain import build, core_arrays, stability
from sim.core import allocate, fields, loop
from sim.shocks import sample

ABROAD = ("JP", "US", "EU")
EMBARGO = "restrictions.embargo_of_japan=false"
GOODS = sim.load("quota_2010").restrictions["export_quota"].products


def replay(*overrides: str) -> xr.DataTree:
    # All dates are known, and the two shares drawn at random hardly matter: few runs do.
    return sim.run(sim.load("quota_2010", overrides=["time.years=5", *overrides]), runs=8, traces=8)


@pytest.fixture(scope="module")
def episode() -> xr.DataTree:
    return replay()


@pytest.fixture(scope="module")
def without_embargo() -> xr.DataTree:
    return replay(EMBARGO)


def price(results: xr.DataTree, product: str, region: str) -> xr.DataArray:
    """Quoted price of the first run over its reference, by month."""
    return results["traces"].price.isel(run=0).sel(product=product, region=region)


def months(values: xr.DataArray, first: str, last: str) -> xr.DataArray:
    return values.sel(time=slice(f"{first}-01", f"{last}-28"))


def shipped(results: xr.DataTree, origins: tuple[str, ...], destinations: tuple[str, ...]) -> xr.DataArray:
    """Goods under the quota sent between regions in the first run, t in the month."""
    sent = results["traces"].shipment.isel(run=0)
    legs = {
        f"{product} {origin}>{destination}" for product in GOODS for origin in origins for destination in destinations
    }
    return sent.isel(route=[leg in legs for leg in sent.route.values]).sum("route")


def test_quota__earns_one_rent_from_july_2010(episode: xr.DataTree) -> None:
    rent = episode["runs"].licence_rent.median("run")
    assert float(rent.sel(restriction="export_quota")) > 500.0
    assert float(rent.drop_sel(restriction="export_quota").sum()) == 0.0


def test_quota__is_one_measure_of_ten_half_years(episode: xr.DataTree) -> None:
    drawn = episode["shocks"].sel(restriction="export_quota").isel(run=0)
    assert drawn["level"].values.tolist() == [44564, 15952, 28892, 31476, 42452, 19540, 31002, 30996, 30220, 31000]
    assert drawn["onset"].values[1:].tolist() == drawn["end"].values[:-1].tolist() == list(range(6, 60, 6))
    # Legal orders of the first half are below the quota; of those of the second, some 37 kt a year, it lets 16 pass.
    assert drawn["severity"].values[0] == 0.0 and 0.3 < drawn["severity"].values[1] < 0.45


def rents(*overrides: str) -> np.ndarray:
    """Licence rent of the quota in every period of five years, USD/kg."""
    scenario = sim.load("quota_2010", overrides=["time.years=5", *overrides])
    reference = build(scenario)
    chain, row = core_arrays(reference), list(scenario.restrictions).index("export_quota")
    events = sample(scenario, reference, first=0, runs=2, seed=1).events(12.0 / 24)
    projects = stability.no_projects(chain)
    block = allocate.block_at_reference(chain, 2)
    months, weights = np.zeros(scenario.periods, dtype=np.int32), np.ones(scenario.periods, dtype=np.float32)
    found = []
    for now in range(scenario.periods):
        loop.simulate(chain, events, projects, 0, now, now + 1, months, weights, block, allocate.no_record(chain))
        found.append(float(block.restriction[fields.RENT, row, 0]))
    return np.array(found)


def test_quota__carries_its_rent_from_half_year_to_half_year() -> None:
    rent = rents()
    # In August 2010 a tonne of quota was worth about 15 USD/kg (Japan Metal Bulletin p=4991).
    assert 10.0 < rent[14:16].mean() < 20.0
    steps = np.array([24, 36])
    assert np.all(rent[steps] > 0.8 * rent[steps - 1]) and np.all(rent[steps - 1] > 10.0)


@pytest.mark.parametrize("region", ABROAD)
def test_quota__lifts_lanthanum_and_cerium_above_neodymium_in_the_first_months(
    episode: xr.DataTree, region: str
) -> None:
    neodymium = months(price(episode, "ndpr_oxide", region), "2010-08", "2011-06")
    assert neodymium.size == 11 and float(neodymium.min()) > 1.3
    for product in ("la_oxide", "ce_oxide"):
        assert bool((months(price(episode, product, region), "2010-08", "2011-06") > neodymium).all()), product


@pytest.mark.parametrize("product", ["la_oxide", "ce_oxide", "sm_oxide", "y_oxide", "ndpr_oxide"])
def test_quota__makes_goods_dearer_outside_than_inside(episode: xr.DataTree, product: str) -> None:
    inside = months(price(episode, product, "CN"), "2010-08", "2011-06")
    for region in ABROAD:
        assert float((months(price(episode, product, region), "2010-08", "2011-06") / inside).min()) > 1.3, region


@pytest.fixture(scope="module")
def duties() -> dict[tuple[str, str], float]:
    """Export duty and unrefunded tax on what China ships abroad before any quota, by product and destination.

    Reference prices do not differ by region, so at a price multiple of one a good costs that much more abroad, in
    dollars. Quotes on record are in dollars.
    """
    leaving = [row for row in build(sim.load("quota_2010")).routes if row.origin == "CN" and row.flow > 0.0]
    return {(row.product, row.destination): row.duty for row in leaving if row.destination in ABROAD}


@pytest.mark.parametrize("product", GOODS)
def test_quota__has_every_good_dearer_outside_in_dollars(episode: xr.DataTree, duties: dict, product: str) -> None:
    inside, buyers = price(episode, product, "CN"), [region for region in ABROAD if (product, region) in duties]
    assert buyers
    for region in buyers:
        ratio = price(episode, product, region) / inside * (1.0 + duties[product, region])
        assert float(months(ratio, "2010-08", "2011-06").min()) > 1.3, region


@pytest.mark.parametrize("region", ABROAD)
def test_quota__has_dysprosium_as_much_dearer_outside_as_on_record(
    episode: xr.DataTree, duties: dict, region: str
) -> None:
    ratio = price(episode, "dy_oxide", region) / price(episode, "dy_oxide", "CN") * (1.0 + duties["dy_oxide", region])
    # September 2011: 1.4 to 1.6 by quotes of that month, 1.75 by those of autumn.
    assert 1.4 < float(months(ratio, "2011-09", "2011-09").max()) < 1.75


def test_quota__keeps_dysprosium_dearer_outside_through_2011(episode: xr.DataTree) -> None:
    inside = price(episode, "dy_oxide", "CN")
    for region in ABROAD:
        ratio = months(price(episode, "dy_oxide", region) / inside, "2010-08", "2011-12")
        # A rent per kg weighs least on what is dearest. By autumn 2011 dysprosium had risen 1.24 times as far abroad as
        # in China; the model has that until the mining plan alarms China, and less afterwards.
        assert float(ratio[:5].min()) > 1.3, region
        assert float(ratio[:8].min()) > 1.24 and float(ratio.min()) > 1.0 and float(ratio[-3:].max()) < 1.4, region


@pytest.mark.xfail(
    strict=True, reason="lost when buyers of 2009 got stocks of their own: 1.28 in the United States, 1.03"
)
@pytest.mark.parametrize(("last", "least"), [("2011-03", 1.3), ("2011-12", 1.05)])
def test_quota__keeps_dysprosium_as_much_dearer_outside_as_before(
    episode: xr.DataTree, last: str, least: float
) -> None:
    inside = months(price(episode, "dy_oxide", "CN"), "2010-08", last)
    ratios = [float((months(price(episode, "dy_oxide", region), "2010-08", last) / inside).min()) for region in ABROAD]
    assert min(ratios) > least


def test_mining_plan__alarms_buyers_of_oxides_as_it_passes_on(episode: xr.DataTree) -> None:
    alone = replay("restrictions.mining_2011.passes_on=0")
    for product in ("ndpr_oxide", "dy_oxide"):
        risen = [float(months(price(tree, product, "CN"), "2011-10", "2011-10").max()) for tree in (episode, alone)]
        assert risen[0] > 1.4 * risen[1] and risen[1] < 1.4, product


def test_quota__alone_does_not_raise_prices_in_china(episode: xr.DataTree) -> None:
    for product in ("la_oxide", "ce_oxide", "ndpr_oxide", "dy_oxide"):
        assert float(months(price(episode, product, "CN"), "2010-07", "2010-12").max()) <= 1.01, product


def test_quota__is_felt_only_once_it_is_cut(episode: xr.DataTree) -> None:
    before = months(price(episode, "la_oxide", "JP"), "2010-01", "2010-06")
    assert float(abs(before - 1.0).max()) < 0.02


def test_embargo__cuts_what_japan_gets_and_is_made_up_for_when_lifted(
    episode: xr.DataTree, without_embargo: xr.DataTree
) -> None:
    sent = shipped(episode, ("CN",), ("JP",)) / shipped(without_embargo, ("CN",), ("JP",))
    assert float(months(sent, "2010-01", "2010-08").min()) == pytest.approx(1.0, abs=1e-6)
    assert float(months(sent, "2010-10", "2010-10").max()) < 0.65
    # It ends in the last week of November.
    assert float(months(sent, "2010-11", "2010-11").max()) < 0.9
    assert float(months(sent, "2010-12", "2011-02").min()) > 1.05


def test_embargo__empties_japanese_stocks_after_the_time_at_sea(
    episode: xr.DataTree, without_embargo: xr.DataTree
) -> None:
    stock = [
        tree["traces"].inventory.isel(run=0).sel(product="ce_oxide", region="JP") for tree in (episode, without_embargo)
    ]
    left = stock[0] / stock[1]
    assert float(months(left, "2010-09", "2010-09").min()) > 0.97
    assert float(months(left, "2010-11", "2010-11").max()) < 0.92


def test_embargo__draws_goods_to_japan_from_others_and_leaves_them_more_of_the_quota(
    episode: xr.DataTree, without_embargo: xr.DataTree
) -> None:
    others = ("EU", "US", "VN", "KR", "SE", "RW")
    for origins, destinations, least in ((others, ("JP",), 1.1), (("CN",), ("US", "EU", "KR"), 1.15)):
        sent = [shipped(tree, origins, destinations) for tree in (episode, without_embargo)]
        assert float(months(sent[0] / sent[1], "2010-10", "2010-11").min()) > least, origins
