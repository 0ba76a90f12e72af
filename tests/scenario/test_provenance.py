"""Sourcing rules and denial of an end use: models, checks, and what a rule leaves free."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from sim.scenario import Scenario, load
from sim.scenario.provenance import Denial, Provenance, check_denial, check_provenance, free_markets

STAGES = ("mining", "separation", "magnet")


def rule(**keys: Any) -> Provenance:
    usual = {"listed": ("A",), "stages": STAGES, "products": ("magnet",), "sectors": ("motors",), "regions": ("B",)}
    return Provenance.model_validate({"from": "2027-01"} | usual | keys, strict=True)


def denial(**keys: Any) -> Denial:
    usual = {"kind": "denial", "by": "A", "onset": {"at": "2026-01"}, "duration": "permanent", "products": ("oxide",)}
    return Denial.model_validate(usual | {"sectors": ("motors",), "users": 1.0} | keys, strict=True)


def checked(folder: Any, **keys: Any) -> tuple[list[tuple[str, str, str]], list[str]]:
    scenario = load(folder.scenario)
    return check_provenance({"home": rule(**keys)}, scenario.time, scenario.tables)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"listed": ("C",)}, ("provenance.home.listed", "names 'C', not a known region", "give one of A, B")),
        ({"stages": ("melt",)}, ("provenance.home.stages", "names 'melt', not a known stage", None)),
        ({"products": ("magnt",)}, ("provenance.home.products", "names 'magnt', not a known product", None)),
        ({"sectors": ("moters",)}, ("provenance.home.sectors", "names 'moters', not a known sector", None)),
        ({"regions": ("Q",)}, ("provenance.home.regions", "names 'Q', not a known region", None)),
        ({"from": "2031-01"}, ("provenance.home.from", "is '2031-01', after the horizon", None)),
        ({"products": ("magnet", "oxide")}, ("provenance.home.products", "names 'oxide', where it binds no use", None)),
    ],
)
def test_check_provenance__finds(folder: Any, keys: dict[str, Any], found: tuple[str, str, str | None]) -> None:
    (finding,), warnings = checked(folder, **keys)
    assert finding[:2] == found[:2]
    assert found[2] is None or finding[2] == found[2]
    assert warnings == []


def test_check_provenance__warns_of_a_rule_that_no_source_can_meet(folder: Any) -> None:
    # The only mine stands in A.
    findings, warnings = checked(folder)
    assert findings == []
    assert warnings == ["provenance.home: magnet has no possible free source in B; its users there stop when it binds"]


def test_check_provenance__is_content_where_only_the_last_stage_counts(folder: Any) -> None:
    # B presses its own magnets, from oxide of A.
    assert checked(folder, stages=("magnet",)) == ([], [])


def test_check_provenance__accepts_a_rule_in_force_before_the_horizon(folder: Any) -> None:
    assert checked(folder, stages=("magnet",), **{"from": "2020-01-15"}) == ([], [])


def test_free_markets__follow_inputs_routes_and_stages(folder: Any) -> None:
    tables = load(folder.scenario).tables
    everything = {("ore", "A"), ("oxide", "A"), ("rest", "A"), ("oxide", "B"), ("magnet", "A"), ("magnet", "B")}
    assert free_markets(tables, ("B",), ("mining",)) == everything
    assert free_markets(tables, ("A",), STAGES) == set()
    # Magnets of A are tagged, B's own are not, though the oxide comes from A.
    assert free_markets(tables, ("A",), ("magnet",)) == everything - {("magnet", "A")}


def test_bundled__china_free_samarium_magnets_have_no_source() -> None:
    scenario = load("still")
    stages = ("mining", "separation", "metal", "alloy", "block", "magnet")
    keys = {"listed": ("CN",), "products": ("magnet_smco", "magnet_hc"), "sectors": ("defence",), "regions": ("US",)}
    findings, warnings = check_provenance({"arms": rule(stages=stages, **keys)}, scenario.time, scenario.tables)
    assert findings == []
    assert len(warnings) == 1 and "magnet_smco has no possible free source in US" in warnings[0]


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"sectors": ("tanks",)}, ("sectors", "names 'tanks', not a known sector")),
        ({"products": ("ore",)}, ("products", "hits nothing")),
        ({"towards": {"B": 0.0, "A": 1.0}}, ("products", "hits nothing")),
    ],
)
def test_check_denial__finds(folder: Any, keys: dict[str, Any], found: tuple[str, str]) -> None:
    tables = load(folder.scenario).tables
    assert found in [finding[:2] for finding in check_denial(denial(**keys), tables)]


def test_check_denial__is_content_with_one_that_hits(folder: Any) -> None:
    assert check_denial(denial(towards=("B",)), load(folder.scenario).tables) == []


@pytest.mark.parametrize("keys", [{"users": 1.2}, {"sectors": ()}, {"share": 0.5}, {"sectors": ("a", "a")}])
def test_denial__refuses(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        denial(**keys)


@pytest.mark.parametrize("keys", [{"listed": ()}, {"from": "soon"}, {"origins": ("A",)}])
def test_provenance__refuses(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        rule(**keys)


def test_schema__has_neither_until_the_core_follows_origins(folder: Any) -> None:
    assert "provenance" not in Scenario.model_fields
    folder.edit("tiny.toml", 'kind = "outage"', 'kind = "denial"')
    assert folder.fault().startswith(
        "tiny.toml: restrictions.strike.kind is 'denial'; give one of ban, dumping, export_duty"
    )
