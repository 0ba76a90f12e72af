"""`sim size-stockpile` as people call it."""

from __future__ import annotations

import csv
from pathlib import Path

from click.testing import Result
from typer.testing import CliRunner

from sim.cli import stockpiles
from sim.cli.app import app
from sim.questions.risks import EXAMPLE

TINY = Path(__file__).parents[1] / "scenario" / "data" / "tiny.toml"


def call(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["size-stockpile", *map(str, arguments)])


def test_help__has_an_example_and_the_default_of_the_library() -> None:
    found = call("--help")
    assert found.exit_code == 0 and "Example: sim size-stockpile" in found.output
    assert stockpiles.RISK == EXAMPLE


def test_size_stockpile__prints_curves_and_cheapest_and_writes_table_and_picture(tmp_path: Path) -> None:
    table, picture = tmp_path / "sizes.csv", tmp_path / "sizes.png"
    options = ("--class", "essential", "--region", "B", "--runs", "4", "--set", "time.years=1.5", "--form", "magnet")
    found = call(TINY, *options, "--risk", "P(loss > 1 t) <= 0.9", "--out", table, "--plot", picture)
    assert found.exit_code == 0, found.output
    assert "magnet alone" in found.output and "Cheapest mix that meets the risk" in found.output
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {"magnet_months", "magnet_tonnes", "risk", "risk_low", "outlay", "public_cost"} <= rows[0].keys()
    assert picture.read_bytes()[1:4] == b"PNG"


def test_size_stockpile__names_all_faults_at_once_and_writes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "sizes.txt"
    found = call(TINY, "--class", "esential", "--risk", "loss", "--region", "C", "--out", place)
    assert found.exit_code == 2
    for text in ("did you mean essential?", "states no risk", "--region is 'C'", "ending must be one of .csv"):
        assert text in found.output, found.output
    assert not list(tmp_path.iterdir())
