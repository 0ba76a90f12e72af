"""How capacity answers margins, and whether named projects are followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from sim.scenario.base import Finding, Model
from sim.scenario.restrictions import Restriction, Technology
from sim.scenario.tables import ChainTables


class Capacity(Model):
    """Capacity beyond the trend; off unless asked for. All numbers here are judgements."""

    answers: bool = False
    """Whether capacity answers expected margins: orders, construction, ramp, closure."""
    projects: bool = False
    """Whether the chain's named projects are followed; a process that some enlarge then has no growth of its own until
    the last announced start."""
    expectation_months: Annotated[float, Field(gt=0.0, le=120.0)] = 18.0
    """Time in which investors' expected margin and its variance follow the margin of the day."""
    order_response: Annotated[float, Field(ge=0.0, le=10.0)] = 0.5
    """Capacity ordered in a year over that in place, for a unit of log margin above the hurdle."""
    order_bound_per_year: Annotated[float, Field(ge=0.0, le=1.0)] = 0.2
    """Most capacity ordered in a year over that in place."""
    underway_bound: Annotated[float, Field(gt=0.0, le=5.0)] = 0.5
    """Capacity under way over that in place at which nobody orders more."""
    dead_zone: Annotated[float, Field(gt=0.0, le=1.0)] = 0.05
    """Log margin above the reference below which nobody orders, however cheap capital is."""
    cancel_margin: Annotated[float, Field(gt=0.0, le=2.0)] = 0.15
    """Expected log margin below the reference at which projects begin to slow; at twice that they stand still."""

    @property
    def followed(self) -> bool:
        """Whether capacity leaves its trend at all."""
        return self.answers or self.projects


def check_capacity(
    capacity: Capacity, restrictions: Mapping[str, Restriction], tables: ChainTables | None
) -> Iterator[Finding]:
    """Find what capacity asks of the chain and does not get, and bans on technology that meet fixed capacity.

    Parameters
    ----------
    capacity: As in the scenario.
    restrictions: Sound restrictions by name.
    tables: Tables of the chain; none if too little of them could be read.
    """
    for key, table in (("answers", "technologies"), ("projects", "projects")):
        if getattr(capacity, key) and tables is not None and not getattr(tables, table):
            yield f"capacity.{key}", f"is true, but the chain has no {table}.csv", "add the table or set it to false"
    if not capacity.followed:
        for name, restriction in restrictions.items():
            if isinstance(restriction, Technology):
                cure = "set capacity.answers or capacity.projects to true"
                yield f"restrictions.{name}", "hits nothing, since capacity is fixed", cure
