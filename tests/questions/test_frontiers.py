"""Mixes of policies: figures against `compare`, dropping against what is known by construction."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import OreflowError, ScenarioError
from sim.plotting.frontiers import frontier_axes
from sim.questions.estimates import Mean, Statistic, Tail
from sim.questions.frontiers import beaten, frontier, leading, mixes_of
from sim.questions.pairs import ranking


@pytest.fixture(scope="module")
def scenario() -> sim.Scenario:
    return sim.load("allied_strategy", overrides=["time.years=1.5"])


@pytest.fixture(scope="module")
def found(scenario: sim.Scenario) -> xr.Dataset:
    return frontier(scenario, vary={"talent": [0, 1]}, runs=8, loss="mean(lost_output)")


def test_mixes_of__takes_all_combinations(scenario: sim.Scenario) -> None:
    names = [mix.name for mix in mixes_of(scenario, {"talent": [0, 1], "fund": [1, 0]})]
    assert names == ["talent 0, fund 1", "talent 0, fund 0", "talent 1, fund 1", "talent 1, fund 0"]


def test_frontier__leaves_other_policies_as_they_are(found: xr.Dataset) -> None:
    assert found.strength.sel(instrument="talent").values.tolist() == [0, 1]
    assert (found.strength.sel(instrument=["alliance", "fund"]) == 1.0).all()


def test_frontier__figures_are_those_of_the_scenario_with_these_strengths(
    scenario: sim.Scenario, found: xr.Dataset
) -> None:
    mixed = scenario.replace("policies.talent.strength=0.0")
    ordinary = sim.figures(sim.run(mixed, runs=8), ["mean(net_public_cost)", "mean(lost_output)"])
    here = found.sel(mix="talent 0")
    np.testing.assert_array_equal(ordinary.value, [here.cost, here.loss])
    np.testing.assert_array_equal(ordinary.error, [here.cost_error, here.loss_error])


def test_frontier__training_costs_money_so_it_is_dearer_with_it(found: xr.Dataset) -> None:
    assert float(found.cost.sel(mix="talent 1")) > float(found.cost.sel(mix="talent 0"))
    assert bool(found.leads.any()) and found.attrs["loss_units"] == "million USD"


def test_picture__joins_leading_mixes_where_their_points_lie(found: xr.Dataset) -> None:
    axes = frontier_axes(found)
    assert axes.lines[0].get_label() == "no figure is better in both"
    leads = found.sortby("cost_change").where(found.leads, drop=True)
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), leads.cost_change)
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), leads.loss_change)


def test_picture__numbers_every_mix_once_and_has_its_legend_above_the_axes(found: xr.Dataset) -> None:
    axes = frontier_axes(found)
    numbers = [int(number) for text in axes.texts for number in text.get_text().split(", ")]
    assert sorted(numbers) == list(range(1, found.sizes["mix"] + 1))
    figure, legend = axes.figure, axes.get_legend()
    assert legend is not None
    figure.draw_without_rendering()
    assert legend.get_window_extent().y0 >= axes.get_window_extent().y1 - 1.0
    # Mixes at one place have one text, which names them all.
    same = found.copy(deep=True)
    same["cost_change"][:], same["loss_change"][:] = 0.0, 0.0
    assert [text.get_text() for text in frontier_axes(same).texts] == [", ".join(map(str, sorted(numbers)))]


def test_mixes_of__are_none_each_alone_all_but_each_and_all(scenario: sim.Scenario) -> None:
    found, count = mixes_of(scenario), len(scenario.policies)
    assert len(found) == 2 * count + 2
    assert [sum(each > 0.0 for each in mix.strengths.values()) for mix in found] == [
        0,
        *[1] * count,
        *[count - 1] * count,
        count,
    ]


def test_mixes_of__says_all_that_is_wrong_at_once(scenario: sim.Scenario) -> None:
    with pytest.raises(ScenarioError) as caught:
        mixes_of(scenario, {"talnt": [0.0, 1.0], "fund": [-1.0]})
    assert "did you mean talent" in str(caught.value) and "0 or more" in str(caught.value)
    with pytest.raises(ScenarioError, match="has no policies"):
        mixes_of(sim.load("baseline"))
    with pytest.raises(ScenarioError, match="makes 36 mixes"):
        mixes_of(scenario, {"fund": [0, 1, 2, 3, 4, 5], "talent": [0, 1, 2, 3, 4, 5]})


def test_frontier__of_an_unknown_metric_is_refused_before_anything_is_simulated(scenario: sim.Scenario) -> None:
    with pytest.raises(OreflowError, match="did you mean talent"):
        frontier(scenario, cost="mean(public_cost[talnt])")


def test_beaten__needs_a_sure_gain_and_no_sure_loss() -> None:
    noise = np.random.default_rng(1).normal(size=400)
    common = np.random.default_rng(2).normal(size=400) * 50.0
    loss = np.array([10 + common, 9 + common + 0.1 * noise, 9.0 + common + 40.0 * noise, 10 + common])
    cost = np.array([np.full(400, 1.0), np.full(400, 1.0), np.full(400, 1.0), np.full(400, 2.0)])
    # 1 has surely less loss than 0 at the same cost, although losses vary by 50; 2 is not sure; 3 only costs more.
    assert beaten(*(ranking(Mean(), each) for each in (loss, cost))).tolist() == [1, -1, -1, 0]


def test_leading__is_the_lower_left_edge() -> None:
    assert leading([1.0, 1.0, 2.0], [1.0, 1.0, 1.0]).tolist() == [True, True, False]


def wrongly_dropped(trials: int, runs: int, statistic: Statistic, seed: int = 0) -> float:
    """Share of trials that drop a mix, though all six cost the same and none leaves more loss than another."""
    dropped = 0
    for trial in range(trials):
        generator = np.random.default_rng((seed, trial))
        # Losses vary by what all mixes share, and each mix loses much more in one run of twenty of its own.
        rare = (generator.random((6, runs)) < 0.05) * generator.lognormal(1.0, 0.8, (6, runs))
        loss = ranking(statistic, 10.0 * generator.lognormal(0.0, 1.0, runs) + rare, 0.975)
        dropped += bool((beaten(loss, ranking(Mean(), np.ones((6, runs)), 0.975)) >= 0).any())
    return dropped / trials


def test_beaten__seldom_drops_a_mix_that_no_other_beats() -> None:
    # At 2.5 % (loss has half of the 5 %) 25 trials drop three or more in 2.4 of 100 cases.
    assert wrongly_dropped(25, 200, Mean()) <= 0.08


@pytest.mark.long
@pytest.mark.parametrize(("statistic", "runs"), [(Mean(), 200), (Mean(), 500), (Tail(0.95), 500)])
def test_beaten__drops_what_no_other_beats_seldom_in_400_trials(statistic: Statistic, runs: int) -> None:
    # 2.5 %, and two standard deviations of 400 trials.
    assert wrongly_dropped(400, runs, statistic, seed=1) <= 0.04


def test_beaten__drops_what_is_surely_beaten_though_losses_are_skewed() -> None:
    generator = np.random.default_rng(9)
    common = generator.lognormal(0.0, 1.0, 500)
    loss = np.array([common, 0.9 * common, common * generator.lognormal(-0.02, 0.2, 500)])
    assert beaten(*(ranking(Mean(), each, 0.975) for each in (loss, np.ones((3, 500))))).tolist()[0] == 1
