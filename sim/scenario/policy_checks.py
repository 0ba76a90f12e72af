"""Checks of policies against the horizon, the chain and each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.errors import Fault
from sim.scenario.base import Finding, texts, unknown
from sim.scenario.capacity import Capacity
from sim.scenario.capital_instruments import Building, Finance
from sim.scenario.dates import span
from sim.scenario.income_instruments import overlapping_floors
from sim.scenario.instruments import Instrument
from sim.scenario.models import Time
from sim.scenario.policies import Policy
from sim.scenario.programmes import Workforce
from sim.scenario.sources import Draft
from sim.scenario.stockpile import doubled_stockpiles
from sim.scenario.tables import ChainTables
from sim.scenario.trade_instruments import doubled_alliances, overlapping_tariffs

NAMING = {
    "regions": "region", "origins": "region", "origin": "region", "products": "product", "product": "product",
    "days": "product", "tonnes": "product", "sectors": "sector", "stages": "stage", "recipe": "recipe",
}  # fmt: skip
"""Keys of policies that hold names of the chain, and what they name."""


def check_policies(
    draft: Draft,
    policies: Mapping[str, Policy],
    capacity: Capacity | None,
    time: Time | None,
    tables: ChainTables | None,
) -> list[Fault]:
    """Return the faults of all policies that are sound by themselves.

    Parameters
    ----------
    draft: Knows which file wrote a key.
    policies: Sound policies by name.
    capacity: How capacity answers; none if it is at fault itself.
    time: Horizon; none if it is at fault itself.
    tables: Tables of the chain; none if they are not free of faults, so that nothing can be told from them.
    """
    found: list[Finding] = []
    for name, policy in policies.items():
        of_policy = [*_dates(policy, time), *_fixed(policy, capacity)]
        if tables is not None:
            of_policy += [*policy.strange(tables)] or [*policy.idle(tables)]
        found += [(f"policies.{name}.{key}".rstrip("."), problem, cure) for key, problem, cure in of_policy]
    found += [*overlapping_tariffs(policies), *overlapping_floors(policies), *doubled_stockpiles(policies)]
    found += [*doubled_alliances(policies)]
    return [draft.fault(*finding) for finding in found]


def check_unsound_policies(draft: Draft, sound: Mapping[str, Policy], tables: ChainTables | None) -> list[Fault]:
    """Return the unknown names in policies that are at fault themselves, so that one message lists all faults.

    Parameters
    ----------
    draft: Knows which file wrote a key.
    sound: Policies that `check_policies` looks at.
    tables: Tables of the chain; none if they are not free of faults, so that nothing can be told from them.
    """
    raw = draft.data.get("policies")
    if tables is None or not isinstance(raw, dict):
        return []
    known = _known_names(tables)
    return [
        draft.fault(f"policies.{name}.{key}", problem, cure)
        for name, given in raw.items()
        if name not in sound and isinstance(given, dict)
        for key, kind in NAMING.items()
        for _, problem, cure in unknown(key, texts(given.get(key)), known[kind], kind)
    ]


def _known_names(tables: ChainTables) -> dict[str, set[str]]:
    """Names of a chain by what they name."""
    return {
        "region": {row.region for row in tables.regions},
        "product": {row.product for row in tables.products},
        "sector": {row.sector for row in tables.sectors},
        "stage": set(tables.meta.stages),
        "recipe": {row.recipe for row in tables.recipes},
    }


def _dates(policy: Instrument, time: Time | None) -> Iterator[Finding]:
    """An end before the beginning, and dates by which the policy never acts."""
    if time is None:
        return
    first = time.months_to(policy.start) if policy.start is not None else 0.0
    last = time.months_to(policy.until) if policy.until is not None else 12.0 * time.years
    if first >= last and policy.start is not None and policy.until is not None:
        yield "until", f"is '{policy.until}', not after its beginning {policy.start}", "give a later date"
    elif first >= 12.0 * time.years:
        yield "from", f"is '{policy.start}', after the horizon", f"give a date before the end, {span(time.years)} on"
    elif last <= 0.0:
        yield "until", f"is '{policy.until}', before the horizon", "give a later date, or remove the policy"


def _fixed(policy: Instrument, capacity: Capacity | None) -> Iterator[Finding]:
    """What acts on new capacity where there is none."""
    if capacity is None or not isinstance(policy, (Building, Workforce)):
        return
    on_projects = isinstance(policy, Workforce) or (isinstance(policy, Finance) and bool(policy.projects))
    if not capacity.answers and not (on_projects and capacity.projects):
        keys = "capacity.answers or capacity.projects" if on_projects else "capacity.answers"
        yield "", "has nothing to act on, since capacity is fixed", f"set {keys} to true"
