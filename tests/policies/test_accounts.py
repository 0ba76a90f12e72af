"""Money of policies: budget years, programmes, awards to projects and what it is worth today."""

from __future__ import annotations

import numpy as np
import pytest

from sim.core.drivers import PAID, PRIVATE, RECEIVED, SIDES
from sim.policies import budget_years, money
from sim.policies.capital import public_share, relief
from sim.scenario.capital_instruments import Grant, Loan
from tests.policies.conftest import Driven
from tests.scenario.test_provenance import toml

TERMS = {"regions": ("US",), "products": ("magnet_std",), "share": 0.4}


def test_public_share__of_a_loan_at_the_rate_of_the_government_is_what_is_lost(with_policies: Driven) -> None:
    reference, _, _ = with_policies()
    plant = reference.scenario.tables.technology("finish_std", "US")
    assert plant is not None
    safe = Loan(kind="loan", rate=0.03, **TERMS)
    risky = Loan(kind="loan", rate=0.03, expected_loss=0.25, **TERMS)
    free = Loan(kind="loan", rate=0.0, **TERMS)
    assert public_share(safe, plant, 0.03) == pytest.approx(0.0)
    assert public_share(risky, plant, 0.03) == pytest.approx(0.1)
    assert 0.0 < public_share(free, plant, 0.03) < public_share(Grant(kind="grant", **TERMS), plant, 0.03) == 0.4
    # At the maker's own cost of capital a loan relieves nobody.
    assert relief(Loan(kind="loan", rate=plant.cost_of_capital, **TERMS), plant) == pytest.approx(0.0)


def test_money__adds_up_what_is_booked_and_discounts_it(with_policies: Driven) -> None:
    hub = {"kind": "hub", "regions": ["US"], "products": ["block_std"], "ramp_factor": 0.9, "musd_per_year": 12}
    hub |= {"from": "2026-01", "until": "2028-01"}
    reference, _, _ = with_policies(f"policies.zone={toml(hub)}")
    periods, years = budget_years(reference.scenario.time)
    assert years == [2025, 2026, 2027, 2028] and np.bincount(periods).tolist() == [24] * 4
    ledger = np.zeros((SIDES, 4, 1, 2))
    ledger[PAID, 0, 0], ledger[RECEIVED, 3, 0], ledger[PRIVATE, 1, 0] = (3e3, 0.0), 1e3, 5e3
    projects = len(reference.scenario.tables.projects)
    found = money(reference, ledger.reshape(-1, 2), np.full((projects, 2), np.inf))
    assert found["public_cost"][:, 0].tolist() == [[3.0, 12.0, 12.0, 0.0], [0.0, 12.0, 12.0, 0.0]]
    assert found["public_receipts"][:, 0, 3].tolist() == [1.0, 1.0]
    assert found["private_money"][0, 0].tolist() == [0.0, 5.0, 0.0, 0.0]
    expected = 3 / 1.03**0.5 + 12 / 1.03**1.5 + 12 / 1.03**2.5 - 1 / 1.03**3.5
    assert found["net_public_cost"][0, 0] == pytest.approx(expected, rel=1e-6)


def test_money__books_awards_to_projects_in_the_year_they_start(with_policies: Driven) -> None:
    award = {"kind": "grant", "regions": ["US"], "products": ["block_std"], "projects": ["10X"], "share": 0.25}
    reference, _, _ = with_policies(f"policies.award={toml(award)}")
    rows = reference.scenario.tables.projects
    starts = np.full((len(rows), 2), np.inf)
    place = next(i for i, row in enumerate(rows) if row.project == "10X" and row.recipe == "sinter_std")
    starts[place, 0] = 30.0
    periods = np.zeros((0, 2))
    found = money(reference, periods, starts)
    # 429 million USD (projects.csv), a quarter of it public; the second run never starts.
    assert found["public_cost"][:, 0].tolist() == [[0.0, 0.0, 107.25, 0.0], [0.0] * 4]
    assert found["private_money"][0, 0].tolist() == pytest.approx([0.0, 0.0, 321.75, 0.0])
