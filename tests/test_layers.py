"""Imports point downward, and the core stands on arrays and the compiler alone."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "sim" / "core"


def test_contracts__of_the_layers_hold(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cli = pytest.importorskip("importlinter.cli", reason="import-linter is a tool of development")
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    status = cli.lint_imports(no_cache=True)
    said = capsys.readouterr().out
    assert status == cli.EXIT_STATUS_SUCCESS, said
    assert "2 kept, 0 broken" in said


def imported(file: Path) -> set[str]:
    """Top-level packages a file imports anywhere in it, `sim` with its subpackage."""
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} imports relatively"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {".".join(name.split(".")[:2]) if name.startswith("sim.") else name.split(".")[0] for name in names}


@pytest.mark.parametrize("file", sorted(CORE.glob("*.py")), ids=lambda file: file.name)
def test_core__imports_arrays_and_the_compiler_only(file: Path) -> None:
    others = imported(file) - set(sys.stdlib_module_names)
    assert others <= {"numpy", "numba", "llvmlite", "sim.core"}


def test_core__is_where_compile_settings_are_chosen() -> None:
    package = ROOT / "sim"
    users = {file.relative_to(package).as_posix() for file in package.rglob("*.py") if "numba" in imported(file)}
    assert "core/jit.py" in users
    assert all(name.startswith("core/") for name in users)
