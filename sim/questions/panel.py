"""A stockpile panel's arithmetic: what classes of users want of a form, what can be counted on, what a stock adds."""

from __future__ import annotations

import numpy as np
import xarray as xr

from sim.questions.emergency import Emergency, by_month
from sim.questions.futures import Values, arrivals, routes_into, series
from sim.variables import MONTH, ORIGIN, PRODUCT, REGION, RUN, SECTOR

COLUMNS = ("gross_demand", "reliable_supply", "shortfall", "stock_offset", "net_shortfall")


class Panel:
    """The panel's columns for one form, in every run and month of an emergency."""

    def __init__(self, plan: Emergency, found: xr.DataTree, product: str) -> None:
        """Work out all columns; arrays of shape (class, run, month), tonnes a month."""
        reference = found["reference"].dataset
        at = {PRODUCT: product, REGION: plan.region}
        months = window(plan, reference)
        tonnes = reference["need"].sel(at).values[months].astype(float)
        ends = reference["ends_in"].sel(at)
        shares = np.array([float(ends.sel({SECTOR: list(row.sectors)}).sum()) for row in plan.classes.values()])
        domestic = min(float(ends.sum()), 1.0)
        lacking = np.nan_to_num(series(found, "shortage", product, plan.region))[:, months]
        demand = np.array([by_month(row.demand, plan.months) for row in plan.classes.values()])
        gross = demand * shares[:, None] * tonnes
        self.gross_demand = np.repeat(gross[:, None], len(lacking), axis=1)
        diverted = (1.0 - domestic) * (1.0 - by_month(plan.exports_kept, plan.months))
        offered = tonnes * (1.0 - lacking) * reliable_share(plan, found, product) * (domestic + diverted)
        self.reliable_supply = in_order(self.gross_demand, offered)
        self.shortfall = self.gross_demand - self.reliable_supply
        self.stock_offset = from_stock(self.shortfall, plan.stocks.get(product, 0.0), by=plan.stock_order)
        self.net_shortfall = self.shortfall - self.stock_offset
        self.price = price(found, product, plan.region)[..., months]

    def value(self, column: str) -> Values:
        """A column in million USD at the price of its run and month, shape (class, run, month)."""
        # t times USD/kg is thousand USD.
        return np.asarray(getattr(self, column) * self.price / 1e3)


def window(plan: Emergency, reference: xr.Dataset) -> slice:
    """Months of an emergency, of those of a result."""
    months = [str(month)[:7] for month in reference[MONTH].values]
    begin = months.index(plan.start)
    return slice(begin, begin + plan.months)


def reliable_share(plan: Emergency, found: xr.DataTree, product: str) -> Values:
    """Share of what comes to a region's market that can be counted on, shape (run, month of the emergency).

    Home output on the path without shocks counts; imports, as they arrive in each run, count by the reliability of
    their origin and less what is lost on the way. Where inputs count (`count_inputs`), neither counts more than the
    material that is in it: see `through_inputs`.
    """
    reference = found["reference"].dataset
    months = window(plan, reference)
    home = reference["production"].sel({PRODUCT: product, REGION: plan.region}).fillna(0.0).values.astype(float)
    arrived = 1.0 - by_month(plan.shipping_loss, plan.months)
    total = np.repeat(home[None, months], found["monthly"].sizes[RUN], axis=0)
    counted = total * through_inputs(plan, reference, product, plan.region)
    for origin, label in routes_into(reference, product, plan.region).items():
        arriving = (arrivals(found, label) * reference["route_flow"].sel(route=label).values)[:, months]
        trusted = by_month(plan.reliability.get(origin, (1.0,)), plan.months)
        total += arriving
        counted += arriving * np.minimum(trusted, through_inputs(plan, reference, product, origin)) * arrived
    return np.asarray(np.divide(counted, total, out=np.ones_like(total), where=total > 0.0))


def through_inputs(plan: Emergency, reference: xr.Dataset, product: str, source: str) -> Values:
    """Share of what a source supplies that can be counted on for its material, shape (month of the emergency,).

    What passed through an unreliable region at any stage counts by the reliability of that region; parts that passed
    through several such regions are taken to be different parts, so that the share is a lower bound.
    """
    lost = np.zeros(plan.months)
    if plan.count_inputs:
        for origin, trust in plan.reliability.items():
            if origin != source:
                lost += (1.0 - by_month(trust, plan.months)) * content(reference, product, source, plan.region, origin)
    return np.maximum(1.0 - lost, 0.0)


def content(reference: xr.Dataset, product: str, source: str, region: str, origin: str) -> float:
    """Share of what a source sends to a region that was made in an origin at any stage, or of material from there.

    Of another region it is that of its market. Of the region's own makers it is what is left of that of the region's
    market once imports are taken out of it.
    """
    touched = reference["touched"].sel({ORIGIN: origin, PRODUCT: product}).fillna(0.0)
    if source != region:
        return float(touched.sel({REGION: source}))
    first = {MONTH: 0}
    made = float(reference["production"].isel(first).sel({PRODUCT: product, REGION: region}).fillna(0.0))
    if made <= 0.0:
        return 0.0
    supply = passed = 0.0
    for other, label in routes_into(reference, product, region).items():
        sent = float(reference["route_flow"].isel(first).sel(route=label))
        supply += sent
        passed += sent * float(touched.sel({REGION: other}))
    own = (float(touched.sel({REGION: region})) * (supply + made) - passed) / made
    return min(max(own, 0.0), 1.0)


def in_order(wanted: Values, offered: Values) -> Values:
    """What each class gets of what is offered, the first served first.

    Example
    -------
    >>> in_order(np.array([[[3.0]], [[4.0]]]), np.array([[5.0]])).ravel().tolist()
    [3.0, 2.0]
    """
    left, got = offered.copy(), np.zeros_like(wanted)
    for index, claim in enumerate(wanted):
        got[index] = np.minimum(claim, left)
        left -= got[index]
    return got


def from_stock(shortfall: Values, stock: float, *, by: str = "month") -> Values:
    """What a stock makes up until it is used up.

    Parameters
    ----------
    shortfall: Shape (class, run, month).
    stock: Tonnes at the start.
    by: `month`: as months come, the first class first in each; `class`: the first class for all months first.

    Example
    -------
    >>> from_stock(np.array([[[1.0, 1.0]], [[2.0, 2.0]]]), 3.0, by="class").tolist()
    [[[1.0, 1.0]], [[1.0, 0.0]]]
    """
    left, used = np.full(shortfall.shape[1], stock), np.zeros_like(shortfall)
    classes, months = range(len(shortfall)), range(shortfall.shape[2])
    turns = [(c, m) for c in classes for m in months] if by == "class" else [(c, m) for m in months for c in classes]
    for index, month in turns:
        used[index, :, month] = np.minimum(shortfall[index, :, month], left)
        left -= used[index, :, month]
    return used


def price(found: xr.DataTree, product: str, region: str) -> Values:
    """USD/kg in every run and month; the reference price where prices are not kept."""
    unit = float(found["reference"].dataset["unit_price"].sel({PRODUCT: product}))
    if "price" not in found["monthly"].dataset:
        return np.full((1, found["reference"].sizes[MONTH]), unit)
    return unit * series(found, "price", product, region)
