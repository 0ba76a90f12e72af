"""Loops over lanes are written so that the compiler can make vectors of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.core import state

FOLDER = Path(state.__file__).parent
ONCE_A_RUN = {"event_spans", "set_clocks", "_decide_one"}
"""Functions that go over lanes once a block or for the few periods of an announcement."""


def lane_loops(tree: ast.AST) -> Iterator[tuple[str, ast.For]]:
    """Name of the function and loop, of every loop over lanes without a loop in it."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef) and function.name not in ONCE_A_RUN:
            for loop in ast.walk(function):
                if isinstance(loop, ast.For) and ast.unparse(loop.target) == "lane":
                    yield function.name, loop


def unknown_places(loop: ast.For) -> list[str]:
    """Subscripts that the compiler cannot know to be neighbours, or the same row, for all lanes.

    A field of a record is loaded anew for every lane, since what the loop stores might have changed it; and a sum with
    the lane might be negative, and so count from the end.
    """
    return [
        ast.unparse(place)
        for place in ast.walk(loop)
        if isinstance(place, ast.Subscript)
        for index in ast.walk(place.slice)
        if isinstance(index, ast.Attribute | ast.BinOp)
    ]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_loops_over_lanes__index_rows_by_names_and_lanes_by_themselves(path: Path) -> None:
    loops = list(lane_loops(ast.parse(path.read_text(encoding="utf-8"))))
    found = {f"{name}: {place}" for name, loop in loops for place in unknown_places(loop)}
    # Offsets into a chunk's runs, of counting: a product of two counts is known not to be negative.
    assert {place for place in found if "[at + lane]" not in place} == set()


def test_unknown_places__finds_fields_and_sums() -> None:
    loop = ast.parse("for lane in range(n):\n    a[X, row.market, lane] += b[k, first + lane] * c[m, lane]").body[0]
    assert isinstance(loop, ast.For)
    assert unknown_places(loop) == ["a[X, row.market, lane]", "b[k, first + lane]"]


def written_elsewhere(loop: ast.For) -> list[str]:
    """What a loop over lanes writes to a place that is not the lane's own, or not to a lane at all."""
    named = {"lane"} | {
        ast.unparse(line.targets[0])
        for line in ast.walk(loop)
        if isinstance(line, ast.Assign) and ast.unparse(line.value) == "first + lane"
    }
    return [
        ast.unparse(place)
        for place in ast.walk(loop)
        if isinstance(place, ast.Subscript) and isinstance(place.ctx, ast.Store)
        if ast.unparse(place.slice.elts[-1] if isinstance(place.slice, ast.Tuple) else place.slice)
        not in named | {"at + lane"}
    ]


def all_lane_loops(tree: ast.AST) -> Iterator[ast.For]:
    """Every loop over lanes."""
    return (loop for loop in ast.walk(tree) if isinstance(loop, ast.For) and ast.unparse(loop.target) == "lane")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_loops_over_lanes__write_to_their_own_lane_alone(path: Path) -> None:
    # The compiler is told that lanes do not depend on each other (`sim.core.independence`): this is what makes it true.
    for loop in all_lane_loops(ast.parse(path.read_text(encoding="utf-8"))):
        assert written_elsewhere(loop) == []


def test_written_elsewhere__finds_sums_over_lanes_and_neighbours() -> None:
    lines = ("run = first + lane", "a[m] += b[lane]", "c[m, lane - 1] = d[run]", "e[run] = 1")
    loop = ast.parse("".join(["for lane in range(n):", *(f"\n    {line}" for line in lines)])).body[0]
    assert isinstance(loop, ast.For)
    assert written_elsewhere(loop) == ["a[m]", "c[m, lane - 1]"]
