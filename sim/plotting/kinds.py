"""Every picture that can be asked for by name, with what it needs to be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from sim.errors import ResultError
from sim.plotting import curves, fans, flows, heatmaps, histories, overview, timelines
from sim.results.summary import hardest_hit
from sim.scenario.base import nearest


@dataclass(frozen=True)
class Wanted:
    """What a picture is to show; what is not given is chosen for it."""

    product: str | None = None
    """Product, stage or sector."""
    region: str | None = None
    variable: str | None = None
    quantile: float | None = None
    run: int | None = None
    folder: Path | None = None
    """Folder that the chain of the result is relative to."""


@dataclass(frozen=True)
class Picture:
    """A kind of picture."""

    about: str
    """What it shows."""
    draw: Callable[[xr.DataTree, Wanted, str], Figure]
    """Draws it from results, a wish, and the region wished for or else the hardest hit."""
    needs_product: bool = False
    takes: tuple[str, ...] = ()
    """Options it knows besides the product it needs."""


def _product(wanted: Wanted) -> str:
    if wanted.product is None:
        raise ResultError("this kind of picture needs a product")
    return wanted.product


def _stages(results: xr.DataTree, wanted: Wanted, region: str) -> Figure:
    return overview.stages(results, region)


def _fan(results: xr.DataTree, wanted: Wanted, region: str) -> Figure:
    name = wanted.variable or "price"
    return fans.fan_figure(results, name, of=_product(wanted), region=region)


def _heat(results: xr.DataTree, wanted: Wanted, region: str) -> Figure:
    place = None if wanted.product else region
    return heatmaps.heat_figure(results, region=place, of=wanted.product, quantile=wanted.quantile)


def _map(results: xr.DataTree, wanted: Wanted, region: str) -> Figure:
    return flows.chain_map(results, quantile=wanted.quantile, folder=wanted.folder)


def _history(results: xr.DataTree, wanted: Wanted, region: str) -> Figure:
    return histories.history(results, of=_product(wanted), region=region, run=wanted.run)


def _quoted(results: xr.DataTree, wanted: Wanted, region: str) -> Figure:
    return curves.sourced(curves.quoted(results, of=_product(wanted), region=region), results)


def _exceedance(results: xr.DataTree, wanted: Wanted, region: str) -> Figure:
    name = wanted.variable or "peak_price"
    axes = curves.exceeded(results, name, of=_product(wanted), region=region)
    return curves.sourced(axes, results)


def _shocks(results: xr.DataTree, wanted: Wanted, region: str) -> Figure:
    return timelines.shocks(results)


KINDS = {
    "stages": Picture("price and shortage at every stage of a region", _stages, takes=("region",)),
    "fan": Picture("one variable over time, with its spread over runs", _fan, True, ("region", "variable")),
    "heat": Picture(
        "price and shortage over time as colours: stages of a region, or regions of a product",
        _heat,
        takes=("product", "region", "quantile"),
    ),
    "map": Picture(
        "who makes for whom at every stage, and who misses it in the worst month", _map, takes=("quantile",)
    ),
    "history": Picture("price of a product above, restrictions in force below", _history, True, ("region", "run")),
    "quoted": Picture("quoted against transacted price of a product", _quoted, True, ("region",)),
    "exceedance": Picture(
        "how often a variable of /runs exceeds a value, with its error", _exceedance, True, ("region", "variable")
    ),
    "shocks": Picture("when each restriction is in force and sets in", _shocks),
}
"""Pictures by name."""


def check(kind: str, wanted: Wanted) -> None:
    """Say what is wrong with a wish, before anything is drawn.

    Raises
    ------
    ResultError: An unknown kind, a product that is missing, or options the kind does not know.
    """
    if kind not in KINDS:
        raise ResultError(f"'{kind}' is no kind of picture; {nearest(kind, KINDS)}")
    picture = KINDS[kind]
    faults = []
    if picture.needs_product and wanted.product is None:
        faults.append(f"--kind {kind} needs --product, such as --product dy_oxide")
    known = (*picture.takes, *(("product",) if picture.needs_product else ()))
    faults += _unused(kind, wanted, known)
    if kind == "heat" and wanted.product is not None and wanted.region is not None:
        faults.append("--kind heat takes --product (its rows are regions) or --region (its rows are stages), not both")
    if faults:
        raise ResultError("\n".join(faults))


def _unused(kind: str, wanted: Wanted, known: tuple[str, ...]) -> list[str]:
    """The fault of options that a kind does not know, if any was given."""
    given = [name for name in ("product", "region", "variable", "quantile", "run") if getattr(wanted, name) is not None]
    unused = [f"--{name}" for name in given if name not in known]
    return [f"--kind {kind} has no use for {', '.join(unused)}; leave it out"] if unused else []


def refuse(kind: str, wanted: Wanted, *, known: tuple[str, ...]) -> None:
    """Say which options a kind of picture does not know.

    Parameters
    ----------
    kind: Its name.
    wanted: What was asked for.
    known: Options it knows.

    Raises
    ------
    ResultError: Others were given.

    Example
    -------
    >>> refuse("forest", Wanted(), known=())
    """
    faults = _unused(kind, wanted, known)
    if faults:
        raise ResultError("\n".join(faults))


@dataclass(frozen=True)
class Drawn:
    """A picture and the region it is of, if it is of one."""

    figure: Figure
    region: str | None


def draw(results: xr.DataTree, kind: str, wanted: Wanted) -> Drawn:
    """Draw a kind of picture.

    Parameters
    ----------
    results: What `sim.run` or `sim.open_results` returned.
    kind: A key of `KINDS`.
    wanted: What it is to show.

    Raises
    ------
    ResultError: The wish cannot be met.
    """
    check(kind, wanted)
    picture = KINDS[kind]
    region = wanted.region or hardest_hit(results)
    is_of_one = "region" in picture.takes and not (kind == "heat" and wanted.product)
    return Drawn(picture.draw(results, wanted, region), region if is_of_one else None)
