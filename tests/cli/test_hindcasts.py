"""`sim hindcast` and `sim calibrate` as a user meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from sim.cli.app import app
from sim.questions import hindcast as hindcasts
from tests.questions.test_hindcast import crps


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize("command", ["hindcast", "calibrate"])
def test_help__has_an_example(command: str) -> None:
    found = call(command, "--help")
    assert found.exit_code == 0 and f"Example: sim {command}" in found.output


def test_hindcast__scores_what_was_not_imposed_and_writes_picture_and_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hindcasts, "_crps", lambda: crps)
    monkeypatch.setattr(hindcasts, "need_scoring", lambda: None)
    picture, table = tmp_path / "p.png", tmp_path / "t.csv"
    found = call("hindcast", "rare_earths_2025", "--draws", "2", "--plot", picture, "--out", table)
    assert found.exit_code == 0, found.output
    assert "posterior after rare_earths_2010" in found.output and "CRPS below both reference forecasts" in found.output
    assert "Magnet exports of China, April to June 2025 (imposed)" in " ".join(found.output.split())
    assert picture.stat().st_size > 10_000
    rows = table.read_text().splitlines()
    assert rows[0].startswith("series,role,first,last,observed,median,forecast_q05")
    assert any(row.startswith("dy_europe,scored,2025-05,2025-05,3.0357,") for row in rows)


def test_hindcast__reports_all_faults_and_writes_nothing(tmp_path: Path) -> None:
    found = call("hindcast", "rare_earths_2052", "--posterior", tmp_path / "no.csv", "--plot", tmp_path / "p.gif")
    assert found.exit_code == 2 and not list(tmp_path.iterdir())
    for part in ("did you mean rare_earths_2025", "no.csv does not exist", "the ending must be one of .png"):
        assert part in found.output
    strange = call("hindcast", "rare_earths_2025", "--fit", "rare_earth_2010", "--draws", "2")
    assert strange.exit_code == 2 and "was not fitted; did you mean rare_earths_2010?" in strange.output


def test_calibrate__writes_a_posterior_and_says_what_was_learnt(tmp_path: Path) -> None:
    out = tmp_path / "p.csv"
    found = call("calibrate", "rare_earths_2025", "--draws", "8", "--out", out)
    assert found.exit_code == 0, found.output
    assert "effective draws" in found.output and "Prior variance that the data took away" in found.output
    assert "# seed: 20250404" in out.read_text()
    again = call("calibrate", "rare_earths_2025", "--draws", "8", "--out", out)
    assert again.exit_code == 2 and "exists; choose another name" in again.output
