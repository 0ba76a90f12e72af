"""`sim warmup` says what it does and where machine code is kept."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from sim.cli.app import app
from sim.core import jit
from sim.engine import machine_code


def test_warmup__loads_what_is_compiled_and_names_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    monkeypatch.setattr(machine_code, "compile_all", lambda: called.append(True))
    monkeypatch.setattr(machine_code, "is_compiled", lambda *_, **__: True)
    done = CliRunner().invoke(app, ["warmup"])
    assert done.exit_code == 0 and called == [True]
    words = " ".join(done.output.split())
    assert "Was compiled already" in words and str(jit.cache_folder()) in done.output.replace("\n", "")


def test_warmup__says_beforehand_that_it_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_code, "compile_all", lambda: None)
    monkeypatch.setattr(machine_code, "is_compiled", lambda *_, **__: False)
    done = CliRunner().invoke(app, ["warmup"])
    assert done.exit_code == 0
    assert "compiling the kernel for this processor" in done.output and "Compiled in" in done.output
