"""Measure everything and write `RESULTS.md`: `python -m benchmarks.report [--all|--quick] [--note TEXT]`.

Half an hour on a quiet machine; what is measured is written part after part. With --all a million runs of ten years
too, which takes an hour.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import cases, cold_start, collect, core, peak, scaling
from benchmarks.against import measure as against
from sim.engine.run import processors

HERE = Path(__file__).parent
PACKAGES = ("oreflow", "numba", "llvmlite", "numpy", "scipy", "xarray", "pydantic")


def main() -> None:
    """Measure and write the file, part after part: what was measured is not lost with what was not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--all", action="store_true", help="a million runs of ten years too")
    parser.add_argument("--note", default="", help="what a reader should know of the machine, such as: other work ran")
    parser.add_argument("--quick", action="store_true", help="hardly any repeats, small sizes, no compilation: a look")
    given = parser.parse_args()
    parts: list[str] = ["# Measured", *machine(given.note)]
    tricks = (HERE / "TRICKS.md").read_text()
    waiting = _parts(quick=given.quick, every=given.all)
    while waiting:
        name = next(iter(waiting))
        print(f"measuring: {name}", file=sys.stderr)
        parts += waiting.pop(name)()
        missing = [f"\nNot measured yet: {', '.join(waiting)}."] if waiting else []
        (HERE / "RESULTS.md").write_text("\n".join([*parts, *missing]) + "\n\n" + tricks)


def _parts(*, quick: bool, every: bool) -> dict[str, Callable[[], list[str]]]:
    """Sections in their order, each with how it is measured."""
    runs = scaling.RUNS[:1] if quick else scaling.RUNS
    million = () if quick else scaling.million(every=every)
    years = scaling.YEARS[:2] if quick else scaling.YEARS
    repeats = 1 if quick else 5
    return {
        "core": lambda: core_part(blocks=2 if quick else 9),
        "counting": collect_part,
        "waits": lambda: waits_part(repeats=repeats, first=not quick),
        "other tools": lambda: against_part(repeats=repeats),
        "scale": lambda: scaling_part(runs, years, million),
    }


def machine(note: str) -> list[str]:
    """Processor, versions, and what is to be known."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    found = [
        "",
        "Written by `python -m benchmarks.report`. Times vary from machine to machine and with what else runs there:",
        "medians, with the least and the most of all repeats as spread.",
        "",
        f"Processor: {_processor()}, {processors()} cores used. Python {platform.python_version()}, {versions}.",
    ]
    return found + (["", f"**{note}**"] if note else [])


def _processor() -> str:
    """Model of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def core_part(*, blocks: int) -> list[str]:
    """The core on every case."""
    most = peak.gflops()
    rows = []
    for name in ("everything", "baseline", "still"):
        found = core.judged(name, blocks=blocks, most=most)
        rows.append(
            (
                *(name, found["chain_hash"], f"{found['ns_per_entity_step']:.2f}"),
                f"{found['ns_per_entity_step_median']:.2f}",
                *(f"{found['runs_per_second']:,.0f}", f"{found['threads_speedup']:.2f}"),
                *(f"{found['operations_per_entity_step']:.0f}", f"{found['gflops']:.1f}"),
                f"{100 * found['share_of_peak']:.1f} %",
            )
        )
    entities = ", ".join(f"{count} {kind}" for kind, count in cases.ready("still").entities.items())
    heads = ("case", "chain", "ns an entity-step", "median", "runs/s, one core", "speedup on two cores")
    heads += ("operations an entity-step", "GFLOP/s", "share of peak")
    return [
        *_section("Core", f"{entities}; cases in `cases.py`. Peak of one core, measured: {most['best']:.0f} GFLOP/s."),
        *_table(heads, rows),
    ]


def collect_part() -> list[str]:
    """Counting against the core."""
    found = collect.measure("baseline")
    rows = [(key.replace("_", " "), _figure(value)) for key, value in found.items()]
    return [
        *_section("Counting", "A chunk of runs of `baseline`; `share of core` is what is to stay below a half."),
        *_table(("", ""), rows),
    ]


def waits_part(*, repeats: int, first: bool) -> list[str]:
    """Help, import, first progress, whole runs and compilation."""
    found = cold_start.waits(repeats=repeats, first=first)
    rows = [
        (name, *(f"{found[f'{key}_seconds{ending}']:.2f}" for ending in ("", "_least", "_most")))
        for key, name in (
            ("help", "`sim --help`"),
            ("import", "`sim.load, sim.run`"),
            ("first_tick", "`sim run baseline` to its first progress, warm"),
            ("whole", f"`sim run baseline --runs {cold_start.RUNS}`, the whole command with summary and NetCDF file"),
            ("ensemble", f"`sim.run(baseline, runs={cold_start.RUNS})`, in memory, warm"),
        )
    ]
    if first:
        for key, name in (("first_run", "`sim run baseline` to its first progress"), ("compile", "`sim warmup`")):
            rows.append((f"{name}, empty compile cache", f"{found[f'{key}_seconds']:.1f}", "once", ""))
    text = "Seconds, processes of their own; ensembles in memory one after another in one."
    return [*_section("Waits", text), *_table(("", "median", "least", "most"), rows)]


def against_part(*, repeats: int) -> list[str]:
    """The reduced chain in every tool."""
    rows: list[tuple[str, ...]] = []
    for name, found in against.measure(repeats=repeats).items():
        if isinstance(found, str):
            rows.append((name, found, *[""] * 5))
            continue
        times = [f"{found[key]:,.2f}" for key in ("ns_per_stage_step", "least", "most")]
        rows.append((name, found["version"], *times, f"{found['times_lanes']:,.1f}", f"{found['difference']:.1e}"))
    heads = ("tool", "version", "ns a stage-step", "least", "most", "times oreflow's lanes", "difference of answers")
    text = "The reduced chain of `against/README.md`; one core, time of the processor; tools in turn, medians."
    return [*_section("Against other tools", text), *_table(heads, rows)]


def scaling_part(runs: Sequence[int], years: Sequence[int], million: Sequence[int]) -> list[str]:
    """Time and memory over runs, years and size."""
    found = scaling.measure(runs=runs, years=years, million=million)
    exponents = ", ".join(f"{name} {found[f'exponent_of_{name}']:.2f}" for name in ("runs", "years", "size"))
    text = (
        f"Exponents of time (1 is linear; below it where fixed costs weigh): {exponents}. {processors()} cores; all "
        "distributions collected, all values of each run written to a Zarr folder as they come."
    )
    whole = [
        (
            f"{each['runs']:,.0f}",
            f"{each['years']:.0f}",
            *(f"{each[key]:,.1f}" for key in ("seconds", "processor_seconds")),
            f"{each['peak_megabytes']:,.0f}",
        )
        for each in (*found["runs"], *found["million"], *found["years"])
    ]
    size = [(f"{each['entities']:.0f}", f"{each['ns_per_entity_step']:.2f}") for each in found["size"]]
    return [
        *_section("Scale", text),
        *_table(("runs", "years", "seconds", "processor seconds", "most memory, MB"), whole),
        "",
        *_table(("entities of a random chain", "ns an entity-step, core"), size),
    ]


def _section(title: str, text: str) -> list[str]:
    return ["", f"## {title}", "", text, ""]


def _figure(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


if __name__ == "__main__":
    main()
