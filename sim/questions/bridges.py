"""Bridges between the dialects of a requirement: each step changes one thing, and the steps add up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from sim.questions.emergency import Emergency, ServedClass
from sim.questions.futures import MONTHS_A_YEAR, series
from sim.questions.panel import Panel, window
from sim.questions.removal import n_1
from sim.questions.value_at_risk import lost_a_year
from sim.results import intervals
from sim.results.intervals import Interval
from sim.variables import PRODUCT, REGION, SECTOR

STEP = "step"
TONNES = (
    ("n_1", "N-1: largest foreign supplier gone, others at full capacity"),
    ("simulated", "instead: what the region lacks in the simulated runs"),
    ("unreliable", "and imports that cannot be counted on"),
    ("inputs", "and supply made of material that cannot be counted on"),
    ("classes", "and only the classes served, at their surge or austerity"),
    ("net", "less what the stockpile makes up: the panel's net shortfall"),
)
"""Steps from a static loss to a panel's net shortfall."""
MONEY = (
    ("price", "the panel's net shortfall at its price"),
    ("value_added", "at the value added behind it instead of its price"),
    ("simulated", "of all that the region lacks in the simulated runs, nothing else assumed"),
    ("horizon", "over the whole horizon instead of the emergency"),
    ("sectors", "as sectors lose it: all forms, their own stocks, demand given up for its price"),
)
"""Steps from a panel's dollars to value added at risk."""


@dataclass(frozen=True)
class Step:
    """What a step of the bridge comes to, means over runs with their intervals, a year."""

    tonnes: Interval
    value: Interval
    """At prices, million USD."""
    value_added: Interval
    """What the tonnes would add in the sectors they serve, million USD."""


def steps(plan: Emergency, found: xr.DataTree, product: str) -> dict[str, Step]:
    """Tonnes, value and value added after each step from N-1 to the panel's net shortfall of one form."""
    reference = found["reference"].dataset
    ends = reference["ends_in"].sel({PRODUCT: product, REGION: plan.region})
    everyone = {"all": ServedClass(sectors=tuple(str(name) for name in reference[SECTOR].values))}
    calm = plan.model_copy(
        update={
            "classes": everyone, "reliability": {}, "shipping_loss": (0.0,), "exports_kept": (1.0,), "stocks": {},
            "count_inputs": False,
        }
    )  # fmt: skip
    trusting = calm.model_copy(update={"reliability": plan.reliability, "shipping_loss": plan.shipping_loss})
    plans = {
        "simulated": (calm, "shortfall"),
        "unreliable": (trusting, "shortfall"),
        "inputs": (trusting.model_copy(update={"count_inputs": plan.count_inputs}), "shortfall"),
        "classes": (plan, "shortfall"),
        "net": (plan, "net_shortfall"),
    }
    gone = n_1(reference, plan.region, [product], window=window(plan, reference))
    static = float(gone["lost"][0]) * min(float(ends.sum()), 1.0)
    price = float(reference["unit_price"].sel({PRODUCT: product}))
    added = worth(reference, ends, everyone["all"].sectors)
    first = Step(_sure(static), _sure(static * price / 1e3), _sure(static * added / 1e3))
    return {"n_1": first} | {name: _step(*each, found, product, ends) for name, each in plans.items()}


def _sure(value: float) -> Interval:
    """What does not depend on the runs."""
    return Interval(value, 0.0, value, value)


def worth(reference: xr.Dataset, ends: xr.DataArray, sectors: Sequence[str]) -> float:
    """Value added, USD/kg, of a form in some sectors, at their shares of it in the reference flows."""
    share = ends.sel({SECTOR: list(sectors)})
    total = float(share.sum())
    return float((share * reference["value_added"]).sum()) / total if total > 0.0 else 0.0


def _step(plan: Emergency, column: str, found: xr.DataTree, product: str, ends: xr.DataArray) -> Step:
    part = Panel(plan, found, product)
    a_year = MONTHS_A_YEAR / plan.months
    tonnes = getattr(part, column).sum(axis=2) * a_year
    kilogram = np.array([worth(found["reference"].dataset, ends, row.sectors) for row in plan.classes.values()])
    value = part.value(column).sum(axis=(0, 2)) * a_year
    return Step(intervals.mean(tonnes.sum(axis=0)), intervals.mean(value), intervals.mean(kilogram @ tonnes / 1e3))


def bridge(found: dict[str, Step]) -> xr.Dataset:
    """From N-1 to the panel's net shortfall of one form.

    Parameters
    ----------
    found: What `steps` returned.

    Returns
    -------
    Shape (step,): tonnes after each step, the change against the one before, and what the tonnes are worth.
    """
    order = [found[name] for name, _ in TONNES]
    entries = _columns("tonnes", [step.tonnes for step in order], "t/year", TONNES)
    for name in ("value", "value_added"):
        entries |= _figures(name, [getattr(step, name) for step in order], "million USD/year")
    return xr.Dataset(entries, coords={STEP: [name for name, _ in TONNES]})


def _columns(name: str, found: list[Interval], unit: str, words: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    """Steps in words, a figure after each, and what the step changes it by."""
    change = np.diff([each.value for each in found], prepend=0.0)
    meaning = np.array([text for _, text in words], dtype=object)
    return (
        {"meaning": (STEP, meaning, {"units": ""})}
        | _figures(name, found, unit)
        | {"change": (STEP, change, {"units": unit})}
    )


def _figures(name: str, found: list[Interval], unit: str) -> dict[str, Any]:
    """A figure and the ends of its interval after each step."""
    return {
        f"{name}{ending}": (STEP, [float(getattr(each, part)) for each in found], {"units": unit})
        for ending, part in (("", "value"), ("_low", "low"), ("_high", "high"))
    }


def bridge_value(found: dict[str, Step], futures: xr.DataTree, product: str, region: str) -> xr.Dataset:
    """From the panel's net shortfall in dollars to value added at risk.

    Parameters
    ----------
    found: What `steps` returned.
    futures: Result or catalogue that it was asked of.
    product, region: Form and region of the steps.

    Returns
    -------
    Shape (step,): million USD a year after each step, and the change against the one before.
    """
    reference = futures["reference"].dataset
    at = {PRODUCT: product, REGION: region}
    ends = reference["ends_in"].sel(at)
    domestic = min(float(ends.sum()), 1.0)
    lacking = np.nan_to_num(series(futures, "shortage", product, region))
    need = np.nan_to_num(reference["need"].sel(at).values.astype(float))
    everybody = worth(reference, ends, [str(name) for name in reference[SECTOR].values])
    horizon = intervals.mean((lacking * need).mean(axis=1) * MONTHS_A_YEAR * domestic * everybody / 1e3)
    lost = intervals.mean(lost_a_year(futures, region, "lost_value_added"))
    money = [found["net"].value, found["net"].value_added, found["simulated"].value_added, horizon, lost]
    entries = _columns("value", money, "million USD/year", MONEY)
    return xr.Dataset(entries, coords={STEP: [name for name, _ in MONEY]})
