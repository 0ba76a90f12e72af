"""Find labelled variables in results, with messages for names that do not exist."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import xarray as xr

from sim import variables
from sim.errors import ResultError
from sim.scenario.sources import scenario_root
from sim.variables import PRODUCT, REGION, SECTOR, STAGE


@dataclass(frozen=True)
class Origin:
    """Where a result comes from, in the words of its attributes."""

    title: str
    scenario: str
    """Name of the scenario file without its ending."""
    seed: int
    runs: int
    version: str
    start: str
    years: float
    periods_per_year: int

    def __str__(self) -> str:
        """Return scenario, seed, runs and version in one line."""
        runs = f"{self.runs:,} run{'s' if self.runs != 1 else ''}"
        return f"oreflow {self.version}, scenario {self.scenario}, {runs}, seed {self.seed}"


def origin(results: xr.DataTree) -> Origin:
    """Where a result comes from."""
    attributes, data = results.attrs, scenario_data(results)
    time = data.get("time", {})
    return Origin(
        title=str(attributes.get("title", "")),
        scenario=str(attributes.get("scenario_file", "")).removesuffix(".toml") or "made in memory",
        seed=int(attributes["seed"]),
        runs=int(attributes["runs"]),
        version=str(attributes["oreflow_version"]),
        start=str(time.get("start", "")),
        years=float(time.get("years", 0.0)),
        periods_per_year=int(time.get("periods_per_year", 24)),
    )


def scenario_data(results: xr.DataTree) -> dict[str, Any]:
    """The scenario a result was made from, as plain data."""
    return _parsed(str(results.attrs["scenario"]))


def chain_file(results: xr.DataTree, name: str) -> Path | None:
    """A table that stands beside the bundled chain that a result was made with; none where there is no such table."""
    chain = str(scenario_data(results).get("chain", ""))
    place = scenario_root() / "chains" / chain / name
    return place if chain and Path(chain).name == chain and place.is_file() else None


@lru_cache(maxsize=8)
def _parsed(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise ResultError("the result's attribute 'scenario' is damaged")
    return data


def restriction_title(results: xr.DataTree, name: str) -> str:
    """Title of a restriction; its name where the scenario gives none."""
    title = scenario_data(results).get("restrictions", {}).get(name, {}).get("title", "")
    return str(title) or name.replace("_", " ")


def variable(results: xr.DataTree, group: str, name: str) -> xr.DataArray:
    """A variable of a group.

    Raises
    ------
    ResultError: The result has no such group or variable.
    """
    if group not in results.children:
        raise ResultError(f"the result has no group /{group}")
    if group in ("runs", "years") and not_kept(results, name):
        raise ResultError(f"'{name}' was not kept of each run (--per-run); make the result again with it")
    node = results[group].to_dataset()
    return node[chosen(name, [str(item) for item in node.data_vars], f"variable of /{group}")]


def not_kept(results: xr.DataTree, *names: str) -> tuple[str, ...]:
    """Those of some variables of `/runs` and `/years` that were not kept when the result was made.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    names: Names of variables.
    """
    if variables.PER_RUN not in results.attrs:
        return ()
    kept = str(results.attrs[variables.PER_RUN]).split(",")
    declared = {item.name for item in (*variables.RUNS, *variables.YEARS)}
    return tuple(name for name in names if name in declared and name not in kept)


def chosen(name: str, known: list[str], kind: str) -> str:
    """Return a name if it is known.

    Raises
    ------
    ResultError: It is not; the message has the nearest known name, or all of them.
    """
    if name in known:
        return name
    close = get_close_matches(name.casefold(), {item.casefold(): item for item in known}, n=1, cutoff=0.6)
    exact = [item for item in known if close and item.casefold() == close[0]]
    cure = f"did you mean {exact[0]}?" if exact else f"give one of {', '.join(known)}"
    raise ResultError(f"'{name}' is no {kind}; {cure}")


def paths(results: xr.DataTree, name: str, item: str, region: str) -> xr.DataArray:
    """Quantiles over runs in every month of a variable of `/distribution`, shape (quantile, time).

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    name: `price`, `shortage`, or the full name of a variable; the first two are found for products, stages and sectors.
    item: Product, stage or sector.
    region: Region, or `world`.

    Raises
    ------
    ResultError: An unknown name, or something that does not exist in this region.
    """
    found = variable(results, "distribution", full_name(results, name, item))
    dim = str(found.dims[2])
    item = chosen(item, labels(found, dim), dim)
    region = chosen(region, labels(found, REGION), REGION)
    path = found.sel({dim: item, REGION: region}).load()
    if bool(path.isnull().all()):
        have = found.sel({dim: item}).isel({variables.QUANTILE: 0, variables.MONTH: 0}).dropna(REGION)
        known = ", ".join(labels(have, REGION)) or "no region"
        raise ResultError(f"{item} has no {name} in {region}; regions that have one: {known}")
    return path


def full_name(results: xr.DataTree, name: str, item: str) -> str:
    """Full name of `price` or `shortage` for what an item is: a stage, a sector or a product."""
    if item in labels(variable(results, "distribution", "stage_price"), STAGE):
        return f"stage_{name}" if name in ("price", "shortage") else name
    if name == "shortage" and item in labels(variable(results, "distribution", "sector_shortage"), SECTOR):
        return "sector_shortage"
    return name


def labels(array: xr.DataArray, dim: str) -> list[str]:
    """Labels of a dimension."""
    return [str(label) for label in array[dim].values]


def known_region(results: xr.DataTree, region: str | None) -> None:
    """Check that a region, if one is given, is there.

    Raises
    ------
    ResultError: It is not.
    """
    if region is not None:
        chosen(region, items(results)[REGION], REGION)


def items(results: xr.DataTree) -> dict[str, list[str]]:
    """Labels of products, stages, sectors and regions."""
    data = results["distribution"].to_dataset()
    return {dim: [str(label) for label in data[dim].values] for dim in (PRODUCT, STAGE, SECTOR, REGION)}
