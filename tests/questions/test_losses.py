from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from sim.errors import ResultError, ScenarioError
from sim.questions.losses import downstream, read_units
from sim.scenario import load
from sim.scenario.sources import scenario_root

UNITS = "sector,unit,label,kg_per_unit,value_usd,value_added_usd,share,source,confidence\n"


@pytest.fixture
def found(make: Callable[..., xr.DataTree]) -> xr.DataTree:
    """In two of four runs cars lose 4 t rationed and 4 t destroyed, and 4 million USD, in two years."""
    return make(np.zeros((4, 24)), np.ones((4, 24)))


def units(folder: Path, *rows: str) -> Path:
    path = folder / "units.csv"
    path.write_text(UNITS + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_downstream__turns_tonnes_into_units_by_hand(found: xr.DataTree, tmp_path: Path) -> None:
    table = units(tmp_path, "cars,drone,drones,2,10000,4000,0.5,made up,assumption")
    data = downstream(found, region="EU", units=table)["units"].to_dataset()
    # 8 t in half of the runs over two years are 2 t a year; half of them at 2 kg each.
    assert float(data.not_made[0]) == pytest.approx(500.0)
    assert float(data.revenue[0]) == pytest.approx(5.0) and float(data.value_added[0]) == pytest.approx(2.0)
    assert float(data.not_made_q95[0]) == pytest.approx(1000.0)


def test_downstream__gives_sectors_in_tonnes_and_money(found: xr.DataTree) -> None:
    answer = downstream(found, region="EU")
    sector = answer["sectors"].to_dataset().sel(sector="cars")
    assert float(sector.tonnes) == pytest.approx(2.0) and float(sector.revenue) == pytest.approx(1.0)
    assert answer["units"].sizes.get("unit", 0) == 0
    assert float(downstream(found)["sectors"].to_dataset().tonnes.sum()) == pytest.approx(2.0)


def test_downstream__of_an_unknown_region_is_explained(found: xr.DataTree) -> None:
    with pytest.raises(ResultError, match="did you mean EU"):
        downstream(found, region="EUU")


def test_read_units__lists_all_faults_at_once(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_units(units(tmp_path, "cars,car,cars,0,1,1,2,,assumption"))
    said = str(caught.value)
    assert all(column in said for column in ("kg_per_unit is 0", "share is 2", "source is empty"))


def test_units_of_the_bundled_chain__are_worth_what_the_sector_table_says() -> None:
    rows = read_units(scenario_root() / "chains" / "rare_earths_2024" / "units.csv")
    sectors = {row.sector: row for row in load("still").tables.sectors}
    for sector in {row.sector for row in rows}:
        units = [row for row in rows if row.sector == sector]
        assert sum(row.share for row in units) == pytest.approx(1.0)
        # Both tables are rounded.
        output = sum(row.share * row.value_usd / row.kg_per_unit for row in units)
        added = sum(row.share * row.value_added_usd / row.kg_per_unit for row in units)
        assert output == pytest.approx(sectors[sector].output_value_usd_per_kg, rel=0.02)
        assert added == pytest.approx(sectors[sector].value_added_usd_per_kg, rel=0.03)
