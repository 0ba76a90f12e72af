"""What policies buy and cost: a scenario's policies together, each alone and each left out, on common random numbers.

Run it with `python -m benchmarks.policies section_232 --runs 512`. Runs of all variants share their shocks, so that the
difference of each run is one of the policy. Loss is lost output by class of sector; the price is the mean peak of
high-coercivity magnets in the region; import penetration is magnets shipped to it over what leaves its markets, from
2026 to 2030. Cost per loss avoided is the ratio of means, with a bootstrap interval over runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import sim
from benchmarks.output import show
from sim.chain import build
from sim.scenario import Scenario

MAGNETS = ("magnet_std", "magnet_hc")
PERIOD = slice("2026-01", "2030-12")
RESAMPLES = 1000
LITTLE = 150.0
"""Million USD of loss avoided below which no ratio is formed: a judgement, where losses are hundreds of billions."""
TRACED = 32
"""Runs whose shipments are kept for import penetration."""
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Variant:
    """What came out with some of the policies; shape (run,) where it says by run."""

    name: str
    losses: dict[str, Values]
    """Lost output by class and run, million USD."""
    price: float
    imported: dict[int, float]
    """Import penetration by calendar year."""
    cost: Values
    """Net public cost by run, discounted, million USD."""
    contingent: Values
    """The part of it that is a contingent liability."""

    @property
    def loss(self) -> Values:
        """Lost output of all classes by run."""
        return np.asarray(sum(self.losses.values()))


def variants(scenario: Scenario, region: str, *, runs: int, seed: int) -> Iterator[Variant]:
    """The scenario without policies, with all of them, with each alone and with each left out."""
    every = tuple(scenario.policies)
    yield measured("none", scenario.without(*every), region, runs=runs, seed=seed)
    yield measured("all", scenario, region, runs=runs, seed=seed)
    for name in every:
        others = tuple(other for other in every if other != name)
        yield measured(f"only {name}", scenario.without(*others), region, runs=runs, seed=seed)
        yield measured(f"without {name}", scenario.without(name), region, runs=runs, seed=seed)


def measured(name: str, scenario: Scenario, region: str, *, runs: int, seed: int) -> Variant:
    """Simulate one variant and take the measures of the table from it."""
    results = sim.run(scenario, runs=runs, seed=seed, traces=min(runs, TRACED))
    lost = results["runs"].lost_output.sum("region")
    classes = {row.sector: row.sector_class for row in scenario.tables.sectors}
    losses: dict[str, Values] = {
        kind: lost.sel(sector=[sector for sector in classes if classes[sector] == kind]).sum("sector").values
        for kind in ("defence", "essential", "other")
    }
    paid, contingent = (
        results["policies"][money].sum("instrument").values if scenario.policies else np.zeros(runs)
        for money in ("net_public_cost", "contingent_cost")
    )
    peak = results["runs"].peak_price.sel(product="magnet_hc", region=region)
    return Variant(name, losses, float(peak.mean()), penetration(scenario, results, region), paid, contingent)


def penetration(scenario: Scenario, results: xr.DataTree, region: str) -> dict[int, float]:
    """Magnets shipped to a region over what leaves its markets for magnets, in each year from 2026 to 2030."""
    reference = build(scenario)
    routes = [
        index for index, row in enumerate(reference.routes) if row.destination == region and row.product in MAGNETS
    ]
    arrived = results["traces"].shipment.isel(route=routes).sum("route").mean("run").sel(time=PERIOD)
    flow, left = results["distribution"].flow_mean, xr.zeros_like(arrived)
    for product in MAGNETS:
        monthly = reference.flows.outflow[reference.at[product, region]] / 12.0
        here = flow.sel(product=product, region=region, drop=True)
        left = left + monthly * here.sel(time=PERIOD)
    years = (each.groupby("time.year").sum() for each in (arrived, left))
    share = next(years) / next(years)
    return {int(year): float(value) for year, value in zip(share.year, share, strict=True)}


def per_loss_avoided(plain: Variant, other: Variant, *, seed: int) -> tuple[float, float, float]:
    """Net public cost over loss avoided, and its 5 and 95 % quantiles over resampled runs."""
    avoided, rng = plain.loss - other.loss, np.random.default_rng(seed)
    picks = rng.integers(0, avoided.size, (RESAMPLES, avoided.size))
    ratios = other.cost[picks].mean(axis=1) / avoided[picks].mean(axis=1)
    low, high = np.quantile(ratios, (0.05, 0.95))
    return float(other.cost.mean() / avoided.mean()), float(low), float(high)


def columns(plain: Variant, row: Variant, seed: int) -> dict[str, float]:
    """Figures of one variant; cost per loss avoided where there is something to compare with."""
    found = {f"loss, {kind}, million USD": float(values.mean()) for kind, values in row.losses.items()}
    found |= {"peak price of magnet_hc": row.price}
    found |= {f"import penetration {year}": share for year, share in row.imported.items()}
    found |= {"public cost, million USD": float(row.cost.mean())}
    found |= {"contingent, million USD": float(row.contingent.mean())}
    found |= {"  its 95th percentile": float(np.quantile(row.contingent, 0.95))}
    if row is not plain:
        ratio, low, high = per_loss_avoided(plain, row, seed=seed)
        found |= {"loss avoided, million USD": float((plain.loss - row.loss).mean())}
        found |= {"cost per loss avoided": ratio, "  its 5 %": low, "  its 95 %": high}
    return found


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The rows of the table as Markdown: losses and money in billions of USD, cost over loss avoided with 5 to 95 %."""
    years = [key for key in rows[0] if key.startswith("import penetration")]
    heads = ["variant", "defence", "essential", "other", "peak price", *(year.split()[-1] for year in years)]
    heads += ["public cost", "contingent, mean (95 %)", "loss avoided", "cost per loss avoided"]
    lines = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    for row in rows:
        billions = {key: value / 1e3 for key, value in row.items() if key.endswith("million USD")}
        cells = [str(row["variant"])]
        cells += [f"{billions[f'loss, {kind}, million USD']:.1f}" for kind in ("defence", "essential", "other")]
        cells += [f"{row['peak price of magnet_hc']:.2f}", *(f"{row[year]:.3f}" for year in years)]
        cells += [f"{billions['public cost, million USD']:.2f}"]
        cells += [f"{billions['contingent, million USD']:.2f} ({row['  its 95th percentile'] / 1e3:.2f})"]
        avoided = billions.get("loss avoided, million USD")
        cells += ["" if avoided is None else f"{avoided:.1f}", _ratio(row)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _ratio(row: dict[str, Any]) -> str:
    """Cost per loss avoided; where losses grow the ratio means nothing, and where it is not sure that they fall too."""
    if "cost per loss avoided" not in row:
        return ""
    ends = [row[name] for name in ("cost per loss avoided", "  its 5 %", "  its 95 %")]
    cost, avoided = row["public cost, million USD"], row["loss avoided, million USD"]
    if abs(avoided) < LITTLE:
        return "no loss avoided to speak of"
    if avoided < 0.0:
        return "losses grow"
    if cost <= 0.0:
        return "costs nothing"
    return f"{ends[0]:.3f} ({ends[1]:.3f} to {ends[2]:.3f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of a scenario, row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenario")
    parser.add_argument("--runs", type=int, default=512)
    parser.add_argument("--seed", type=int, default=20250404)
    parser.add_argument("--region", default="US")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--markdown", action="store_true", help="print the whole as a Markdown table at the end")
    given = parser.parse_args(arguments)
    scenario = sim.load(given.scenario, overrides=given.set)
    plain, rows = None, []
    for row in variants(scenario, given.region, runs=given.runs, seed=given.seed):
        plain = plain or row
        rows.append({"variant": row.name, **columns(plain, row, given.seed)})
        if not given.markdown:
            show(rows[-1], as_json=given.json)
    if given.markdown:
        print(markdown(rows))


if __name__ == "__main__":
    main()
