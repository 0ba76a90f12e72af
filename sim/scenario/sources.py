"""Files a scenario is made of: safe reading, inheritance and merging."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sim.errors import Fault, ScenarioError
from sim.scenario.base import label, nearest, show

SCENARIO_BYTES = 2**20
TABLE_BYTES = 2**26
NAMED = {"restrictions": "restriction", "regimes": "regime", "provenance": "sourcing rule", "policies": "policy"}
"""Sections whose keys are names of the author's choice, and what they name."""
LONG_KEY = re.compile(r"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
"""A key of a hundred parts."""
Key = tuple[str, ...]
"""A dotted key, in parts."""


@dataclass
class Draft:
    """Data of a scenario before it is checked, with where each key was written."""

    path: Path | None
    """File that was asked for."""
    chain_folder: Path | None
    """Folder of the file that names the chain."""
    data: dict[str, Any]
    """Merged data."""
    origins: dict[Key, str] = field(default_factory=dict)
    """Name of the file that wrote each key; the empty key has the file that was asked for."""

    def origin(self, key: Key) -> str:
        """Return the file to blame for a key: where it, or the nearest table around it, was written."""
        while key and key not in self.origins:
            key = key[:-1]
        return self.origins.get(key, "scenario")

    def fault(self, key: str, problem: str, cure: str) -> Fault:
        """Return a fault at a dotted key, in the file that wrote it."""
        return Fault(self.origin(tuple(key.split("."))), key, problem, cure)


def scenario_root() -> Path:
    """Return the folder of the bundled scenarios: inside an installed package, beside a source tree."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_scenarios"
    return installed if installed.is_dir() else package.parent / "scenarios"


def read_text(path: Path, name: str, *, limit: int) -> str:
    """Return the text of a file, without a byte order mark; what cannot be read is a fault.

    Parameters
    ----------
    path: File to read.
    name: What messages call it.
    limit: Most bytes it may have.
    """
    try:
        if path.is_dir():
            raise ScenarioError([Fault(name, "", "is a folder", "give a file")])
        if not path.exists():
            raise ScenarioError([Fault(name, "", "does not exist", "check the name and the folder")])
        # A pipe or a device has no size, and may have no end.
        if not path.is_file():
            raise ScenarioError([Fault(name, "", "is not a regular file", "give a file")])
        if path.stat().st_size > limit:
            raise ScenarioError([Fault(name, "", f"is larger than {limit // 2**20} MiB", "give a smaller file")])
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 text (byte {error.start})"
        raise ScenarioError([Fault(name, "", problem, "save it as UTF-8")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "the name is not a file name"
        raise ScenarioError([Fault(name, "", f"cannot be read ({reason})", "check the file")]) from None
    if not text.strip():
        raise ScenarioError([Fault(name, "", "is empty", "fill it or remove it")])
    return text


def read_toml(path: Path, name: str) -> dict[str, Any]:
    """Return the data of a TOML file, in plain types."""
    text = read_text(path, name, limit=SCENARIO_BYTES)
    # The parser takes time by the square of the parts of a key: half an hour for a mebibyte of dots.
    if LONG_KEY.search(text):
        raise ScenarioError([Fault(name, "", "is nested too deeply", "write flatter tables")])
    try:
        data: dict[str, Any] = plain(tomllib.loads(text))
    except RecursionError:
        raise ScenarioError([Fault(name, "", "is nested too deeply", "write flatter tables")]) from None
    except ValueError as error:
        # Python refuses integers of thousands of digits with a plain ValueError, outside the TOML errors.
        raise ScenarioError([Fault(name, "", f"is not TOML: {error}", "correct the syntax there")]) from None
    return data


def plain(value: Any) -> Any:
    """Return TOML or JSON data with dates as text and lists as tuples, which strict validation expects."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(plain(item) for item in value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return value


def resolve(name: str, folder: Path | None, bundled: Path, *, key: str, file: str) -> Path:
    """Return the path of a file or folder named in a scenario, which must not lead outside.

    Parameters
    ----------
    name: Name as written.
    folder: Folder of the file that wrote it; none for data made in memory.
    bundled: Folder of bundled items, used for a bare name that exists there, with an ending where no file beside the
        scenario has that name.
    key: Key that holds the name.
    file: File that wrote it.
    """
    cure = "give a name inside the folder of the scenario"
    outside = Fault(file, key, f"is {show(name)}, outside the folder of the scenario", cure)
    if not name.strip() or not name.isprintable():
        raise ScenarioError([Fault(file, key, "is no file name", cure)])
    bare = Path(name).name == name and name not in (".", "..")
    shipped = bundled / (name if key == "chain" else f"{name}.toml")
    try:
        if bare and not Path(name).suffix and shipped.exists():
            return shipped
        if folder is None or Path(name).is_absolute():
            raise ScenarioError([outside])
        path = (folder / name).resolve()
        inside = [folder.resolve(), scenario_root().resolve()]
        if not any(path.is_relative_to(parent) for parent in inside):
            raise ScenarioError([outside])
        if not path.exists() and bare and (bundled / name).is_file():
            return bundled / name
        if not path.exists():
            raise ScenarioError(
                [Fault(file, key, f"is {show(name)}, which does not exist", _others(name, bundled, key))]
            )
    except (OSError, RuntimeError, ValueError):
        raise ScenarioError([Fault(file, key, f"is {show(name)}, which cannot be read", cure)]) from None
    return path


def _others(name: str, bundled: Path, key: str) -> str:
    """The cure for the name of a scenario or of a folder of tables that does not exist."""
    kind, pattern = ("folder", "*/chain.toml") if key == "chain" else ("file", "*.toml")
    known = sorted(item.parent.name if key == "chain" else item.stem for item in bundled.glob(pattern))
    otherwise = f"give the name of a {kind} beside the scenario, or a bundled one: {', '.join(known)}"
    return nearest(name, known, otherwise=otherwise)


def read(path: Path, *, ancestors: tuple[Path, ...] = ()) -> Draft:
    """Return a scenario file merged over the files it extends.

    Parameters
    ----------
    path: File to read.
    ancestors: Files that extend this one, for finding circles.
    """
    name = label(path.name)
    data = read_toml(path, name)
    place = path.resolve()
    if place in ancestors:
        circle = " > ".join(label(item.name) for item in (*ancestors, place))
        raise ScenarioError([Fault(name, "extends", f"is circular ({circle})", "remove one of them")])
    parent = data.pop("extends", None)
    draft = Draft(path, place.parent, {}, {(): name})
    if parent is not None:
        if not isinstance(parent, str):
            raise ScenarioError([Fault(name, "extends", f"is {show(parent)}", "give the name of a file")])
        below = resolve(parent, place.parent, scenario_root(), key="extends", file=name)
        base = read(below, ancestors=(*ancestors, place))
        folder = place.parent if "chain" in data else base.chain_folder
        draft = Draft(path, folder, base.data, base.origins | {(): name})
    merge(draft, data, name)
    return draft


def merge(draft: Draft, child: Mapping[str, Any], file: str) -> None:
    """Lay the data of one file over a draft.

    Sections merge key by key. A value that happens to be written as a table (a distribution, an onset, a duration, a
    quota, weights) is replaced whole, since half of one and half of another means nothing. A restriction of another
    kind replaces the inherited one, and `restrictions.NAME = false` removes it; so do `regimes.NAME = false`,
    `provenance.NAME = false`, `policies.NAME = false` and `origin = false`.
    """
    faults: list[Fault] = []
    draft.data = _merged(draft, draft.data, child, (), file, faults)
    if faults:
        raise ScenarioError(faults)


def _merged(
    draft: Draft, base: Mapping[str, Any], child: Mapping[str, Any], at: Key, file: str, faults: list[Fault]
) -> dict[str, Any]:
    result = dict(base)
    for name, value in child.items():
        key = (*at, name)
        old = result.get(name)
        removed = removable(key) if value is False else None
        if removed is not None and old is None:
            cure = nearest(name, base, otherwise="remove the line")
            problem = f"is false, but no such {removed} is inherited"
            faults.append(Fault(file, ".".join(key), problem, cure))
        elif removed is not None:
            del result[name]
        elif isinstance(value, Mapping) and isinstance(old, Mapping) and _is_section(key) and not _other(old, value):
            result[name] = _merged(draft, old, value, key, file, faults)
        else:
            claim(draft, key, value, file, before=old)
            result[name] = value
    return result


def removable(key: Key) -> str | None:
    """Return what `false` at a key removes, if it removes anything there."""
    if len(key) == 2:
        return NAMED.get(key[0])
    return "origin" if key == ("origin",) else None


def _is_section(key: Key) -> bool:
    return key[0] not in NAMED or len(key) <= 2 or (len(key) == 3 and key[2] == "profile")


def _other(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return "kind" in new and new["kind"] != old.get("kind")


def claim(draft: Draft, key: Key, value: Any, file: str, *, before: Any) -> None:
    """Note which file wrote a key and all keys below it.

    Parameters
    ----------
    before: What stood there, whose keys are forgotten; none if nothing did.
    """
    # Key by key, not by a search of all that are known: a file of a mebibyte has tens of thousands.
    draft.origins.pop(key, None)
    if isinstance(before, Mapping):
        for name, item in before.items():
            _forget(draft, (*key, name), item)
    draft.origins[key] = file
    if isinstance(value, Mapping):
        for name, item in value.items():
            claim(draft, (*key, name), item, file, before=None)


def _forget(draft: Draft, key: Key, value: Any) -> None:
    draft.origins.pop(key, None)
    if isinstance(value, Mapping):
        for name, item in value.items():
            _forget(draft, (*key, name), item)
