"""`verify` and `differences`: an honest result holds, and a digit changed anywhere is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import ResultError, ScenarioError
from sim.questions.differences import differences, of_datasets, same
from sim.questions.verify import kept_of_each, verify

DATA = Path(__file__).parents[1] / "scenario" / "data"
RUNS = 300


@pytest.fixture(scope="module")
def results() -> xr.DataTree:
    return sim.run(sim.load(DATA / "tiny.toml", overrides=["time.years=2"]), runs=RUNS, seed=5, first=40, traces=2)


def spoilt(results: xr.DataTree, change: Callable[[xr.DataTree], None]) -> xr.DataTree:
    """A copy in which something was changed."""
    copy = results.copy(deep=True)
    change(copy)
    return copy


@pytest.mark.parametrize("share", [0.01, 0.1, 1.0])
def test_verify__of_an_honest_result_holds_to_the_bit(results: xr.DataTree, share: float) -> None:
    found = verify(results, share=share, choice=1, folder=DATA)
    assert found.holds and found.relative == 0.0 and found.figures > 1000
    assert len(found.runs) == max(16, int(np.ceil(share * RUNS))) and found.of == RUNS
    assert set(found.runs) <= set(range(40, 40 + RUNS))


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_verify__keeps_again_what_was_kept_and_compares_it(tmp_path: Path, share: float) -> None:
    scenario = sim.load(DATA / "tiny.toml", overrides=["time.years=1.5"])
    rows = ["price[magnet, B]", "sector_shortage[motors, B]"]
    options = {"follow": rows, "monthly": ["price", "delivery"], "per_run": ["lost_output"]}
    made = sim.run(scenario, runs=20, seed=4, traces=1, open_ended=True, **options)
    made = sim.open_results(sim.save(made, tmp_path / "a.nc"))
    found = kept_of_each(made)
    assert [str(row) for row in found["follow"]] == rows
    assert (found["monthly"], found["per_run"]) == (("price", "delivery"), ("lost_output",))
    assert verify(made, share=share, folder=DATA).holds
    for group, name in (("paths", "price"), ("monthly", "delivery")):
        made[group][name].values[...] *= 1.001
    assert {each.place for each in verify(made, share=share, folder=DATA).differing} == {
        "/paths/price",
        "/monthly/delivery",
    }


def test_verify__of_a_bundled_chain_with_capacity_and_projects_holds(tmp_path: Path) -> None:
    scenario = sim.load("technology_ban_2023", overrides=["time.years=1"])
    assert scenario.capacity.followed
    made = sim.open_results(sim.save(sim.run(scenario, runs=17, seed=2), tmp_path / "a.nc"))
    assert verify(made, choice=0).holds


def test_verify__chooses_other_runs_every_time_and_the_same_by_a_seed(results: xr.DataTree) -> None:
    one, two, three = (verify(results, choice=choice, folder=DATA).runs for choice in (1, 1, 2))
    assert one == two != three


def change(group: str, name: str, by: float) -> Callable[[xr.DataTree], None]:
    def apply(tree: xr.DataTree) -> None:
        tree[group][name].values[...] = tree[group][name].values * (1.0 + by)

    return apply


@pytest.mark.parametrize(("group", "name"), [("runs", "peak_price"), ("shocks", "onset")])
def test_verify__finds_a_changed_digit(results: xr.DataTree, group: str, name: str) -> None:
    found = verify(spoilt(results, change(group, name, 1e-6)), choice=3, folder=DATA)
    assert [each.place for each in found.differing] == [f"/{group}/{name}"]
    assert 0.0 < found.relative < 1e-5


def test_verify__of_everything_finds_a_changed_distribution(results: xr.DataTree) -> None:
    found = verify(spoilt(results, change("distribution", "price_mean", 1e-6)), share=1.0, folder=DATA)
    assert [each.place for each in found.differing] == ["/distribution/price_mean"]


def test_verify__finds_runs_of_another_seed(results: xr.DataTree) -> None:
    found = verify(spoilt(results, lambda tree: tree.attrs.update(seed=6)), choice=3, folder=DATA)
    assert "/shocks/severity" in {each.place for each in found.differing}


def test_verify__says_which_tables_it_lacks(results: xr.DataTree) -> None:
    with pytest.raises(ScenarioError, match=r"the result: scenario cannot be run here.*\(--folder\)"):
        verify(results)


def test_verify__refuses_tables_that_have_changed(results: xr.DataTree, tmp_path: Path) -> None:
    shutil.copytree(DATA / "tiny", tmp_path / "tiny")
    uses = tmp_path / "tiny" / "uses.csv"
    uses.write_text(uses.read_text() + "\n")
    with pytest.raises(ResultError, match="tables of the chain have changed"):
        verify(results, folder=tmp_path)


def test_verify__says_that_the_scenario_is_damaged(results: xr.DataTree) -> None:
    broken = spoilt(results, lambda tree: tree.attrs.update(scenario="{"))
    with pytest.raises(ResultError, match="the scenario in the result is damaged"):
        verify(broken)


@pytest.mark.parametrize("share", [0.0, 1.1, np.nan])
def test_verify__refuses_a_share_that_is_none(results: xr.DataTree, share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        verify(results, share=share)


def test_differences__of_a_result_and_itself_are_none(results: xr.DataTree) -> None:
    assert differences(results, results.copy(deep=True)) == []


def test_differences__name_keys_attributes_groups_and_figures(results: xr.DataTree) -> None:
    def several(tree: xr.DataTree) -> None:
        data = json.loads(tree.attrs["scenario"])
        data["restrictions"]["halt"]["cut"] = 0.25
        del data["title"]
        tree.attrs.update(scenario=json.dumps(data), seed=6)
        tree["runs"]["peak_price"].values[3, 1, 0] *= 2.0
        tree["runs"] = tree["runs"].to_dataset().drop_vars("licence_rent")
        del tree["traces"]

    found = {each.place: each for each in differences(results, spoilt(results, several))}
    assert found["scenario restrictions.halt.cut"].what.endswith("0.25 in the second")
    assert found["scenario title"].what == "is 'Two regions' in the first, absent in the second"
    assert found["seed"].what == "is 5 in the first, 6 in the second"
    assert found["/traces"].what == found["/runs/licence_rent"].what == "is only in the first"
    product, region = (results["runs"][name].values[at] for name, at in (("product", 1), ("region", 0)))
    peak = found["/runs/peak_price"]
    assert f"differs in 1 of {results['runs'].peak_price.size:,} figures" in peak.what
    assert f"run 43, product {product}, region {region}" in peak.what
    assert peak.figures == 1 and 0.0 < peak.relative <= 0.5


def test_differences__of_sizes_and_types_are_said() -> None:
    one = xr.Dataset({"a": ("run", np.zeros(3, dtype=np.float32)), "b": ("run", np.zeros(3))})
    other = xr.Dataset({"a": ("run", np.zeros(3)), "b": ("month", np.zeros(4))})
    first, second = of_datasets("runs", one, other)
    assert str(first) == "/runs/a is float32 in the first, float64 in the second"
    assert str(second) == "/runs/b is run 3 in the first, month 4 in the second"


def test_same__knows_missing_values_and_the_sign_of_nothing() -> None:
    assert same(np.array([np.nan, np.inf, 1.0]), np.array([np.nan, np.inf, 2.0])).tolist() == [True, True, False]
    assert not same(np.zeros(1), -np.zeros(1)).any() and not same(np.zeros(1), np.zeros(1, dtype=np.float32)).any()
    never = np.array(["NaT", "2025-01"], dtype="datetime64[M]")
    assert same(never, never).all()


def test_differences__are_measured_by_the_largest_figure_of_the_variable() -> None:
    one = xr.Dataset({"a": ("run", [0.0, 1.0, 200.0, np.nan])})
    (found,) = of_datasets("runs", one, xr.Dataset({"a": ("run", [1.0, 1.0, 200.0, np.nan])}))
    assert found.relative == pytest.approx(1.0 / 200.0) and "most at run 0: 0.0 and 1.0" in found.what
    (found,) = of_datasets("runs", one, xr.Dataset({"a": ("run", [0.0, 1.0, 200.0, 3.0])}))
    assert found.relative == np.inf and "most at run 3: nan and 3.0" in found.what
    (found,) = of_datasets("runs", xr.Dataset({"a": ("run", [0.0])}), xr.Dataset({"a": ("run", [-0.0])}))
    assert found.figures == 1 and found.relative == 0.0
