from __future__ import annotations

from pathlib import Path

import pandas
import pytest
import xarray as xr
from click.testing import Result
from typer.testing import CliRunner

import sim
from sim.cli.app import app
from sim.scenario.sources import scenario_root

PARTS = scenario_root() / "samples" / "motor_maker_parts.csv"
PLAN = """
title = "Half a year"
region = "EU"
start = "2025-05"
months = 6
[classes.military]
sectors = ["defence"]
demand = 1.5
[classes.civilian]
sectors = ["traction", "wind"]
[reliability]
CN = 0.5
"""


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a result that has monthly paths, and a plan."""
    place = tmp_path_factory.mktemp("decisions")
    scenario = sim.load("controls_2025", overrides=["time.years=1"])
    kept = ("price", "inventory", "shortage", "delivery")
    sim.save(sim.run(scenario, runs=6, monthly=kept), place / "made.nc")
    (place / "plan.toml").write_text(PLAN, encoding="utf-8")
    return place


@pytest.mark.parametrize("command", ["exposure", "requirement", "dependence", "downstream", "indicators", "catalogue"])
def test_help__has_an_example(command: str) -> None:
    found = call(command, "--help")
    assert found.exit_code == 0 and "Example: sim" in found.output


def test_exposure__prints_tables_and_writes_them_and_a_picture(folder: Path, tmp_path: Path) -> None:
    out, plot = tmp_path / "a.csv", tmp_path / "a.png"
    found = call("exposure", PARTS, folder / "made.nc", "--out", out, "--plot", plot)
    assert found.exit_code == 0, found.output
    for said in ("traction rotor magnet", "secure CN", "Act first on", "few runs (6)"):
        assert said in found.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.png", "a_actions.csv", "a_firm.csv", "a_lines.csv", "a_parts.csv",
    ]  # fmt: skip
    table = pandas.read_csv(tmp_path / "a_parts.csv")
    assert "cover_needed [week]" in table and len(table) == 6


def test_exposure__prints_a_template_and_nothing_else() -> None:
    found = call("exposure", "--template")
    assert found.exit_code == 0 and found.stdout.startswith("part,line,region") and found.stdout.count("\n") == 2


def test_exposure__without_arguments_says_what_it_needs() -> None:
    found = call("exposure")
    assert found.exit_code == 2 and "--template" in found.stderr


def test_requirement__writes_one_netcdf(folder: Path, tmp_path: Path) -> None:
    found = call("requirement", folder / "plan.toml", folder / "made.nc", "--out", tmp_path / "r.nc")
    assert found.exit_code == 0, found.output
    for said in (
        "1. Stockpile panel",
        "2. Value added at risk",
        "3a. N-1 by stage",
        "3b. N-1 by form",
        "from 3 to 1",
        "from 1 to 2",
    ):
        assert said in found.stdout
    written = xr.open_datatree(tmp_path / "r.nc")
    assert set(written.children) == {"panel", "totals", "at_risk", "n_1", "n_1_stages", "bridge", "bridge_value"}
    assert written["totals"].dataset.gross_demand.attrs["units"] == "t"
    written.close()


def test_requirement__outside_the_horizon_is_explained_and_nothing_written(folder: Path, tmp_path: Path) -> None:
    found = call("requirement", "emergency_us_2028", folder / "made.nc", "--out", tmp_path / "r.nc")
    assert found.exit_code == 2 and "outside the horizon 2025-01 to 2025-12" in found.stderr.replace("\n", " ")
    assert list(tmp_path.iterdir()) == []


def test_dependence__asks_a_scenario_without_simulating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engine.run", lambda *_, **__: pytest.fail("simulated"))
    plot = tmp_path / "d.svg"
    found = call("dependence", "still", "--set", "time.years=1", "--region", "US", "--plot", plot)
    assert found.exit_code == 0, found.output
    assert "Dependence of US" in found.stdout and "extraction" in found.stdout and plot.is_file()


def test_downstream__counts_vehicles(folder: Path) -> None:
    found = call("downstream", folder / "made.nc", "--region", "EU")
    assert found.exit_code == 0 and "vehicles" in found.stdout and "traction" in found.stdout


def test_indicators__draws_curves(folder: Path, tmp_path: Path) -> None:
    found = call("indicators", folder / "made.nc", "--lead", "1", "3", "--plot", tmp_path / "i.png")
    assert found.exit_code == 0, found.output
    assert "export_gap" in found.stdout and (tmp_path / "i.png").stat().st_size > 10_000


def test_faults__of_result_and_targets_come_together(tmp_path: Path) -> None:
    found = call("exposure", PARTS, tmp_path / "none.nc", "--out", tmp_path / "a.txt", "--plot", tmp_path / "a.gif")
    assert found.exit_code == 2
    assert all(name in found.stderr for name in ("none.nc", "a.txt", "a.gif", "nothing was written"))


def test_run__asks_for_what_monthly_names(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    def answer(scenario: object, **options: object) -> xr.DataTree:
        asked.update(options)
        return sim.open_results(folder / "made.nc")

    monkeypatch.setattr("sim.engine.run", answer)
    found = call("run", "still", "--out", tmp_path / "a.nc", "--monthly", "delivery, shortage")
    assert found.exit_code == 0 and asked["monthly"] == ("shortage", "delivery"), found.output
    wrong = call("run", "still", "--out", tmp_path / "a.nc", "--monthly", "shortag")
    assert wrong.exit_code == 2 and "did you mean shortage?" in wrong.stderr and "--overwrite" in wrong.stderr


def test_catalogue__is_made_and_cited(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.engine.run", lambda *_, **__: sim.open_results(folder / "made.nc"))
    out = tmp_path / "c.zarr"
    found = call("catalogue", "still", "--set", "time.years=1", "--years", "6", "--out", out)
    assert found.exit_code == 0, found.output
    assert "Catalogue of 6 simulated years" in found.stdout.replace("\n", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["c.zarr"]
    again = call("catalogue", "stil", "--years", "2", "--out", out)
    assert again.exit_code == 2 and "--overwrite" in again.stderr and "did you mean still?" in again.stderr
