"""`sim report`, `sim new`, `sim explain`, and the help text of every command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from click.testing import Result
from rich.text import Text
from typer.testing import CliRunner

import sim
from sim.cli.app import app


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result file."""
    results = sim.run(sim.load("controls_2025", overrides=["time.years=1"]), runs=4)
    return sim.save(results, tmp_path_factory.mktemp("results") / "made.nc")


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


COMMANDS = [command.name for command in app.registered_commands if command.name]


@pytest.mark.parametrize("command", COMMANDS)
def test_help__of_every_command_has_an_example_of_it(command: str) -> None:
    found = call(command, "--help")
    assert found.exit_code == 0
    said = " ".join(found.output.split())
    options = {option for option in re.findall(r"--[a-z-]+", said.split("Example:")[-1])}
    assert f"Example: sim {command}" in said
    assert options <= set(re.findall(r"--[a-z-]+", said.split("Example:")[0])), (
        "the example has options it does not know"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_help__shows_metrics_with_their_brackets(command: str) -> None:
    # Rich takes [word ...] for a style and prints nothing of it, unless the bracket is escaped.
    known = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    for text in (known.help, known.epilog, *(getattr(each, "help", None) for each in known.params)):
        assert Text.from_markup(text or "").plain == (text or "").replace("\\[", "[")


def test_completion__can_be_shown() -> None:
    script = "from sim.cli import main; import sys; sys.argv[0] = 'sim'; main()"
    # What shells ask for; the option of the command line looks for the shell it was called from, and there may be none.
    asked = {**os.environ, "_SIM_COMPLETE": "source_bash"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=asked)
    assert done.returncode == 0 and "complete" in done.stdout, done.stderr


def test_report__writes_one_page(file: Path, tmp_path: Path) -> None:
    found = call("report", file, file, "--out", tmp_path / "a.html", "--no-pictures")
    assert found.exit_code == 0, found.output
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>") and "Side by side" in text and "a page on 2 results" in found.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("made.nc", "none.nc", "--out", "none/a.pdf"), ("none.nc: does not exist", "the ending must be one of .html")),
        (("made.nc", "--region", "XX"), ("'XX' is no region",)),
        (("made.nc", "--out", "there.html"), ("there.html: exists",)),
    ],
)
def test_report__of_bad_input_names_all_faults_and_writes_nothing(
    arguments: tuple[str, ...], said: tuple[str, ...], file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.html").write_text("mine")
    found = call("report", *(file if each == "made.nc" else each for each in arguments), "--no-pictures")
    assert found.exit_code == 2 and all(each in found.stderr for each in said), found.output
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there.html", "mine")]


def test_new__begins_a_scenario_and_says_what_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = call("new", "mine", "--extends", "still")
    assert found.exit_code == 0 and "sim run mine.toml" in found.stdout
    before = (tmp_path / "mine.toml").read_text()
    again = call("new", "mine")
    assert again.exit_code == 2 and "exists and is left alone" in again.stderr
    assert (tmp_path / "mine.toml").read_text() == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("time.years", ("Length of the horizon", "at most 50", "must be given")),
        ("parameters.users_cover", ("default: 0.5",)),
        ("restrictions.heavy_quota.onset", ("A date or a hazard",)),
        ("peak_price", ("/runs/peak_price", "run x product x region", "Highest monthly")),
        ("runs/peak_price", ("/runs/peak_price",)),
        ("/runs/peak_price", ("/runs/peak_price",)),
        ("runs.peak_price", ("/runs/peak_price",)),
        ("/shocks", ("/shocks/onset", "/shocks/end")),
        (
            "policies",
            ("Kinds of policies", "guarantee: A public guarantee", "needs regions, kind", "/policies/revenue"),
        ),
        ("restrictions", ("Kinds of restrictions", "licensing: Exports that need a licence")),
        ("policies.guarantee", ('of kind "guarantee"', "contingent liability", "policies.NAME.recovery")),
        ("guarantee", ('of kind "guarantee"', "policies.NAME.recovery")),
        ("policies.guarantee.share", ("policies of kind guarantee", "lent and guaranteed")),
    ],
)
def test_explain__keys_and_variables(name: str, said: tuple[str, ...]) -> None:
    found = call("explain", name)
    assert found.exit_code == 0 and all(each in found.stdout for each in said), found.stdout


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("time.yeers", "time.years"),
        ("peak_prize", "peak_price"),
        ("garantee", "guarantee"),
        ("policies.garantee", "guarantee"),
    ],
)
def test_explain__of_an_unknown_name_gives_the_nearest(name: str, near: str) -> None:
    found = call("explain", name)
    assert found.exit_code == 2 and f"did you mean {near}?" in found.stderr


def test_explain__of_an_empty_name_is_a_fault_and_not_everything() -> None:
    found = call("explain", "")
    assert found.exit_code == 2 and found.stdout == "" and "sim schema" in found.stderr


def test_explain__of_a_name_that_a_scenario_gives_points_to_the_kinds() -> None:
    found = call("explain", "policies.my_own_wall")
    assert found.exit_code == 2 and "`sim explain policies` lists the kinds" in found.stderr
