"""Tables that the commands about decisions print."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from sim.cli.messages import note, say, table
from sim.questions.concentration import FALLING
from sim.questions.exposures import MOST_WEEKS
from sim.results.sentences import whole

FEW = 1000
"""Runs below which a one-in-twenty year of one run in hundreds is no basis for a decision."""
LEAST_TONNES = 0.5
"""Shortfall over an emergency from which a row is shown."""
TOP = 8
"""Actions shown."""


def percent(value: float) -> str:
    """A share as people write it."""
    return (
        "-"
        if not np.isfinite(value)
        else f"{100 * value:.0f} %"
        if abs(value) >= 0.0995 or value == 0.0
        else f"{100 * value:.1f} %"
    )


def number(value: float) -> str:
    """A number with three digits or so."""
    if not np.isfinite(value):
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def estimate(value: float) -> str:
    """An estimate with three figures: what is known no better than its interval, and need not add up to the digit."""
    return whole(value, 3) if np.isfinite(value) and abs(value) >= 100 else number(value)


def _between(data: xr.Dataset, name: str, write: Callable[[float], str] = estimate) -> str:
    """A figure and the ends of its interval; an end that the runs do not bound is left open."""
    value, low, high = (float(data[f"{name}{ending}"]) for ending in ("", "_low", "_high"))
    if np.isnan(value):
        return "-"
    ends = {(True, True): f" ({write(low)} to {write(high)})", (True, False): f" ({write(low)} or more)"}
    return write(value) + ends.get((bool(np.isfinite(low)), bool(np.isfinite(high))), " (unknown)")


def _weeks(part: xr.Dataset) -> str:
    """Weeks of cover needed, of which more than were looked for may be."""
    value, low, high = (float(part[f"cover_needed{ending}"]) for ending in ("", "_low", "_high"))
    most = f"over {MOST_WEEKS:g}"
    ends = [number(end) if np.isfinite(end) else most for end in (value, low, high)]
    if np.isinf(low):
        return most
    return f"{ends[0]} ({ends[1]} or more)" if np.isinf(value) else f"{ends[0]} ({ends[1]} to {ends[2]})"


def exposure(answer: xr.DataTree, found: xr.DataTree) -> None:
    """Print parts, lines, the firm and what to do first."""
    risk = float(answer.attrs["accepted_yearly_risk"])
    _header(answer, found)
    firm = answer["firm"].dataset
    say(
        f"Some line stops in {_between(firm, 'yearly_stop_chance', percent)} of simulated years; at risk: "
        f"{_between(firm, 'dollars_at_risk')} million USD a year, {_between(firm, 'dollars_1_in_20')} in a year that "
        "one in twenty exceeds. In brackets: 95 % intervals."
    )
    parts = answer["parts"].dataset
    rows: list[tuple[str, ...]] = []
    for index in range(parts.sizes["part"]):
        one = parts.isel(part=index)
        rows.append(
            (
                str(one.part.values),
                f"{one['product'].values} in {one['region'].values}",
                _between(one, "stop_chance", percent),
                _between(one, "yearly_stop_chance", percent),
                number(float(one["cover"])),
                _weeks(one),
            )
        )
    heads = (
        "part",
        "is",
        ">runs with a stop",
        ">years with a stop",
        ">weeks held",
        f">needed for {percent(risk)} a year",
    )
    table("Parts", heads, rows)
    lines = answer["lines"].dataset
    rows = [
        (
            str(name),
            _between(lines.sel(line=name), "yearly_stop_chance", percent),
            _between(lines.sel(line=name), "dollars_at_risk"),
            _between(lines.sel(line=name), "dollars_1_in_20"),
        )
        for name in lines.line.values
    ]
    table("Lines, million USD a year", ("line", ">years with a stop", ">at risk", ">1 year in 20"), rows)
    actions = answer["actions"].dataset.isel(rank=slice(0, TOP))
    rows = [
        (str(one["rank"].values), str(one.part.values), str(one.action.values), _between(one, "saved"))
        for one in (actions.isel(rank=index) for index in range(actions.sizes["rank"]))
    ]
    table("Act first on (each step alone), million USD a year", ("", "part", "action", ">saves"), rows)


def _header(answer: xr.DataTree | xr.Dataset, found: xr.DataTree) -> None:
    runs = int(found.attrs["runs"])
    span = found["reference"].sizes["time"] / 12.0
    say(f"{answer.attrs['title']}: {runs * span:,.0f} simulated years, {runs:,} runs, seed {found.attrs['seed']}.")
    if runs < FEW:
        note(f"few runs ({runs:,}): intervals are wide, and rare years are hardly seen; a catalogue has more")


def requirement(answer: xr.DataTree, found: xr.DataTree) -> None:
    """Print the three dialects and the bridges between them."""
    _header(answer, found)
    region, form = answer.attrs["region"], answer.attrs["form"]
    say(f"Emergency: {answer.attrs['emergency']}. Region: {region}. Never add forms: each is made of the one before.")
    _print_panel(answer["totals"].dataset)
    _print_risk(answer["at_risk"].dataset, region)
    _print_static(answer["n_1"].dataset, answer["n_1_stages"].dataset, region)
    _print_bridge(answer["bridge"].dataset, f"{form}, {region}")
    _print_ladder(answer["bridge_value"].dataset, f"{form}, {region}")


def _print_panel(totals: xr.Dataset) -> None:
    """Print the panel's columns by form and class."""
    rows: list[tuple[str, ...]] = []
    for product in totals["product"].values:
        for served in totals["class"].values:
            one = totals.sel({"product": product, "class": served})
            if float(one.shortfall) < LEAST_TONNES:
                continue
            cells = [
                number(float(one[name])) for name in ("gross_demand", "reliable_supply", "shortfall", "stock_offset")
            ]
            rows.append(
                (
                    str(product),
                    str(served),
                    *cells,
                    f"{number(float(one.net_shortfall))} ({number(float(one.net_shortfall_q05))} to "
                    f"{number(float(one.net_shortfall_q95))})",
                    number(float(one.net_shortfall_value)),
                )
            )
    heads = ("form", "class", ">gross", ">reliable", ">short", ">stock", ">net (5 to 95 % of runs)", ">net m USD")
    about = "t over the emergency, means over runs; rows without a shortfall are left out"
    table(f"1. Stockpile panel: {about}", heads, rows)


def _print_static(forms: xr.Dataset, stages: xr.Dataset, region: str) -> None:
    """Print N-1 by stage and by form."""
    about = f"largest foreign supplier of {region} gone for a year of the emergency"
    for letter, static, dim, unit in (("a", stages, "stage", "m USD"), ("b", forms, "product", "t")):
        rows = [
            (
                str(one[dim].values),
                str(one.supplier.values) or "none",
                percent(float(one.share)),
                number(float(one.gone)),
                number(float(one.lost)),
                percent(float(one.covered)),
            )
            for one in (static.isel({dim: index}) for index in range(static.sizes[dim]))
        ]
        head = "form" if dim == "product" else dim
        heads = (head, "largest supplier", ">its share", f">{unit}/year gone", ">lost after spare", ">supply left")
        table(f"3{letter}. N-1 by {head}: {about}", heads, rows)


def _print_bridge(steps: xr.Dataset, about: str) -> None:
    """Print what lies between a static loss and a net shortfall."""
    rows = [
        (
            str(one.meaning.values),
            _between(one, "tonnes", number),
            f"{float(one.change):+,.0f}",
            number(float(one.value)),
            number(float(one.value_added)),
        )
        for one in (steps.isel(step=index) for index in range(steps.sizes["step"]))
    ]
    heads = ("", ">t", ">change", ">m USD, material", ">m USD, value added behind it")
    table(f"Bridge for {about}, a year of the emergency: from 3 to 1", heads, rows)


def _print_ladder(steps: xr.Dataset, about: str) -> None:
    """Print what lies between the panel's dollars and value added at risk."""
    rows = [
        (str(one.meaning.values), _between(one, "value", number), f"{float(one.change):+,.0f}")
        for one in (steps.isel(step=index) for index in range(steps.sizes["step"]))
    ]
    table(f"Bridge for {about}, million USD a year: from 1 to 2", ("", ">m USD", ">change"), rows)


def _print_risk(data: xr.Dataset, region: str) -> None:
    """Print value added at risk, by restriction and in all."""
    rows = []
    for name in data.restriction.values:
        one = data.sel(restriction=name)
        cells = ("lost_value_added_if_it_strikes", "lost_value_added_otherwise")
        figures = (*(number(float(one[cell])) for cell in cells), _between(one, "lost_value_added_weighted", number))
        rows.append((str(name), percent(float(one.chance)), *figures, _of_gdp(float(one.gdp_share_weighted))))
    heads = ("restriction", ">strikes, of runs", ">if it strikes", ">otherwise", ">weighted by chance", ">of GDP")
    table(f"2. Value added at risk in {region}, million USD a year (rows overlap: do not add)", heads, rows)
    gdp, share = float(data.gdp), float(data.gdp_share_a_year)
    beside = f", {_of_gdp(share)} of a GDP of {gdp / 1e6:.3g} trillion USD" if np.isfinite(gdp) else ""
    lost = _between(data, "lost_value_added_a_year", number)
    say(f"All together: {lost} million USD of value added a year{beside}.\n")


def _of_gdp(share: float) -> str:
    """A share of GDP, which is small."""
    return f"{100 * share:.4f} %" if np.isfinite(share) else "-"


def dependence(answer: xr.DataTree) -> None:
    """Print stages in the first and last full year, and targets."""
    stages, targets, region = answer["stages"].dataset, answer["targets"].dataset, answer.attrs["region"]
    first, last = int(stages.year[0]), int(stages.year[-1])
    say(f"{answer.attrs['title']}: {region} on the path without shocks, by value at reference prices.")
    makers = answer["makers"].dataset
    rows: list[tuple[str, ...]] = []
    for stage in stages["stage"].values:
        for year in (first, last) if last > first else (first,):
            one, world = stages.sel(stage=stage, year=year), makers.sel(stage=stage, year=year)
            china = float(world.production_share.sel(region="CN")) if "CN" in world.region.values else float("nan")
            rows.append(
                (
                    f"{stage} {year}",
                    percent(china),
                    f"{float(world.production_hhi):.2f}",
                    percent(float(one.import_penetration)),
                    f"{float(one.supply_hhi):.2f}",
                    percent(float(one.chinese_supply)),
                    percent(float(one.chinese_content)),
                    f"{one.largest_supplier.values or '-'} {percent(float(one.largest_share))}",
                    number(float(one.largest_loss)),
                )
            )
    heads = (
        "stage",
        ">made in China",
        ">world HHI",
        ">imported",
        ">HHI",
        ">from China",
        ">touched by China",
        ">largest",
        ">its m USD",
    )
    table(f"Dependence of {region}", heads, rows)
    shown = sorted({first, min(max(2030, first), last), last})
    rows = []
    for name in targets.target.values:
        one = targets.sel(target=name)
        falling = str(one.sense.values) == FALLING
        cells = [
            f"{percent(float(one.value.sel(year=year)))} {'met' if bool(one.met.sel(year=year)) else 'NOT MET'}"
            for year in shown
        ]
        if falling:
            cells[0] = percent(float(one.bound))
        label = f"{name} of magnets" if falling else str(name)
        rows.append((label, f"{one.sense.values}{' from' if falling else ''} {percent(float(one.bound))}", *cells))
    table(
        "EU benchmarks for 2030 (Regulation 2024/1252), contained magnet rare earths; and imports of magnets",
        ("benchmark", ">bound", *(f">{year}" for year in shown)),
        rows,
    )
    note(
        "production follows demand at fixed shares on this path: a target met or missed is a statement on today's chain"
    )


def downstream(answer: xr.DataTree) -> None:
    """Print units and sectors."""
    units, sectors = answer["units"].dataset, answer["sectors"].dataset
    say(f"{answer.attrs['title']}: not produced a year in {answer.attrs['region']}, mean over runs (95 % interval).")
    rows = [
        (
            str(one.label.values),
            number(float(one.kg_per_unit)),
            _between(one, "not_made"),
            _between(one, "revenue"),
            _between(one, "value_added"),
        )
        for one in (units.isel(unit=index) for index in range(units.sizes.get("unit", 0)))
    ]
    if rows:
        table("Units", ("what", ">kg each", ">not made a year", ">m USD revenue", ">m USD value added"), rows)
    rows = [
        (
            str(name),
            _between(one, "tonnes"),
            _between(one, "revenue"),
            _between(one, "value_added"),
            estimate(float(one.value_added_q95)),
        )
        for name in sectors.sector.values
        if float((one := sectors.sel(sector=name)).tonnes) > 0.0
    ]
    heads = ("sector", ">t lost a year", ">m USD revenue", ">m USD value added", ">value added, 95 % of runs below")
    table("Sectors", heads, rows)
    note("a lost tonne takes its whole share of output with it: an upper figure where magnets could be saved first")


def indicators(answer: xr.Dataset) -> None:
    """Print indicators, the best first."""
    about = answer.attrs
    say(
        f"{about['title']}: {about['product']} in {about['region']} short by over {percent(about['threshold'])} in "
        f"{about['first_lead']} to {about['last_lead']} months; {about['events']:,} such months in "
        f"{about['runs_with_events']:,} of {about['runs']:,} runs, {about['calm_months']:,} calm ones."
    )
    order = np.argsort(-answer["area"].values)
    rows = [
        (
            str(one.indicator.values),
            _between(one, "area"),
            f"{float(one.alarm_above):+.3f}",
            _between(one, "hit_rate", percent),
            _between(one, "false_alarm", percent),
        )
        for one in (answer.isel(indicator=int(index)) for index in order)
    ]
    heads = ("indicator", ">area under curve", ">alarm above", ">hits", ">false alarms")
    table(
        "Hits and false alarms in odd runs, thresholds set on even ones (area: 0.5 is chance, 1 is certainty)",
        heads,
        rows,
    )
