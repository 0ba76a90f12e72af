"""Files and functions stay small enough to be read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES, SCREEN = 400, 80
FILES = sorted(file for part in ("sim", "tests", "benchmarks") for file in (ROOT / part).rglob("*.py"))


@pytest.mark.parametrize("part", ["sim", "tests", "benchmarks"])
def test_files__have_at_most_400_lines_and_functions_a_screen(part: str) -> None:
    files = [file for file in FILES if file.relative_to(ROOT).parts[0] == part]
    assert len(files) > 10
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= MOST_LINES, file
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
                assert node.end_lineno - node.lineno < SCREEN, f"{file}: {node.name}"
