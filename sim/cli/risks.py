"""`sim tails` and `sim compare`: figures of one ensemble with their errors, and of several of the same draws."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.arguments import Overrides, Overwrite, ResultFile, Seed, Threads
from sim.cli.figures import figure
from sim.cli.messages import note, reported, say, table, together

if TYPE_CHECKING:
    import xarray as xr

Metrics = Annotated[
    list[str],
    typer.Option(
        "--metric", metavar="METRIC", help="Such as 'tail95(shortage\\[magnet_hc, US])'; can be given many times."
    ),
]
TableFile = Annotated[Path | None, typer.Option("--out", help="Table to write: .csv or .nc.")]
MOST_NAMED = 4
"""Figures that a note names."""
SHOWN_MONTHS = (1, 2, 3, 6, 9, 12, 18, 24)


def tails(
    file: ResultFile,
    metrics: Metrics = [],  # noqa: B006 (typer copies it)
    lasting: Annotated[
        str | None,
        typer.Option(
            metavar="CONDITION", help="How long it lasts: 'shortage\\[magnet_hc, US] > 0.1' (needs --follow)."
        ),
    ] = None,
    budget: Annotated[
        bool, typer.Option("--budget", help="Public money of each year: expected, 1 in 20, 1 in 100.")
    ] = (False),
    by_year: Annotated[
        bool, typer.Option("--by-year", help="Curves of the picture also for each calendar year (needs --follow).")
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            help="Picture, .png, .svg or .pdf: how often each quantity is exceeded; with --lasting how long it lasts, "
            "with --budget public money; a panel for each that is asked for."
        ),
    ] = None,
    out: TableFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Print figures of an ensemble with their errors: means, value at risk, tail means, shares of runs.

    With --lasting or --budget these alone, unless a --metric is given too. Of several answers the first (figures,
    --lasting, --budget) goes to the table of --out, say a.csv, the others to a.lasting.csv and a.budget.csv; the
    picture of --plot has a panel for each.
    """
    with reported():
        from sim import store
        from sim.questions import tables
        from sim.questions import tails as asked

        has_figures = bool(metrics) or not (lasting or budget)
        wanted = {"figures": has_figures, "lasting": bool(lasting), "budget": budget}
        found, picture, places = together(
            lambda: store.open_results(file),
            lambda: _picture(plot, overwrite),
            lambda: _places(out, [name for name in wanted if wanted[name]], overwrite),
        )
        checks: list[Callable[[], object]] = [
            lambda: asked.figures(found, metrics) if has_figures else None,
            lambda: asked.spells(found, str(lasting)) if lasting else None,
            lambda: asked.budget(found) if budget else None,
            lambda: _curves(found, metrics, by_year) if plot and has_figures else [],
            lambda: _needs_curves(by_year, has_figures),
        ]
        data, lasts, money, curves, _ = together(*checks)
        if data is not None:
            _print_figures(data)
        if lasts is not None:
            _print_spells(lasts)
        if money is not None:
            _print_budget(money)
        answers = [each for each in (data, lasts, money) if each is not None]
        for answer, (place, target) in zip(answers, places, strict=False):
            tables.write_table(answer, target)
            say(f"Table: {place}")
        if picture is not None:
            from sim.plotting import files
            from sim.plotting import tails as drawn

            files.write(drawn.picture(*curves, *(each for each in (lasts, money) if each is not None)), picture)
            say(f"Picture: {plot}")


def _places(out: Path | None, answers: list[str], overwrite: bool) -> list[tuple[Path, Path]]:
    """Where the table of each answer goes, as named and as checked: the first to the name given, others beside it."""
    from sim.questions import tables

    if out is None:
        return []
    named = [out, *(out.with_name(f"{out.stem}.{answer}{out.suffix}") for answer in answers[1:])]
    checked = together(*(partial(tables.check_table, each, overwrite=overwrite) for each in named))
    return list(zip(named, checked, strict=True))


def compare(
    items: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C...]", help="Scenarios (run with the same draws) or result files; A is the base."
        ),
    ],
    metrics: Metrics = [],  # noqa: B006 (typer copies it)
    runs: Annotated[int | None, typer.Option(min=2, help="Runs of each; by default those of the first.")] = None,
    seed: Seed = None,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    threads: Threads = None,
    plot: Annotated[Path | None, typer.Option(help="Picture of the differences: .png, .svg or .pdf.")] = None,
    out: TableFile = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare scenarios run by run: differences to the first with paired errors, and ranks.

    Every scenario meets the same shocks in the same runs, so most of what varies cancels. Pairs of all scenarios stand
    in the table `--out` as .nc.
    """
    with reported():
        from sim.questions import comparison, tables

        loaded, picture, target, asked = together(
            lambda: _items(items, overrides),
            lambda: _picture(plot, overwrite),
            lambda: None if out is None else tables.check_table(out, overwrite=overwrite),
            lambda: tuple(metrics) or comparison.HEADLINES,
        )
        data = _compared(loaded, asked, runs=runs, seed=seed, threads=threads)
        _print_comparison(data)
        if target is not None:
            tables.write_table(data if target.suffix == ".nc" else data.drop_dims("other"), target)
            say(f"Table: {out}")
        if picture is not None:
            from sim.plotting import files, risks

            files.write(risks.forest_figure(data), picture)
            say(f"Picture: {plot}")


def _picture(plot: Path | None, overwrite: bool) -> Path | None:
    if plot is None:
        return None
    from sim.plotting import files

    return files.check_picture(plot, overwrite=overwrite)


def _curves(found: Any, metrics: list[str], by_year: bool) -> list[xr.Dataset]:
    """Curves of all quantities asked for, each once."""
    from sim.questions import tails as asked
    from sim.questions.expressions import parse

    texts = dict.fromkeys(parse(text).quantity_text for text in metrics or asked.headlines(found))
    return together(*(lambda text=text: asked.exceedance(found, text, by_year=by_year) for text in texts))


def _needs_curves(by_year: bool, has_figures: bool) -> None:
    """Refuse curves by year where no curve is drawn."""
    from sim.errors import ResultError

    if by_year and not has_figures:
        raise ResultError("--by-year draws curves of a --metric for each year; give a --metric, or leave it out")


def _items(items: list[str], overrides: list[str]) -> dict[str, Any]:
    """Scenarios and results by the name they are shown under, which is theirs unless two have the same."""
    from sim import scenario as scenarios
    from sim import store
    from sim.errors import Fault, ScenarioError

    if len(items) < 2:
        raise ScenarioError([Fault("compare", "", f"has {len(items)} to compare", "give two or more")])

    def opened(item: str) -> Any:
        """A result where the ending says so, else a scenario."""
        if Path(item).suffix in store.ENDINGS:
            return store.open_results(Path(item))
        return scenarios.load(item, overrides=overrides)

    found = together(*(lambda item=item: opened(item) for item in items))
    seen: Counter[str] = Counter()
    named = {}
    for item, each in zip(items, found, strict=True):
        name = Path(item).stem
        seen[name] += 1
        named[name if seen[name] == 1 else f"{name} ({seen[name]})"] = each
    return named


def _compared(items: dict[str, Any], metrics: tuple[str, ...], *, runs: int | None, **options: Any) -> xr.Dataset:
    """The comparison, with one bar of progress over all scenarios."""
    from sim.cli.progress import Meter, stops_at_once
    from sim.errors import QuickLookWarning
    from sim.questions import comparison
    from sim.scenario import Scenario

    scenarios = [name for name, item in items.items() if isinstance(item, Scenario)]
    with Meter(1) as meter, stops_at_once(meter), warnings.catch_warnings():
        warnings.simplefilter("ignore", QuickLookWarning)
        return comparison.compare(
            items,
            metrics=metrics,
            runs=runs,
            progress=lambda name, done, wanted: meter.update(
                scenarios.index(name) * wanted + done, len(scenarios) * wanted
            ),
            **options,
        )


def _print_figures(data: xr.Dataset) -> None:
    rows = []
    for index, name in enumerate(data.figure.values):
        each = data.isel(figure=index)
        rows.append(
            (
                str(name),
                figure(float(each.value), str(each.units.values)),
                f"{figure(float(each.low))} to {figure(float(each.high))}",
                figure(float(each.error)),
            )
        )
    table(
        f"Figures over {data.attrs['runs']:,} runs, seed {data.attrs['seed']}",
        ("figure", ">value", ">95 % interval", ">standard error"),
        rows,
    )
    _print_warnings({str(name): str(data.warning.values[index]) for index, name in enumerate(data.figure.values)})


def _print_warnings(found: dict[str, str]) -> None:
    """Say each warning once, with the figures it is about."""
    by_text: dict[str, list[str]] = {}
    for name, text in found.items():
        if text:
            by_text.setdefault(text, []).append(name)
    for text, names in by_text.items():
        some = ", ".join(names[:MOST_NAMED]) + (
            f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        )
        note(f"note: {some}: {text}")


def _print_spells(data: xr.Dataset) -> None:
    rows = []
    for months in SHOWN_MONTHS:
        if months in data.months:
            each = data.sel(months=months)
            rows.append((f"{months}", *(f"{100.0 * float(each[name]):.1f} %" for name in ("value", "low", "high"))))
    heads = ("months in a row, at least", ">share of runs", ">from", ">to (95 %)")
    table(f"How often {data.attrs['condition']} lasts, {data.attrs['runs']:,} runs", heads, rows)
    shown = [months for months in SHOWN_MONTHS if months in data.months]
    _print_warnings({f"{months} months": str(data.warning.sel(months=months).values) for months in shown})


def _print_budget(data: xr.Dataset) -> None:
    rows = []
    for year in data.year.values:
        cells = []
        for each in data.statistic.values:
            found = data.sel(statistic=each, year=year)
            cells.append(f"{figure(float(found.value))} ({figure(float(found.low))} to {figure(float(found.high))})")
        rows.append((str(year), *cells))
    heads = ("year", ">expected", ">1 in 20 (95 % quantile)", ">1 in 100 (99 % quantile)")
    table("Public money by budget year, million USD, with 95 % intervals", heads, rows)
    every = ((each, year) for each in data.statistic.values for year in data.year.values)
    _print_warnings({f"{each} {year}": str(data.warning.sel(statistic=each, year=year).values) for each, year in every})


def _print_comparison(data: xr.Dataset) -> None:
    attributes = data.attrs
    base = attributes["base"]
    say(
        f"{attributes['runs']:,} runs of each, seed {attributes['seed']}, the same draws; differences to {base}, "
        "paired run by run, with 95 % intervals. "
        "Ranks: 1 is the lowest figure; those that are not ruled out with 95 %, all together."
    )
    for metric in data.metric.values:
        part = data.sel(metric=metric)
        unit = str(part.units.values)
        rows = [_comparison_row(part.sel(scenario=name), str(name) == base) for name in data.scenario.values]
        heads = (
            "scenario",
            ">figure",
            ">difference",
            ">95 % interval",
            ">paired s.e.",
            ">variance",
            ">runs unpaired",
            ">rank",
        )
        table(str(metric) + ("" if unit == "1" else f", {unit}"), heads, rows)
        _print_warnings({str(name): str(part.warning.sel(scenario=name).values) for name in data.scenario.values})
    say(
        "variance: of an unpaired difference over the paired one; runs unpaired: runs it would need for the same error."
    )


def _comparison_row(each: xr.Dataset, is_base: bool) -> tuple[str, ...]:
    low, high = int(each.rank_low), int(each.rank_high)
    rank = f"{low}" if low == high else f"{low} to {high}"
    name = str(each.scenario.values)
    if is_base:
        return name, figure(float(each.value)), "-", "-", "-", "-", "-", rank
    factor = float(each.variance_reduction)
    return (
        name,
        figure(float(each.value)),
        figure(float(each.difference)),
        f"{figure(float(each.difference_low))} to {figure(float(each.difference_high))}",
        figure(float(each.difference_error)),
        "-" if factor != factor else f"/ {figure(factor)}",
        _whole(float(each.unpaired_runs)),
        rank,
    )


def _whole(count: float) -> str:
    """A number of runs with two figures; a dash where there is none."""
    from sim.results.sentences import whole

    return whole(count, 2) if count < 1e15 else ("infinite" if count == count else "-")
