"""The table `[capacity]` and bans on technology: what a scenario takes, and every way to spoil it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.scenario import load
from tests.scenario.test_dynamics import TABLES

BAN = (
    'restrictions.know_how={kind = "technology_ban", by = "A", onset = {at = "2026-01"}, duration = "permanent", '
    "products = [%s], lead_factor = %s}"
)


@pytest.fixture
def chain(folder: Any) -> Any:
    """The example with all optional tables."""
    for name, text in TABLES.items():
        head, *rows = text.splitlines()
        lines = [f"{head},source,confidence", *(f"{row},invented,made_up" for row in rows)]
        (Path(folder.path) / "tiny" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_capacity__is_fixed_unless_asked_for(folder: Any) -> None:
    given = load(folder.scenario).capacity
    assert not given.answers and not given.projects and not given.followed


@pytest.mark.parametrize("key", ["answers", "projects"])
def test_capacity__asks_for_the_tables_it_stands_on(folder: Any, key: str) -> None:
    table = {"answers": "technologies", "projects": "projects"}[key]
    line = folder.fault(f"capacity.{key}=true")
    assert line.endswith(f"capacity.{key} is true, but the chain has no {table}.csv; add the table or set it to false")


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("capacity.answer=true", "capacity.answer is not a known key; did you mean answers?"),
        ("capacity.dead_zone=0", "capacity.dead_zone is 0; give a number above 0"),
        ("capacity.expectation_months=-3", "capacity.expectation_months is -3; give a number above 0"),
        ("capacity.order_bound_per_year=2", "capacity.order_bound_per_year is 2; give a share from 0 to 1"),
        ('capacity.answers="yes"', "capacity.answers is 'yes'; give true or false"),
    ],
)
def test_capacity__finds(chain: Any, override: str, line: str) -> None:
    assert chain.fault(override).partition(": ")[2].startswith(line)


def test_technology_ban__hits_nothing_where_capacity_is_fixed(chain: Any) -> None:
    line = chain.fault(BAN % ('"magnet"', "1.3"))
    cure = "set capacity.answers or capacity.projects to true"
    assert line.endswith(f"restrictions.know_how hits nothing, since capacity is fixed; {cure}")


@pytest.mark.parametrize(
    ("products", "factor", "line"),
    [
        ('"ore"', "1.3", "restrictions.know_how hits nothing; name products that processes outside A make"),
        ('"magnet"', "0.5", "restrictions.know_how.lead_factor is 0.5; give a number from 1 to 20"),
        ('"magnt"', "1.3", "restrictions.know_how.products names 'magnt', not a known product; did you mean magnet?"),
        (
            '"magnet"',
            '{dist = "uniform", low = 0.5, high = 1.5}',
            "restrictions.know_how.lead_factor reaches from 0.5 to 1.5; give truncate = [1, 20] or another",
        ),
    ],
)
def test_technology_ban__is_checked(chain: Any, products: str, factor: str, line: str) -> None:
    assert chain.fault("capacity.answers=true", BAN % (products, factor)).partition(": ")[2].startswith(line)


def test_technology_ban__and_patents_are_accepted(chain: Any) -> None:
    ban = BAN % ('"magnet"', '{dist = "uniform", low = 1.1, high = 1.5}')
    patents = ban.replace("know_how", "patents").replace("technology_ban", "patent_barrier")
    scenario = load(chain.scenario, overrides=["capacity.projects=true", ban, patents])
    assert {"know_how", "patents"} < set(scenario.restrictions)


def test_capacity__and_bans_are_at_fault_together(folder: Any) -> None:
    faults = folder.faults("capacity.projects=true", "time.years=-1", BAN % ('"magnet"', "1.3"))
    assert any("has no projects.csv" in line for line in faults) and any("time.years" in line for line in faults)
