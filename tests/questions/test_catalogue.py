from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import ResultError, ScenarioError
from sim.questions import catalogue
from sim.questions.emergency import Emergency, ServedClass
from sim.questions.exposures import exposure
from sim.scenario import Scenario
from sim.scenario.sources import scenario_root

PARTS = scenario_root() / "samples" / "motor_maker_parts.csv"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return sim.load("controls_2025", overrides=["time.years=1"])


@pytest.fixture(scope="module")
def made(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six years in batches of four runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "BATCH", 4)
        return sim.make_catalogue(scenario, tmp_path_factory.mktemp("c") / "six.zarr", years=6, seed=5)


@pytest.fixture(scope="module")
def result(scenario: Scenario) -> xr.DataTree:
    return sim.run(scenario, runs=6, seed=5, monthly=catalogue.KEPT)


def test_catalogue__holds_the_same_runs_as_one_result(made: Path, result: xr.DataTree) -> None:
    found = sim.open_catalogue(made)
    for name in catalogue.KEPT:
        kept = found["monthly"].dataset[name].values.astype(np.float32)
        np.testing.assert_array_equal(kept, result["monthly"].dataset[name].values)
    for name in ("lost_output", "sender_loss"):
        np.testing.assert_array_equal(found["runs"].dataset[name].values, result["runs"].dataset[name].values)
    events = result["shocks"].dataset.onset
    width = events.sizes["event"]
    np.testing.assert_array_equal(found["shocks"].dataset.onset.values[:, :width], events.values)
    assert np.isnan(found["shocks"].dataset.onset.values[:, width:]).all()
    np.testing.assert_array_equal(found["reference"].dataset.need.values, result["reference"].dataset.need.values)


def test_catalogue__answers_as_a_result_does(made: Path, result: xr.DataTree) -> None:
    plan = Emergency(
        title="By hand", region="EU", start="2025-05", months=6, classes={"all": ServedClass(sectors=("traction",))}
    )
    questions = {
        "exposure": lambda source: exposure(PARTS, source),
        "requirement": lambda source: sim.requirement(plan, source),
        "dependence": lambda source: sim.dependence(source, region="EU"),
        "downstream": lambda source: sim.downstream(source, region="EU"),
    }
    for ask in questions.values():
        asked, other = ask(made), ask(result)
        assert set(asked.children) == set(other.children)
        for group in asked.children:
            xr.testing.assert_identical(asked[group].to_dataset(), other[group].to_dataset())
    leads = {"product": "magnet_hc", "region": "EU", "leads": (1, 3)}
    xr.testing.assert_identical(sim.indicators(made, **leads), sim.indicators(result, **leads))


def test_catalogue__is_asked_without_a_simulation(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engine.run", lambda *_, **__: pytest.fail("simulated"))
    monkeypatch.setattr("sim.chain.build", lambda *_, **__: pytest.fail("balanced a chain"))
    assert exposure(PARTS, made)["firm"].dataset.sizes == {}
    assert sim.dependence(made, region="EU").attrs["region"] == "EU"


def test_catalogue__can_be_cited(made: Path) -> None:
    found = sim.open_catalogue(made)
    said = found.attrs["cite_as"]
    assert "6 simulated years" in said and "seed 5" in said and found.attrs["content_digest"] in said
    assert found.attrs["title"] in said and str(found.attrs["created"]) in said and sim.__version__ in said
    # The licence is that of the project.
    project = tomllib.loads((scenario_root().parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert found.attrs["licence"] == project["license"] and said.endswith(f"{project['license']}.")
    assert found.attrs["runs"] == 6 and "controls_2025" in str(found.attrs["scenario_file"])


def test_make_catalogue__leaves_nothing_behind_when_stopped(
    scenario: Scenario, result: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.engine.run", lambda *_, **__: result)

    def stop(done: int, wanted: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sim.make_catalogue(scenario, tmp_path / "a.zarr", years=2, keep=["shortage"], progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_make_catalogue__replaces_only_catalogues_and_only_when_told_to(made: Path, scenario: Scenario) -> None:
    with pytest.raises(ResultError, match="--overwrite"):
        sim.make_catalogue(scenario, made, years=1)
    other = made.with_name("other.zarr")
    other.mkdir()
    with pytest.raises(ResultError, match="no catalogue; it is left alone"):
        sim.make_catalogue(scenario, other, years=1, overwrite=True)


def test_make_catalogue__lists_all_faults_at_once(scenario: Scenario, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        sim.make_catalogue(scenario, tmp_path / "a.zarr", years=-1, keep=["shortag", "delivery"])
    assert "did you mean shortage?" in str(caught.value) and "--years is -1" in str(caught.value).replace(": ", " ")


def test_open_catalogue__refuses_what_is_none(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="sim catalogue"):
        sim.open_catalogue(tmp_path)
