"""The instruments of policy that a scenario may hold, told apart by their kind."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.scenario.capital_instruments import Grant, Guarantee, Hub, Loan, Permits
from sim.scenario.income_instruments import Credit, Floor, Insurance
from sim.scenario.programmes import DemandSupport, Feed, Priority, Research, Workforce
from sim.scenario.stockpile import Stockpile
from sim.scenario.trade_instruments import Alliance, Offtake, Tariff

Policy = Annotated[
    Tariff
    | Alliance
    | Offtake
    | Floor
    | Insurance
    | Credit
    | Grant
    | Loan
    | Guarantee
    | Permits
    | Hub
    | Workforce
    | Priority
    | Feed
    | Research
    | DemandSupport
    | Stockpile,
    Field(discriminator="kind"),
]
POLICY_KINDS: tuple[str, ...] = (
    "tariff",
    "alliance",
    "offtake",
    "floor",
    "insurance",
    "credit",
    "grant",
    "loan",
    "guarantee",
    "permits",
    "hub",
    "workforce",
    "priority",
    "feed",
    "research",
    "demand_support",
    "stockpile",
)
"""Every kind of instrument."""
