"""`sim frontier`, `sim discover` and `sim value-of-information` as they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import Result
from typer.testing import CliRunner

import sim
from sim.cli.app import app
from tests.questions.test_inverse import rare


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_frontier__prints_mixes_and_writes_table_and_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = np.random.default_rng(1).normal(100.0, 5.0, size=50)

    def known(name: str, *_: object) -> np.ndarray:
        """Training takes 20 off the loss for 3 and, doubled, only costs more."""
        strength = float(name.split()[1])
        return np.array([losses - 20.0 * min(strength, 1.0), np.full(50, 3.0 * strength)])

    monkeypatch.setattr("sim.questions.frontiers.per_run", known)
    found = call(
        "frontier", "allied_strategy", "--vary", "talent=0,1,2", "--runs", "50",
        "--loss", "mean(lost_output)", "--out", tmp_path / "a.nc", "--plot", tmp_path / "a.png",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "dropped: talent 1 beats it" in " ".join(found.output.split()) and "leads" in found.output
    with xr.open_dataset(tmp_path / "a.nc") as data:
        assert data.loss_change.values.round(9).tolist() == [0.0, -20.0, -20.0]
        assert data.dropped_for.values.tolist() == ["", "", "talent 1"]
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_value_of_information__prints_what_knowledge_saves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def known(metrics: object, scenario: sim.Scenario, runs: int, *_: object) -> np.ndarray:
        """With the fund, what the parameter comes to; without it, the middle of its range."""
        return np.full(runs, scenario.parameters.price_response if scenario.policies["fund"].strength else 0.41)

    monkeypatch.setattr("sim.questions.deciding._summed", known)
    found = call(
        "value-of-information", "allied_strategy", "--vary", "fund=0,1", "--metric", "mean(lost_output)",
        "--metric", "mean(net_public_cost)", "--worlds", "24", "--runs", "2", "--parameter", "price_response",
        "--out", tmp_path / "a.nc", "--plot", tmp_path / "a.png",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "mean(lost_output) + mean(net_public_cost), million USD" in " ".join(found.output.split())
    assert "price_response" in found.output and "24 worlds rank parameters roughly" in " ".join(found.output.split())
    with xr.open_dataset(tmp_path / "a.nc") as data:
        assert 0.01 < float(data.value.sel(knowledge="price_response")) < 0.06
    assert (tmp_path / "a.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("frontier", "baseline"), "has no policies"),
        (("frontier", "allied_strategy", "--vary", "talnt=0,1"), "did you mean talent"),
        (("frontier", "allied_strategy", "--vary", "talent"), "write such as --vary"),
        (("frontier", "allied_strategy", "--cost", "mean(public_cst)"), "did you mean public_cost"),
        (("discover", "lost.nc", "--metric", "lost_output"), "lost.nc: does not exist"),
    ],
)
def test_bad_input__leaves_with_2_and_a_cure(arguments: tuple[str, ...], words: str) -> None:
    found = call(*arguments)
    assert found.exit_code == 2 and words in " ".join(found.output.split())


def test_discover__prints_the_box_and_how_good_it_is(tmp_path: Path) -> None:
    pytest.importorskip("prim")
    place = sim.save(sim.run(rare(0.5), runs=400, seed=5), tmp_path / "a.nc")
    found = call(
        "discover",
        place,
        "--metric",
        "shortage[oxide, B] > 0.01",
        "--plot",
        tmp_path / "a.png",
        "--out",
        tmp_path / "a.csv",
    )
    assert found.exit_code == 0, found.output
    assert "of bad runs lie inside" in found.output and (tmp_path / "a.csv").exists()
    assert (tmp_path / "a.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("baseline",), "has one option"),
        (("baseline", "section_232", "--vary", "fund=0,1"), "makes options of one scenario"),
        (("allied_strategy", "--vary", "fnd=0,1"), "did you mean fund"),
        (("allied_strategy", "--vary", "fund=0,1", "--parameter", "price_respons"), "did you mean price_response"),
        (("allied_strategy", "--vary", "fund=0,1", "--out", "a.csv"), "a.csv"),
    ],
)
def test_value_of_information__of_bad_input_leaves_with_2_and_a_cure(arguments: tuple[str, ...], words: str) -> None:
    found = call("value-of-information", *arguments, "--metric", "mean(lost_output)")
    assert found.exit_code == 2 and words in " ".join(found.output.split())
