"""The README is true: its tree exists, its commands are those there are, its examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import sim
from sim.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


def test_tree__names_every_part_of_the_package_and_nothing_else() -> None:
    (tree,) = blocks("text")
    drawn = {line.split()[0].rstrip("/") for line in tree.splitlines() if line.startswith("  ")}
    there = {path.name for path in (ROOT / "sim").iterdir() if path.is_dir() or path.suffix == ".py"}
    assert drawn == there - {"__init__.py", "__main__.py", "__pycache__", "_scenarios"}
    top = {line.split()[0].rstrip("/") for line in tree.splitlines() if not line.startswith(" ")}
    assert all((ROOT / name).is_dir() for name in top)


def test_tests__are_run_by_the_same_command_everywhere() -> None:
    last = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-1]
    assert blocks("sh")[1].strip().endswith(f' && pip install -e ".[dev]" && {last}')
    assert last in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", re.findall(r"^\| `sim ([\w-]+)", TEXT, re.M))
def test_commands__exist(command: str) -> None:
    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_commands__are_all_in_the_table() -> None:
    assert {command.name for command in app.registered_commands} == set(re.findall(r"^\| `sim ([\w-]+)", TEXT, re.M))


def test_scenarios__are_those_that_are_bundled() -> None:
    from sim.scenario import bundled

    section = TEXT[TEXT.index("## Scenarios") : TEXT.index("A scenario is a TOML file")]
    assert set(re.findall(r"^\| `(\w+)`", section, re.M)) == set(bundled())


def test_scenario__of_the_readme_loads(tmp_path: Path) -> None:
    (tmp_path / "quota.toml").write_text(blocks("toml")[0], encoding="utf-8")
    assert "heavy_quota" in sim.load(tmp_path / "quota.toml").restrictions


def test_details__of_the_readme_load(tmp_path: Path) -> None:
    head = 'title = "Details"\nextends = "still"\n\n'
    (tmp_path / "details.toml").write_text(head + blocks("toml")[1], encoding="utf-8")
    assert list(sim.load(tmp_path / "details.toml").measures) == ["papers", "papers.spillover"]


def test_example__of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code = blocks("python")[0].replace("runs=200", "runs=4").replace("time.years=2", "time.years=1")
    exec(compile(code, "README.md", "exec"), {})
    assert sim.open_results("controls.nc").attrs["runs"] == 4
