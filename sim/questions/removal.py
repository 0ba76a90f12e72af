"""N-1: what a region lacks of each form and stage if its largest foreign supplier is gone, and nothing else changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from sim.questions.concentration import suppliers
from sim.questions.futures import MONTHS_A_YEAR
from sim.variables import MONTH, PRODUCT, REGION, STAGE


@dataclass(frozen=True)
class Supply:
    """Who supplies a region with a product, t a year, and how much more each could send."""

    sent: dict[str, float]
    """By origin, the region's own makers among them."""
    spare: dict[str, float]
    """Spare capacity of each, of what it makes; taken as the share by which it can send more."""

    @property
    def total(self) -> float:
        """All supply."""
        return sum(self.sent.values())

    def lost_without(self, gone: str) -> float:
        """What is lacking if one supplier is gone and the others send what their spare capacity allows."""
        more = sum(tonnes * self.spare[origin] for origin, tonnes in self.sent.items() if origin != gone)
        return max(self.sent.get(gone, 0.0) - more, 0.0)


def supply(reference: xr.Dataset, flows: xr.Dataset, product: str, region: str) -> Supply:
    """Supply of a product in a region.

    Parameters
    ----------
    flows: `production` and `route_flow` without the dimension of months, t a year.
    """
    sent = {origin: float(tonnes) for origin, tonnes in suppliers(reference, flows, product, region).items()}
    spare = reference["spare"].sel({PRODUCT: product}).fillna(0.0)
    return Supply(sent, {origin: max(float(spare.sel({REGION: origin})), 0.0) for origin in sent})


def n_1(reference: xr.Dataset, region: str, products: Sequence[str], *, window: slice | None = None) -> xr.Dataset:
    """N-1 by product: the largest foreign supplier of each is gone.

    Parameters
    ----------
    region: Region that is supplied.
    products: Products, such as all forms that an emergency needs.
    window: Months that count; the first year by default.

    Returns
    -------
    Shape (product,): who it is, its share, tonnes a year gone, and lost after the others have sent what their spare
    capacity allows, and what supply is left.
    """
    flows = _flows(reference, window)
    rows = {product: supply(reference, flows, product, region) for product in products}
    largest = {product: _largest(row.sent, region) for product, row in rows.items()}
    gone = [row.sent.get(largest[product], 0.0) for product, row in rows.items()]
    lost = [row.lost_without(largest[product]) for product, row in rows.items()]
    total = [row.total for row in rows.values()]
    stages = [str(reference["stage_of"].sel({PRODUCT: product}).values) for product in products]
    found = _labelled(PRODUCT, list(products), list(largest.values()), np.array([gone, lost, total]), "t/year")
    found[STAGE] = (PRODUCT, np.array(stages, dtype=object), {"units": ""})
    return found


def n_1_stages(
    reference: xr.Dataset, region: str, products: Sequence[str], *, window: slice | None = None
) -> xr.Dataset:
    """N-1 by stage: one country, the largest foreign supplier of the stage by value, is gone for all of its products.

    Parameters
    ----------
    region, products, window: As of `n_1`.

    Returns
    -------
    Shape (stage,): as `n_1`, in million USD a year at reference prices.
    """
    flows = _flows(reference, window)
    groups: dict[str, list[str]] = {}
    for product in products:
        groups.setdefault(str(reference["stage_of"].sel({PRODUCT: product}).values), []).append(product)
    names: list[str] = []
    columns = np.zeros((3, len(groups)))
    for row, members in enumerate(groups.values()):
        found = {product: supply(reference, flows, product, region) for product in members}
        # t times USD/kg is thousand USD.
        price = {product: float(reference["unit_price"].sel({PRODUCT: product})) / 1e3 for product in members}
        worth: dict[str, float] = {}
        for product, each in found.items():
            for origin, tonnes in each.sent.items():
                worth[origin] = worth.get(origin, 0.0) + price[product] * tonnes
        largest = _largest(worth, region)
        names.append(largest)
        columns[0, row] = worth.get(largest, 0.0)
        columns[1, row] = sum(price[product] * each.lost_without(largest) for product, each in found.items())
        columns[2, row] = sum(worth.values())
    return _labelled(STAGE, list(groups), names, columns, "million USD/year")


def _flows(reference: xr.Dataset, window: slice | None) -> xr.Dataset:
    """Tonnes a year over some months."""
    months = window or slice(0, MONTHS_A_YEAR)
    return reference[["production", "route_flow"]].isel({MONTH: months}).mean(MONTH) * MONTHS_A_YEAR


def _largest(sent: dict[str, float], region: str) -> str:
    """The foreign origin that sends most; empty where there is none."""
    foreign = {origin: amount for origin, amount in sent.items() if origin != region and amount > 0.0}
    return max(foreign, key=lambda origin: foreign[origin], default="")


def _labelled(dim: str, labels: list[str], names: list[str], amounts: np.ndarray, unit: str) -> xr.Dataset:
    """Columns of N-1 out of what is gone, lost and supplied in all, shape (3, label)."""
    gone, lost, total = amounts
    there = np.where(total > 0.0, total, np.nan)
    return xr.Dataset(
        {
            "supplier": (dim, np.array(names, dtype=object), {"units": ""}),
            "share": (dim, gone / there, {"units": "1"}),
            "gone": (dim, gone, {"units": unit}),
            "lost": (dim, lost, {"units": unit}),
            "covered": (dim, 1.0 - lost / there, {"units": "1"}),
        },
        coords={dim: labels},
    )
