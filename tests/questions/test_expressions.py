from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import MetricError
from sim.questions.estimates import Mean, Quantile, Share, Tail
from sim.questions.expressions import parse
from sim.questions.quantities import longest
from sim.variables import Path


@pytest.mark.parametrize(
    ("text", "statistic"),
    [
        ("lost_output", Mean()),
        ("mean(lost_output[cars, EU])", Mean()),
        ("median(lost_output)", Quantile(0.5)),
        ("q99.5(lost_output)", Quantile(0.995)),
        ("var95(lost_output)", Quantile(0.95)),
        ("tail5(lost_output)", Tail(0.05)),
        ("P(lost_output[cars, EU] > 3)", Share()),
        ("lost_output[cars, EU] <= 3", Share()),
        ("mean(lost_output > 3)", Share()),
    ],
)
def test_parse__reads_the_statistic(text: str, statistic: object) -> None:
    assert parse(text).statistic == statistic


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lost_output[cars, EU]", [0, 1, 39]),
        ("lost_output[*, EU]", [0, 1, 39]),
        ("lost_output[cars, EU+CN]", [1, 2, 40]),
        ("lost_output", [1, 2, 40]),
        ("lost_output[cars, EU] > 1", [0, 0, 1]),
        ("shortage[ore, EU]", [0, 0.01, 0.39]),
        ("shortage[ore, EU] >= 39 %", [0, 0, 1]),
        ("months(shortage[ore, EU] > 0)", [0, 0, 3]),
        ("average(shortage[ore, EU])", [0, 0, 0.195]),
        ("lowest(shortage[ore, EU])", [0, 0, 0]),
        ("shortage[ore, EU] > 0.1 for 3 months", [0, 0, 1]),
        ("shortage[ore, EU] > 0.1 for 4 months", [0, 0, 0]),
        ("peak(shortage[ore, EU]) in 2025", [0, 0, 0.39]),
        ("shortage[ore, EU] < 0.01", [1, 1, 1]),
        ("time_to_survive[cars, EU]", [0, 1, np.inf]),
        ("time_to_survive[cars, EU] > 100", [0, 0, 1]),
    ],
)
def test_values__of_the_first_two_runs_and_the_last(text: str, values: list[float], results: xr.DataTree) -> None:
    np.testing.assert_allclose(parse(text).values(results)[[0, 1, -1]], values, rtol=1e-6)


def test_values__of_all_regions_leave_out_the_world(results: xr.DataTree) -> None:
    assert parse("lost_output").values(results).max() == 40.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shotage[ore, EU]", "'shotage' is no metric; did you mean shortage?"),
        ("shortage[ori, EU]", "'ori' is no product or sector or stage; did you mean ore?"),
        ("lost_output[car, UE]", "'car' is no sector; did you mean cars?"),
        ("lost_output[car, EUU]", "'EUU' is no region; did you mean EU?"),
        ("shortage[ore, EU+CN]", "does not add up"),
        ("shortage[ore]", "name one product, one region"),
        ("shortage[ore, EU, CN]", "takes 2 labels"),
        ("inventory[ore, EU]", "ask for peak"),
        ("peak(lost_output[cars, EU])", "needs a monthly variable"),
        ("shortage[ore, EU] in 2031", "2031 is not in the horizon; years are 2025 to 2025"),
        ("weeks_stopped in 2025", "it has no years. Those that have: price, shortage"),
    ],
)
def test_check__names_what_is_not_there_and_the_nearest(text: str, words: str, results: xr.DataTree) -> None:
    with pytest.raises(MetricError) as caught:
        parse(text).check(results)
    assert words in str(caught.value)


def test_check__lists_all_faults_of_an_expression(results: xr.DataTree) -> None:
    with pytest.raises(MetricError) as caught:
        parse("lost_output[car, EUU]").check(results)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "ends early"),
        ("tail95(", "ends early"),
        ("tail95(lost_output", "lacks ')' at its end"),
        ("tail0(lost_output)", "a level lies between 0 and 100"),
        ("q101(lost_output)", "which is none of mean, median, q95, tail95, P, peak"),
        ("P(lost_output)", "P needs a condition"),
        ("q95(lost_output > 3)", "ask for P(...)"),
        ("months(price[ore, EU])", "needs a condition"),
        ("peak(price[ore, EU] > 2)", "takes no condition"),
        ("price[ore, EU] > 2 for 0 months", "give a whole number from 1"),
        ("price[ore, EU] > 2 for 3 weeks", "counts in months"),
        ("price[ore, EU] > many", "where a number is wanted"),
        ("price[ore, EU] $", "cannot be read from '$'"),
        ("lost_output lost_output", "after its end"),
        ("__import__('os')", "cannot be read"),
    ],
)
def test_parse__says_where_it_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(MetricError) as caught:
        parse(text)
    assert words in str(caught.value)


def test_values__of_what_does_not_exist_name_the_regions_that_have_it(results: xr.DataTree) -> None:
    with pytest.raises(MetricError, match="ore has no shortage in CN; regions that have one: EU, world"):
        parse("shortage[ore, CN]").values(results)


def test_values__by_month_that_are_not_kept_say_how_to_keep_them(results: xr.DataTree) -> None:
    with pytest.raises(MetricError, match=r"simulate with --follow 'price\[ore, EU\]'"):
        parse("price[ore, EU] > 2 for 2 months").values(results)


def test_estimate__of_an_empty_tail_is_a_fault(results: xr.DataTree) -> None:
    metric = parse("tail99(lost_output)")
    with pytest.raises(MetricError, match="empty tail: 40 runs; simulate 100 or more"):
        metric.estimate(metric.values(results))


def test_estimate__of_a_share_stays_a_share(results: xr.DataTree) -> None:
    metric = parse("tail95(shortage[ore, EU])")
    assert metric.estimate(np.r_[np.zeros(38), 0.9, 1.0]).high == 1.0


def test_paths__name_what_a_run_must_keep() -> None:
    scenario = sim.load("baseline")
    assert parse("stopped[defence, US] > 0.3 for 6 months").paths(scenario) == (Path("stopped", "defence", "US"),)
    assert parse("shortage[mining, EU] in 2026").paths(scenario) == (Path("stage_shortage", "mining", "EU"),)
    assert parse("tail95(shortage[magnet_hc, US])").paths(scenario) == ()


def test_longest__counts_months_in_a_row() -> None:
    holds = np.array([[1, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0]], dtype=bool)
    assert longest(holds).tolist() == [3.0, 0.0, 1.0]


def test_values__of_a_class_are_those_of_its_sectors(results: xr.DataTree) -> None:
    classed = results.copy()
    classed.attrs["sector_classes"] = '{"cars": "essential"}'
    expected = parse("lost_output[cars, EU]").values(results)
    np.testing.assert_array_equal(parse("lost_output[essential, EU]").values(classed), expected)
    with pytest.raises(MetricError, match="'essential' is no sector"):
        parse("lost_output[essential, EU]").values(results)


@pytest.mark.parametrize("counted", [True, False])
def test_values__of_all_classes_add_up(counted: bool) -> None:
    scenario = sim.load("baseline", overrides=["time.years=0.5"])
    kept = None if counted else ["lost_output"]
    results = sim.run(scenario, runs=8, per_run=kept, distribution=counted)
    of_class = {name: parse(f"lost_output[{name}]").values(results) for name in ("defence", "essential", "other")}
    np.testing.assert_allclose(sum(of_class.values()), parse("lost_output").values(results), rtol=1e-12)
    essential = "lost_output[traction+auto_other+industry+wind+catalysts]"
    np.testing.assert_array_equal(of_class["essential"], parse(essential).values(results))
    # Results that were made before say it beside the reference, where they hold one.
    results.attrs.pop("sector_classes")
    if counted:
        np.testing.assert_array_equal(of_class["other"], parse("lost_output[other]").values(results))
    with pytest.raises(MetricError, match="does not add up; name one sector"):
        parse("sector_shortage[essential, US]").check(scenario)
