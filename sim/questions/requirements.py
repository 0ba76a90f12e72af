"""One run in three dialects: a stockpile panel's requirement, probability-weighted loss, and N-1; and bridges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from sim.errors import Fault, ScenarioError
from sim.questions import bridges
from sim.questions.emergency import Emergency, check, read_emergency
from sim.questions.futures import MONTHS_A_YEAR, Values, has_market, need, opened
from sim.questions.panel import COLUMNS, Panel, window
from sim.questions.removal import n_1, n_1_stages
from sim.questions.value_at_risk import at_risk
from sim.results import intervals
from sim.results.intervals import Interval
from sim.scenario.base import nearest
from sim.variables import MONTH, PRODUCT, REGION, SECTOR

CLASS = "class"
LEAST_TONNES = 0.05
"""Gross demand a year below which a form is left out."""
NOTHING = 1e-9
"""Tonnes below which a shortfall is the rounding of sums."""
QUANTILES = (0.05, 0.5, 0.95)
SKIPPED_STAGES = ("mining", "scrap")
"""Stages that no stockpile holds."""


def requirement(
    emergency: str | Path | Emergency, source: str | Path | xr.DataTree, *, form: str | None = None
) -> xr.DataTree:
    """A requirement in three dialects, with bridges between them.

    Parameters
    ----------
    emergency: An emergency, its file, or the name of a bundled sample.
    source: Result with monthly `shortage` and `delivery`, or catalogue.
    form: Product that the bridges are about; by default the magnet of which most is needed.

    Returns
    -------
    Groups `/panel` (time, class, product), `/totals` (class, product), `/at_risk` (restriction), `/n_1` (product),
    `/n_1_stages` (stage), `/bridge` (step) from N-1 to the panel and `/bridge_value` (step) from the panel to value
    added at risk; `sim/questions/COLUMNS.md` defines each column. Forms must not be added up: the same material passes
    through one after the other.

    Raises
    ------
    ScenarioError: The emergency has faults; all are listed.
    ResultError: The result lacks what is needed.
    """
    found = opened(source)
    need(found, "shortage", "delivery")
    plan = emergency if isinstance(emergency, Emergency) else read_emergency(emergency)
    reference = found["reference"].dataset
    check(plan, reference, file="emergency" if isinstance(emergency, Emergency) else Path(emergency).name)
    forms = list(plan.products) or served_forms(plan, reference)
    if not forms:
        problem = f"are served in {plan.region} by no form of which {LEAST_TONNES:g} t a year are taken in"
        raise ScenarioError([Fault("emergency", "classes", problem, "serve other sectors, or another region")])
    if form is not None and form not in forms:
        raise ScenarioError(
            [Fault("--form", "", f"is '{form}', no form that the emergency needs", nearest(form, forms))]
        )
    # One form at a time: all runs of all forms together would fill the memory.
    rows = [_of_form(product, plan, found) for product in forms]
    panel, totals = (xr.concat([row[part] for row in rows], dim=PRODUCT) for part in (0, 1))
    chosen = form or _main_form(totals, reference)
    steps = bridges.steps(plan, found, chosen)
    months = window(plan, reference)
    result = xr.DataTree.from_dict(
        {
            "panel": panel.transpose(MONTH, CLASS, PRODUCT),
            "totals": totals.transpose(CLASS, PRODUCT),
            "at_risk": at_risk(found, plan.region),
            "n_1": n_1(reference, plan.region, forms, window=months),
            "n_1_stages": n_1_stages(reference, plan.region, forms, window=months),
            "bridge": bridges.bridge(steps),
            "bridge_value": bridges.bridge_value(steps, found, chosen, plan.region),
        }
    )
    result.attrs = {name: found.attrs[name] for name in ("title", "seed", "runs", "oreflow_version")}
    result.attrs |= {"emergency": plan.title, "region": plan.region, "form": chosen}
    return result


def served_forms(plan: Emergency, reference: xr.Dataset) -> list[str]:
    """Products of which a region takes in some that ends in a class served, in the order of the chain."""
    sectors = [sector for served in plan.classes.values() for sector in served.sectors]
    forms = []
    for product, stage in zip(reference[PRODUCT].values, reference["stage_of"].values, strict=True):
        if stage in SKIPPED_STAGES or not has_market(reference, str(product), plan.region):
            continue
        at = {PRODUCT: product, REGION: plan.region}
        ends = float(reference["ends_in"].sel(at).sel({SECTOR: sectors}).sum())
        if ends * float(reference["need"].sel(at).mean()) * MONTHS_A_YEAR > LEAST_TONNES:
            forms.append(str(product))
    return forms


def _of_form(product: str, plan: Emergency, found: xr.DataTree) -> tuple[xr.Dataset, xr.Dataset]:
    """Rows of one form: by month and over the emergency."""
    part = Panel(plan, found, product)
    months = found["reference"].dataset[MONTH].values[window(plan, found["reference"].dataset)]
    labels = {CLASS: list(plan.classes), PRODUCT: product}
    return _by_month(part).assign_coords(labels | {MONTH: months}), _totals(part).assign_coords(labels)


def _main_form(totals: xr.Dataset, reference: xr.Dataset) -> str:
    """The magnet of which most is needed; without magnets, the form of which most is."""
    wanted = totals["gross_demand"].sum(CLASS)
    stages = reference["stage_of"].sel({PRODUCT: wanted[PRODUCT]}).values
    magnets = wanted[stages == "magnet"] if (stages == "magnet").any() else wanted
    return str(magnets[PRODUCT].values[int(np.argmax(magnets.values))])


def _by_month(part: Panel) -> xr.Dataset:
    """Means over runs by month and class in tonnes and dollars, and the 95 % quantile of the net shortfall."""
    entries = {}
    for column in COLUMNS:
        entries[column] = (getattr(part, column).mean(axis=1), "t/month")
        entries[f"{column}_value"] = (part.value(column).mean(axis=1), "million USD/month")
    entries["net_shortfall_q95"] = (_quantile(part.net_shortfall, 0.95), "t/month")
    return xr.Dataset({name: ((CLASS, MONTH), values, {"units": unit}) for name, (values, unit) in entries.items()})


def _totals(part: Panel) -> xr.Dataset:
    """Sums over the emergency by class: means with intervals, quantiles, and how often some is lacking."""
    entries: dict[str, tuple[Values, str]] = {}

    def put(name: str, figure: Interval, unit: str) -> None:
        """Add a figure and the ends of its interval."""
        for ending, values in (("", figure.value), ("_low", figure.low), ("_high", figure.high)):
            entries[f"{name}{ending}"] = (np.asarray(values), unit)

    for column in COLUMNS:
        put(column, intervals.mean(getattr(part, column).sum(axis=2)), "t")
        put(f"{column}_value", intervals.mean(part.value(column).sum(axis=2)), "million USD")
    net, money = part.net_shortfall.sum(axis=2), part.value("net_shortfall").sum(axis=2)
    put("chance_of_net_shortfall", intervals.shares((net > NOTHING).sum(axis=1), net.shape[1]), "1")
    for level in QUANTILES:
        ending = f"q{100 * level:02.0f}"
        entries[f"net_shortfall_{ending}"] = (_quantile(net, level), "t")
        entries[f"net_shortfall_value_{ending}"] = (_quantile(money, level), "million USD")
    return xr.Dataset({name: (CLASS, values, {"units": unit}) for name, (values, unit) in entries.items()})


def _quantile(values: Values, level: float) -> Values:
    """Quantile over runs, the second axis."""
    return np.asarray(np.quantile(values, level, axis=1, method="inverted_cdf"))
