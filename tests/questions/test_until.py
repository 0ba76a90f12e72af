from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.errors import MetricError
from sim.plotting.goals import goal_axes
from sim.questions import until
from sim.questions.estimates import Estimate
from sim.questions.until import Goal, read_goal


@pytest.mark.parametrize(
    ("text", "within", "relative"),
    [("mean(lost_output) within 2%", 0.02, True), ("P(lost_output > 1) within 0.01", 0.01, False)],
)
def test_read_goal__knows_shares_of_the_figure_from_units(text: str, within: float, relative: bool) -> None:
    goal = read_goal(text)
    assert (goal.within, goal.relative) == (pytest.approx(within), relative)


@pytest.mark.parametrize("text", ["mean(lost_output)", "mean(lost_output) within", "mean(lost_output) within 0 %"])
def test_read_goal__without_a_goal_is_a_fault(text: str) -> None:
    with pytest.raises(MetricError):
        read_goal(text)


def goal(within: float) -> Goal:
    return Goal(read_goal("lost_output within 1 %").metric, within, relative=True)


@pytest.mark.parametrize(
    ("half", "runs"),
    # Twice the error allowed: four times the runs, which is the most; a little too wide: a quarter more, in chunks.
    [(0.02, 4096), (0.0101, 1536), (np.inf, 4096)],
)
def test_goal__asks_for_the_runs_that_the_error_so_far_calls_for(half: float, runs: int) -> None:
    assert goal(0.01).runs(Estimate(1.0, half / 2.0, 1.0 - half, 1.0 + half, 1024)) == runs


def test_goal__is_not_reached_by_runs_that_merely_agree() -> None:
    alike = Estimate(0.0, 0.0, 0.0, 0.0, 100)
    assert not goal(0.02).is_reached(alike) and goal(0.04).is_reached(alike)


def test_run_until__grows_to_the_goal_and_equals_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(until, "BATCH", 32)
    scenario = sim.load("baseline", overrides=["time.years=0.5"])
    text = "mean(price[dy_oxide, EU]) within 15 %"
    first = sim.run_until(scenario, text, max_runs=32)
    assert not first.is_reached and first.achieved > 0.15 and first.results.attrs["runs"] == 32
    later = sim.run_until(scenario, text, max_runs=512, onto=first.results)
    count = later.results.attrs["runs"]
    assert later.is_reached and later.achieved <= 0.15 and 32 < count <= 512
    whole = sim.run(scenario, runs=count, open_ended=True)
    assert later.results.identical(whole)
    table = later.table()
    assert table.runs.values[-1] == count and table.value.values[-1] == later.estimate.value
    assert float(table.allowed[-1]) >= later.estimate.half_width and table.attrs["reached"] == 1
    axes = goal_axes(table)
    assert axes.get_xscale() == "log" and [text.get_text() for text in axes.get_legend().get_texts()]
    again = sim.run_until(scenario, text, onto=later.results)
    assert again.results is later.results
