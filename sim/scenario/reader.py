"""From a scenario file to a checked scenario."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from sim.errors import Fault, ScenarioError
from sim.scenario import overrides as overriding
from sim.scenario.base import label, nearest, show
from sim.scenario.capacity import Capacity, check_capacity
from sim.scenario.check import check, check_unsound
from sim.scenario.faults import Location, translate
from sim.scenario.models import Scenario, Time
from sim.scenario.policies import Policy
from sim.scenario.policy_checks import check_policies, check_unsound_policies
from sim.scenario.provenance import Origin, Provenance, check_origin
from sim.scenario.restrictions import Restriction
from sim.scenario.sources import Draft, merge, plain, read, resolve, scenario_root
from sim.scenario.tables import ChainTables, read_tables

RESTRICTION: TypeAdapter[Restriction] = TypeAdapter(Restriction)
PROVENANCE: TypeAdapter[Provenance] = TypeAdapter(Provenance)
POLICY: TypeAdapter[Policy] = TypeAdapter(Policy)
Part = TypeVar("Part")
Section = TypeVar("Section", bound=BaseModel)


def load(source: str | Path, *, overrides: Sequence[str] = (), without: Sequence[str] = ()) -> Scenario:
    """Return a scenario and its tables, or raise one error that lists all their faults.

    Parameters
    ----------
    source: Name of a bundled scenario, or path of a TOML file.
    overrides: Keys to set, such as `time.years=3`.
    without: Policies to switch off, by name.

    Raises
    ------
    ScenarioError: The file, an override or a table has faults; all of them are listed.

    Example
    -------
    >>> load("still", overrides=["time.years=2"]).time.years
    2.0
    """
    return _build(read(_locate(source)), overrides, without)


def parse(data: Mapping[str, Any], *, folder: Path | None = None, overrides: Sequence[str] = ()) -> Scenario:
    """Return a scenario from data made in memory, such as the text of a result read as JSON.

    Parameters
    ----------
    data: Tables as in a scenario file.
    folder: Folder that relative names start from; without it, only bundled chains can be named.
    overrides: Keys to set, such as `time.years=3`.
    """
    draft = Draft(None, folder, {}, {(): "scenario"})
    merge(draft, plain(data), "scenario")
    return _build(draft, overrides)


def rebuild(scenario: Scenario, overrides: Sequence[str] = (), *, without: Sequence[str] = ()) -> Scenario:
    """Return a scenario with keys set anew and policies switched off; tables are read again only for another chain."""
    file = label(scenario.path.name) if scenario.path is not None else "scenario"
    data = dict(scenario._data) or plain(scenario.model_dump(by_alias=True))
    draft = Draft(scenario.path, scenario._folder, data, {(): file})
    return _build(draft, overrides, without, read_before=scenario)


def bundled() -> dict[str, str]:
    """Return the titles of the bundled scenarios by name."""
    titles = {}
    for path in sorted(scenario_root().glob("*.toml")):
        try:
            titles[path.stem] = str(tomllib.loads(path.read_text(encoding="utf-8")).get("title", ""))
        except (OSError, ValueError):
            titles[path.stem] = "cannot be read"
    return titles


def schema() -> dict[str, Any]:
    """Return the JSON schema of a scenario file, for editors."""
    return Scenario.model_json_schema(by_alias=True)


def _locate(source: str | Path) -> Path:
    bare = isinstance(source, str) and Path(source).name == source and not Path(source).suffix
    if bare and str(source).isprintable() and len(str(source)) < 200:
        shipped = scenario_root() / f"{source}.toml"
        if shipped.is_file():
            return shipped
        if not Path(source).exists():
            cure = nearest(str(source), bundled(), otherwise="give a bundled name or the path of a file")
            raise ScenarioError([Fault(label(str(source)), "", "is not a bundled scenario", cure)])
    return Path(source)


def _build(
    draft: Draft, overrides: Sequence[str], without: Sequence[str] = (), *, read_before: Scenario | None = None
) -> Scenario:
    faults: list[Fault] = []
    for change, given in ((overriding.apply, overrides), (overriding.switch_off, without)):
        try:
            change(draft, given)
        except ScenarioError as error:
            faults += error.faults
    scenario = _validated(draft, faults)
    tables = None
    if read_before is not None and draft.data.get("chain") == read_before._data.get("chain"):
        tables = read_before._tables
    before = len(faults)
    tables = tables or _tables(draft, faults)
    complete = len(faults) == before
    restrictions = scenario.restrictions if scenario else _sound_parts(draft, "restrictions", RESTRICTION)
    rules = scenario.provenance if scenario else _sound_parts(draft, "provenance", PROVENANCE)
    origin = scenario.origin if scenario else _sound(draft, "origin", Origin)
    time = scenario.time if scenario else _sound(draft, "time", Time)
    faults += check(draft, restrictions, time, tables, complete=complete)
    faults += check_unsound(draft, restrictions, time, tables)
    capacity = scenario.capacity if scenario else _sound(draft, "capacity", Capacity, {})
    if capacity is not None:
        found = check_capacity(capacity, restrictions, tables)
        faults += [draft.fault(*finding) for finding in found]
    policies = scenario.policies if scenario else _sound_parts(draft, "policies", POLICY)
    faults += check_policies(draft, policies, capacity, time, tables if complete else None)
    faults += check_unsound_policies(draft, policies, tables if complete else None)
    faults += check_origin(draft, origin, rules, restrictions, time, tables if complete else None)
    if faults or scenario is None:
        raise ScenarioError(faults)
    scenario._path, scenario._folder, scenario._data = draft.path, draft.chain_folder, draft.data
    scenario._tables = tables
    return scenario


def _validated(draft: Draft, faults: list[Fault]) -> Scenario | None:
    def place(location: Location) -> tuple[str, str]:
        """File and key of a fault."""
        key = tuple(map(str, location))
        return draft.origin(key), ".".join(key)

    try:
        return Scenario.model_validate(draft.data, strict=True)
    except ValidationError as error:
        faults += translate(error, Scenario, place)
        return None


def _tables(draft: Draft, faults: list[Fault]) -> ChainTables | None:
    name = draft.data.get("chain", Scenario.model_fields["chain"].default)
    if not isinstance(name, str):
        return None
    file = draft.origin(("chain",))
    try:
        folder = resolve(name, draft.chain_folder, scenario_root() / "chains", key="chain", file=file)
    except ScenarioError as error:
        faults += error.faults
        return None
    if not folder.is_dir():
        faults.append(Fault(file, "chain", f"is {show(name)}, a file", "name the folder that holds its tables"))
        return None
    tables, found = read_tables(folder)
    faults += found
    return tables


def _sound_parts(draft: Draft, section: str, model: TypeAdapter[Part]) -> dict[str, Part]:
    """Parts of a section of names that are sound by themselves."""
    sound: dict[str, Part] = {}
    tables = draft.data.get(section, {})
    for name, data in tables.items() if isinstance(tables, dict) else ():
        try:
            sound[name] = model.validate_python(data, strict=True)
        except ValidationError:
            continue
    return sound


def _sound(draft: Draft, section: str, model: type[Section], otherwise: object = None) -> Section | None:
    """A section that is sound by itself; `otherwise` stands for one that is not there."""
    try:
        return model.model_validate(draft.data.get(section, otherwise), strict=True)
    except ValidationError:
        return None
