"""`sim frontier`, `sim discover` and `sim value-of-information` as they are called."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr
from click.testing import Result
from typer.testing import CliRunner

import sim
from sim.cli.app import app


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_frontier__prints_mixes_and_writes_table_and_picture(tmp_path: Path) -> None:
    found = call(
        "frontier", "allied_strategy", "--vary", "talent=0,2", "--runs", "8", "--set", "time.years=1.5",
        "--loss", "mean(lost_output)", "--out", tmp_path / "a.nc", "--plot", tmp_path / "a.png",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "talent 0" in found.output and "talent 2" in found.output and "leads" in found.output
    with xr.open_dataset(tmp_path / "a.nc") as data:
        assert data.cost.sizes == {"mix": 2} and float(data.loss_change[0]) == 0.0
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
    results = sim.run(sim.load("baseline", overrides=["time.years=1"]), runs=440, seed=5)
    place = sim.save(results, tmp_path / "a.nc")
    found = call(
        "discover", place, "--metric", "lost_output", "--plot", tmp_path / "a.png", "--out", tmp_path / "a.csv"
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
