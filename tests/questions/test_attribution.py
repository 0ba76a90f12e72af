"""Blame, against cases worked by hand and by brute force."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import xarray as xr

from sim import plotting
from sim.errors import MetricError
from sim.questions.attribution import NO_RESTRICTION, _of_metric, blame, spelled
from sim.questions.coalitions import Plan, plan
from sim.questions.expressions import parse as parse_metric
from sim.scenario import parse
from tests.shocks.test_sampling import DATA

EVERY = {"onset": {"hazard_per_year": 1.0}, "duration": {"months": 6.0}, "by": "A", "products": ["oxide"]}
METRICS = ("mean(shortage[oxide, B])", "tail75(shortage[oxide, B])", "P(price[oxide, B] > 1.2)")


def worth(players: tuple[int, ...]) -> float:
    """A game with a synergy of 0 and 1, a player that adds nothing alone, and something nobody brings."""
    alone = {0: 2.0, 1: 1.0, 2: 0.0, 3: 5.0, 4: -1.0}
    together = 4.0 * ({0, 1} <= set(players)) + 3.0 * ({1, 2, 4} <= set(players))
    return 10.0 + sum(alone[player] for player in players) + together


def valued(member: np.ndarray) -> np.ndarray:
    return np.array([worth(tuple(np.flatnonzero(row).tolist())) for row in member])


def by_orders(players: tuple[int, ...]) -> np.ndarray:
    """Shapley values by all orders."""
    found, orders = np.zeros(5), list(permutations(players))
    for order in orders:
        for place, player in enumerate(order):
            found[player] += (worth(order[: place + 1]) - worth(order[:place])) / len(orders)
    return found


def test_plan__is_exact_for_few_players() -> None:
    counts = np.array([[1, 1, 0], [1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]], dtype=bool)
    found = plan(counts, pairs=4, seed=1)
    blamed = found.blame(valued(found.member))
    for run, players in enumerate([(0, 1, 2), (0, 1, 3, 4), ()]):
        np.testing.assert_allclose(blamed[:, run], by_orders(players), atol=1e-12)


def test_plan__sampled_orders_are_unbiased_and_add_up_in_every_run() -> None:
    runs = 4000
    found = plan(np.ones((5, runs), dtype=bool), pairs=1, seed=2)
    values = valued(found.member)
    blamed = found.blame(values)
    np.testing.assert_allclose(blamed.sum(axis=0), values[found.full] - values[found.empty], rtol=1e-12)
    error = blamed.std(axis=1) / np.sqrt(runs)
    assert np.all(np.abs(blamed.mean(axis=1) - by_orders((0, 1, 2, 3, 4))) < 4.0 * error + 1e-12)


def test_blame__warns_of_a_tail_of_few_runs(blamed: xr.Dataset) -> None:
    warnings = dict(zip(METRICS, blamed.warning.values, strict=True))
    assert warnings[METRICS[0]] == "" and "only 6 runs lie in the tail" in warnings[METRICS[1]]


def test_plan__gives_a_run_the_same_orders_in_any_range() -> None:
    whole, part = (
        plan(np.ones((9, runs), dtype=bool), pairs=2, seed=3, first=first) for first, runs in [(0, 8), (5, 3)]
    )
    for run in range(3):
        np.testing.assert_array_equal(whole.member[whole.run == run + 5], part.member[part.run == run])


@pytest.fixture(scope="module")
def blamed() -> xr.Dataset:
    """One year of two bans and a spillover-free duty that withholds nothing."""
    rows = {
        "ban": EVERY | {"kind": "ban", "cut": 0.6},
        "wall": EVERY | {"kind": "ban", "cut": 0.4, "escalates": {"ban": 3.0}},
        "nothing": EVERY | {"kind": "ban", "cut": 0.0, "threat": 0.0},
    }
    data = {"title": "t", "chain": "tiny", "time": {"start": "2025-01", "years": 1}, "restrictions": rows}
    return blame(parse(data, folder=DATA), METRICS, runs=24, seed=5, threads=2)


def test_blame__adds_up_in_every_run_and_over_runs(blamed: xr.Dataset) -> None:
    np.testing.assert_allclose(blamed.run_blame.sum("cause"), blamed.run_total, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(blamed.blame.sum("cause"), blamed.total, rtol=1e-9, atol=1e-12)
    assert float(blamed.total[0]) > 0.01


def test_blame__charges_nothing_to_what_withholds_nothing(blamed: xr.Dataset) -> None:
    assert np.all(blamed.run_blame.sel(cause="nothing").values == 0.0)


def test_blame__of_a_run_with_one_restriction_is_all_its_own(blamed: xr.Dataset) -> None:
    parts = blamed.run_blame.sel(metric=METRICS[0])
    alone = (parts.sel(cause="wall") == 0.0) & (parts.sel(cause="ban") != 0.0)
    assert bool(alone.any())
    total = blamed.run_total.sel(metric=METRICS[0]) - parts.sel(cause=NO_RESTRICTION)
    np.testing.assert_allclose(parts.sel(cause="ban")[alone], total[alone], rtol=1e-9)


def test_blame__is_drawn_with_one_panel_a_metric_and_the_largest_part_on_top(blamed: xr.Dataset) -> None:
    panels = plotting.blame(blamed).axes
    assert len(panels) == len(METRICS)
    largest = str(blamed.cause.values[int(np.argmax(abs(blamed.blame[0].values)))])
    written = [label.get_text() for label in panels[0].get_yticklabels()]
    assert (written[0], written[-1]) == (largest, "together")
    assert list(panels[0].get_yticks()) == sorted(panels[0].get_yticks(), reverse=True)


def test_blame__of_a_quantile_is_refused() -> None:
    data = {"title": "t", "chain": "tiny", "time": {"start": "2025-01", "years": 1}}
    with pytest.raises(MetricError, match="no parts that add up"):
        blame(parse(data, folder=DATA), ["q95(price[oxide, B])"], runs=2)


def test_spelled__writes_the_metric_for_each_label() -> None:
    scenario = parse({"title": "t", "chain": "tiny", "time": {"start": "2025-01", "years": 1}}, folder=DATA)
    assert spelled("mean(shortage[oxide, each])", "region", scenario)[:2] == [
        "mean(shortage[oxide, A])",
        "mean(shortage[oxide, B])",
    ]
    with pytest.raises(MetricError, match="say what it stands for"):
        spelled("mean(shortage[each, B])", None, scenario)
    with pytest.raises(MetricError, match="has no 'each'"):
        spelled("mean(shortage[oxide, B])", "stage", scenario)


def made_game(seed: int, runs: int) -> tuple[Plan, np.ndarray]:
    """Five restrictions, each in half of the runs; what they add is skewed, and two are worse together."""
    generator = np.random.default_rng(seed)
    alone, together = generator.lognormal(0.0, 0.7, (5, runs)), generator.lognormal(0.0, 1.0, runs)
    found = plan(generator.random((5, runs)) < 0.5, pairs=2, seed=seed)
    inside, run = found.member, found.run
    values = generator.normal(10.0, 2.0, runs)[run] + (inside * alone[:, run].T).sum(axis=1)
    return found, values + 3.0 * together[run] * (inside[:, 0] & inside[:, 1]) + 2.0 * (inside.sum(axis=1) >= 3)


@pytest.mark.parametrize(
    ("text", "count", "runs", "reach"),
    [
        ("mean(lost_output)", 80, 60, 0.3),
        ("tail75(lost_output)", 80, 60, 0.3),
        *(
            pytest.param(text, 1000, 100, 0.15, marks=pytest.mark.long)
            for text in ("mean(lost_output)", "tail75(lost_output)", "tail90(lost_output)")
        ),
    ],
)
def test_blame__errors_are_those_by_which_repetitions_differ(text: str, count: int, runs: int, reach: float) -> None:
    metric = parse_metric(text)
    games = [made_game(seed, runs) for seed in range(count)]
    found = [_of_metric(metric, values, game, seed) for seed, (game, values) in enumerate(games)]
    spread = np.std([each["blame"] for each in found], axis=0, ddof=1)
    said = np.sqrt(np.mean([each["blame_error"] ** 2 for each in found], axis=0))
    # Eighty repetitions tell a spread within 8 %, or 12 % where tails are long.
    assert np.all(np.abs(said - spread) < reach * spread)
