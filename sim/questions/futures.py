"""What questions about simulated months are asked of: a result with `/monthly`, or a catalogue of simulated years."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim import store
from sim.errors import Fault, ResultError, ScenarioError
from sim.scenario.base import nearest
from sim.variables import MONTH, PRODUCT, REGION, ROUTE, RUN, WORLD

Values = NDArray[np.float64]
MONTHS_A_YEAR = 12


def opened(source: str | Path | xr.DataTree) -> xr.DataTree:
    """A result, read whole, or a catalogue, of which each question reads what it needs.

    Parameters
    ----------
    source: Result or catalogue, or the path of one.

    Raises
    ------
    ResultError: It is neither.
    """
    if isinstance(source, xr.DataTree):
        return source
    from sim.questions.catalogue import is_catalogue, open_catalogue

    path = Path(source)
    return open_catalogue(path) if is_catalogue(path) else store.open_results(path)


def need(found: xr.DataTree, *names: str) -> None:
    """Say what a question lacks.

    Parameters
    ----------
    names: Variables of `/monthly`.

    Raises
    ------
    ResultError: The result has no `/reference`, or lacks a variable of `/monthly`.
    """
    if "reference" not in found.children:
        raise ResultError("the result has no group /reference: it was made by an older version; simulate it again")
    have = set(found["monthly"].data_vars) if "monthly" in found.children else set()
    lacking = [name for name in names if name not in have]
    if lacking:
        raise ResultError(
            f"the result has no monthly {', '.join(lacking)}; simulate it with --monthly {','.join(names)}, "
            "or make a catalogue (sim catalogue)"
        )


def series(found: xr.DataTree, name: str, product: str, region: str) -> Values:
    """Monthly path of a variable of one product in one region, every run, shape (run, month)."""
    data = found["monthly"].dataset[name].sel({PRODUCT: product, REGION: region})
    return by_run(data)


def by_run(path: xr.DataArray) -> Values:
    """Values of a monthly path, shape (run, month), with the same digits from a result and from a catalogue."""
    return path.transpose(RUN, MONTH).values.astype(np.float32).astype(float)


def deliveries(found: xr.DataTree, route: str) -> Values:
    """Shipments sent on a route over those without shocks, every run, shape (run, month)."""
    return by_run(found["monthly"].dataset["delivery"].sel({ROUTE: route}))


def has_market(reference: xr.Dataset, product: str, region: str) -> bool:
    """Whether anybody takes a product in in a region."""
    need_there = reference["need"].sel({PRODUCT: product, REGION: region})
    return bool((need_there > 0.0).any())


def routes_into(reference: xr.Dataset, product: str, region: str) -> dict[str, str]:
    """Routes that bring a product to a region on the path without shocks: label of the route by origin."""
    names = zip(
        reference[ROUTE].values,
        reference["route_product"].values,
        reference["route_origin"].values,
        reference["route_destination"].values,
        strict=True,
    )
    return {str(origin): str(label) for label, made, origin, to in names if made == product and to == region}


def arrivals(found: xr.DataTree, route: str) -> Values:
    """What arrives on a route over what does without shocks, every run, shape (run, month).

    Shipments are put off by their transit; before the first, all arrives.
    """
    return delayed(deliveries(found, route), float(found["reference"].dataset["transit"].sel({ROUTE: route})))


def delayed(path: Values, months: float) -> Values:
    """A path put off by a number of months, whole or not; 1 before it begins.

    Example
    -------
    >>> delayed(np.array([[0.0, 0.0, 1.0]]), 0.5)
    array([[0.5, 0. , 0.5]])
    """
    whole, part = int(months), months - int(months)
    padded = np.concatenate([np.ones((len(path), whole + 1)), path], axis=1)
    count = path.shape[1]
    return np.asarray((1.0 - part) * padded[:, 1 : 1 + count] + part * padded[:, :count])


def known(faults: list[Fault], file: str, key: str, name: str, names: list[str], kind: str) -> None:
    """Note a name that is not known, with the nearest that is."""
    if name not in names:
        faults.append(Fault(file, key, f"is '{name}', no {kind}", nearest(name, names)))


def checked_market(found: xr.DataTree, product: str | None, region: str, *, where: str = "the question") -> None:
    """Check a product, if one is asked for, and a region.

    Raises
    ------
    ScenarioError: One of them is unknown, or nobody takes the product in there.
    """
    reference, faults = found["reference"].dataset, list[Fault]()
    regions = [str(name) for name in reference[REGION].values if name != WORLD]
    products = [str(name) for name in reference[PRODUCT].values]
    known(faults, where, "region", region, regions, "region")
    if product is not None:
        known(faults, where, "product", product, products, "product")
    if not faults and product is not None and not has_market(reference, product, region):
        have = ", ".join(name for name in regions if has_market(reference, product, name))
        faults.append(Fault(where, "product", f"is '{product}', which nobody takes in in {region}", f"regions: {have}"))
    if faults:
        raise ScenarioError(faults)


def years(found: xr.DataTree) -> float:
    """Length of the horizon of each run."""
    return float(found["reference"].sizes[MONTH] / MONTHS_A_YEAR)
