from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from click.testing import Result
from matplotlib.figure import Figure
from typer.testing import CliRunner

import sim
from sim.cli.app import app
from sim.plotting import tails

SHORT = ["--set", "time.years=0.5"]


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result that follows one row and can go on."""
    place = tmp_path_factory.mktemp("made") / "made.nc"
    scenario = sim.load("baseline", overrides=["time.years=0.5"])
    results = sim.run(scenario, runs=40, seed=5, follow=["price[dy_oxide, EU]"], open_ended=True)
    return sim.save(results, place)


@pytest.mark.parametrize("command", ["tails", "compare"])
def test_help__has_an_example(command: str) -> None:
    found = call(command, "--help")
    assert found.exit_code == 0 and "Example: sim" in found.output


def test_tails__prints_figures_and_writes_table_and_picture(made: Path, tmp_path: Path) -> None:
    found = call(
        "tails", made, "--metric", "price[dy_oxide, EU]", "--lasting", "price[dy_oxide, EU] > 1.05", "--by-year",
        "--plot", tmp_path / "a.png", "--out", tmp_path / "a.csv",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "tail95(price[dy_oxide, EU])" in found.stdout and "months in a row" in found.stdout
    assert "lie in the tail" in found.stderr
    table = (tmp_path / "a.csv").read_text().splitlines()
    assert table[0].startswith("figure,value,error,low,high,runs") and len(table) == 5
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_tails__lists_all_faults_and_writes_nothing(made: Path, tmp_path: Path) -> None:
    found = call(
        "tails", made, "--metric", "shotage[ore, EU]", "--metric", "price[dy_oxid, EU]",
        "--lasting", "stopped[defence, US] > 0.3", "--out", tmp_path / "a.csv",
    )  # fmt: skip
    assert found.exit_code == 2 and not (tmp_path / "a.csv").exists()
    for words in ("did you mean shortage?", "did you mean dy_oxide?", "--follow 'stopped[defence, US]'", "nothing was"):
        assert words in found.stderr


def test_tails__draws_a_panel_for_all_that_is_asked(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[tuple[str, ...]]] = []
    kept = tails.picture

    def picture(*answers: xr.Dataset) -> Figure:
        """Note what is drawn."""
        seen.append([tuple(str(dim) for dim in each.dims) for each in answers])
        return kept(*answers)

    monkeypatch.setattr(tails, "picture", picture)
    lasting = ("--lasting", "price[dy_oxide, EU] > 1.05")
    for place, metrics in (("a.png", ()), ("b.png", ("--metric", "price[dy_oxide, EU]"))):
        found = call("tails", made, *metrics, *lasting, "--plot", tmp_path / place)
        assert found.exit_code == 0, found.output
        assert (tmp_path / place).stat().st_size > 10_000
    assert seen == [[("months",)], [("horizon", "threshold"), ("months",)]]


def test_tails__writes_a_table_for_each_answer(made: Path, tmp_path: Path) -> None:
    both = ("--metric", "price[dy_oxide, EU]", "--lasting", "price[dy_oxide, EU] > 1.05")
    found = call("tails", made, *both[2:], "--out", tmp_path / "a.nc")
    assert found.exit_code == 0 and [path.name for path in tmp_path.iterdir()] == ["a.nc"]
    found = call("plot", tmp_path / "a.nc", "--kind", "spells", "--out", tmp_path / "a.png")
    assert found.exit_code == 0, found.output
    found = call("tails", made, *both, "--out", tmp_path / "b.nc")
    assert found.exit_code == 0, found.output
    figures, lasting = (xr.load_dataset(tmp_path / name) for name in ("b.nc", "b.lasting.nc"))
    assert "figure" in figures.dims and lasting.identical(xr.load_dataset(tmp_path / "a.nc"))
    assert str(tmp_path / "b.lasting.nc") in found.stdout.replace("\n", "")


def test_tails__refuses_to_replace_the_table_of_any_answer(made: Path, tmp_path: Path) -> None:
    (tmp_path / "a.lasting.csv").write_text("mine")
    found = call(
        "tails", made, "--metric", "price[dy_oxide, EU]", "--lasting", "price[dy_oxide, EU] > 1.05",
        "--out", tmp_path / "a.csv",
    )  # fmt: skip
    assert found.exit_code == 2 and "a.lasting.csv" in found.stderr.replace("\n", "")
    assert (tmp_path / "a.lasting.csv").read_text() == "mine" and not (tmp_path / "a.csv").exists()


def test_tails__refuses_pictures_it_cannot_draw(made: Path, tmp_path: Path) -> None:
    found = call(
        "tails", made, "--lasting", "stopped[defence, US] > 0.3", "--budget", "--by-year", "--plot", tmp_path / "a.png"
    )
    assert found.exit_code == 2 and not list(tmp_path.iterdir())
    for words in ("--follow 'stopped[defence, US]'", "policies", "--by-year draws curves of a --metric"):
        assert words in found.stderr


def test_tails__of_an_empty_tail_is_a_fault(made: Path) -> None:
    found = call("tails", made, "--metric", "tail99(lost_output)")
    assert found.exit_code == 2 and "empty tail" in found.stderr


def test_compare__of_a_file_and_its_scenario_is_zero(made: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.nc"
    found = call("compare", made, "baseline", *SHORT, "--out", out, "--plot", tmp_path / "a.png")
    assert found.exit_code == 0, found.output
    assert "40 runs of each, seed 5" in found.stdout
    with xr.open_dataset(out) as data:
        assert data.difference.shape == (4, 2) and bool(np.all(data.difference == 0.0))
        assert data.pair_low.dims == ("metric", "scenario", "other")
    assert (tmp_path / "a.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("baseline",), "has 1 to compare; give two or more"),
        (("baselin", "stil"), "did you mean baseline?"),
        (("baseline", "still", "--metric", "shortage[magnet_hc, UX]"), "'UX' is no region"),
        (("baseline", "quota_2010"), "; give the scenarios one, with --set time.start"),
    ],
)
def test_compare__refuses_what_cannot_be_compared(arguments: tuple[str, ...], words: str) -> None:
    found = call("compare", *arguments)
    assert found.exit_code == 2 and words in found.stderr and "nothing was written" in found.stderr


def test_run__until_a_goal_and_on_from_there(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "made.nc"
    copy.write_bytes(made.read_bytes())
    found = call(
        "run", "baseline", *SHORT, "--out", copy, "--follow", "price[dy_oxide, EU]", "--continue",
        "--until", "mean(price[dy_oxide, EU]) within 0.01 %", "--max-runs", "48",
        "--plot-goal", tmp_path / "goal.png",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert (tmp_path / "goal.png").stat().st_size > 0
    assert "GOAL NOT REACHED" in found.stdout and sim.open_results(copy).attrs["runs"] == 48


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--until", "mean(lost_output)"), "has no goal"),
        (("--until", "mean(lost_outpu) within 2 %"), "did you mean lost_output?"),
        (("--until", "mean(lost_output) within 2 %", "--runs", "9"), "give --max-runs instead"),
        (("--continue", "--runs", "9"), "does not exist"),
        (("--plot-goal", "goal.png", "--runs", "2"), "give --until as well"),
        (("--follow", "price[dy_oxid, EU]", "--runs", "2"), "did you mean dy_oxide?"),
    ],
)
def test_run__refuses_goals_it_cannot_have(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    found = call("run", "baseline", *SHORT, "--out", tmp_path / "a.nc", *arguments)
    assert found.exit_code == 2 and words in found.stderr and not list(tmp_path.iterdir())
