"""What can be chosen on the page of `sim explore`, and what it shows of a choice: plain text, tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.errors import ResultError
from sim.plotting import alongside, fans, heatmaps, style
from sim.report.figures import Picture, inside
from sim.report.findings import counted, measured
from sim.results import intervals, sentences
from sim.results.lookup import labels, origin, paths, variable
from sim.results.quantiles import over_runs
from sim.results.summary import hardest_hit
from sim.results.tables import Table
from sim.scenario.dates import span
from sim.variables import DEAR, MONTH, PRODUCT, QUANTILE, REGION, RUN

MOST = len(alongside.LOOKS)
"""Results shown at once."""


@dataclass(frozen=True)
class Choice:
    """What a reader chose."""

    scenarios: tuple[str, ...]
    """Names of results."""
    product: str
    region: str
    quantile: float


@dataclass(frozen=True)
class View:
    """What is shown of a choice."""

    sentences: tuple[str, ...]
    table: Table | None
    pictures: tuple[Picture, ...]
    missing: tuple[str, ...]
    """Why something is not shown."""


def named(results: list[xr.DataTree]) -> dict[str, xr.DataTree]:
    """Results by names that differ: their scenarios, with seed and place where several are of one scenario.

    Parameters
    ----------
    results: What `sim.open_results` returned.
    """
    names = [origin(each).scenario for each in results]
    found = {}
    for place, (name, each) in enumerate(zip(names, results, strict=True), start=1):
        same = names.count(name) > 1
        found[f"{name} ({place}: {origin(each).runs:,} runs, seed {origin(each).seed})" if same else name] = each
    return found


def places(results: Mapping[str, xr.DataTree]) -> dict[str, tuple[str, ...]]:
    """Regions in which each product has a price, in any of the results; products and regions in their usual order."""
    found: dict[str, dict[str, None]] = {}
    for each in results.values():
        price = variable(each, "distribution", "price").isel({QUANTILE: 0, MONTH: 0}).load()
        for product in labels(price, PRODUCT):
            there = price.sel({PRODUCT: product}).dropna(REGION)
            found.setdefault(product, {}).update(dict.fromkeys(labels(there, REGION)))
    return {product: tuple(regions) for product, regions in found.items() if regions}


def quantiles(results: Mapping[str, xr.DataTree]) -> tuple[float, ...]:
    """Quantiles over runs that all results keep."""
    kept = [
        {round(float(q), 6) for q in each["distribution"].to_dataset()[QUANTILE].values} for each in results.values()
    ]
    return tuple(sorted(set.intersection(*kept)))


def beginning(results: Mapping[str, xr.DataTree]) -> Choice:
    """What is shown before anything is chosen: the dearest product in the region hit hardest by the first result."""
    region, known = hardest_hit(next(iter(results.values()))), places(results)
    there = [product for product, regions in known.items() if region in regions] or list(known)
    peak = variable(next(iter(results.values())), "runs", "peak_price").median(RUN)
    product = max(
        there, key=lambda name: float(peak.sel({PRODUCT: name}).max()) if name in labels(peak, PRODUCT) else 0.0
    )
    region = region if region in known[product] else known[product][0]
    levels = quantiles(results)
    return Choice(tuple(results)[:MOST], product, region, 0.95 if 0.95 in levels else levels[-1])


def asked(results: Mapping[str, xr.DataTree], query: Mapping[str, str]) -> Choice:
    """What the address of the page asks for; what it does not say, or what there is not, is as in the beginning.

    Parameters
    ----------
    results: Results by name.
    query: Texts by name: `scenario` (names with commas between them), `product`, `region` and `quantile`.
    """
    first, known = beginning(results), places(results)
    wanted = query.get("scenario", "").split(",")
    scenarios = tuple(name for name in results if name in wanted) or first.scenarios
    product = query.get("product", "") if query.get("product") in known else first.product
    there = known[product]
    region = next((each for each in (query.get("region"), first.region) if each in there), there[0])
    levels = {f"{level:g}": level for level in quantiles(results)}
    return Choice(scenarios, product, region, levels.get(query.get("quantile", ""), first.quantile))


def address(choice: Choice) -> dict[str, str]:
    """A choice as texts for the address of the page; `asked` reads them.

    Example
    -------
    >>> address(Choice(("baseline", "still"), "dy_oxide", "EU", 0.95))
    {'scenario': 'baseline,still', 'product': 'dy_oxide', 'region': 'EU', 'quantile': '0.95'}
    """
    return {
        "scenario": ",".join(choice.scenarios),
        "product": choice.product,
        "region": choice.region,
        "quantile": f"{choice.quantile:g}",
    }


def view(results: Mapping[str, xr.DataTree], choice: Choice) -> View:
    """What is shown of a choice.

    Parameters
    ----------
    results: Results by name, as `named` gives them.
    choice: Names of results, product, region and quantile.
    """
    chosen = {name: results[name] for name in choice.scenarios if name in results}
    if not chosen:
        return View((), None, (), ("Choose at least one scenario.",))
    missing = [
        f"{name} has no {choice.product} in {choice.region}." for name in chosen if not _has(chosen[name], choice)
    ]
    if len(chosen) > MOST:
        missing.append(f"Only the first {MOST} of {len(chosen)} scenarios are shown.")
    shown = {name: each for name, each in chosen.items() if _has(each, choice)}
    shown = dict(list(shown.items())[:MOST])
    if not shown:
        return View((), None, (), tuple(missing))
    said = [_sentence(name, each, choice) for name, each in shown.items()]
    drawn = []
    for title, text, draw in _wanted(shown, choice):
        try:
            drawn.append(inside(title, text, draw()))
        except ResultError as error:
            missing.append(f"{title}: {error}")
    return View(tuple(said), _table(shown, choice), tuple(drawn), tuple(missing))


def _has(results: xr.DataTree, choice: Choice) -> bool:
    """Whether a result has a price of the product in the region."""
    try:
        paths(results, "price", choice.product, choice.region)
    except ResultError:
        return False
    return True


def _sentence(name: str, results: xr.DataTree, choice: Choice) -> str:
    """The highest price and the worst month, with ranges and errors."""
    peak, short = (_values(results, each, choice) for each in ("peak_price", "worst_shortage"))
    source = origin(results)
    what = f"{style.named(choice.product)} in {choice.region}"
    return (
        f"{name} ({source.runs:,} runs of {span(source.years)} from {source.start}), {what}: the highest "
        f"monthly price of a run over its reference is {measured(peak, 'x{:.2g}'.format)}; it passes x{DEAR:g} in "
        f"{counted(peak > DEAR)}. Intake missing in the worst month: {measured(short, sentences.percent)}."
    )


def _values(results: xr.DataTree, name: str, choice: Choice) -> NDArray[np.float32]:
    """One value a run of the product and region chosen."""
    found = variable(results, "runs", name).sel({PRODUCT: choice.product, REGION: choice.region})
    return np.asarray(found.values)


def _table(results: Mapping[str, xr.DataTree], choice: Choice) -> Table:
    """A row for each result: figures at the quantile chosen, with their intervals."""
    heads = ("scenario", ">peak price multiple", ">worst month, intake missing", f">months above x{DEAR:g}")
    forms: tuple[tuple[str, Callable[[float], str]], ...] = (
        ("peak_price", "x{:.3g}".format),
        ("worst_shortage", sentences.percent),
        ("months_dear", "{:.0f}".format),
    )
    rows = tuple(
        (name, *(_cell(_values(each, item, choice), choice.quantile, form) for item, form in forms))
        for name, each in results.items()
    )
    share = f"{100.0 * choice.quantile:g}"
    title = f"{share} % quantile over runs of each run's value, with its 95 % interval for so many runs"
    return Table(title, heads, rows)


def _cell(values: NDArray[np.float32], level: float, form: Callable[[float], str]) -> str:
    there = values[~np.isnan(values)]
    if not there.size:
        return "never"
    found = float(over_runs(xr.DataArray(there, dims=RUN), level))
    error = intervals.quantile(there.astype(np.float64), level)
    if error.low < there.min() or error.high > there.max():
        return f"{form(found)} (too few runs)"
    return f"{form(found)} ({form(error.low)} to {form(error.high)})"


def _wanted(results: Mapping[str, xr.DataTree], choice: Choice) -> list[tuple[str, str, Callable[[], Figure]]]:
    """Pictures of a choice: fans of one result, or lines of several, and where it is short when."""
    place = style.begun(f"{style.named(choice.product)} in {choice.region}")
    level = f"{100.0 * choice.quantile:g} % quantile over runs"
    (name, first), *others = results.items()
    wanted: list[tuple[str, str, Callable[[], Figure]]] = []
    for item, said in (("price", "quoted price over its reference"), ("shortage", "intake missing")):
        if others:
            text = f"Month by month, the {level} of the {said}: {', '.join(results)}."
            wanted.append((f"{place}: {said}", text, partial(_lines, results, item, choice)))
        else:
            text = f"Median and bands of runs of the {said}, month by month, with the {level}; {name}."
            wanted.append((f"{place}: {said}", text, partial(_fan, first, item, choice)))
    text = f"The {level} of the intake missing, a row for each region that uses it, the darker the more; {name}."
    title = f"{style.begun(style.named(choice.product))}: which regions go short when"
    return [*wanted, (title, text, partial(_regions, first, choice))]


def _fan(results: xr.DataTree, item: str, choice: Choice) -> Figure:
    """A fan with the quantile chosen as a line of its own."""
    axes = fans.fan(results, item, of=choice.product, region=choice.region)
    path = variable(results, "distribution", item).sel({PRODUCT: choice.product, REGION: choice.region})
    line = path.sel({QUANTILE: choice.quantile}, method="nearest")
    axes.plot(style.middles(line[MONTH]), line.values, color="black", linestyle="--", linewidth=1.2)
    axes.annotate(
        f"dashed: {100.0 * choice.quantile:g} % quantile",
        (1.0, 0.0),
        (6.0, 2.0),
        "axes fraction",
        "offset points",
        fontsize=style.SMALL,
        color=style.GREY,
    )
    return style.sourced(style.figure_of(axes), results)


def _lines(results: Mapping[str, xr.DataTree], item: str, choice: Choice) -> Figure:
    axes = alongside.alongside(results, item, of=choice.product, region=choice.region, quantile=choice.quantile)
    figure, sources = style.figure_of(axes), "; ".join(str(origin(each)) for each in results.values())
    figure.supxlabel(f"Source: {sources}", x=0.01, ha="left", fontsize=style.SOURCE, color=style.GREY, wrap=True)
    return figure


def _regions(results: xr.DataTree, choice: Choice) -> Figure:
    axes = heatmaps.heat(results, of=choice.product, quantile=choice.quantile)
    return style.sourced(style.figure_of(axes), results)
