"""Every column of every answer is defined in COLUMNS.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.questions.answers import as_csv
from sim.questions.concentration import dependence
from sim.questions.emergency import Emergency, ServedClass
from sim.questions.exposures import exposure
from sim.questions.foresight import indicators
from sim.questions.losses import downstream
from sim.questions.parts import PartRow
from sim.questions.requirements import requirement
from sim.scenario.sources import scenario_root
from tests.questions.conftest import futures

TEXT = (Path(sim.__file__).parent / "questions" / "COLUMNS.md").read_text(encoding="utf-8")
ENDINGS = ("_low", "_high", "_q95", "_q05", "_q50")


def base_name(column: str) -> str:
    for ending in ENDINGS:
        column = column.removesuffix(ending)
    return column


SECTIONS = {part.partition("\n")[0]: part for part in TEXT.split("\n## ")}


def section(command: str) -> str:
    """What stands about a command, with what is said of all of them."""
    return (
        next(text for head, text in SECTIONS.items() if head == f"`sim {command}`")
        + SECTIONS["# Columns of the answers"]
    )


@pytest.fixture(scope="module")
def answers() -> dict[str, list[xr.Dataset]]:
    shortage = np.zeros((4, 24))
    shortage[:, 12:15] = 0.3
    found = futures(shortage, 1.0 - shortage)
    rows = [
        PartRow(
            part=name, line="b", region="EU", product="magnet_hc", kg_per_unit=1.0, units_per_year=1.0,
            suppliers={"CN": 1.0}, cover_weeks=1.0, output_value_usd_per_unit=1.0,
        )
        for name in ("a", "c")
    ]  # fmt: skip
    plan = Emergency(title="t", region="EU", start="2025-03", months=3, classes={"all": ServedClass(sectors=("cars",))})
    units = downstream(found, units=scenario_root() / "chains" / "rare_earths_2024" / "units.csv")
    trees = {
        "exposure": exposure(rows, found),
        "requirement": requirement(plan, found),
        "dependence": dependence(found),
        "downstream": units,
    }
    groups = {name: [group.to_dataset() for group in tree.children.values()] for name, tree in trees.items()}
    return groups | {"indicators": [indicators(found, product="magnet_hc", region="EU")]}


@pytest.mark.parametrize("command", ["exposure", "requirement", "dependence", "downstream", "indicators"])
def test_columns__are_all_defined_where_their_command_is_and_carry_units(
    answers: dict[str, list[xr.Dataset]], command: str
) -> None:
    text = section(command)
    columns = {str(name) for data in answers[command] for name in data.data_vars}
    labels = {str(name) for data in answers[command] for name in data.coords}
    assert columns and labels
    assert not sorted(name for name in {base_name(name) for name in columns} | labels if f"`{name}`" not in text)
    assert not [
        name for data in answers[command] for name, column in data.data_vars.items() if "units" not in column.attrs
    ]


def test_columns__of_a_table_as_written_are_those_of_the_answer(answers: dict[str, list[xr.Dataset]]) -> None:
    for data in (data for group in answers.values() for data in group):
        head = as_csv(data).partition("\n")[0].split(",")
        names = {name.partition(" [")[0] for name in head}
        assert names == {str(name) for name in data.variables}


def test_indicators__are_all_defined(answers: dict[str, list[xr.Dataset]]) -> None:
    (found,) = answers["indicators"]
    assert not [name for name in found.indicator.values if f"`{name}`" not in section("indicators")]


def test_keys_of_an_emergency__are_all_defined() -> None:
    keys = {*Emergency.model_fields, *ServedClass.model_fields} - {"sectors"}
    assert not sorted(key for key in keys if f"`{key}`" not in section("requirement"))


def test_catalogue__has_its_attributes_defined() -> None:
    names = ("title", "creator", "created", "licence", "cite_as", "simulated_years", "content_digest")
    assert not [name for name in names if f"`{name}`" not in SECTIONS["A catalogue"]]
