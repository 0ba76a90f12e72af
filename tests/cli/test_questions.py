"""Commands that ask more of a scenario than one ensemble: what they refuse, and what they write."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from sim.cli.app import app

SHORT = ["--set", "time.years=1"]
LOST = "mean(lost_output[*, US])"


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("blame", "still", "--metric", "q95(price[dy_oxide, EU])"), "no parts that add up"),
        (("blame", "still", "--metric", "mean(shortag[dy_oxide, EU])"), "did you mean shortage?"),
        (("blame", "still", "--metric", "mean(shortage[each, US])"), "say what it stands for"),
        (("blame", "nosuch", "--metric", LOST, "--plot", "a.gif", "--out", "b.txt"), "b.txt: the ending must be"),
        (("stress", "still", "--event", "mean(price[dy_oxide, EU])"), "is no event"),
        (("sensitivity", "still", "--metric", LOST, "--parameter", "price_respons"), "did you mean price_response?"),
        (("sensitivity", "lost.nc", "--metric", LOST), "lost.nc: does not exist"),
    ],
)
def test_questions__refuse_bad_input_in_one_message(arguments: tuple[str, ...], said: str) -> None:
    found = call(*arguments)
    assert found.exit_code == 2 and said in found.output and "Traceback" not in found.output


def test_blame__writes_table_and_picture(tmp_path: Path) -> None:
    table, picture = tmp_path / "a.csv", tmp_path / "a.png"
    found = call("blame", "controls_2025", *SHORT, "--metric", LOST, "--runs", "2", "--out", table, "--plot", picture)
    assert found.exit_code == 0, found.output
    assert "magnets_hc" in found.output and "sum: the figure itself" in found.output
    assert table.read_text().startswith("metric,cause,blame") and picture.stat().st_size > 0
