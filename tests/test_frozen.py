"""Figures of a minor version stay what they are, and results of older versions open."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import sim
from sim.results.summary import summarise
from sim.scenario.reader import bundled
from tests import frozen

RESULTS = sorted(frozen.FOLDER.glob("*.nc.gz"))


def moved(name: str) -> str:
    """What differs from the frozen figures, in words; nothing if all are as they were."""
    found = frozen.changes(name, frozen.table()[name], frozen.figures(name))
    head = f"{len(found)} figures of {name} are not those frozen for oreflow {frozen.version()}:"
    cure = f"If that is meant: name the change in CHANGELOG.md, then run `python -m tests.frozen {name}`."
    return "\n".join([head, *found, cure]) if found else ""


def test_figures__of_every_bundled_scenario_are_frozen() -> None:
    missing = sorted(set(bundled()) - set(frozen.table()))
    assert not missing, f"run `python -m tests.frozen {' '.join(missing)}`"


def test_figures__of_the_controls_of_2025_are_those_of_this_version() -> None:
    assert not moved("controls_2025")


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in bundled() if name != "controls_2025"])
def test_figures__of_a_bundled_scenario_are_those_of_this_version(name: str) -> None:
    assert not moved(name)


def test_changes__tells_what_differs_by_more_than_the_tolerance_or_is_missing() -> None:
    was = {"kept": 100.0, "moved": 100.0, "gone": 1.0, "tiny": 0.0}
    now = {"kept": 100.4, "moved": 100.6, "new": 2.0, "tiny": 4e-6}
    found = frozen.changes("x", was, now)
    assert [line.split(" was ")[0] for line in found] == ["x: moved", "x: gone", "x: new"]


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.name)
def test_open_results__reads_results_of_older_versions(path: Path, tmp_path: Path) -> None:
    (tmp_path / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    results = sim.open_results(tmp_path / path.stem)
    assert f"{results.attrs['oreflow_version']}.".startswith(path.name.removesuffix("nc.gz"))
    assert summarise(results).origin.runs == results["runs"].sizes["run"] == 2


def test_results__of_this_minor_version_are_kept() -> None:
    assert frozen.version() in [path.name.removesuffix(".nc.gz") for path in RESULTS], "keep a small one"
