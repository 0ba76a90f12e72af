"""`sim new` and `sim explain`: a scenario to begin with, and what its keys and a result's variables mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from sim.cli.messages import reported, say

if TYPE_CHECKING:
    from sim.scenario.documentation import Key, Kind
    from sim.variables import Variable


def create(
    name: Annotated[Path, typer.Argument(metavar="NAME", help="Name of the scenario, or path of its file.")],
    extends: Annotated[str, typer.Option(help="Bundled scenario it begins from (see `sim list`).")] = "baseline",
) -> None:
    """Write a scenario file to begin with; never over another file."""
    with reported():
        from sim.scenario import scaffold

        written = scaffold.create(name, extends=extends)
        say(f"{written}: extends {extends}. Next: sim check {written}, then sim run {written} --runs 200")


def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            help="Key of a scenario, in full or its last part; a kind of restriction or policy; "
            "or a result's variable or group.",
        ),
    ],
) -> None:
    """Say what a key of a scenario or a variable of a result means, what values it takes, and its default.

    `sim explain policies` and `sim explain restrictions` list the kinds there are, and the keys of each.
    """
    with reported("nothing was explained"):
        from sim import store
        from sim.scenario import documentation

        known = documentation.keys()
        keys, kinds = documentation.matching(name, known), documentation.kinds(known, name) if name else ()
        variables = [(group, each) for group, declared in store.GROUPS.items() for each in declared]
        asked = name.removeprefix("/").replace("/", ".")  # As it is printed, /runs/peak_price, or as a key.
        found = [(group, each) for group, each in variables if asked in (each.name, group, f"{group}.{each.name}")]
        if not keys and not kinds and not found:
            _fail(name, known, [each.name for _, each in variables])
        for key in keys:
            _print_key(key)
        if any(kind.family == name for kind in kinds):
            _print_kinds(kinds)
        else:
            for kind in kinds:
                _print_kind(kind)
        for group, variable in found:
            _print_variable(group, variable)


def _fail(name: str, known: tuple[Key, ...], variables: list[str]) -> NoReturn:
    """Raise the error for a name that means nothing, with the nearest that does."""
    from sim.errors import ResultError
    from sim.scenario import documentation
    from sim.scenario.base import nearest

    kinds = documentation.kinds(known)
    names = {part for key in known for part in (key.key, key.key.rsplit(".", 1)[-1])} | {*variables}
    names |= {part for kind in kinds for part in (kind.name, f"{kind.family}.{kind.name}")}
    family, _, kind_name = name.partition(".")
    siblings = {kind.name for kind in kinds if kind.family == family}
    if siblings and "." not in kind_name:
        cure = nearest(kind_name, siblings, otherwise=f"`sim explain {family}` lists the kinds")
    else:
        cure = nearest(name, names, otherwise="see `sim schema` and `sim show FILE`")
    raise ResultError(f"'{name}' is no key or kind of a scenario and no variable of a result; {cure}")


def _print_key(key: Key) -> None:
    """Print what a key means and takes."""
    kinds = f"  ({key.family} of kind {', '.join(key.kinds)})" if key.kinds else ""
    say(f"{key.key}{kinds}")
    say("\n".join(f"  {line}" for line in key.about.splitlines()) or "  (no description)")
    say(f"  takes: {key.values}")
    say(f"  default: {key.default or 'none; it must be given'}\n")


def _print_kind(kind: Kind) -> None:
    """Print what a kind of restriction or policy does, and each of its keys."""
    say(f'{kind.family} of kind "{kind.name}"')
    say("\n".join(f"  {line}".rstrip() for line in kind.about.splitlines()) + "\n")
    for key in kind.keys:
        _print_key(replace(key, kinds=()))


def _print_kinds(kinds: tuple[Kind, ...]) -> None:
    """Print the kinds of restrictions or of policies, with the keys of each that not all of them have."""
    first = kinds[0]
    own = {kind.name: [key for key in kind.keys if key.key.count(".") == 2] for kind in kinds}
    shared = set.intersection(*({key.key for key in keys} for keys in own.values()))
    say(f"Kinds of {first.family}; `sim explain {first.family}.{first.name}` explains the keys of one.")
    say(f"  each kind {_listed([key for key in own[first.name] if key.key in shared])}\n")
    for kind in kinds:
        say(f"{kind.name}: {kind.about.splitlines()[0]}")
        say(f"  {_listed([key for key in own[kind.name] if key.key not in shared])}\n")


def _listed(keys: list[Key]) -> str:
    """Last parts of some keys: those that must be given, and the others."""
    parts = (("needs", [key for key in keys if not key.default]), ("may have", [key for key in keys if key.default]))
    said = [f"{verb} {', '.join(key.key.rsplit('.', 1)[-1] for key in some)}" for verb, some in parts if some]
    return "; ".join(said) or "has no more keys"


def _print_variable(group: str, variable: Variable) -> None:
    """Print what a variable of a result means."""
    dims = ("quantile", "time", *variable.dims) if group == "distribution" else variable.dims
    say(f"/{group}/{variable.name}  ({' x '.join(dims)})")
    say(f"  {variable.meaning}")
    say(f"  unit: {variable.units}{'; only some scenarios have it' if variable.optional else ''}\n")
