"""Commands that ask more of a scenario than one ensemble: what they refuse, and what they write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from sim.cli.app import app
from sim.questions.worlds import Study

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
        (("sensitivity", "still", "--metric", LOST, "--with-shocks"), "give --indices DRAWS too"),
        (("sensitivity", "still", "--metric", "mean(a)", "--metric", "mean(b)", "--indices", "16"), "'b' is no metric"),
        (("blame", "still", "--metric", "mean(a)", "--metric", "mean(b)"), "'b' is no metric"),
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


def test_sensitivity__with_shocks_writes_indices_of_all_factors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def values(self: Study, parameters: dict[str, float], *, chain_draw: int, first: int) -> np.ndarray:
        """Twice the parameter, and what the number of a run comes to."""
        return np.sin(np.arange(first, first + self.runs))[None] + 2.0 * parameters["price_response"]

    monkeypatch.setattr(Study, "finite_values", values)
    table, picture = tmp_path / "a.csv", tmp_path / "a.png"
    found = call(
        "sensitivity", "still", "--metric", LOST, "--indices", "16", "--runs", "8", "--with-shocks",
        "--parameter", "price_response", "--out", table, "--plot", picture,
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    assert "a run's value varies by" in " ".join(found.output.split())
    assert table.read_text().startswith("metric,factor,index_first") and picture.stat().st_size > 0
