"""Every column of every answer is defined in COLUMNS.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import sim
from sim.questions.emergency import Emergency, ServedClass
from sim.questions.parts import PartRow

TEXT = (Path(sim.__file__).parent / "questions" / "COLUMNS.md").read_text(encoding="utf-8")
ENDINGS = ("_low", "_high", "_q95", "_q05", "_q50")


def base_name(column: str) -> str:
    for ending in ENDINGS:
        column = column.removesuffix(ending)
    return column


@pytest.fixture
def answers(make: Callable[..., xr.DataTree]) -> list[xr.Dataset]:
    shortage = np.zeros((4, 24))
    shortage[:, 12:15] = 0.3
    found = make(shortage, 1.0 - shortage)
    row = PartRow(
        part="a", line="b", region="EU", product="magnet_hc", kg_per_unit=1.0, units_per_year=1.0,
        suppliers={"CN": 1.0}, cover_weeks=1.0, output_value_usd_per_unit=1.0,
    )  # fmt: skip
    plan = Emergency(title="t", region="EU", start="2025-03", months=3, classes={"all": ServedClass(sectors=("cars",))})
    trees = (sim.exposure([row], found), sim.requirement(plan, found), sim.dependence(found), sim.downstream(found))
    groups = [group.to_dataset() for tree in trees for group in tree.children.values()]
    return [*groups, sim.indicators(found, product="magnet_hc", region="EU")]


def test_columns__are_all_defined_and_carry_units(answers: list[xr.Dataset]) -> None:
    names = {base_name(str(name)) for data in answers for name in data.data_vars}
    missing = sorted(name for name in names if f"`{name}`" not in TEXT)
    assert not missing
    lacking = [name for data in answers for name, column in data.data_vars.items() if "units" not in column.attrs]
    assert not lacking
