"""What every key of a scenario file means: its sentence, the values it takes and its default, from the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sim.scenario.reader import schema

ANY = "NAME"
"""Stands for a name that a scenario gives: of a restriction, a regime, a sourcing rule, a region."""
DISTRIBUTION = "Distribution"
UNIONS = ("anyOf", "oneOf")
BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
TYPES = {"boolean": "true or false", "integer": "a whole number", "number": "a number", "string": "text"}


@dataclass(frozen=True)
class Key:
    """A key of a scenario file."""

    key: str
    """Dotted, with `NAME` for names that a scenario gives."""
    about: str
    values: str
    """What may be written."""
    default: str
    """Empty where the key must be given."""
    kinds: tuple[str, ...] = ()
    """Kinds of restriction or policy that have it; empty where it has nothing to do with kinds."""

    @property
    def family(self) -> str:
        """What its kinds are kinds of: the first part, such as `restrictions`."""
        return self.key.partition(".")[0]


@dataclass(frozen=True)
class Kind:
    """A kind of restriction or policy."""

    name: str
    family: str
    """`restrictions` or `policies`."""
    about: str
    keys: tuple[Key, ...]
    """What a table of this kind may hold, below tables within it too."""


def keys() -> tuple[Key, ...]:
    """All keys, in the order of the models; those that several kinds of restriction or policy share appear once.

    Example
    -------
    >>> next(key for key in keys() if key.key == "time.years").values
    'a number above 0, at most 50'
    """
    found: dict[Key, tuple[str, ...]] = {}
    tree = _tree()
    for key in _below(tree, tree, "", ""):
        alone = replace(key, kinds=())
        found[alone] = tuple(dict.fromkeys((*found.get(alone, ()), *key.kinds)))
    return tuple(replace(key, kinds=kinds) for key, kinds in found.items())


def matching(query: str, known: tuple[Key, ...]) -> tuple[Key, ...]:
    """Keys that a query names: written in full, with any name for `NAME`, or by its last parts.

    A kind of restriction or policy in place of `NAME` leaves the keys of that kind.

    Example
    -------
    >>> [key.kinds for key in matching("restrictions.my_ban.cut", keys())]
    [('ban',), ('licensing',), ('outage',)]
    >>> matching("years", keys())[0].key
    'time.years'
    """
    asked = query.split(".")
    kinds = {kind for key in known if key.family == asked[0] for kind in key.kinds}
    full = [key for key in known if _is_named(key, asked, kinds)]
    if full:
        return tuple(full)
    return tuple(key for key in known if key.key.split(".")[-len(asked) :] == asked)


def kinds(known: tuple[Key, ...], query: str = "") -> tuple[Kind, ...]:
    """Kinds that a query names: all of a family, or one with or without its family before it; all without a query.

    Example
    -------
    >>> [kind.name for kind in kinds(keys(), "policies")][:3]
    ['tariff', 'alliance', 'offtake']
    >>> kinds(keys(), "policies.hub") == kinds(keys(), "hub")
    True
    """
    tree = _tree()
    found = []
    for address, (family, name) in _kinds(tree).items():
        if query in ("", family, name, f"{family}.{name}"):
            own = tuple(replace(key, kinds=(name,)) for key in known if key.family == family and name in key.kinds)
            found.append(Kind(name, family, _about(tree, {"$ref": address}), own))
    order = [*dict.fromkeys(kind for key in known for kind in key.kinds)]
    return tuple(sorted(found, key=lambda kind: order.index(kind.name)))


def _is_named(key: Key, asked: list[str], kinds: set[str]) -> bool:
    """Whether a key is the one asked for, written in full."""
    parts = key.key.split(".")
    if len(parts) != len(asked):
        return False
    same = all(part in (name, ANY) for part, name in zip(parts, asked, strict=True))
    return same and (not key.kinds or asked[1] in (key.kinds if asked[1] in kinds else (asked[1],)))


@lru_cache(maxsize=1)
def _tree() -> Mapping[str, Any]:
    """The schema of scenario files, made once: it takes a quarter of a second."""
    return schema()


def _kinds(tree: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Family and kind of each model of which a scenario holds several kinds, by its address in the schema."""
    return {
        address: (family, kind)
        for family, part in tree["properties"].items()
        for held in part.get("patternProperties", {}).values()
        for kind, address in held.get("discriminator", {}).get("mapping", {}).items()
    }


def _below(tree: Mapping[str, Any], node: Mapping[str, Any], path: str, kind: str) -> Iterator[Key]:
    """Keys below a part of the schema."""
    address = node.get("$ref", "")
    kind = _kinds(tree).get(address, ("", kind))[1]
    if address:
        name = address.rsplit("/", 1)[-1]
        if name == DISTRIBUTION:
            return
        node = tree["$defs"][name]
    needed = set(node.get("required", ()))
    for name, part in node.get("properties", {}).items():
        key = f"{path}{name}"
        default = "" if name in needed else _shown(part.get("default"))
        about = str(part.get("description", "")) or _about(tree, part)
        yield Key(key, about, _values(tree, part), default, (kind,) if kind else ())
        yield from _below(tree, part, f"{key}.", kind)
    for part in node.get("patternProperties", {}).values():
        yield from _below(tree, part, f"{path}{ANY}.", kind)
    for union in UNIONS:
        for part in node.get(union, ()):
            yield from _below(tree, part, path, kind)
    if isinstance(node.get("items"), Mapping):
        yield from _below(tree, node["items"], path, kind)


def _about(tree: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    name = str(part.get("$ref", "")).rsplit("/", 1)[-1]
    return str(tree["$defs"].get(name, {}).get("description", ""))


def _values(tree: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    """What a part of the schema allows, in words."""
    name = str(part.get("$ref", "")).rsplit("/", 1)[-1]
    if name:
        return "a distribution" if name == DISTRIBUTION else _table(tree["$defs"][name])
    for union in UNIONS:
        if union in part:
            words = [_values(tree, each) for each in part[union] if each.get("type") != "null"]
            return ", or ".join(dict.fromkeys(words))
    if "enum" in part:
        return f"one of {', '.join(map(_shown, part['enum']))}"
    if "const" in part:
        return _shown(part["const"])
    if part.get("type") == "array":
        items = part.get("items") if isinstance(part.get("items"), Mapping) else None
        return f"a list of {_values(tree, items)}" if items else "a list"
    if part.get("type") == "object":
        return "a table by name"
    bounds = [f"{word} {part[bound]:g}" for bound, word in BOUNDS.items() if bound in part]
    written = " written as YYYY-MM or YYYY-MM-DD" if str(part.get("pattern", "")).startswith(r"^\d{4}") else ""
    return f"{TYPES.get(str(part.get('type')), 'a value')}{written} {', '.join(bounds)}".strip()


def _table(model: Mapping[str, Any]) -> str:
    return f"a table of {', '.join(model.get('properties', {}))}"


def _shown(value: Any) -> str:
    """A default as it would be written."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return "a table of the defaults of its keys" if value else "an empty table"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_shown, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
