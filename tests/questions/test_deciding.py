"""The value of information to a decision between scenarios, on a small chain."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import MetricError, OreflowError, ScenarioError
from sim.plotting import value_of_information as picture
from sim.questions.deciding import EVERYTHING, WORLD, _summed, described, value_of_information
from sim.questions.expressions import parse as parse_metric
from sim.scenario import Scenario
from tests.questions.test_inverse import rare

METRIC = "mean(shortage[oxide, B])"


@pytest.fixture(scope="module")
def options() -> dict[str, Scenario]:
    scenario = rare(0.5)
    return {"as it is": scenario, "a milder ban": scenario.replace("restrictions.ban.cut=0.2")}


@pytest.fixture(scope="module")
def found(options: dict[str, Scenario]) -> xr.Dataset:
    return value_of_information(options, [METRIC], worlds=16, runs=4, parameters=["price_response"], seed=3)


@pytest.mark.long
def test_value_of_information__is_nothing_where_one_option_is_never_worse(found: xr.Dataset) -> None:
    assert found.attrs["best"] == "a milder ban" and not found.value.any()
    assert found.knowledge.values.tolist() == [EVERYTHING, WORLD, "price_response"]
    assert float(found.difference.sel(option="as it is")) > 0.0
    assert found.chosen.values.tolist() == [0.0, 1.0]


def test_value_of_information__gives_all_options_of_a_world_the_same_draws(
    options: dict[str, Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[tuple[float, int], set[float]] = {}

    def summed(metrics: object, scenario: Scenario, runs: int, first: int, seed: int, threads: object) -> np.ndarray:
        """The parameter itself for one option, and a fixed value for the other."""
        drawn = scenario.parameters.price_response
        seen.setdefault((scenario.ensemble.chain_draw, first), set()).add(drawn)
        return np.full(runs, drawn if scenario == scenario.replace("restrictions.ban.cut=0.2") else 0.41)

    monkeypatch.setattr("sim.questions.deciding._summed", summed)
    found = value_of_information(
        options, [METRIC], worlds=81, runs=4, parameters=["price_response"], seed=3, highest=True
    )
    assert sorted(seen) == [(world + 1, 4 * world) for world in range(81)]
    assert all(len(drawn) == 1 for drawn in seen.values())
    # Even from 0.28 to 0.54 against 0.41, its middle: an eighth of the range is saved.
    value = found.value.sel(knowledge="price_response")
    assert abs(float(value) - 0.26 / 8.0) < 3.0 * float(found.value_error.sel(knowledge="price_response"))
    assert float(found.value.sel(knowledge=WORLD)) == pytest.approx(float(found.value.sel(knowledge=EVERYTHING)))


def test_value_of_information__adds_up_metrics_run_by_run(options: dict[str, Scenario]) -> None:
    asked = [parse_metric(text) for text in (METRIC, "mean(shortage[magnet, B])")]
    found = _summed(asked, options["as it is"], 12, 6, 3, 1)
    results = sim.run(
        options["as it is"],
        runs=18,
        seed=3,
        follow=[path for each in asked for path in each.paths(options["as it is"])],
    )
    one, other = (each.values(results)[6:] for each in asked)
    np.testing.assert_array_equal(found, one + other)


def test_described__names_what_matters_and_draws_it() -> None:
    generator = np.random.default_rng(1)
    inputs = {name: generator.random(200) for name in ("price_response", "cover_bound")}
    shared = generator.normal(size=(200, 8))
    data = described(inputs, {"a": shared, "b": shared + (inputs["cover_bound"] - 0.5)[:, None]})
    # A difference that is even from -1/2 to 1/2 is worth an eighth to know.
    assert abs(float(data.value.sel(knowledge="cover_bound")) - 0.125) < 0.03
    assert float(data.value.sel(knowledge="price_response")) < 0.02
    axes = picture(data.assign_attrs(metrics="mean(x)", units="1", title="t")).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == [EVERYTHING, WORLD, "cover_bound", "price_response"]


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (["tail95(shortage[oxide, B])"], "is no mean over runs"),
        ([METRIC, "mean(lost_output)"], "same units"),
        ([], "nothing to decide by"),
        (["mean(shortage[oxid, B])"], "did you mean oxide"),
    ],
)
def test_value_of_information__refuses_what_no_decision_can_weigh(
    options: dict[str, Scenario], metrics: list[str], words: str
) -> None:
    with pytest.raises(OreflowError, match=words) as caught:
        value_of_information(options, metrics)
    assert isinstance(caught.value, MetricError) or "oxide" in words


def test_value_of_information__wants_two_options_and_worlds(options: dict[str, Scenario]) -> None:
    with pytest.raises(ScenarioError, match="has 1 option"):
        value_of_information({"one": options["as it is"]}, [METRIC])
    with pytest.raises(ValueError, match="needs 16 worlds"):
        sim.value_of_information(options, [METRIC], worlds=8)
