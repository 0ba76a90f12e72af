"""Origin, sourcing rules and denial of an end use: models, checks, and what a rule leaves free."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sim.scenario import load
from sim.scenario.provenance import Origin, Provenance, free_markets, unmet
from sim.scenario.restrictions import Denial

ORIGIN = 'origin={ listed = ["A"], stages = ["mining", "separation", "magnet"] }'
RULE: dict[str, Any] = {"products": ["magnet"], "sectors": ["motors"], "regions": ["B"], "from": "2027-01"}
DENIAL: dict[str, Any] = {
    "kind": "denial",
    "by": "A",
    "onset": {"at": "2026-01"},
    "duration": "permanent",
    "products": ["magnet"],
    "sectors": ["motors"],
    "users": 1.0,
}


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def rule(**keys: Any) -> str:
    return f"provenance.home={toml(RULE | keys)}"


def denial(**keys: Any) -> str:
    return f"restrictions.arms={toml(DENIAL | keys)}"


def test_load__reads_origin_rules_and_denials(folder: Any) -> None:
    scenario = load(folder.scenario, overrides=[ORIGIN, rule(), denial(users=0.5)])
    assert scenario.origin == Origin(listed=("A",), stages=("mining", "separation", "magnet"))
    assert scenario.provenance["home"].start == "2027-01"
    arms = scenario.restrictions["arms"]
    assert isinstance(arms, Denial) and arms.users == 0.5
    assert scenario.replace("provenance.home.from=2026-06").provenance["home"].start == "2026-06"


def test_load__follows_nothing_unless_asked(folder: Any) -> None:
    scenario = load(folder.scenario)
    assert scenario.origin is None and not scenario.provenance


def test_load__takes_away_what_is_false(folder: Any) -> None:
    scenario = load(folder.scenario, overrides=[ORIGIN, rule()])
    assert not scenario.replace("provenance.home=false", "origin=false").origin
    folder.edit("tiny.toml", "[time]", f"[{ORIGIN.split('=')[0]}]\nlisted = ['A']\nstages = ['mining']\n\n[time]")
    folder.edit("child.toml", 'extends = "tiny.toml"', 'extends = "tiny.toml"\norigin = false')
    assert load(folder.path / "child.toml").origin is None


def test_load__knows_no_origin_to_take_away(folder: Any) -> None:
    assert folder.fault("origin=false").startswith("--set: origin is not a known origin")


@pytest.mark.parametrize(
    ("origin", "found"),
    [
        ({"listed": ["C"], "stages": ["mining"]}, "origin.listed names 'C', not a known region; give one of A, B"),
        ({"listed": ["A"], "stages": ["melt"]}, "origin.stages names 'melt', not a known stage"),
        ({"listed": ["B"], "stages": ["mining"]}, "origin tags nothing; list regions and stages"),
        ({"listed": [], "stages": ["mining"]}, "origin.listed is empty; give at least one"),
        ({"listed": ["A"]}, "origin.stages is missing; add it"),
        ({"listed": ["A"], "stages": ["mining"], "share": 1}, "origin.share is not a known key"),
    ],
)
def test_origin__refuses(folder: Any, origin: dict[str, Any], found: str) -> None:
    assert found in folder.fault(f"origin={toml(origin)}")


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"products": ["magnt"]}, "provenance.home.products names 'magnt', not a known product; did you mean magnet?"),
        ({"sectors": ["moters"]}, "provenance.home.sectors names 'moters', not a known sector"),
        ({"regions": ["Q"]}, "provenance.home.regions names 'Q', not a known region"),
        ({"from": "2031-01"}, "provenance.home.from is '2031-01', after the horizon"),
        ({"from": "soon"}, "provenance.home.from is 'soon'"),
        ({"products": ["magnet", "oxide"]}, "provenance.home.products names 'oxide', where it binds no use"),
        ({"listed": ["A"]}, "provenance.home.listed is not a known key"),
    ],
)
def test_rule__refuses(folder: Any, keys: dict[str, Any], found: str) -> None:
    assert found in folder.fault(ORIGIN, rule(**keys))


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"sectors": ["tanks"]}, "restrictions.arms.sectors names 'tanks', not a known sector"),
        ({"products": ["oxide"]}, "restrictions.arms.sectors take none of its products"),
        ({"products": ["ore"]}, "restrictions.arms hits nothing"),
        ({"users": 1.2}, "restrictions.arms.users is 1.2; give a share from 0 to 1"),
        ({"share": 0.5}, "restrictions.arms.share is not a known key"),
        ({"towards": {"B": 1.5}}, "restrictions.arms.towards.B is 1.5, which takes a cut of 1 above 1"),
    ],
)
def test_denial__refuses(folder: Any, keys: dict[str, Any], found: str) -> None:
    assert any(found in text for text in folder.faults(ORIGIN, denial(**keys)))


def test_denial__is_of_what_the_origin_lists(folder: Any) -> None:
    origin = 'origin={ listed = ["B"], stages = ["magnet"] }'
    assert "restrictions.arms.by is 'A', which [origin] does not list; list it there" in folder.fault(origin, denial())


def test_rules_and_denials__need_an_origin_and_say_so_together(folder: Any) -> None:
    found = folder.faults(rule(sectors=["moters"]), denial())
    assert len(found) == 3
    lacking = "needs an origin to be free of, and the scenario has none; add [origin]"
    assert any(f"provenance.home {lacking}" in text for text in found)
    assert any(f"restrictions.arms {lacking}" in text for text in found)
    assert any("names 'moters'" in text for text in found)


def test_rules__are_checked_beside_other_faults(folder: Any) -> None:
    found = folder.faults(ORIGIN, rule(regions=["Q"]), "time.years=-1")
    assert any("time.years" in text for text in found) and any("names 'Q'" in text for text in found)


def test_unmet__names_a_rule_that_no_source_can_meet(folder: Any) -> None:
    # The only mine stands in A.
    expected = ["provenance.home: magnet has no possible free source in B; its users there stop when it binds"]
    assert unmet(load(folder.scenario, overrides=[ORIGIN, rule()])) == expected


def test_unmet__is_content_where_only_the_last_stage_counts(folder: Any) -> None:
    # B presses its own magnets, from oxide of A.
    origin = 'origin={ listed = ["A"], stages = ["magnet"] }'
    assert unmet(load(folder.scenario, overrides=[origin, rule()])) == []


def test_unmet__accepts_a_rule_in_force_before_the_horizon(folder: Any) -> None:
    origin = 'origin={ listed = ["A"], stages = ["magnet"] }'
    assert unmet(load(folder.scenario, overrides=[origin, rule(**{"from": "2020-01-15"})])) == []


def test_free_markets__follow_inputs_routes_and_stages(folder: Any) -> None:
    tables = load(folder.scenario).tables
    everything = {("ore", "A"), ("oxide", "A"), ("rest", "A"), ("oxide", "B"), ("magnet", "A"), ("magnet", "B")}
    assert free_markets(tables, Origin(listed=("B",), stages=("mining",))) == everything
    assert free_markets(tables, Origin(listed=("A",), stages=("mining", "separation", "magnet"))) == set()
    # Magnets of A are tagged, B's own are not, though the oxide comes from A.
    assert free_markets(tables, Origin(listed=("A",), stages=("magnet",))) == everything - {("magnet", "A")}


def test_bundled__china_free_samarium_magnets_have_no_source() -> None:
    (text,) = unmet(load("sourcing_2027"))
    assert "magnet_smco has no possible free source in US" in text


@pytest.mark.parametrize("keys", [{"products": ()}, {"from": "soon"}, {"origins": ("A",)}])
def test_provenance__refuses(keys: dict[str, Any]) -> None:
    usual = {"products": ("magnet",), "sectors": ("motors",), "regions": ("B",), "from": "2027-01"}
    with pytest.raises(ValidationError):
        Provenance.model_validate(usual | keys, strict=True)
