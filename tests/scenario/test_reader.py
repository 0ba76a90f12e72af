"""Loading: what a scenario carries, and that faults come together and in plain words."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import Fault, OreflowError, ScenarioError
from sim.scenario import Scenario, bundled, load, parse, schema
from sim.scenario.distributions import Distribution
from sim.scenario.restrictions import Ban
from sim.scenario.sources import scenario_root


def test_load__returns_a_frozen_scenario_with_its_tables(folder: Any) -> None:
    scenario = load(folder.scenario)
    assert scenario.title == "Two regions"
    assert scenario.path == folder.scenario
    assert scenario.periods == 5 * 24
    assert [row.region for row in scenario.tables.regions] == ["A", "B"]
    assert isinstance(scenario.restrictions["halt"], Ban)
    assert isinstance(scenario.restrictions["halt"].cut, Distribution)
    with pytest.raises(ValueError, match="frozen"):
        scenario.title = "other"  # type: ignore[misc]


def test_load__reports_all_faults_together(folder: Any) -> None:
    folder.edit("tiny.toml", "years = 5", "years = 55")
    folder.edit("tiny.toml", "cut = 0.5", "cut = 1.4")
    folder.edit("tiny.toml", 'at = "2026-04"', 'at = "20260"')
    folder.edit("tiny/uses.csv", "motors,B,magnet,25", "motors,B,magnet,-25")
    folder.edit("tiny/routes.csv", "oxide,A,B,8", "oxide,A,B,8 t")
    assert folder.faults() == [
        "tiny.toml: time.years is 55; give a number above 0 and at most 50",
        'tiny.toml: restrictions.halt.onset.at is \'20260\'; give a date as "YYYY-MM" or "YYYY-MM-DD"',
        "tiny.toml: restrictions.strike.cut is 1.4; give a share from 0 to 1",
        "tiny/routes.csv: row 2 flow_t_per_year is '8 t'; give the number alone, in the unit of the column",
        "tiny/uses.csv: row 3 demand_t_per_year is -25; give a number at least 0",
    ]


def test_load__checks_sound_restrictions_beside_broken_ones(folder: Any) -> None:
    folder.edit("tiny.toml", "cut = 0.5", "cut = 1.4")
    folder.edit("tiny.toml", '["oxide"]', '["oxid"]')
    assert folder.faults() == [
        "tiny.toml: restrictions.strike.cut is 1.4; give a share from 0 to 1",
        "tiny.toml: restrictions.halt.products names 'oxid', not a known product; did you mean oxide?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("years = 5", "years = 5\nyeers = 3", "time.yeers is not a known key; did you mean years?"),
        ("years = 5", "", "time.years is missing; add it"),
        ("years = 5", 'years = "5"', "time.years is '5'; give a number"),
        ("years = 5", "years = inf", "time.years is inf; give a finite number"),
        ("years = 5", "years = 0.01", "time.years is 0.01, less than one period; give a longer horizon"),
        ("years = 5", "years = 5\nperiods_per_year = 13", "time.periods_per_year is 13; give one of 12, 24, 52"),
        ('"2025-01"', '"2025-01-05"', "time.start is '2025-01-05'; give a month as \"YYYY-MM\", without a day"),
        ('kind = "outage"', "", "restrictions.strike.kind is missing; give one of ban, licensing, export_quota, "),
        ('kind = "outage"', 'kind = "outag"', "restrictions.strike.kind is 'outag'; did you mean outage?"),
        ("hazard_per_year", "hazard", "restrictions.strike.onset is not an onset; give { at = "),
        (
            "{ months = 3 }",
            '"ever"',
            "restrictions.strike.duration is 'ever'; give \"permanent\" or { months = number }",
        ),
        ("{ months = 3 }", "{ months = 0 }", "restrictions.strike.duration.months is 0; give a number above 0"),
        ('["ore"]', "[]", "restrictions.strike.products is empty; give at least one"),
        ('["ore"]', '["ore", "ore"]', "restrictions.strike.products names 'ore' twice; name each once"),
        ("cut = 0.5", "cut = true", "restrictions.strike.cut is true; give a number"),
        ("cut = 0.5", 'cut = "half"', "restrictions.strike.cut is 'half'; give a number or a table { dist = ... }"),
        ("[restrictions.strike]", '[restrictions."a b"]', "restrictions.a b is not a plain name; use letters, digits"),
        ("B = 0.2", "B = 2", "restrictions.halt.profile.recovers_to.B is 2; give a share from 0 to 1"),
        ("[time]", "[parameters]\nstrictness = 2\n[time]", "parameters.strictness is 2; give a share from 0 to 1"),
    ],
)
def test_load__names_file_key_and_cure(folder: Any, old: str, new: str, line: str) -> None:
    folder.edit("tiny.toml", old, new)
    assert folder.fault().startswith(f"tiny.toml: {line}")


def test_load__keeps_the_file_of_a_fault_through_inheritance(folder: Any) -> None:
    folder.edit("tiny.toml", 'start = "2025-01"', 'start = "2025"')
    folder.edit("child.toml", "cut = 0.25", "cut = -1")
    assert [line.split(":")[0] for line in folder.faults(file="child.toml")] == ["tiny.toml", "child.toml"]


def test_load__accepts_dates_without_quotes(folder: Any) -> None:
    folder.edit("tiny.toml", '"2026-04"', "2026-04-15")
    assert load(folder.scenario).restrictions["halt"].onset.at == "2026-04-15"  # type: ignore[union-attr]


def test_text__reads_back_as_the_same_scenario(folder: Any) -> None:
    scenario = load(folder.scenario)
    again = parse(json.loads(scenario.text), folder=folder.path)
    assert again.text == scenario.text
    assert again.tables == scenario.tables


def test_scenario__survives_pickling_with_its_tables(folder: Any) -> None:
    scenario = load(folder.scenario)
    again = pickle.loads(pickle.dumps(scenario))
    assert again.text == scenario.text
    assert again.tables.digest == scenario.tables.digest


def test_scenario__without_tables_says_how_to_get_them() -> None:
    scenario = Scenario.model_validate({"title": "x", "time": {"start": "2025-01", "years": 1}})
    with pytest.raises(ScenarioError, match="load or parse"):
        _ = scenario.tables


def test_error__survives_pickling_and_lists_one_fault_a_line() -> None:
    error = ScenarioError([Fault("a.toml", "x", "is 1", "give 2"), Fault("b.toml", "", "is empty", "fill it")])
    assert isinstance(error, OreflowError)
    assert str(pickle.loads(pickle.dumps(error))) == "a.toml: x is 1; give 2\nb.toml is empty; fill it"


def test_bundled__names_scenarios_that_load_by_name() -> None:
    for name, title in bundled().items():
        assert (scenario_root() / f"{name}.toml").is_file()
        assert load(name).title == title


def test_load__unknown_bundled_name_is_a_fault() -> None:
    with pytest.raises(ScenarioError, match="no_such_thing is not a bundled scenario"):
        load("no_such_thing")


def test_schema__describes_every_key() -> None:
    described = schema()
    assert described["properties"]["growth"]["description"].startswith("Whether demand grows")
    for model in described["$defs"].values():
        for name, field in model.get("properties", {}).items():
            assert "description" in field, name


LINES = """
years = 5|kind = "ban"|by = "A"|cut = 0.5|"2026-04"|sigma = 0.5|[time]|[restrictions.halt]|["oxide"]|{ months = 3 }
mean = 0.7|chain = "tiny"|title = "Two regions"|B = 0.2|{ hazard_per_year
"""
VALUES = r"""
-1|nan|inf|1e400|true|[]|{}|''|'..'|"\u0000"|[[]]|{a=1}|x = 3|extends = '../..'|extends = 3|restrictions = 4
[restrictions]|chain = '/'|[|kind = []|restrictions.x = false|chain = 'child.toml'|1979-05-27T07:32:00Z|dist = 'norm'
cut = {dist = 'norm'}|years = []|title = {}|products = [3]|by = 'default'|towards = 'all'
"""


def parts(text: str) -> list[str]:
    return text.strip().replace("\n", "|").split("|")


SPOILED = st.one_of(st.sampled_from([*parts(VALUES), "9" * 400, "9" * 5000, "\x00"]), st.text(max_size=12))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.tuples(st.sampled_from(parts(LINES)), SPOILED), min_size=1, max_size=3))
def test_load__raises_nothing_but_scenario_errors(folder: Any, edits: list[tuple[str, str]]) -> None:
    text = folder.scenario.read_text(encoding="utf-8")
    for old, new in edits:
        text = text.replace(old, new, 1)
    spoiled = folder.path / "spoiled.toml"
    spoiled.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    try:
        load(spoiled)
    except ScenarioError as error:
        assert error.faults


def test_load__extends_a_bundled_scenario_by_its_file_name_where_no_such_file_stands_beside(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\nextends = "still.toml"\n', encoding="utf-8")
    assert load(file).text.replace("Mine", "") == load("still", overrides=['title="Mine"']).text.replace("Mine", "")
    (tmp_path / "still.toml").write_text('title = "Beside"\n[time]\nstart = "2030-01"\nyears = 1\n', encoding="utf-8")
    assert load(file).time.start == "2030-01"


def test_load__tells_names_and_dates_of_a_restriction_with_another_fault(tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(
        """
title = "Bad"
extends = "still"
[restrictions.x]
kind = "licensing"
by = "CX"
products = ["dy_oxid", "tb_oxide"]
onset = { at = "2035-04" }
duration = "permanent"
cut = 1.4
""",
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError) as caught:
        load(file)
    keys = sorted(fault.key for fault in caught.value.faults)
    assert keys == [f"restrictions.x.{key}" for key in ("by", "cut", "onset.at", "products")]


def test_load__of_an_unknown_parent_lists_scenarios_and_no_other_file(folder: Any) -> None:
    folder.edit("tiny.toml", 'chain = "tiny"', 'extends = "certificate"')
    fault = folder.fault()
    assert "give the name of a file beside the scenario, or a bundled one: allied_strategy, baseline" in fault
    assert "did you mean" not in fault and "POLICIES" not in fault


def test_load__of_a_chain_that_is_a_file_asks_for_a_folder(folder: Any) -> None:
    folder.edit("tiny.toml", 'chain = "tiny"', 'chain = "tiny.toml"')
    assert folder.fault() == "tiny.toml: chain is 'tiny.toml', a file; name the folder that holds its tables"


def test_load__without_a_horizon_says_where_it_may_come_from(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\n')
    with pytest.raises(ScenarioError, match="time is missing; add it, or inherit it") as caught:
        load(file)
    assert len(caught.value.faults) == 1
