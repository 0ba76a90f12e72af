"""Sections of an entry: found again, made anew where they are gone, compiled beside each other for one that asks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sim.core import linking
from sim.core.sections import BESIDE
from tests.core.compiled_package import inner, printed, write_package

SECTIONED = """
    from numba import types

    from sim.core.inner import scaled
    from sim.core.jit import section
    from sim.core.sections import entry_of

    @section
    def grow(rows, by):
        for lane in range(rows.size):
            rows[lane] = scaled(rows[lane]) + by

    @section
    def shrink(rows, place):
        for lane in range(rows.size):
            rows[lane] -= place
        return rows[0] > 0

    @entry_of(grow, shrink, types=lambda given: {**given, "place": types.intp})
    def run(rows, by, steps):
        for place in range(steps):
            grow(rows, by)
            if shrink(rows, place):
                rows[0] += 100
"""
RUN = """
import numpy as np
from sim.core.outer import grow, run, shrink
rows = np.ones(3)
run(rows, 1.0, 2)
print(*rows, *(sum(each.stats.cache_hits.values()) for each in (run, grow, shrink)))
"""

pytestmark = pytest.mark.skipif(not linking.is_tested(), reason="this numba compiles as it does by itself")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Folder of a package whose entry is made up of two sections."""
    return write_package(tmp_path / "package", 2, SECTIONED).parent.parent


def run_sectioned(root: Path, cache: Path, **more: str) -> tuple[list[float], list[int]]:
    """What a fresh session computes, and the machine code it found: of the entry and of both sections."""
    words = printed(root, cache, RUN, **more)
    return [float(word) for word in words[:3]], [int(word) for word in words[3:]]


def worked(factor: float) -> list[float]:
    """The same by hand."""
    rows = [1.0, 1.0, 1.0]
    for place in range(2):
        rows = [factor * value + 1.0 - place for value in rows]
        rows[0] += 100.0 * (rows[0] > 0.0)
    return rows


def test_sections__are_found_again_with_the_entry(package: Path, tmp_path: Path) -> None:
    assert run_sectioned(package, tmp_path / "cache") == (worked(2.0), [0, 0, 0])
    assert run_sectioned(package, tmp_path / "cache") == (worked(2.0), [1, 1, 1])


def test_sections__are_compiled_anew_where_theirs_is_gone_under_the_name_the_entry_calls(
    package: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    run_sectioned(package, cache)
    gone = [path.unlink() for path in cache.rglob("outer.grow-*")]
    assert len(gone) == 2
    assert run_sectioned(package, cache) == (worked(2.0), [1, 0, 1])


def test_sections__are_compiled_by_processes_beside_each_other_for_one_that_was_told_to(
    package: Path, tmp_path: Path
) -> None:
    assert run_sectioned(package, tmp_path / "cache", **{BESIDE: "1"}) == (worked(2.0), [0, 1, 1])


def test_sections__are_compiled_anew_when_an_inner_function_changes(package: Path, tmp_path: Path) -> None:
    cache, source = tmp_path / "cache", package / "sim" / "core" / "inner.py"
    run_sectioned(package, cache)
    before = source.stat()
    source.write_text(inner(3))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run_sectioned(package, cache) == (worked(3.0), [0, 0, 0])
