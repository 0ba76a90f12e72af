"""The instruments of policy that a scenario may hold, told apart by their kind."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.scenario.capital_instruments import Grant, Hub, Loan, Permits
from sim.scenario.income_instruments import Credit, Floor
from sim.scenario.programmes import Feed, Priority, Research, Workforce
from sim.scenario.stockpile import Stockpile
from sim.scenario.trade_instruments import Alliance, Offtake, Tariff

Policy = Annotated[
    Tariff
    | Alliance
    | Offtake
    | Floor
    | Credit
    | Grant
    | Loan
    | Permits
    | Hub
    | Workforce
    | Priority
    | Feed
    | Research
    | Stockpile,
    Field(discriminator="kind"),
]
POLICY_KINDS: tuple[str, ...] = (
    "tariff",
    "alliance",
    "offtake",
    "floor",
    "credit",
    "grant",
    "loan",
    "permits",
    "hub",
    "workforce",
    "priority",
    "feed",
    "research",
    "stockpile",
)
"""Every kind of instrument."""
