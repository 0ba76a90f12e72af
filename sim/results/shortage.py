"""What becomes of demand that is not met: the parts of shortage of each product, and whom its lack holds up."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from sim.results.lookup import chosen, labels, variable
from sim.results.portions import of_each_run
from sim.results.quantiles import Spread, spread
from sim.variables import PRODUCT, REGION, RUN, WORLD

LEAST = 1.0
"""Tonnes that some part must reach, at the 5 or 95 % quantile, for a product to be listed."""


@dataclass(frozen=True)
class Parts:
    """Tonnes over the whole horizon of each run."""

    rationed: Spread
    """Wanted at the price and not delivered to users."""
    destroyed: Spread
    """Given up by users because of the price."""
    substituted: Spread
    """Replaced by users, less what they take over from other products; negative for a substitute."""
    saved: Spread
    """What makers did without at lower intensities; negative at higher ones."""
    held_up: Spread
    """Activity of makers that did not run for want of it."""

    @property
    def largest(self) -> float:
        """Largest quoted quantile of any part, whatever its sign."""
        return max(abs(value) for part in fields(self) for value in _quoted(getattr(self, part.name)))


@dataclass(frozen=True)
class ShortageRow:
    """A product in a region, or in all of them together."""

    product: str
    region: str
    parts: Parts
    in_conflict: ShortageRow | None = None
    """The same in conflict runs."""


def _quoted(part: Spread) -> tuple[float, ...]:
    return (part.low, part.middle, part.high)


def shortages(
    results: xr.DataTree, among: NDArray[np.bool_] | None = None, *, region: str | None = None
) -> tuple[ShortageRow, ...]:
    """Products of which some part of shortage is worth mention, in the order of the chain.

    Parameters
    ----------
    among: Conflict runs, shape (run,), where they are to be told apart.
    region: Only this region; by default all together.

    Raises
    ------
    ResultError: The region does not exist, or the result lacks a variable.
    """
    found = {part.name: _spreads(results, f"product_{part.name}", among, region) for part in fields(Parts)}
    place = WORLD if region is None else region
    rows = []
    for product in found["rationed"]:
        parts = Parts(**{name: spreads[product][0] for name, spreads in found.items()})
        if not parts.largest >= LEAST:
            continue
        then = None
        if among is not None:
            of_conflict = Parts(**{name: spreads[product][1] for name, spreads in found.items()})
            then = ShortageRow(product, place, of_conflict)
        rows.append(ShortageRow(product, place, parts, then))
    return tuple(rows)


def _spreads(
    results: xr.DataTree, name: str, among: NDArray[np.bool_] | None, region: str | None
) -> dict[str, tuple[Spread, Spread]]:
    """Spread of a part of shortage of each product, over all runs and over conflict runs."""
    tonnes = _tonnes(results, name, region)
    found = {}
    for product in tonnes[PRODUCT].values:
        values = tonnes.sel({PRODUCT: product}).values
        of_all = spread(values)
        found[str(product)] = of_all, of_all if among is None else spread(values[among])
    return found


def _tonnes(results: xr.DataTree, name: str, region: str | None) -> xr.DataArray:
    """Tonnes by run and product, of one region or of all."""
    found = variable(results, "runs", name)
    if region is None:
        return of_each_run(found, lambda part: part.sum(REGION)).transpose(PRODUCT, RUN)
    return found.sel({REGION: chosen(region, labels(found, REGION), REGION)}).transpose(PRODUCT, RUN)
