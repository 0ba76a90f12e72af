"""Tables of a chain: what is read, and every way to spoil them."""

from __future__ import annotations

from typing import Any

import pytest

from sim.scenario import load
from sim.scenario.sources import scenario_root
from sim.scenario.tables import read_tables


def test_tables__hold_the_rows_in_order(folder: Any) -> None:
    tables = load(folder.scenario).tables
    assert tables.meta.base_year == 2024
    assert tables.regions[1].blocs == ("West", "Sea")
    assert tables.products[0].content == {"nd": 0.2}
    assert tables.products[2].disposable
    assert tables.recipe("separate") == {"ore": -1.0, "oxide": 0.2, "rest": 0.7}
    assert [row.thrift_floor for row in tables.recipes][-2:] == [0.8, 1.0]
    assert tables.sectors[0].sector_class == "essential"
    assert tables.uses[0].substitute == ""


def test_tables__digest_follows_every_file(folder: Any) -> None:
    before = load(folder.scenario).tables.digest
    folder.edit("tiny/uses.csv", "invented", "invented again")
    assert load(folder.scenario).tables.digest != before


@pytest.mark.parametrize(("sign", "said"), [(";", "semicolons"), ("\t", "tabulators")])
def test_tables__of_other_separators_have_one_fault(folder: Any, sign: str, said: str) -> None:
    path = folder.path / "tiny" / "uses.csv"
    path.write_text(path.read_text().replace(",", sign))
    assert (
        folder.fault() == f"tiny/uses.csv has cells separated by {said}; save it as CSV with commas and decimal points"
    )


def test_tables__thrift_floor_may_be_left_out(folder: Any) -> None:
    path = folder.path / "tiny" / "recipes.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("\n".join(",".join(row[:3] + row[4:]) for row in rows))
    assert load(folder.scenario).tables.recipes[0].thrift_floor == 1.0


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        ("chain.toml", "base_year", "basis_year", "base_year is missing; add it"),
        ("chain.toml", "0.1", "0", "confidence.made_up is 0; give a number above 0 and at most 10"),
        ("chain.toml", "= 2024", "= = 2024", "is not TOML: Invalid value"),
        ("regions.csv", "region,name", "region,nam", "name is a missing column; add it"),
        ("regions.csv", "blocs,", "blocks,", "blocs is a missing column; add it"),
        ("products.csv", ",nd,", ",pr,", "nd is a missing column; add it"),
        ("regions.csv", "A,Alpha,,invented", "A,Alpha,,", "row 2 source is empty; fill the cell"),
        ("regions.csv", "made_up\nB", "guess\nB", "row 2 confidence is 'guess', not a known confidence; give one of"),
        ("regions.csv", "B,Beta", "A,Beta", "row 3 region repeats A of row 2; keep one of the rows"),
        ("regions.csv", "B,Beta", "B,Beta,more", "row 3 has 6 cells for 5 columns; add or quote cells"),
        ("regions.csv", "B,Beta", 'B,"Beta', "is not CSV: unexpected end of data"),
        ("regions.csv", "A,Alpha", "all,Alpha", "row 2 region is 'all', a word scenarios use; give another"),
        (
            "products.csv",
            "ore,mining",
            "ore,minning",
            "row 2 stage is 'minning', not a known stage; did you mean mining?",
        ),
        ("products.csv", "t REO,5,", "t REO,=5,", "row 2 price_usd_per_kg is '=5'; give a finite number"),
        ("products.csv", "t REO,5,", "t REO,nan,", "row 2 price_usd_per_kg is 'nan'; give a finite number"),
        ("products.csv", "t REO,5,", "t REO,1_0,", "row 2 price_usd_per_kg is '1_0'; give"),
        ("products.csv", "t REO,5,", "t REO,1e999,", "row 2 price_usd_per_kg is '1e999'; give a finite number"),
        ("products.csv", "t REO,5,", "t REO,,", "row 2 price_usd_per_kg is empty; give a finite number"),
        ("products.csv", "1.5,25,0.5,0", "1.5,25,0.5,no", "row 2 disposable is 'no'; give 0 or 1"),
        ("products.csv", "1.5,25,0.5", "1.5,25,1.5", "row 2 contract_share is 1.5; give a share from 0 to 1"),
        ("recipes.csv", "oxide,0.2", "oxide,0.21", "row 3 recipe is 'separate', which makes nd: 0.21 t out of 0.2 t;"),
        ("recipes.csv", "press,oxide", "press,oxyde", "row 6 product is 'oxyde', not a known product; did you mean"),
        ("recipes.csv", "mine,ore,1", "mine,ore,0", "row 2 coefficient is 0; give a number or remove the row"),
        ("processes.csv", "mine,A,mine", "mine,A,min", "row 2 recipe is 'min', not a known recipe; did you mean mine?"),
        ("processes.csv", "100,120", "100,-120", "row 2 capacity_t_per_year is -120; give a number at least 0"),
        ("processes.csv", "100,120", "100,90", "row 2 capacity_t_per_year is 90, below the activity of 100; give at"),
        (
            "processes.csv",
            "100,120",
            "100,12 kt",
            "row 2 capacity_t_per_year is '12 kt'; give the number alone, in the",
        ),
        ("routes.csv", "magnet,A,B", "oxide,A,B", "row 3 product repeats oxide A B of row 2; keep one"),
        ("routes.csv", "magnet,A,B", "magnet,A,A", "row 3 destination is the origin itself; give another region"),
        ("routes.csv", "magnet,A,B", "magnet,B,A", "row 3 destination is 'A', with no transport from B; add the row"),
        ("routes.csv", "magnet,A,B", "magnet,A,Bee", "row 3 destination is 'Bee', not a known region; give one of"),
        ("sectors.csv", "essential", "vital", "row 2 class is 'vital'; give one of defence, essential, other"),
        ("uses.csv", "motors,B", "motor,B", "row 3 sector is 'motor', not a known sector; did you mean motors?"),
        ("uses.csv", "magnet,25,", "magnet,25,magnet", "row 2 substitute is the product itself; give another or none"),
        (
            "uses.csv",
            "magnet,25,,",
            "magnet,25,magnt,",
            "row 2 substitute is 'magnt', not a known product; did you mean",
        ),
    ],
)
def test_tables__spoiled_cell_is_named_by_file_row_and_column(
    folder: Any, file: str, old: str, new: str, line: str
) -> None:
    folder.edit(f"tiny/{file}", old, new)
    faults = folder.faults()
    assert any(fault.startswith((f"tiny/{file}: {line}", f"tiny/{file} {line}")) for fault in faults), faults


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        (
            "routes.csv",
            "oxide,A,B,8",
            "rest,A,B,0",
            "processes.csv: row 5 process takes oxide in B, where nothing makes",
        ),
        (
            "routes.csv",
            "oxide,A,B,8,0.05",
            "ore,B,A,8,0",
            "routes.csv: row 2 origin is 'B', where nothing makes or brings",
        ),
        ("products.csv", "0.5,1,0,inv", "0.5,0,0,inv", "products.csv: row 4 product is 'rest', which gathers in A and"),
        (
            "recipes.csv",
            "mine,ore,1,,",
            "mine,ore,1,,i,made_up\nmine,magnet,-0.6,,",
            "uses.csv: row 2 product is 'magnet', ",
        ),
    ],
)
def test_tables__broken_web_of_markets_is_a_fault(folder: Any, file: str, old: str, new: str, line: str) -> None:
    folder.edit("tiny/transport.csv", "A,B,", "B,A,1,0.3,invented,made_up\nA,B,")
    folder.edit(f"tiny/{file}", old, new)
    assert any(fault.startswith(f"tiny/{line}") for fault in folder.faults()), folder.faults()


def test_tables__unreachable_demand_names_its_regions(folder: Any) -> None:
    # The mine now needs magnets, which need the mine: each market has an inflow, and none has a source.
    folder.edit("tiny/recipes.csv", "mine,ore,1,,", "mine,ore,1,,i,made_up\nmine,magnet,-0.6,,")
    line = "tiny/uses.csv: row 2 product is 'magnet', which no mine or collection reaches in A, B; complete"
    assert folder.fault().startswith(line)


@pytest.mark.parametrize("table", ["uses.csv", "regions.csv", "products.csv", "chain.toml"])
def test_tables__missing_table_is_one_fault(folder: Any, table: str) -> None:
    (folder.path / "tiny" / table).unlink()
    assert folder.fault() == f"tiny/{table} does not exist; check the name and the folder"


def test_tables__empty_table_is_a_fault(folder: Any) -> None:
    path = folder.path / "tiny" / "uses.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert folder.fault() == "tiny/uses.csv has no rows; add at least one row below the header"


def test_tables__text_that_is_not_utf8_is_a_fault(folder: Any) -> None:
    path = folder.path / "tiny" / "uses.csv"
    path.write_bytes(path.read_bytes().replace(b"invented", b"inv\xe9nted"))
    assert "is not UTF-8 text" in folder.fault()


def test_tables__unknown_column_is_a_fault(folder: Any) -> None:
    folder.edit("tiny/regions.csv", "confidence\nA,Alpha,,", "confidence,capital\nA,Alpha,,")
    assert "tiny/regions.csv: capital is not a known column; remove it" in folder.faults()


def test_tables__of_the_bundled_chains_are_sound() -> None:
    for folder in sorted((scenario_root() / "chains").iterdir()):
        assert read_tables(folder)[1] == []
