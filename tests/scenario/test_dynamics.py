"""Optional tables of a chain: what is read, and every way to spoil them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from sim.scenario import load
from sim.scenario.tables import ChainTables

TABLES = {
    "cohorts": "sector,cohort,share,cover_weeks\nmotors,lean,0.4,2\nmotors,usual,0.6,8",
    "technologies": (
        "recipe,region,capex_usd_per_t_per_year,permit_months,construction_months,ramp_months,initial_yield,"
        "cost_of_capital,hurdle_premium,closure_months,lifetime_years,people_per_kt\n"
        "mine,all,10000,48,30,38,0.8,0.09,0.35,36,25,10\n"
        "separate,all,30000,24,36,50,0.7,0.09,0.35,24,25,15\n"
        "press,all,70000,9,28,25,0.75,0.09,0.35,24,20,100\n"
        "press,A,20000,3,14,12,0.95,0.06,0.15,24,20,100"
    ),
    "skills": "region,stage,employed,available,trained_per_year\nA,mining,1,20,15\nB,magnet,2,20,15",
    "projects": (
        "project,recipe,region,capacity_t_per_year,start,status,capex_musd\n"
        "North pit,mine,A,40,2026-01,announced,\nPress hall,press,B,10,2025-06,construction,1.2"
    ),
    "demand_paths": "sector,region,year,index\nmotors,all,2027,1.2\nmotors,B,2030,2",
    "lifetimes": "sector,lifetime_years,spread_years,collection_share\nmotors,12,4,0.05",
}


@pytest.fixture
def chain(folder: Any) -> Any:
    """The example with all optional tables."""
    for name, text in TABLES.items():
        head, *rows = text.splitlines()
        lines = [f"{head},source,confidence", *(f"{row},invented,made_up" for row in rows)]
        (folder.path / "tiny" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_tables__go_without_optional_ones(folder: Any) -> None:
    tables = load(folder.scenario).tables
    assert all(getattr(tables, name) == () for name in TABLES)
    assert tables.technology("mine", "A") is None
    assert tables.demand_path("motors", "A") == {}


def test_tables__hold_optional_rows(chain: Any) -> None:
    tables = load(chain.scenario).tables
    assert [row.cover_weeks for row in tables.cohorts] == [2.0, 8.0]
    assert tables.projects[0].capex_musd is None and tables.projects[1].capex_musd == 1.2
    assert tables.skills[1].trained_per_year == 15.0
    assert tables.lifetimes[0].collection_share == 0.05


def test_technology__of_the_region_goes_before_that_of_all(chain: Any) -> None:
    tables = load(chain.scenario).tables
    own, common = tables.technology("press", "A"), tables.technology("press", "B")
    assert own is not None and own.capex_usd_per_t_per_year == 20000.0
    assert common is not None and common.capex_usd_per_t_per_year == 70000.0


def test_demand_path__of_the_region_goes_before_that_of_all(chain: Any) -> None:
    tables = load(chain.scenario).tables
    assert tables.demand_path("motors", "A") == {2027: 1.2}
    assert tables.demand_path("motors", "B") == {2030: 2.0}


def test_stage__is_that_of_the_output_worth_most(folder: Any) -> None:
    tables = load(folder.scenario).tables
    assert [tables.stage(name) for name in ("mine", "separate", "press")] == ["mining", "separation", "magnet"]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_digest__follows_optional_tables(chain: Any, name: str) -> None:
    before = load(chain.scenario).tables.digest
    chain.edit(f"tiny/{name}.csv", "invented", "invented again")
    assert load(chain.scenario).tables.digest != before


@pytest.mark.parametrize(
    ("table", "old", "new", "line"),
    [
        ("cohorts", "lean,0.4", "lean,0.3", "row 2 share sums to 0.9 over the cohorts of motors; give shares that sum"),
        ("cohorts", "lean,0.4", "lean,1.4", "row 2 share is 1.4; give a number above 0 and at most 1"),
        ("cohorts", "motors,usual", "motor,usual", "row 3 sector is 'motor', not a known sector; did you mean motors?"),
        ("cohorts", "0.6,8", "0.6,0", "row 3 cover_weeks is 0; give a number above 0 and at most 104"),
        ("cohorts", "motors,usual", "motors,lean", "row 3 sector repeats motors lean of row 2; keep one of the rows"),
        ("cohorts", "8,invented,made_up", "8,,made_up", "row 3 source is empty; fill the cell"),
        ("cohorts", "8,invented,made_up", "8,i,guess", "row 3 confidence is 'guess', not a known confidence; give one"),
        ("technologies", "mine,all", "mines,all", "row 2 recipe is 'mines', not a known recipe; did you mean mine?"),
        ("technologies", "press,A", "press,C", "row 5 region is 'C', not a known region; give one of A, B, all"),
        (
            "technologies",
            "mine,all,1",
            "mine,all,-1",
            "row 2 capex_usd_per_t_per_year is -10000; give a number above 0",
        ),
        (
            "technologies",
            "mine,all,10000",
            "mine,all,200000",
            "row 2 capex_usd_per_t_per_year is 200000, 40 times the yearly value of what it makes; give USD for a",
        ),
        ("technologies", "0.8,0.09", "0.8,9", "row 2 cost_of_capital is 9; give a number above 0 and at most 0.5"),
        ("technologies", "38,0.8", "38,1.2", "row 2 initial_yield is 1.2; give a number above 0 and at most 1"),
        ("technologies", "48,30", "48,0", "row 2 construction_months is 0; give a number above 0 and at most 360"),
        ("skills", "A,mining", "C,mining", "row 2 region is 'C', not a known region; give one of A, B"),
        ("skills", "A,mining", "A,milling", "row 2 stage is 'milling', not a known stage; did you mean mining?"),
        ("skills", "20,15", "20,-15", "row 2 trained_per_year is -15; give a number at least 0"),
        ("projects", "pit,mine,A", "pit,mine,Z", "row 2 region is 'Z', not a known region; give one of A, B"),
        ("projects", "pit,mine,A", "pit,mining,A", "row 2 recipe is 'mining', not a known recipe; did you mean mine?"),
        ("projects", "pit,mine,A", "pit,mine,B", "row 2 region is 'B', where no process runs mine; add the process to"),
        (
            "projects",
            "2026-01",
            "2066-01",
            "row 2 start is '2066-01', out of reach of the base year 2024; give a month",
        ),
        (
            "projects",
            "2026-01",
            "2026-01-15",
            "row 2 start is '2026-01-15'; give a month as \"YYYY-MM\", without a day",
        ),
        ("projects", "2026-01", "soon", "row 2 start is 'soon'; give a month as \"YYYY-MM\""),
        (
            "projects",
            "announced",
            "planned",
            "row 2 status is 'planned'; give one of started, construction, announced,",
        ),
        ("projects", "A,40", "A,0", "row 2 capacity_t_per_year is 0; give a number above 0"),
        ("projects", "construction,1.2", "construction,-1", "row 3 capex_musd is -1; give a number above 0"),
        ("projects", "North pit", "", "row 2 project is empty; fill the cell"),
        ("demand_paths", "motors,B", "motors,D", "row 3 region is 'D', not a known region; give one of A, B, all"),
        ("demand_paths", "2027", "2027.5", "row 2 year is 2027.5; give a whole number"),
        ("demand_paths", "2027", "2024", "row 2 index is 1.2 in the base year 2024; give 1 or remove the row"),
        ("demand_paths", "2030,2", "2030,0", "row 3 index is 0; give a number above 0 and at most 1000"),
        ("lifetimes", "12,4", "12,14", "row 2 spread_years is 14, not below the lifetime of 12; give a smaller"),
        ("lifetimes", "0.05", "5", "row 2 collection_share is 5; give a share from 0 to 1"),
    ],
)
def test_optional__spoiled_cell_is_named_by_file_row_and_column(
    chain: Any, table: str, old: str, new: str, line: str
) -> None:
    chain.edit(f"tiny/{table}.csv", old, new)
    faults = chain.faults()
    assert any(fault.startswith(f"tiny/{table}.csv: {line}") for fault in faults), faults


@pytest.mark.parametrize(
    ("table", "row", "line"),
    [
        (
            "technologies",
            "separate",
            "processes.csv: row 3 recipe is 'separate', which technologies.csv leaves out in A",
        ),
        ("skills", "B,magnet", "projects.csv: row 3 region is 'B', whose people at the stage magnet skills.csv leaves"),
    ],
)
def test_optional__row_left_out_is_a_fault(chain: Any, table: str, row: str, line: str) -> None:
    path = chain.path / "tiny" / f"{table}.csv"
    path.write_text("\n".join(text for text in path.read_text().splitlines() if not text.startswith(row)))
    assert any(fault.startswith(f"tiny/{line}") for fault in chain.faults()), chain.faults()


@pytest.mark.parametrize("table", ["cohorts", "lifetimes"])
def test_optional__table_by_sector_leaves_none_out(chain: Any, table: str) -> None:
    row = "valves,Valves,other,0,0.06,0.25,0.05,1000,300,invented,made_up\n"
    path = chain.path / "tiny" / "sectors.csv"
    path.write_text(path.read_text() + row)
    line = f"tiny/{table}.csv: sector leaves out 'valves'; add a row, or remove the table"
    assert line in chain.faults()


def test_projects__need_technologies(chain: Any) -> None:
    (chain.path / "tiny" / "technologies.csv").unlink()
    faults = chain.faults()
    assert faults[0].startswith("tiny/projects.csv: row 2 recipe is 'mine', which technologies.csv leaves out in A;")
    assert len(faults) == 2


def test_projects__need_a_process_with_a_market(chain: Any) -> None:
    chain.edit("tiny/processes.csv", "press,A,press,30,40", "press,A,press,0,40")
    chain.edit("tiny/projects.csv", "press,B", "press,A")
    assert any("'A', where press has no activity, and so no market to work in" in fault for fault in chain.faults())


def test_optional__table_under_a_wrong_name_is_a_fault(chain: Any) -> None:
    path = chain.path / "tiny" / "cohorts.csv"
    path.rename(path.with_name("cohort.csv"))
    assert chain.fault() == "tiny/cohort.csv is not a table; did you mean cohorts.csv?"


def test_optional__empty_table_is_a_fault(chain: Any) -> None:
    path = chain.path / "tiny" / "skills.csv"
    path.write_text(path.read_text().splitlines()[0])
    assert chain.fault() == "tiny/skills.csv has no rows; add at least one row below the header"


@pytest.fixture(scope="module")
def bundled() -> ChainTables:
    """Tables of the bundled chain of 2024."""
    return load("still").tables


def test_bundled__covers_run_from_72_hours_to_half_a_year_in_every_sector(bundled: ChainTables) -> None:
    covers: dict[str, list[float]] = defaultdict(list)
    for row in bundled.cohorts:
        covers[row.sector].append(row.cover_weeks)
    assert set(covers) == {row.sector for row in bundled.sectors}
    assert all(3 <= len(weeks) <= 5 for weeks in covers.values())
    assert min(map(min, covers.values())) == pytest.approx(72 / 168, rel=1e-3)
    assert max(map(max, covers.values())) == 26.0


def test_bundled__new_mines_take_six_years_and_magnet_plants_under_four(bundled: ChainTables) -> None:
    for row in bundled.technologies:
        lead = row.permit_months + row.construction_months
        if row.region == "all" and bundled.stage(row.recipe) == "mining":
            assert 72 <= lead <= 180, row.recipe
        if bundled.stage(row.recipe) == "magnet":
            assert lead <= 48, row.recipe


def test_bundled__capital_cost_of_a_magnet_is_within_that_of_announced_plants(bundled: ChainTables) -> None:
    block, finish = (bundled.technology(f"{step}_std", "US") for step in ("sinter", "finish"))
    assert block is not None and finish is not None
    blocks = -bundled.recipe("finish_std")["block_std"]
    total = blocks * block.capex_usd_per_t_per_year + finish.capex_usd_per_t_per_year
    # Shin-Etsu in Vietnam and e-VAC in South Carolina; only Chinese-built SGI and Narva are cheaper.
    assert 58_500 < total < 250_000


def test_bundled__collection_comes_near_what_the_processes_collect(bundled: ChainTables) -> None:
    # What reaches its end now was sold a lifetime ago, when demand was lower by the growth since.
    growth = {row.sector: row.growth_per_year for row in bundled.sectors}
    demand: dict[str, float] = defaultdict(float)
    for row in bundled.uses:
        demand[row.sector] += row.demand_t_per_year
    back = sum(
        row.collection_share * demand[row.sector] / (1.0 + growth[row.sector]) ** row.lifetime_years
        for row in bundled.lifetimes
    )
    collected = sum(row.activity_t_per_year for row in bundled.processes if row.recipe == "collect_eol")
    assert back == pytest.approx(collected, rel=0.5)


def test_bundled__projects_name_capacity_that_is_not_there_yet(bundled: ChainTables) -> None:
    capacity = {(row.recipe, row.region): row.capacity_t_per_year for row in bundled.processes}
    assert len({row.project for row in bundled.projects}) == 33
    for row in bundled.projects:
        assert (row.recipe, row.region) in capacity
        assert row.region != "CN"
    # Finished magnets named outside China, against about 60 kt of projects counted in 2025 and 24 kt of capacity.
    magnets = sum(row.capacity_t_per_year for row in bundled.projects if row.recipe.startswith("finish"))
    assert 24_000 < magnets < 60_000


def test_bundled__is_read_whole(bundled: ChainTables) -> None:
    folder = Path(__file__).parents[2] / "scenarios" / "chains" / "rare_earths_2024"
    for name in TABLES:
        lines = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert len(getattr(bundled, name)) == len(lines) - 1
