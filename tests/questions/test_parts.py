from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

import sim
from sim.errors import ScenarioError
from sim.questions.parts import PartRow, read_parts, template
from sim.scenario.sources import scenario_root

HEADER = "part,line,region,product,grade,kg_per_unit,units_per_year,suppliers,cover_weeks,output_value_usd_per_unit\n"
GOOD = "rotor,motor,EU,magnet,hc,2,100,CN:0.8;EU:0.2,4,1000\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "parts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_template__can_be_read_as_it_stands(tmp_path: Path, bundled: xr.Dataset) -> None:
    (row,) = read_parts(written(tmp_path, template()), bundled)
    assert row.chain_product == "magnet_hc" and row.suppliers == {"CN": 0.9, "JP": 0.1}


def test_sample__fits_the_bundled_chain_and_says_that_it_is_invented(bundled: xr.Dataset) -> None:
    rows = read_parts(scenario_root() / "samples" / "motor_maker_parts.csv", bundled)
    assert len(rows) == 6 and all("illustrative" in row.note for row in rows)


def test_read_parts__lists_all_faults_at_once(tmp_path: Path, base: xr.Dataset) -> None:
    bad = [
        "rotor,motor,EU,magnet,hc,-2,100,CN:0.8;EU:0.1,4,1000",
        "rotor,motor,EU,magnet,hc,2,many,CN,4,1000",
        "ring,motor,EUU,magnet,hcc,2,100,CN:1,4,1000",
        "cap,motor,EU,magnet,hc,2,100,JP:1,4,1000",
        "lid,other,EU,ore,,2,100,CN:1,4,1000",
        "pin,motor,CN,magnet,hc,2,100,CN:1,4,1000",
    ]
    with pytest.raises(ScenarioError) as caught:
        read_parts(written(tmp_path, HEADER + "\n".join(bad) + "\n"), base)
    said = str(caught.value)
    for fault in (
        "row 2 kg_per_unit is -2",
        "row 2 suppliers is 'CN:0.8;EU:0.1', which sums to 0.9",
        "row 3 units_per_year is 'many'",
        "row 3 suppliers is 'CN'",
        "row 4 region is 'EUU', no region; did you mean EU?",
        "row 4 product and grade is 'magnet_hcc', no product of the chain; did you mean magnet_hc?",
        "row 5 suppliers is 'JP', no region",
        "row 6 product is ore, which nobody takes in in EU",
    ):
        assert fault in said
    assert said.count("\n") >= 8 and all(line.startswith("parts.csv: ") for line in said.splitlines())


def test_read_parts__refuses_trade_that_the_chain_does_not_know(tmp_path: Path, base: xr.Dataset) -> None:
    row = "rotor,motor,CN,magnet,hc,2,100,EU:1,4,1000\n"
    base["need"].loc[{"product": "magnet_hc", "region": "CN"}] = 1.0
    with pytest.raises(ScenarioError, match="no magnet_hc from there in CN; give one of CN"):
        read_parts(written(tmp_path, HEADER + row), base)


def test_read_parts__wants_one_output_for_a_line(tmp_path: Path, base: xr.Dataset) -> None:
    second = GOOD.replace("rotor", "ring").replace(",100,", ",200,").replace(",1000", ",900")
    with pytest.raises(ScenarioError) as caught:
        read_parts(written(tmp_path, HEADER + GOOD + second), base)
    said = str(caught.value)
    assert "row 3 units_per_year is 200, but 100 in row 2" in said and "output_value_usd_per_unit is 900" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (HEADER, "has no rows"),
        (HEADER.replace("part,", "prt,") + GOOD, "'part'|part is a missing column"),
        (HEADER + GOOD + GOOD, "repeats rotor of row 2"),
        (HEADER + "rotor,motor\n", "has 2 cells for 10 columns"),
    ],
)
def test_read_parts__explains_files_that_are_no_parts(tmp_path: Path, base: xr.Dataset, text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        read_parts(written(tmp_path, text), base)


def test_columns__are_all_defined() -> None:
    text = (Path(sim.__file__).parent / "questions" / "COLUMNS.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in PartRow.model_fields)
