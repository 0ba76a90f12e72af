"""`sim new` and `sim explain`: a scenario to begin with, and what its keys and a result's variables mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sim.cli.messages import reported, say

if TYPE_CHECKING:
    from sim.scenario.documentation import Key
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
            help="Key of a scenario, in full or its last part; or a result's variable or group.",
        ),
    ],
) -> None:
    """Say what a key of a scenario or a variable of a result means, what values it takes, and its default."""
    with reported("nothing was explained"):
        from sim import store
        from sim.errors import ResultError
        from sim.scenario import documentation
        from sim.scenario.base import nearest

        known = documentation.keys()
        keys = documentation.matching(name, known)
        variables = [(group, each) for group, declared in store.GROUPS.items() for each in declared]
        found = [(group, each) for group, each in variables if name in (each.name, group, f"{group}/{each.name}")]
        if not keys and not found:
            names = {part for key in known for part in (key.key, key.key.rsplit(".", 1)[-1])}
            cure = nearest(
                name, names | {each.name for _, each in variables}, otherwise="see `sim schema` and `sim show FILE`"
            )
            raise ResultError(f"'{name}' is no key of a scenario and no variable of a result; {cure}")
        for key in keys:
            _print_key(key)
        for group, variable in found:
            _print_variable(group, variable)


def _print_key(key: Key) -> None:
    kinds = f"  (restrictions of kind {', '.join(key.kinds)})" if key.kinds else ""
    say(f"{key.key}{kinds}")
    say("\n".join(f"  {line}" for line in key.about.splitlines()) or "  (no description)")
    say(f"  takes: {key.values}")
    say(f"  default: {key.default or 'none; it must be given'}\n")


def _print_variable(group: str, variable: Variable) -> None:
    dims = ("quantile", "time", *variable.dims) if group == "distribution" else variable.dims
    say(f"/{group}/{variable.name}  ({' x '.join(dims)})")
    say(f"  {variable.meaning}")
    say(f"  unit: {variable.units}{'; only some scenarios have it' if variable.optional else ''}\n")
