"""`sim size-stockpile`: how many tonnes of what form keep a class of sectors from a risk, and what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.arguments import Overrides, Overwrite, ScenarioName, Seed, Without
from sim.cli.messages import note, reported, say, table, together

if TYPE_CHECKING:
    import xarray as xr

RISK = "P(loss > 0.01 of annual demand) <= 0.05"


def size(
    scenario: ScenarioName,
    sector_class: Annotated[
        str, typer.Option("--class", help="Class of the sectors to be kept from the risk.")
    ] = "defence",
    risk: Annotated[
        str, typer.Option(help="Such as the default; measures: loss, rationed, destroyed; units: of annual demand, t.")
    ] = RISK,
    region: Annotated[
        str | None, typer.Option(help="Region that holds the stockpile; by default the one hit hardest.")
    ] = None,
    forms: Annotated[
        list[str],
        typer.Option("--form", metavar="STAGE", help="Stage whose products may be held; can be given many times."),
    ] = [],  # noqa: B006 (typer copies it)
    runs: Annotated[int | None, typer.Option(min=1, help="Runs of each trial; the scenario's own by default.")] = None,
    seed: Seed = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    without: Without = [],  # noqa: B006 (typer copies it)
    out: Annotated[Path | None, typer.Option(help="Table of all mixes tried, .csv.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture of risk against outlay: .png, .svg or .pdf.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Size a stockpile of oxide, metal, block and magnet together: tonnes, the risk they leave, and what they cost."""
    with reported():
        loaded, written, picture = together(
            lambda: _asked(scenario, overrides, without, sector_class, risk, region, forms),
            lambda: _table_target(out, overwrite),
            lambda: _picture_target(plot, overwrite),
        )
        found = _sized(loaded, sector_class=sector_class, risk=risk, region=region, forms=forms, runs=runs, seed=seed)
        if written is not None:
            _write_table(found, written)
        if picture is not None:
            _draw(found, picture)
        _print_terms(found)
        _print_curves(found)
        _print_cheapest(found)
        for place in filter(None, (out, plot)):
            say(f"Written: {place}")


def _asked(scenario: str, overrides: list[str], without: list[str], *question: Any) -> Any:
    """The scenario, once it is sound and the question asked of it too."""
    from sim import scenario as scenarios
    from sim.questions.stockpiles import check_question

    loaded = scenarios.load(scenario, overrides=overrides, without=without)
    check_question(loaded, *question)
    return loaded


def _table_target(place: Path | None, overwrite: bool) -> Path | None:
    from sim import store
    from sim.errors import ResultError

    if place is None:
        return None
    final = store.checked_place(place, (".csv",))
    if final.is_dir() or (final.exists() and not overwrite):
        raise ResultError(f"{place}: exists; choose another name, or allow it to be replaced (--overwrite)")
    return final


def _picture_target(place: Path | None, overwrite: bool) -> Path | None:
    from sim.plotting import files

    return None if place is None else files.check_picture(place, overwrite=overwrite)


def _sized(scenario: Any, **options: Any) -> xr.Dataset:
    from sim.cli.progress import Meter, stops_at_once
    from sim.questions.stockpiles import size_stockpile

    with Meter(1, unit="trials") as meter, stops_at_once(meter):
        return size_stockpile(scenario, progress=meter.update, **options)


def _write_table(found: xr.Dataset, place: Path) -> None:
    import csv

    from sim import store
    from sim.questions.stockpiles import columns

    table = columns(found)
    with store.replacing(place) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table)
        writer.writerows([f"{value:.6g}" for value in row] for row in zip(*table.values(), strict=True))


def _draw(found: xr.Dataset, place: Path) -> None:
    from sim.plotting import files, stockpiles

    files.write(stockpiles.sizes_figure(found), place)


def _print_terms(found: xr.Dataset) -> None:
    from sim.scenario.dates import span

    about = found.attrs
    say(f"{about['scenario']}: a stockpile in {about['region']} for its {about['sector_class']} sectors.")
    say(
        f"Asked: {about['risk']}, over the {span(about['years'])} of the horizon; annual demand of the class is "
        f"{about['annual_demand']:,.0f} t, so the threshold is {about['threshold_tonnes']:,.2f} t. "
        f"{about['runs']:,} runs of each mix on the same shocks, seed {about['seed']}."
    )
    needed = ", ".join(
        f"{product} {float(found.need.sel(product=product)):,.1f}" for product in found["product"].values.tolist()
    )
    say(f"What the class needs in a year of the reference state, t: {needed}.\n")


def _print_curves(found: xr.Dataset) -> None:
    """Print each form alone."""
    from sim.questions.stockpiles import alone

    for form in found["form"].values.tolist():
        mixes = alone(found, form)
        rows = [_cells(found, int(mix), form) for mix in mixes]
        held = found["product"].values[found.form_of_product.values == form].tolist()
        title = f"{form} alone: {', '.join(held)}"
        table(
            title,
            (">months", ">tonnes", ">risk", ">95 % interval", ">mean loss, t", ">outlay, USD m", ">cost, USD m"),
            rows,
        )
    if bool((found.risk > found.risk_monotone + 1e-12).any()):
        note(
            "some estimates rise with the size, by chance or because a stockpile that refills competes; "
            "--out and --plot have the curve made monotone"
        )


def _cells(found: xr.Dataset, mix: int, form: str) -> tuple[str, ...]:
    row = found.isel(mix=mix)
    return (
        f"{float(row.months.sel(form=form)):g}",
        f"{float(row.tonnes.sel(form=form)):,.1f}",
        f"{float(row.risk):.3f}",
        f"{float(row.risk_low):.3f} to {float(row.risk_high):.3f}",
        f"{float(row.mean_loss):,.1f} +- {float(row.mean_loss_error):,.1f}",
        f"{float(row.outlay):,.2f}",
        f"{float(row.public_cost):,.2f} +- {float(row.public_cost_error):,.2f}",
    )


def _print_cheapest(found: xr.Dataset) -> None:
    best = found.isel(mix=found.attrs["cheapest"])
    parts = [
        f"{float(best.months.sel(form=form)):g} months of {form} ({float(best.tonnes.sel(form=form)):,.1f} t)"
        for form in found["form"].values.tolist()
        if float(best.months.sel(form=form)) > 0.0
    ]
    say(f"Cheapest mix that meets the risk, of {found.sizes['mix']} tried: {', '.join(parts) or 'nothing at all'}.")
    say(
        f"It leaves a risk of {float(best.risk):.3f} ({float(best.risk_low):.3f} to {float(best.risk_high):.3f}), "
        f"binds USD {float(best.outlay):,.2f} m at reference prices and costs the public "
        f"{float(best.public_cost):,.2f} +- {float(best.public_cost_error):,.2f} m over the horizon."
    )
    if float(found.public_cost.min()) < 0.0:
        say(
            "Cost: opening stock, purchases and holding less receipts and the stock left, both at reference "
            "prices; below 0 where releases at scarcity prices bring in more."
        )
    if float(best.risk_high) > found.attrs["allowed"]:
        note("the estimate meets the risk, its 95 % interval does not: give more --runs before you rely on it")
