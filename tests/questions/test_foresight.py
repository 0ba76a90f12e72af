from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from sim.errors import ScenarioError
from sim.questions.foresight import area_under_curve, backlog, curve, indicators, onsets
from sim.results import intervals

Make = Callable[..., xr.DataTree]
MONTHS = 24


def test_area__equals_the_rank_test_with_ties() -> None:
    random = np.random.default_rng(2)
    score, hit = random.integers(0, 9, 400).astype(float), random.random(400) < 0.3
    expected = stats.mannwhitneyu(score[hit], score[~hit]).statistic / (hit.sum() * (~hit).sum())
    assert area_under_curve(score, hit, np.arange(400))[0] == pytest.approx(expected)


def test_area__has_an_error_that_covers_chance() -> None:
    # Scores that say nothing: about one interval in twenty leaves out one half; a hundred leave out 15 in 1e4 tries.
    missed = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        run = np.repeat(np.arange(60), 10)
        hit = np.repeat(random.random(60) < 0.4, 10)
        area, error = area_under_curve(np.repeat(random.random(60), 10), hit, run)
        missed += abs(area - 0.5) > 1.96 * error
    assert missed <= 15


def test_curve__of_a_perfect_score_reaches_all_at_once_and_of_a_constant_is_the_diagonal() -> None:
    hit = np.array([False] * 6 + [True] * 2)
    assert (curve(np.arange(8.0), hit) == 1.0).all()
    np.testing.assert_allclose(curve(np.zeros(8), hit), np.linspace(0.0, 1.0, 51))


def test_curve__passes_through_points_by_hand() -> None:
    # Falling scores: hit, calm, hit, calm.
    found = curve(np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, False, True, False]))
    assert found[0] == 0.5 and found[25] == 1.0


def test_onsets__leave_out_months_in_shortage_and_just_before() -> None:
    lacking = np.zeros((1, 12))
    lacking[0, 6:8] = 0.5
    valid, event = onsets(lacking, (3, 5), 0.05)
    # From month 4 on the shortage is nearer than the first lead; the last five months do not see far enough.
    assert valid[0].tolist() == [True] * 4 + [False] * 8
    assert event[0].tolist() == [False, True, True, True] + [False] * 8


def test_indicators__find_the_sign_that_was_planted(make: Make) -> None:
    random = np.random.default_rng(3)
    shortage, sent, price = np.zeros((60, MONTHS)), np.ones((60, MONTHS)), np.ones((60, MONTHS))
    price += 0.001 * random.random(price.shape)
    for run in range(0, 60, 2):
        begin = 8 + run % 7
        shortage[run, begin : begin + 3] = 0.5
        sent[run, begin - 6 : begin + 3] = 0.4
    # Runs of even and odd number both hold events.
    order = random.permutation(60)
    answer = indicators(make(shortage[order], sent[order], price[order]), product="magnet_hc", region="EU")
    gap = answer.sel(indicator="export_gap")
    assert float(gap.area) > 0.95 and float(gap.hit_rate) > 0.9 and float(gap.false_alarm) < 0.1
    noise = answer.sel(indicator="price_gap")
    assert float(noise.area_low) < 0.5 < float(noise.area_high) + 0.1
    assert answer.attrs["runs_with_events"] == 30
    assert 0.0 <= float(gap.hit_rate_low) < float(gap.hit_rate) <= float(gap.hit_rate_high) <= 1.0
    assert float(gap.area_high) <= 1.0


def test_indicators__rates_are_of_odd_runs_with_intervals_over_whole_runs(make: Make) -> None:
    # Shipments fall by half six months before a shortage that comes in month 15 of every second pair of runs.
    shortage, sent = np.zeros((40, MONTHS)), np.ones((40, MONTHS))
    struck = np.arange(40) % 4 < 2
    shortage[struck, 15:18] = 0.5
    sent[struck, 9:18] = 0.5
    sent[~struck, 5:7] = 0.4
    answer = indicators(make(shortage, sent, np.ones((40, MONTHS))), product="magnet_hc", region="EU")
    gap = answer.sel(indicator="export_gap")
    # Alarms above no gap at all: of calm months before month 18 - 6 some with a gap of .6 in calm runs sound falsely.
    events, calm = np.zeros((40, MONTHS), bool), np.zeros((40, MONTHS), bool)
    events[struck, 9:13] = True
    calm[struck, :9] = True
    calm[~struck, : MONTHS - 6] = True
    # After the shortage, months 18 to 17 do not see far enough: none is left.
    alarm = 1.0 - sent > float(gap.alarm_above)
    for name, months in (("hit_rate", events), ("false_alarm", calm)):
        by_hand = intervals.clustered_share((alarm & months)[1::2].sum(axis=1), months[1::2].sum(axis=1))
        assert float(gap[name]) == pytest.approx(by_hand.value)
        assert float(gap[f"{name}_low"]) == pytest.approx(by_hand.low)
        assert float(gap[f"{name}_high"]) == pytest.approx(by_hand.high)


def test_backlog__adds_up_what_was_missing_in_twelve_months() -> None:
    sent = np.random.default_rng(0).random((2, 40)) * 1.5
    by_hand = [[max(sum(1.0 - row[max(0, month - 11) : month + 1]), 0.0) for month in range(40)] for row in sent]
    np.testing.assert_allclose(backlog(sent), by_hand, atol=1e-12)


def test_indicators__list_all_faults_at_once(make: Make) -> None:
    with pytest.raises(ScenarioError) as caught:
        indicators(make(np.zeros((2, 24)), np.ones((2, 24))), product="magnet", region="EUU", leads=(6, 3))
    said = str(caught.value)
    assert "did you mean magnet_hc?" in said and "did you mean EU?" in said and "6 to 3 months" in said
