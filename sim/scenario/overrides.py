"""Overrides: one key of a scenario set from outside, as by `--set time.years=3`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

from sim.errors import Fault, ScenarioError
from sim.scenario.base import nearest, show
from sim.scenario.faults import TYPED, names_at
from sim.scenario.models import Scenario
from sim.scenario.sources import NAMED, Draft, claim, plain, removable

FILE, WITHOUT = "--set", "--without"


def value_of(text: str) -> Any:
    """Return a value as TOML reads it, or the text itself where it is not TOML.

    Example
    -------
    >>> value_of("0.5"), value_of("permanent")
    (0.5, 'permanent')
    """
    try:
        data = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return plain(data["value"]) if set(data) == {"value"} else text


def apply(draft: Draft, overrides: Sequence[str]) -> None:
    """Set keys of a draft; all unknown ones are reported together.

    Parameters
    ----------
    draft: Data to change in place.
    overrides: Texts of the form `path.to.key=value`.
    """
    faults = [fault for text in overrides for fault in _apply(draft, text)]
    if faults:
        raise ScenarioError(faults)


def switch_off(draft: Draft, names: Sequence[str]) -> None:
    """Take policies out of a draft; all unknown names are reported together.

    Parameters
    ----------
    draft: Data to change in place.
    names: Names of policies.
    """
    given = draft.data.get("policies", {})
    known = dict(given) if isinstance(given, dict) else {}
    otherwise = "give one of the scenario's policies" if known else "the scenario has no policies"
    faults = [
        Fault(WITHOUT, show(name), "is not a policy of the scenario", nearest(name, known, otherwise=otherwise))
        for name in names
        if name not in known
    ]
    if faults:
        raise ScenarioError(faults)
    if names:
        draft.data = draft.data | {"policies": {name: row for name, row in known.items() if name not in names}}


def _apply(draft: Draft, text: str) -> list[Fault]:
    path, equals, value = text.partition("=")
    key = tuple(part.strip() for part in path.split("."))
    if not equals or not all(key):
        return [Fault(FILE, text.strip(), "names no key and value", "give path.to.key=value")]
    unknown = _unknown(draft, key)
    if unknown is not None:
        return [unknown]
    new = value_of(value.strip())
    tables = [draft.data]
    for position, part in enumerate(key[:-1]):
        below = tables[-1].get(part, {})
        if not isinstance(below, dict):
            problem = f"is {show(below)}, which has no keys"
            return [Fault(FILE, ".".join(key[: position + 1]), problem, "set the whole value instead")]
        tables.append(dict(below))
    removed = removable(key) if new is False else None
    if removed is not None:
        if key[-1] not in tables[-1]:
            return [Fault(FILE, ".".join(key), f"is not a known {removed}", nearest(key[-1], tables[-1]))]
        del tables[-1][key[-1]]
    else:
        before = tables[-1].get(key[-1])
        tables[-1][key[-1]] = new
        claim(draft, key, new, FILE, before=before)
        if key == ("chain",) and draft.path is not None:
            draft.chain_folder = draft.path.resolve().parent
    # Tables are copied on the way down, so that scenarios sharing data never change each other.
    for part, upper, lower in zip(reversed(key[:-1]), reversed(tables[:-1]), reversed(tables[1:]), strict=True):
        upper[part] = lower
    return []


def _unknown(draft: Draft, key: tuple[str, ...]) -> Fault | None:
    section = draft.data.get(key[0], {})
    named = section if isinstance(section, dict) else {}
    location: tuple[str, ...] = ()
    for position, part in enumerate(key):
        if location in (("regimes",), ("provenance",)):
            location = (*location, part)
            continue
        if len(location) == 1 and location[0] in TYPED:
            what = NAMED[location[0]]
            if part not in named and position < len(key) - 1:
                cure = nearest(part, named, otherwise=f"the scenario has no {what} near this name")
                return Fault(FILE, ".".join(key[: position + 1]), f"is not a known {what}", cure)
            inherited = named.get(part)
            kind = inherited.get("kind") if isinstance(inherited, dict) else None
            if kind not in TYPED[location[0]]:
                return None
            location = (*location, part, kind)
            continue
        known = set(names_at(Scenario, location))
        if part not in known and not _free(location):
            return Fault(FILE, ".".join(key[: position + 1]), "is not a known key", nearest(part, known))
        location = (*location, part)
    return None


def _free(location: tuple[str, ...]) -> bool:
    """Return whether the keys below a location are names of the author's choice or parameters of a distribution."""
    deep = (
        {"restrictions": 4, "policies": 4, "regimes": 3, "provenance": 3}.get(location[0], len(location) + 1)
        if location
        else 1
    )
    return len(location) >= deep and location[-1] != "profile"
