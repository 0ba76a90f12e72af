"""Parts of the core: compiled once a chain needs them, found again, and never called where they are not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import sim
from sim.chain import build, core_arrays
from sim.core import linking
from sim.core.apart import needed_by
from sim.core.sections import BESIDE
from sim.engine import machine_code
from sim.policies import driven
from tests.core.compiled_package import printed, write_package

PARTED = """
    from typing import Any, NamedTuple

    import numpy as np
    from numba import types

    from sim.core.addresses import by_address
    from sim.core.apart import PARTS, apart, ask_for
    from sim.core.inner import scaled
    from sim.core.jit import kernel, section
    from sim.core.sections import entry_of

    @by_address
    class Constants(NamedTuple):
        dt: Any

    @by_address
    class Chain(NamedTuple):
        constants: Constants
        twice: Any

    @kernel
    def doubled(chain):
        return chain.twice.size > 0

    @apart(doubled, types.boolean)
    def double(chain, place, rows):
        for lane in range(rows.size):
            rows[lane] = scaled(rows[lane]) + place
        return rows[0] > 10

    @section
    def grow(chain, rows, by):
        for lane in range(rows.size):
            rows[lane] += by
        for place in range(np.int32(1), np.int32(3)):
            if doubled(chain) and double(chain, place, rows):
                rows[0] += 100

    def _types(given):
        return {**given, "place": types.intp}

    @entry_of(grow, types=_types)
    def advance(chain, rows, by):
        grow(chain, rows, by)

    def run(twice, ask=True, kind=np.float32, step=1):
        chain, rows = Chain(Constants(kind(1)), np.zeros(int(twice))), np.ones(3 * step)[::step]
        if ask:
            ask_for(chain)
        advance(chain, rows, 1.0)
        return rows

    def found(compiled):
        return sum(compiled.stats.cache_hits.values())
"""
RUN = """
from sim.core.outer import PARTS, advance, found, run
print(*run({0}), *run({1}), found(advance), found(PARTS[0].section), len(PARTS[0].section.overloads))
"""
PLAIN = [2.0, 2.0, 2.0]
# 2 * 2 + 1 = 5, 2 * 5 + 2 = 12, above 10.
DOUBLED = [112.0, 12.0, 12.0]

pytestmark = pytest.mark.skipif(not linking.is_tested(), reason="this numba compiles as it does by itself")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Folder of a package whose entry calls a part."""
    return write_package(tmp_path / "package", 2, PARTED).parent.parent


def run_parted(package: Path, cache: Path, chains: tuple[bool, bool], **more: str) -> tuple[list[float], list[int]]:
    """What a fresh session computes for two chains; machine code found of entry and part, and codes of the part."""
    words = printed(package, cache, RUN.format(*chains), **more)
    return [float(word) for word in words[:6]], [int(word) for word in words[6:]]


def test_parts__are_compiled_by_the_first_chain_that_needs_them_and_found_again(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert run_parted(package, cache, (False, False)) == ([*PLAIN, *PLAIN], [0, 0, 0])
    assert not list(cache.rglob("outer.double-*"))
    assert run_parted(package, cache, (False, True)) == ([*PLAIN, *DOUBLED], [1, 0, 1])
    assert list(cache.rglob("outer.double-*"))
    assert run_parted(package, cache, (True, False)) == ([*DOUBLED, *PLAIN], [1, 1, 1])


def test_parts__are_compiled_beside_sections_for_a_process_that_was_told_their_names(
    package: Path, tmp_path: Path
) -> None:
    named = {BESIDE: "core,sim.core.outer.double"}
    assert run_parted(package, tmp_path / "cache", (False, True), **named) == ([*PLAIN, *DOUBLED], [0, 1, 1])


def test_parts__are_compiled_where_the_rest_is_kept_already(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    run_parted(package, cache, (False, False))
    run_parted(package, cache, (False, False), **{BESIDE: "core,sim.core.outer.double"})
    assert list(cache.rglob("outer.double-*"))
    assert run_parted(package, cache, (False, True)) == ([*PLAIN, *DOUBLED], [1, 1, 1])


def test_parts__that_are_not_there_end_the_process_rather_than_leave_out_what_they_do(
    package: Path, tmp_path: Path
) -> None:
    code = "from sim.core.outer import run; run(True, ask=False); print('went on')"
    environment = {**os.environ, "OREFLOW_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(package)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=package, capture_output=True, text=True)
    assert done.returncode != 0 and not done.stdout
    assert "a part of the core was called that no chain had asked for" in done.stderr


def test_parts__are_there_for_all_types_that_the_core_is_compiled_for(package: Path, tmp_path: Path) -> None:
    code = """
import numpy as np
from sim.core.outer import run
run(False, step=2)
run(True)
run(True, step=2)
run(False, kind=np.float64)
print(*run(True, kind=np.float64), *run(True, step=3))
"""
    words = printed(package, tmp_path / "cache", code)
    assert [float(word) for word in words] == [*DOUBLED, *DOUBLED]


def test_parts__are_needed_by_the_chains_that_use_them() -> None:
    everything = {name.removeprefix("sim.core.") for name in machine_code.all_parts()}
    assert len(everything) > 15
    assert needed("baseline") == needed("controls_2025") == set()
    assert needed("blanks_reaction") == {"reactions.decide"}
    assert needed("end_use_denial") == {"flow._tag_outputs", "origin.bind", "origin.part"}
    others = needed("section_232")
    assert {"stockpile.offer", "levies.lay", "support.pay"} <= others
    assert everything == {"reactions.decide"} | needed("end_use_denial") | others


def needed(name: str) -> set[str]:
    """Parts that a bundled scenario needs, without their package."""
    reference = build(sim.load(name))
    names = needed_by(driven(core_arrays(reference), reference))
    return {each.removeprefix("sim.core.") for each in names}
