"""How a result can be made again: the command, and what it stands on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from sim.errors import ScenarioError
from sim.results.lookup import scenario_data
from sim.scenario import load


def command(results: xr.DataTree, *, folder: Path | None = None) -> str:
    """The command that makes a result again, to the bit; empty where the scenario file is not found or has changed.

    A scenario file and `--set` for each key that differs: it is given only if it yields the scenario of the result.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    folder: Folder of the scenario file, where it is not a bundled one; the working folder by default.
    """
    file, data = str(results.attrs.get("scenario_file", "")), scenario_data(results)
    if not file or int(results.attrs.get("first_run", 0)):
        return ""
    for name in (file.removesuffix(".toml"), str((folder or Path.cwd()) / file)):
        try:
            overrides = list(differences(json.loads(load(name).text), data))
            same = json.loads(load(name, overrides=overrides).text) == data
        except ScenarioError:
            continue
        if same:
            shown = file.removesuffix(".toml") if name == file.removesuffix(".toml") else file
            sets = [part for override in overrides for part in ("--set", override)]
            runs, seed = results.attrs["runs"], results.attrs["seed"]
            traces = results["traces"].sizes["run"] if "traces" in results.children else 0
            kept = ["--traces", str(traces)] if traces else []
            return shlex.join(["sim", "run", shown, "--runs", str(runs), "--seed", str(seed), *kept, *sets])
    return ""


def differences(before: Mapping[str, Any], after: Mapping[str, Any], *, at: str = "") -> Iterator[str]:
    """Overrides that turn one scenario's data into another's.

    Example
    -------
    >>> list(differences({"time": {"years": 2}, "growth": True}, {"time": {"years": 3}, "growth": True}))
    ['time.years=3']
    """
    for name in {**before, **after}:
        key, old, new = f"{at}{name}", before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from differences(old, new, at=f"{key}.")
        elif new is None:
            yield f"{key}=false"
        else:
            yield f"{key}={_toml(new)}"


def _toml(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{json.dumps(str(key))} = {_toml(item)}" for key, item in value.items() if item is not None)
        return f"{{ {inner} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
