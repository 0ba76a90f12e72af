"""The compile cache never serves code older than its sources, and the machine code is packed."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numba
import numpy as np
import pytest

from sim.core import allocate, jit, linking, loop, restrictions
from sim.core.jit import cache_stamp
from tests import small_chains, small_shocks
from tests.core import arrays
from tests.core.compiled_package import CORE, inner, run_package, write_package


def test_entry__is_compiled_anew_when_an_inner_function_changes(tmp_path: Path) -> None:
    folder, cache = write_package(tmp_path / "package", 2), tmp_path / "cache"
    root, source = folder.parent.parent, folder / "inner.py"
    assert run_package(root, cache) == (2.0, False)
    assert run_package(root, cache) == (2.0, True)
    before = source.stat()
    source.write_text(inner(3))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert source.stat().st_size == before.st_size
    assert run_package(root, cache) == (3.0, False)
    assert run_package(root, cache) == (3.0, True)


@pytest.mark.parametrize("kind", ["file", "locked folder"])
def test_entry__runs_without_a_writable_cache_folder(tmp_path: Path, kind: str) -> None:
    folder, cache = write_package(tmp_path / "package", 2), tmp_path / "cache"
    if kind == "file":
        cache.write_text("not a folder")  # cannot be made, even by a user whom permissions do not bind
    else:
        cache.mkdir()
        cache.chmod(0o500)
    try:
        assert run_package(folder.parent.parent, cache)[0] == 2.0
    finally:
        cache.chmod(0o700)


def test_cache_stamp__changes_with_any_source_byte_and_name(tmp_path: Path) -> None:
    folder = tmp_path / "core"
    shutil.copytree(CORE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    stamps = {cache_stamp(folder)}
    assert stamps == {cache_stamp(CORE)}
    for number, source in enumerate(sorted(folder.glob("*.py")), start=1):
        text = source.read_bytes()
        source.write_bytes(text[:-1] + b" ")
        stamps.add(cache_stamp(folder))
        assert len(stamps) == number + 1, source.name
        source.write_bytes(text)
    assert cache_stamp(folder) == cache_stamp(CORE)
    (folder / "flow.py").rename(folder / "flows.py")
    assert cache_stamp(folder) not in stamps


def test_inner_options__are_none_with_a_numba_that_was_not_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba, "__version__", "0.1.0")
    assert linking.inner_options() == linking.section_options() == {}


def test_inner_functions__give_the_bits_that_functions_compiled_by_themselves_give() -> None:
    def grown(value: float, by: float) -> float:
        return value * by + np.float32(0.1) * value

    def rows(inner: Callable[..., float]) -> Callable[..., None]:
        @numba.njit(**jit.OPTIONS)  # type: ignore[untyped-decorator]
        def over(values: np.ndarray) -> None:
            for lane in range(values.size):
                values[lane] = inner(values[lane], np.float32(1.7))

        return cast("Callable[..., None]", over)

    values = np.random.default_rng(1).random(1001, dtype=np.float32)
    linked, alone = values.copy(), values.copy()
    rows(jit.kernel(grown))(linked)
    rows(numba.njit(**jit.OPTIONS)(grown))(alone)
    assert not np.array_equal(linked, values)
    np.testing.assert_array_equal(linked, alone)


def assembly_of(section: Any) -> str:
    """Assembly of a section of the core, compiled here and now for a block in single precision."""
    small = small_shocks.restricted(small_chains.balanced_chain(1), 1)
    block = arrays.block(small, [small_shocks.random_events(small, 1, 12)], 12, np.float32)
    given = {
        **{"chain": block.chain, "block": block.runs, "events": block.events, "draws": block.draws, "bound": True},
        **{"spans": restrictions.event_spans(block.events, 0, 16), "results": allocate.no_record(block.chain)},
        **{"months": np.zeros(12, dtype=np.int32), "weights": np.ones(12, dtype=np.float32)},
        **dict.fromkeys(("first", "begin", "end", "now"), 0),
    }
    names = inspect.signature(section.py_func).parameters
    alone = numba.njit(**jit.UNWRAPPED, **linking.section_options(), **jit.OPTIONS)(section.py_func)
    alone.compile(tuple(numba.typeof(given[name]) for name in names))
    (assembly,) = alone.inspect_asm().values()
    return str(assembly)


@pytest.mark.parametrize(
    "section",
    [
        loop.meet,
        *(
            pytest.param(each, marks=pytest.mark.long)
            for each in (loop.govern, loop.claim, loop.settle, loop.produce, loop.build, loop.note)
        ),
    ],
)
def test_sections__are_packed_single_precision_code_that_counts_no_references(section: Any) -> None:
    assembly = assembly_of(section)
    assert re.search(r"v?mulps", assembly)
    assert re.search(r"vfn?m(add|sub)\d+ps", assembly) or "fma" not in jit.llvm.get_host_cpu_features().flatten()
    for conversion in ("vcvtss2sd", "vcvtps2pd", "cvtss2sd", "cvtps2pd"):
        assert conversion not in assembly, f"{assembly.count(conversion)} conversions to double precision"
    assert "NRT_incref" not in assembly and "NRT_decref" not in assembly


def compiled(source: str) -> tuple[Callable[..., None], str]:
    """A function that calls an inner one called `inner`, and the intermediate code of both."""
    names: dict[str, Callable[..., None]] = {}
    exec(textwrap.dedent(source), names)  # the name of a loop's index is what is tested
    inner = jit.kernel(names["inner"])

    @numba.njit(**jit.OPTIONS)  # type: ignore[untyped-decorator]
    def outer(rows: np.ndarray, first: int, second: int) -> None:
        inner(rows, first, second)

    outer(np.zeros((2, 8), dtype=np.float32), 0, 1)
    return cast("Callable[..., None]", outer), "".join(outer.inspect_llvm().values())


ROWS_OF_ONE_ARRAY = """
    def inner(rows, first, second):
        for {index} in range(rows.shape[1]):
            rows[second, {index}] = rows[second, {index}] * rows[first, {index}] + rows[first, {index}]
            rows[first, {index}] += rows[second, {index}]
"""


@pytest.mark.skipif(not linking.inner_options(), reason="this numba compiles as it does by itself")
def test_loops_over_lanes__are_vectors_without_a_check_of_what_overlaps() -> None:
    marked, lanes = compiled(ROWS_OF_ONE_ARRAY.format(index="lane"))
    plain, others = compiled(ROWS_OF_ONE_ARRAY.format(index="i"))
    assert "vector.body" in lanes and "vector.memcheck" not in lanes
    assert "vector.body" in others and "vector.memcheck" in others
    rows = np.random.default_rng(2).random((5, 1001), dtype=np.float32)
    for first, second in ((1, 3), (4, 0), (2, 2)):  # a row and itself, too
        by_lane, by_index = rows.copy(), rows.copy()
        marked(by_lane, first, second)
        plain(by_index, first, second)
        np.testing.assert_array_equal(by_lane, by_index)
        assert not np.array_equal(by_lane, rows)


def test_loops_by_another_index__keep_their_order() -> None:
    summed, _ = compiled("""
        def inner(rows, first, second):
            for lane in range(2):
                rows[first, lane] += 1.0
            for i in range(1, rows.shape[1]):
                rows[second, i] += rows[second, i - 1]
    """)
    rows = np.ones((2, 1001), dtype=np.float32)
    summed(rows, 0, 1)
    np.testing.assert_array_equal(rows[1], np.arange(1.0, 1002.0))
    np.testing.assert_array_equal(rows[0, :3], [2.0, 2.0, 1.0])
