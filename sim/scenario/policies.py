"""The instruments of policy that a scenario may hold, told apart by their kind."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.scenario.stockpile import Stockpile
from sim.scenario.trade_instruments import Alliance, Tariff

Policy = Annotated[Tariff | Alliance | Stockpile, Field(discriminator="kind")]
POLICY_KINDS: tuple[str, ...] = ("tariff", "alliance", "stockpile")
"""Every kind of instrument."""
