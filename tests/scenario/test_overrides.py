"""Overrides: keys set from outside."""

from __future__ import annotations

from typing import Any

import pytest

from sim.scenario import load
from sim.scenario.overrides import value_of


def test_override__sets_a_key_and_leaves_the_rest(folder: Any) -> None:
    scenario = load(folder.scenario, overrides=["time.years=3", "title=Three years", "ensemble.runs = 7"])
    assert (scenario.time.years, scenario.time.start) == (3.0, "2025-01")
    assert (scenario.title, scenario.ensemble.runs) == ("Three years", 7)


def test_replace__makes_a_new_scenario_on_the_same_tables(folder: Any) -> None:
    before = load(folder.scenario)
    after = before.replace("time.years=3", "restrictions.halt.cut.mean=0.5", "restrictions.strike=false")
    assert (before.time.years, after.time.years) == (5.0, 3.0)
    assert (before.restrictions["halt"].cut.mean, after.restrictions["halt"].cut.mean) == (0.7, 0.5)  # type: ignore[union-attr]
    assert set(before.restrictions) == {"halt", "strike"}
    assert set(after.restrictions) == {"halt"}
    assert after.tables is before.tables
    assert before.replace().text == before.text


def test_replace__remembers_earlier_overrides(folder: Any) -> None:
    scenario = load(folder.scenario).replace("time.years=3").replace("growth=false")
    assert (scenario.time.years, scenario.growth) == (3.0, False)


def test_override__adds_a_whole_restriction(folder: Any) -> None:
    table = '{kind="export_duty", by="A", onset={at="2025-06"}, duration="permanent", products=["oxide"], rate=0.25}'
    scenario = load(folder.scenario, overrides=[f"restrictions.duty={table}"])
    assert scenario.restrictions["duty"].rate == 0.25  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("false", False),
        ("permanent", "permanent"),
        ('"3"', "3"),
        ("[1, 2]", (1, 2)),
        ("2026-04-01", "2026-04-01"),
        ("2026-04", "2026-04"),
        ("", ""),
        ("1\nother = 2", "1\nother = 2"),
    ],
)
def test_value__is_toml_or_bare_text(text: str, value: object) -> None:
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("time.yeers=3", "time.yeers is not a known key; did you mean years?"),
        ("tme.years=3", "tme is not a known key; did you mean time?"),
        ("restrictions.hal.cut=0.5", "restrictions.hal is not a known restriction; did you mean halt?"),
        ("restrictions.hal=false", "restrictions.hal is not a known restriction; did you mean halt?"),
        ("restrictions.halt.cutt=0.5", "restrictions.halt.cutt is not a known key; did you mean cut?"),
        (
            "restrictions.halt.profile.rise=1",
            "restrictions.halt.profile.rise is not a known key; did you mean rise_months?",
        ),
        ("title.x=3", "title.x is not a known key; "),
        ("restrictions.strike.cut.mean=3", "restrictions.strike.cut is 0.5, which has no keys; set the whole value"),
        ("time.years", "time.years names no key and value; give path.to.key=value"),
        ("=3", "=3 names no key and value; give path.to.key=value"),
        (
            "restrictions.strike.onset.at=2026-01",
            "restrictions.strike.onset.hazard_per_year stands beside a key that excludes it; keep one of the two",
        ),
        ("time.years=-3", "time.years is -3; give a number above 0 and at most 50"),
        ("restrictions.halt.onset.at=2040-01", "restrictions.halt.onset.at is '2040-01', outside the horizon; "),
    ],
)
def test_override__fault_blames_the_override(folder: Any, text: str, line: str) -> None:
    file, _, rest = folder.fault(text).partition(": ")
    # A key can also be wrong because of what an override put beside it.
    assert file == ("tiny.toml" if "beside" in line else "--set")
    assert rest.startswith(line)


def test_override__faults_come_with_those_of_the_file(folder: Any) -> None:
    folder.edit("tiny.toml", "cut = 0.5", "cut = 5")
    assert [line.split(":")[0] for line in folder.faults("tme=1", "time.years=0")] == ["--set", "--set", "tiny.toml"]
