from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from sim.errors import ResultError
from sim.results import sentences
from sim.results.drawn import restrictions
from sim.results.lookup import paths
from sim.results.quantiles import Spread, over_runs, spread
from sim.results.summary import hardest_hit, products, sectors, stages, summarise
from sim.results.timeline import in_force, onsets
from sim.variables import REGION, WORLD


def put(results: xr.DataTree, group: str, name: str, values: object, **place: object) -> None:
    array = results[group].to_dataset()[name].copy()
    array.loc[place] = values
    results[group][name] = array


def test_spread__of_a_hundred_numbers_is_the_5th_50th_and_95th() -> None:
    assert spread(np.arange(100.0, 0.0, -1.0)) == Spread(5.0, 50.0, 95.0)


def test_spread__of_none_is_missing_and_of_infinities_is_infinite() -> None:
    assert math.isnan(spread(np.array([])).middle)
    assert spread(np.array([1.0, math.inf])) == Spread(1.0, 1.0, math.inf)


def test_over_runs__leaves_missing_rows_missing() -> None:
    data = xr.DataArray([[1.0, np.nan], [3.0, np.nan], [2.0, np.nan]], dims=("run", "region"))
    found = over_runs(data, 0.5)
    assert found.values[0] == 2.0 and np.isnan(found.values[1])


def test_stages__names_the_region_and_month_of_the_highest_95_percent_quantile(results: xr.DataTree) -> None:
    put(results, "distribution", "stage_price", 3.0, quantile=0.95, time="2025-04", region="EU")
    put(results, "runs", "peak_stage_price", [3.5, 2.5, 1.5, 4.5], stage="mining", region="EU")
    put(results, "distribution", "stage_price", 9.0, quantile=0.95, time="2025-02", region=WORLD)
    put(results, "distribution", "stage_shortage", 0.4, quantile=0.95, time="2025-06", region="CN")
    (row,) = stages(results)
    assert (row.stage, row.price.region, str(row.price.month)[:7]) == ("mining", "EU", "2025-04")
    assert row.price.spread == Spread(1.5, 2.5, 4.5) and row.in_conflict is None
    assert (row.shortage.region, str(row.shortage.month)[:7]) == ("CN", "2025-06")


def test_stages__of_a_region_that_does_not_exist_is_an_error_with_a_cure(results: xr.DataTree) -> None:
    with pytest.raises(ResultError, match="'EUU' is no region; did you mean EU"):
        stages(results, region="EUU")


def test_restrictions__take_the_steps_of_a_schedule_for_one_measure(results: xr.DataTree) -> None:
    for event, (onset, lasts, resumed) in enumerate([(1.0, 2.0, 0), (3.0, 1.5, 2)]):
        place = {"restriction": "quota", "event": event, "run": [0, 1]}
        put(results, "shocks", "onset", onset, **place)
        put(results, "shocks", "duration", lasts, **place)
        put(results, "shocks", "ending", 3, **place)
        put(results, "shocks", "resumed", resumed, **place)
    _, row = restrictions(results)
    assert (row.strikes, row.lifted) == (0.5, 1.0)
    assert row.onset == Spread(1.0, 1.0, 1.0) and row.duration == Spread(3.5, 3.5, 3.5)
    assert onsets(results).sel(restriction="quota").values.tolist() == [0, 0.5, 0, 0, 0, 0]
    assert in_force(results).sel(restriction="quota").values.tolist() == [0, 0.5, 0.5, 0.5, 0.25, 0]


def test_products__lists_dear_ones_where_they_are_dearest(results: xr.DataTree) -> None:
    put(results, "runs", "peak_price", [2.0, 3.0, 4.0, 5.0], product="metal", region="EU")
    put(results, "runs", "peak_price", 1.5, product="metal", region="CN")
    put(results, "runs", "months_dear", [1.0, 2.0, 3.0, 4.0], product="metal", region="EU")
    put(results, "runs", "worst_shortage", np.nan, product="metal", region="EU")
    (row,) = products(results)
    assert (row.product, row.region, row.worst_shortage) == ("metal", "EU", None)
    assert row.peak_price == Spread(2.0, 3.0, 5.0) and row.months_dear == Spread(1.0, 2.0, 4.0)


def test_sectors__count_runs_that_are_short_and_money_over_all(results: xr.DataTree) -> None:
    put(results, "runs", "shortage_months", [0.0, 0.0, 2.0, 3.0], sector="cars", region="EU")
    put(results, "runs", "time_to_survive", [np.nan, np.nan, 4.0, 6.0], sector="cars", region="EU")
    put(results, "runs", "lost_output", [0.0, 1.0, 10.0, 20.0], sector="cars", region="EU")
    put(results, "runs", "lost_output", 1.0, sector="cars", region="CN")
    (row,) = sectors(results)
    assert (row.region, row.runs_short, row.months_to_shortage) == ("EU", 0.5, 5.0)
    assert row.lost_output == Spread(0.0, 1.0, 20.0)
    assert summarise(results).lost_output == Spread(1.0, 2.0, 21.0)


def test_products_and_sectors__of_which_so_many_are_asked_are_the_worst_of_all(results: xr.DataTree) -> None:
    put(results, "runs", "peak_price", [2.0, 3.0, 4.0, 5.0], product="ore", region="EU")
    put(results, "runs", "peak_price", [2.0, 3.0, 4.0, 9.0], product="metal", region="CN")
    for region, lost in (("CN", 1.0), ("EU", 2.0)):
        put(results, "runs", "shortage_months", 1.0, sector="cars", region=region)
        put(results, "runs", "time_to_survive", 3.0, sector="cars", region=region)
        put(results, "runs", "lost_output", lost, sector="cars", region=region)
    dear, short = products(results), sectors(results)
    assert [row.product for row in dear] == ["metal", "ore"] and [row.region for row in short] == ["EU", "CN"]
    assert products(results, most=1) == dear[:1] and sectors(results, most=1) == short[:1]


def test_hardest_hit__is_where_most_is_rationed_and_the_world_if_nothing_is(results: xr.DataTree) -> None:
    assert hardest_hit(results) == WORLD
    put(results, "runs", "lost_output", 100.0, sector="cars", region="CN")
    put(results, "runs", "rationed_tonnes", 5.0, sector="cars", region="EU")
    assert hardest_hit(results) == "EU"


def struck(results: xr.DataTree) -> xr.DataTree:
    """The ban strikes in two of four runs: at month 1 for 1.5 months, and at month 3 for good."""
    for run, onset, duration in ((0, 1.0, 1.5), (1, 3.0, np.inf)):
        put(results, "shocks", "onset", onset, restriction="ban", event=0, run=run)
        put(results, "shocks", "duration", duration, restriction="ban", event=0, run=run)
    return results


def test_restrictions__count_runs_struck_and_keep_permanent_ones_infinite(results: xr.DataTree) -> None:
    ban, quota = restrictions(struck(results))
    assert (ban.title, ban.kind, ban.strikes) == ("A ban", "ban", 0.5)
    assert ban.onset == Spread(1.0, 1.0, 3.0) and ban.duration == Spread(1.5, 1.5, math.inf)
    assert quota.title == "quota" and quota.strikes == 0.0 and math.isnan(quota.onset.middle)


def conflict(results: xr.DataTree, *shares: float) -> xr.DataTree:
    """Shares of the horizon in conflict, by run."""
    put(results, "shocks", "conflict_share", list(shares), regime="CN")
    return results


def test_summary__tells_conflict_runs_apart_by_more_than_half_of_the_horizon(results: xr.DataTree) -> None:
    conflict(struck(results), 0.6, 0.2, 0.5, 1.0)
    put(results, "shocks", "ending", 2, restriction="ban", event=0, run=0)
    put(results, "runs", "peak_price", [2.0, 3.0, 4.0, 5.0], product="metal", region="EU")
    put(results, "runs", "peak_stage_price", [2.0, 3.0, 4.0, 5.0], stage="mining", region="CN")
    put(results, "runs", "shortage_months", [2.0, 3.0, 0.0, 0.0], sector="cars", region="EU")
    put(results, "runs", "time_to_survive", [4.0, 6.0, np.nan, np.nan], sector="cars", region="EU")
    put(results, "runs", "lost_output", [8.0, 9.0, 1.0, 2.0], sector="cars", region="EU")
    found = summarise(results)
    assert found.conflict is not None and (found.conflict.regimes, found.conflict.runs) == (("CN",), 2)
    assert found.conflict.share == pytest.approx(0.575)
    assert found.conflict.lost_output == Spread(2.0, 2.0, 8.0)
    ban, metal, cars, mining = found.restrictions[0], found.products[0], found.sectors[0], found.stages[0]
    assert ban.in_conflict is not None and (ban.in_conflict.strikes, ban.in_conflict.lifted) == (0.5, 1.0)
    assert ban.lifted == 0.5
    assert metal.in_conflict is not None and metal.in_conflict.peak_price == Spread(2.0, 2.0, 5.0)
    assert cars.in_conflict is not None and cars.in_conflict.runs_short == 0.5
    assert (cars.months_to_shortage, cars.in_conflict.months_to_shortage) == (5.0, 4.0)
    assert mining.in_conflict is not None and mining.in_conflict.price.spread == Spread(2.0, 2.0, 5.0)
    text = " ".join(sentences.sentences(found))
    assert "Conflict (CN) takes 57 % of the horizon on average." in text
    assert "Lines 'in conflict': the 2 runs (50 %) with more than 50 % of the horizon in conflict." in text


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_summary__has_no_second_lines_where_all_runs_or_none_are_in_conflict(
    results: xr.DataTree, share: float
) -> None:
    found = summarise(conflict(struck(results), *[share] * 4))
    assert all(row.in_conflict is None for row in (*found.restrictions, *found.stages))
    assert "need no lines of their own" in " ".join(sentences.sentences(found))


def test_summary__does_not_speak_of_conflict_without_regimes(results: xr.DataTree) -> None:
    shocks = results["shocks"].to_dataset().isel(regime=slice(0, 0))
    results["shocks"] = xr.DataTree(shocks)
    found = summarise(results)
    assert found.conflict is None and "onflict" not in " ".join(sentences.sentences(found))


def test_in_force__is_the_share_of_runs_and_of_the_month(results: xr.DataTree) -> None:
    share = in_force(struck(results))
    assert share.sel(restriction="ban").values == pytest.approx([0.0, 0.25, 0.125, 0.25, 0.25, 0.25])
    assert share.sel(restriction="quota").values == pytest.approx(0.0)


def test_onsets__fall_into_their_month(results: xr.DataTree) -> None:
    assert onsets(struck(results)).sel(restriction="ban").values == pytest.approx([0.0, 0.25, 0.0, 0.25, 0.0, 0.0])


def test_paths__finds_price_of_a_stage_and_a_product(results: xr.DataTree) -> None:
    put(results, "distribution", "stage_price", 7.0, stage="mining", region="EU")
    assert float(paths(results, "price", "mining", "EU").max()) == 7.0
    assert float(paths(results, "price", "ore", "EU").max()) == 1.0


def test_paths__says_where_a_product_has_prices(results: xr.DataTree) -> None:
    put(results, "distribution", "price", np.nan, product="ore", region="EU")
    with pytest.raises(ResultError, match="ore has no price in EU; regions that have one: CN, world"):
        paths(results, "price", "ore", "EU")
    with pytest.raises(ResultError, match="'gold' is no product"):
        paths(results, "price", "gold", "EU")
    with pytest.raises(ResultError, match="'prise' is no variable of /distribution; did you mean price"):
        paths(results, "prise", "ore", "EU")


def test_sentences__say_that_nothing_happens_and_warn_of_few_runs(results: xr.DataTree) -> None:
    text = " ".join(sentences.sentences(summarise(results)))
    assert "Nothing happens" in text and "Few runs" in text and "quick looks" not in text


def test_sentences__warn_of_monthly_steps(results: xr.DataTree) -> None:
    results.attrs["scenario"] = str(results.attrs["scenario"]).replace("24", "12")
    assert "quick looks only" in " ".join(sentences.sentences(summarise(results)))


def test_sentences__quote_the_dearest_product(results: xr.DataTree) -> None:
    put(results, "runs", "peak_price", [2.0, 3.0, 4.0, 25.0], product="metal", region="EU")
    text = " ".join(sentences.sentences(summarise(results)))
    assert "Dearest: metal in EU; price peaks at 3.0 (2.0 to 25) times its reference." in text


def test_percent__never_rounds_to_none_or_all() -> None:
    assert [sentences.percent(share) for share in (0.0, 0.004, 0.5, 0.996, 1.0)] == [
        "0 %",
        "under 1 %",
        "50 %",
        "over 99 %",
        "100 %",
    ]


def test_hand_made_results__have_every_region(results: xr.DataTree) -> None:
    assert list(results["distribution"].to_dataset()[REGION].values) == ["CN", "EU", WORLD]


def test_shortages__give_the_parts_of_each_product_over_all_regions_or_one(results: xr.DataTree) -> None:
    put(results, "runs", "product_rationed", [0.0, 1.0, 2.0, 3.0], product="metal", region="EU")
    put(results, "runs", "product_rationed", 10.0, product="metal", region="CN")
    put(results, "runs", "product_saved", -2.0, product="metal", region="EU")
    put(results, "runs", "product_held_up", 0.9, product="ore", region="EU")
    (row,) = summarise(results).shortages
    assert (row.product, row.region, row.in_conflict) == ("metal", WORLD, None)
    assert row.parts.rationed == Spread(10.0, 11.0, 13.0)
    assert row.parts.saved == Spread(-2.0, -2.0, -2.0) and row.parts.destroyed == Spread(0.0, 0.0, 0.0)
    (row,) = summarise(results, region="EU").shortages
    assert (row.region, row.parts.rationed) == ("EU", Spread(0.0, 1.0, 3.0))


def test_shortages__tell_conflict_runs_apart(results: xr.DataTree) -> None:
    conflict(results, 0.6, 0.2, 0.5, 1.0)
    put(results, "runs", "product_substituted", [4.0, 0.0, 0.0, 8.0], product="metal", region="EU")
    (row,) = summarise(results).shortages
    assert row.in_conflict is not None
    assert row.in_conflict.parts.substituted == Spread(4.0, 4.0, 8.0)
