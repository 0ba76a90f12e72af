"""One run in three dialects: a stockpile panel's requirement, probability-weighted loss, and N-1; and a bridge."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from sim.errors import Fault, ScenarioError
from sim.questions import intervals
from sim.questions.concentration import largest_supplier
from sim.questions.emergency import Emergency, ServedClass, check, read_emergency
from sim.questions.futures import MONTHS_A_YEAR, Values, arrivals, has_market, need, opened, routes_into, series, years
from sim.scenario.base import nearest
from sim.variables import MONTH, PRODUCT, REGION, RESTRICTION, RUN, SECTOR, SLOT, STEPPED

CLASS, STEP = "class", "step"
LEAST_TONNES = 0.05
"""Gross demand a year below which a form is left out."""
QUANTILES = (0.05, 0.5, 0.95)
COLUMNS = ("gross_demand", "reliable_supply", "shortfall", "stock_offset", "net_shortfall")
SKIPPED_STAGES = ("mining", "scrap")
"""Stages that no stockpile holds."""


def requirement(
    emergency: str | Path | Emergency, source: str | Path | xr.DataTree, *, form: str | None = None
) -> xr.DataTree:
    """A requirement in three dialects, with a bridge between them.

    Parameters
    ----------
    emergency: An emergency, its file, or the name of a bundled sample.
    source: Result with monthly `shortage` and `delivery`, or catalogue.
    form: Product that the bridge is about; by default the magnet of which most is needed.

    Returns
    -------
    Groups `/panel` (time, class, product), `/totals` (class, product), `/at_risk` (restriction), `/n_1` (product) and
    `/bridge` (step); `sim/questions/COLUMNS.md` defines each column. Forms must not be added up: the same material
    passes through one after the other.

    Raises
    ------
    ScenarioError: The emergency has faults; all are listed.
    ResultError: The result lacks what is needed.
    """
    found = opened(source)
    need(found, "shortage", "delivery")
    plan = emergency if isinstance(emergency, Emergency) else read_emergency(emergency)
    reference = found["reference"].dataset
    check(plan, reference)
    forms = list(plan.products) or served_forms(plan, reference)
    if form is not None and form not in forms:
        raise ScenarioError(
            [Fault("--form", "", f"is '{form}', no form that the emergency needs", nearest(form, forms))]
        )
    parts = {product: Panel(plan, found, product) for product in forms}
    chosen = form or _main_form(parts, reference)
    result = xr.DataTree.from_dict(
        {
            "panel": _panel(parts, plan, found),
            "totals": _totals(parts, plan, found),
            "at_risk": at_risk(found, plan.region),
            "n_1": largest_supplier(reference, plan.region, forms, window=_window(plan, reference)),
            "bridge": bridge(plan, found, chosen),
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


class Panel:
    """The stockpile panel's arithmetic for one form, in every run and month of an emergency."""

    def __init__(self, plan: Emergency, found: xr.DataTree, product: str) -> None:
        """Work out all columns; arrays of shape (class, run, month), tonnes a month."""
        reference = found["reference"].dataset
        at = {PRODUCT: product, REGION: plan.region}
        window = _window(plan, reference)
        tonnes = reference["need"].sel(at).values[window].astype(float)
        ends = reference["ends_in"].sel(at)
        shares = np.array([float(ends.sel({SECTOR: list(row.sectors)}).sum()) for row in plan.classes.values()])
        domestic = min(float(ends.sum()), 1.0)
        lacking = np.nan_to_num(series(found, "shortage", product, plan.region))[:, window]
        factors = np.array([row.demand for row in plan.classes.values()])
        runs = len(lacking)
        self.gross_demand = np.repeat(((factors * shares)[:, None] * tonnes)[:, None], runs, axis=1)
        reliable = reliable_share(plan, found, product)[:, window]
        offered = tonnes * (1.0 - lacking) * reliable * (domestic + (1.0 - domestic) * (1.0 - plan.exports_kept))
        self.reliable_supply = _in_order(self.gross_demand, offered)
        self.shortfall = self.gross_demand - self.reliable_supply
        self.stock_offset = _from_stock(self.shortfall, plan.stocks.get(product, 0.0))
        self.net_shortfall = self.shortfall - self.stock_offset
        self.price = _price(found, product, plan.region)[..., window]

    def value(self, column: str) -> Values:
        """A column in million USD at the price of its run and month, shape (class, run, month)."""
        # t times USD/kg is thousand USD.
        return np.asarray(getattr(self, column) * self.price / 1e3)


def _window(plan: Emergency, reference: xr.Dataset) -> slice:
    months = [str(month)[:7] for month in reference[MONTH].values]
    begin = months.index(plan.start)
    return slice(begin, begin + plan.months)


def reliable_share(plan: Emergency, found: xr.DataTree, product: str) -> Values:
    """Share of what comes to a region's market that can be counted on, shape (run, month).

    Home output on the path without shocks counts in full; imports, as they arrive in each run, count by the reliability
    of their origin and less what is lost on the way.
    """
    reference = found["reference"].dataset
    home = reference["production"].sel({PRODUCT: product, REGION: plan.region}).fillna(0.0).values.astype(float)
    routes = routes_into(reference, product, plan.region)
    runs = found["monthly"].sizes[RUN]
    total = np.repeat(home[None], runs, axis=0)
    counted = total.copy()
    for origin, label in routes.items():
        arriving = arrivals(found, label) * reference["route_flow"].sel(route=label).values
        total += arriving
        counted += arriving * plan.reliability.get(origin, 1.0) * (1.0 - plan.shipping_loss)
    return np.asarray(np.divide(counted, total, out=np.ones_like(total), where=total > 0.0))


def _in_order(wanted: Values, offered: Values) -> Values:
    """What each class gets of what is offered, the first served first."""
    left, got = offered.copy(), np.zeros_like(wanted)
    for index, claim in enumerate(wanted):
        got[index] = np.minimum(claim, left)
        left -= got[index]
    return got


def _from_stock(shortfall: Values, stock: float) -> Values:
    """What a stock makes up month by month, the first class first, until it is used up."""
    left, used = np.full(shortfall.shape[1], stock), np.zeros_like(shortfall)
    for month in range(shortfall.shape[2]):
        for index in range(len(shortfall)):
            used[index, :, month] = np.minimum(shortfall[index, :, month], left)
            left -= used[index, :, month]
    return used


def _price(found: xr.DataTree, product: str, region: str) -> Values:
    """USD/kg in every run and month; the reference price where prices are not kept."""
    unit = float(found["reference"].dataset["unit_price"].sel({PRODUCT: product}))
    if "price" not in found["monthly"].dataset:
        return np.full((1, found["reference"].sizes[MONTH]), unit)
    return unit * series(found, "price", product, region)


def _main_form(parts: dict[str, Panel], reference: xr.Dataset) -> str:
    """The magnet of which most is needed; without magnets, the form of which most is."""
    stages = dict(zip(map(str, reference[PRODUCT].values), reference["stage_of"].values, strict=True))
    magnets = [product for product in parts if stages[product] == "magnet"] or list(parts)
    return max(magnets, key=lambda product: float(parts[product].gross_demand.sum()))


def _panel(parts: dict[str, Panel], plan: Emergency, found: xr.DataTree) -> xr.Dataset:
    """Means over runs by month, class and form, and the 95 % quantile of the net shortfall."""
    months = found["reference"].dataset[MONTH].values[_window(plan, found["reference"].dataset)]
    entries = {}
    for column in COLUMNS:
        values = np.stack([getattr(part, column).mean(axis=1).T for part in parts.values()], axis=-1)
        entries[column] = ((MONTH, CLASS, PRODUCT), values, {"units": "t/month"})
    high = [np.quantile(part.net_shortfall, 0.95, axis=1, method="inverted_cdf").T for part in parts.values()]
    entries["net_shortfall_q95"] = ((MONTH, CLASS, PRODUCT), np.stack(high, axis=-1), {"units": "t/month"})
    money = [part.value("net_shortfall").mean(axis=1).T for part in parts.values()]
    entries["net_shortfall_value"] = ((MONTH, CLASS, PRODUCT), np.stack(money, axis=-1), {"units": "million USD/month"})
    return xr.Dataset(entries, coords={MONTH: months, CLASS: list(plan.classes), PRODUCT: list(parts)})


def _totals(parts: dict[str, Panel], plan: Emergency, found: xr.DataTree) -> xr.Dataset:
    """Sums over the emergency by class and form: means with intervals, quantiles, and how often some is lacking."""
    names = [f"{column}{ending}" for column in COLUMNS for ending in ("", "_low", "_high")]
    names += ["net_shortfall_value", "net_shortfall_value_low", "net_shortfall_value_high", "chance_of_net_shortfall"]
    names += [f"net_shortfall_q{100 * level:02.0f}" for level in QUANTILES]
    grid = {name: np.zeros((len(plan.classes), len(parts))) for name in names}
    for column, part in enumerate(parts.values()):
        for row in range(len(plan.classes)):
            for name in COLUMNS:
                _put(grid, name, (row, column), intervals.mean(getattr(part, name)[row].sum(axis=1)))
            money = part.value("net_shortfall")[row].sum(axis=1)
            _put(grid, "net_shortfall_value", (row, column), intervals.mean(money))
            net = part.net_shortfall[row].sum(axis=1)
            grid["chance_of_net_shortfall"][row, column] = float((net > 1e-9).mean())
            for level in QUANTILES:
                quantile = np.quantile(net, level, method="inverted_cdf")
                grid[f"net_shortfall_q{100 * level:02.0f}"][row, column] = quantile
    units = {name: "million USD" if "value" in name else "1" if "chance" in name else "t" for name in names}
    return xr.Dataset(
        {name: ((CLASS, PRODUCT), values, {"units": units[name]}) for name, values in grid.items()},
        coords={CLASS: list(plan.classes), PRODUCT: list(parts)},
    )


def _put(grid: dict[str, Values], name: str, at: tuple[int, int], found: intervals.Interval) -> None:
    for ending, value in (("", found.value), ("_low", found.low), ("_high", found.high)):
        grid[f"{name}{ending}"][at] = value


def at_risk(found: xr.DataTree, region: str) -> xr.Dataset:
    """Value added and output lost a year in a region, by restriction, weighted by the chance that it strikes.

    In the manner of the USGS (probability of a disruption times the loss it brings); losses here are those of sectors,
    without effects on the rest of the economy. Rows are not additive: restrictions strike together.

    Parameters
    ----------
    found: Result or catalogue.
    region: Region whose sectors lose.

    Returns
    -------
    Shape (restriction,), and the region's loss whatever its cause without that dimension.
    """
    shocks, runs, span = found["shocks"].dataset, found["runs"].dataset, years(found)
    resumed = shocks["resumed"].transpose(RESTRICTION, SLOT, RUN).values
    new = np.isfinite(shocks["onset"].transpose(RESTRICTION, SLOT, RUN).values) & (resumed != STEPPED)
    strikes = new.any(axis=1)
    entries: dict[str, Any] = {
        "strikes_per_year": (RESTRICTION, new.sum(axis=1).mean(axis=1) / span, {"units": "1/year"}),
        "chance": (RESTRICTION, strikes.mean(axis=1), {"units": "1"}),
    }
    for name in ("lost_value_added", "lost_output"):
        lost = runs[name].sel({REGION: region}).sum(SECTOR).values.astype(float) / span
        given = [_mean(lost[row]) for row in strikes]
        without = [_mean(lost[~row]) for row in strikes]
        more = np.array(given) - np.array(without)
        entries[f"{name}_if_it_strikes"] = (RESTRICTION, given, {"units": "million USD/year"})
        entries[f"{name}_otherwise"] = (RESTRICTION, without, {"units": "million USD/year"})
        entries[f"{name}_weighted"] = (RESTRICTION, strikes.mean(axis=1) * more, {"units": "million USD/year"})
        total = intervals.mean(lost)
        for ending, value in (("", total.value), ("_low", total.low), ("_high", total.high)):
            entries[f"{name}_a_year{ending}"] = ((), value, {"units": "million USD/year"})
    return xr.Dataset(entries, coords={RESTRICTION: shocks[RESTRICTION].values})


def _mean(values: Values) -> float:
    return float(values.mean()) if values.size else float("nan")


STEPS = (
    ("n_1", "largest foreign supplier gone, others at full capacity"),
    ("simulated", "what the region lacks in the simulated runs"),
    ("unreliable", "and imports that cannot be counted on"),
    ("classes", "and only the classes served, at their surge or austerity"),
    ("net", "less what the stockpile makes up"),
)
"""Steps of the bridge from a static loss to a panel's net shortfall."""


def bridge(plan: Emergency, found: xr.DataTree, product: str) -> xr.Dataset:
    """From N-1 to the panel's net shortfall of one form, a change at a time, means over the emergency in t a year.

    Returns
    -------
    Shape (step,): tonnes after each step, the change against the one before, and their value; beside them what the
    tonnes of the simulated step are worth as value added of the sectors they would have served.
    """
    reference = found["reference"].dataset
    at = {PRODUCT: product, REGION: plan.region}
    window = _window(plan, reference)
    static = largest_supplier(reference, plan.region, [product], window=window)
    ends = reference["ends_in"].sel(at)
    everyone = {"all": ServedClass(sectors=tuple(str(name) for name in reference[SECTOR].values))}
    calm = plan.model_copy(
        update={"classes": everyone, "reliability": {}, "shipping_loss": 0.0, "stocks": {}, "exports_kept": 1.0}
    )
    trusting = {"reliability": plan.reliability, "shipping_loss": plan.shipping_loss}
    plans: Sequence[tuple[Emergency, str]] = (
        (calm, "shortfall"),
        (calm.model_copy(update=trusting), "shortfall"),
        (plan, "shortfall"),
        (plan, "net_shortfall"),
    )
    tonnes = [float(static["lost"][0]) * min(float(ends.sum()), 1.0)]
    price = float(reference["unit_price"].sel({PRODUCT: product}))
    money = [tonnes[0] * price / 1e3]
    for emergency, column in plans:
        part = Panel(emergency, found, product)
        tonnes.append(_a_year(getattr(part, column), plan.months))
        money.append(_a_year(part.value(column), plan.months))
    worth = (ends * reference["value_added"]).sum(SECTOR) / max(float(ends.sum()), 1e-12)
    return xr.Dataset(
        {
            "meaning": (STEP, np.array([text for _, text in STEPS], dtype=object), {"units": ""}),
            "tonnes": (STEP, tonnes, {"units": "t/year"}),
            "change": (STEP, np.diff(tonnes, prepend=0.0), {"units": "t/year"}),
            "value": (STEP, money, {"units": "million USD/year"}),
            "value_added": (STEP, np.array(tonnes) * float(worth) / 1e3, {"units": "million USD/year"}),
        },
        coords={STEP: [name for name, _ in STEPS]},
    )


def _a_year(values: Values, months: int) -> float:
    """Sum over classes, mean over runs, in a year."""
    return float(values.sum(axis=(0, 2)).mean() * MONTHS_A_YEAR / months)
