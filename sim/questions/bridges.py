"""Bridges between the dialects of a requirement: each step changes one thing, and the steps add up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from sim.questions.emergency import Emergency, ServedClass
from sim.questions.futures import MONTHS_A_YEAR, series
from sim.questions.panel import Panel, window
from sim.questions.removal import n_1
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
    """What a step of the bridge comes to, means over runs, a year."""

    tonnes: float
    value: float
    """At prices, million USD."""
    value_added: float
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
    first = Step(static, static * price / 1e3, static * worth(reference, ends, everyone["all"].sectors) / 1e3)
    return {"n_1": first} | {name: _step(*each, found, product, ends) for name, each in plans.items()}


def worth(reference: xr.Dataset, ends: xr.DataArray, sectors: Sequence[str]) -> float:
    """Value added, USD/kg, of a form in some sectors, at their shares of it in the reference flows."""
    share = ends.sel({SECTOR: list(sectors)})
    total = float(share.sum())
    return float((share * reference["value_added"]).sum()) / total if total > 0.0 else 0.0


def _step(plan: Emergency, column: str, found: xr.DataTree, product: str, ends: xr.DataArray) -> Step:
    part = Panel(plan, found, product)
    a_year = MONTHS_A_YEAR / plan.months
    tonnes = getattr(part, column).sum(axis=2).mean(axis=1) * a_year
    kilogram = [worth(found["reference"].dataset, ends, row.sectors) for row in plan.classes.values()]
    value = part.value(column).sum(axis=(0, 2)).mean() * a_year
    return Step(float(tonnes.sum()), float(value), float(tonnes @ np.array(kilogram)) / 1e3)


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
    tonnes = np.array([step.tonnes for step in order])
    entries = {
        "meaning": (STEP, np.array([text for _, text in TONNES], dtype=object), {"units": ""}),
        "tonnes": (STEP, tonnes, {"units": "t/year"}),
        "change": (STEP, np.diff(tonnes, prepend=0.0), {"units": "t/year"}),
        "value": (STEP, [step.value for step in order], {"units": "million USD/year"}),
        "value_added": (STEP, [step.value_added for step in order], {"units": "million USD/year"}),
    }
    return xr.Dataset(entries, coords={STEP: [name for name, _ in TONNES]})


def bridge_value(
    found: dict[str, Step], futures: xr.DataTree, product: str, region: str, *, at_risk: float
) -> xr.Dataset:
    """From the panel's net shortfall in dollars to value added at risk.

    Parameters
    ----------
    found: What `steps` returned.
    futures: Result or catalogue that it was asked of.
    product, region: Form and region of the steps.
    at_risk: Value added that sectors of the region lose, million USD a year of the horizon.

    Returns
    -------
    Shape (step,): million USD a year after each step, and the change against the one before.
    """
    reference = futures["reference"].dataset
    at = {PRODUCT: product, REGION: region}
    ends = reference["ends_in"].sel(at)
    domestic = min(float(ends.sum()), 1.0)
    lacking = np.nan_to_num(series(futures, "shortage", product, region)).mean(axis=0)
    need = np.nan_to_num(reference["need"].sel(at).values.astype(float))
    everybody = worth(reference, ends, [str(name) for name in reference[SECTOR].values])
    horizon = float((lacking * need).mean()) * MONTHS_A_YEAR * domestic * everybody / 1e3
    money = [found["net"].value, found["net"].value_added, found["simulated"].value_added, horizon, at_risk]
    entries = {
        "meaning": (STEP, np.array([text for _, text in MONEY], dtype=object), {"units": ""}),
        "value": (STEP, money, {"units": "million USD/year"}),
        "change": (STEP, np.diff(money, prepend=0.0), {"units": "million USD/year"}),
    }
    return xr.Dataset(entries, coords={STEP: [name for name, _ in MONEY]})
