"""Headline figures of every bundled scenario, frozen for a minor version in `tests/frozen_figures/<version>.csv`.

`python -m tests.frozen` writes the table of the present version anew, and `python -m tests.frozen baseline` the rows of
some scenarios. Do so only where a figure is meant to change, and name the change in CHANGELOG.md.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

import sim
from sim.scenario.reader import bundled

FOLDER = Path(__file__).parent / "frozen_figures"
RUNS, SEED = 128, 1
TOLERANCE = 0.005
"""Relative difference that is no change: bits are equal on processors that fuse multiplication and addition, and 512
runs of the baseline differed by up to 0.5 % of a variable's largest figure on one that does not."""
LEAST = 1e-3
"""Figures below which only the absolute difference counts."""
Figures = dict[str, float]


def version() -> str:
    """Minor version that figures are frozen for."""
    return ".".join(sim.__version__.split(".")[:2])


def figures(name: str) -> Figures:
    """Headline figures of a scenario: prices and shortages of stages, tonnes and money, means and tails over runs."""
    results = sim.run(sim.load(name), runs=RUNS, seed=SEED, threads=2)
    runs = results["runs"].to_dataset()
    found: Figures = {}
    for variable in ("peak_stage_price", "worst_stage_shortage"):
        world = runs[variable].sel(region="world")
        for stage in world.stage.values:
            found[f"mean {variable} {stage} world"] = float(world.sel(stage=stage).mean())
    for variable in ("rationed_tonnes", "destroyed_tonnes", "substituted_tonnes", "lost_output"):
        total = runs[variable].drop_sel(region="world", errors="ignore").sum(("sector", "region"))
        found[f"mean {variable}"] = float(total.mean())
        found[f"95 % {variable}"] = float(np.quantile(total, 0.95, method="inverted_cdf"))
    for variable in ("licence_rent", "sender_loss"):
        found[f"mean {variable}"] = float(runs[variable].sum("restriction").mean())
    if "policies" in results.children:
        found["mean net_public_cost"] = float(results["policies"].net_public_cost.sum("instrument").mean())
    return {key: value for key, value in found.items() if np.isfinite(value)}


def table() -> dict[str, Figures]:
    """The frozen figures of the present version by scenario; empty where there are none yet."""
    path = FOLDER / f"{version()}.csv"
    found: dict[str, Figures] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found.setdefault(row["scenario"], {})[row["figure"]] = float(row["value"])
    return found


def changes(name: str, was: Figures, now: Figures) -> list[str]:
    """Figures of a scenario that are not what they were, in words."""
    found = []
    for key in dict.fromkeys([*was, *now]):
        before, after = was.get(key, float("nan")), now.get(key, float("nan"))
        if not abs(after - before) <= TOLERANCE * max(abs(before), LEAST):
            found.append(f"{name}: {key} was {before:.6g}, is {after:.6g}")
    return found


def freeze(names: list[str]) -> None:
    """Write the figures of some scenarios, or of all that are bundled, into the table of the present version."""
    known = table()
    known |= {name: figures(name) for name in names or bundled()}
    with (FOLDER / f"{version()}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["scenario", "figure", "value"])
        for name in sorted(set(known) & set(bundled())):
            writer.writerows([name, key, f"{value:.7g}"] for key, value in known[name].items())


if __name__ == "__main__":
    freeze(sys.argv[1:])
