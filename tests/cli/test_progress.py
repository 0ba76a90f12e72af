from __future__ import annotations

import io
from pathlib import Path

import pytest

from sim.cli import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_meter__is_silent_where_standard_error_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    with progress.Meter(10) as meter:
        meter.update(5, 10)
    assert written.getvalue() == ""


def test_meter__shows_pace_and_time_left_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    written = Terminal()
    clock = iter([0.0, 2.0])
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setattr(progress, "is_compiled", lambda: True)
    with progress.Meter(1000) as meter:
        with monkeypatch.context() as patch:
            patch.setattr(progress.time, "monotonic", lambda: next(clock))
            meter.update(200, 1000)
        with monkeypatch.context() as patch:
            patch.setattr(progress.time, "monotonic", lambda: 2.0)
            meter.update(600, 1000)
        task = meter.bar.tasks[0]
        assert task.fields["pace"] == "200 runs/s, 2 s left" and task.completed == 600
    assert "simulating" in written.getvalue()


def test_meter__says_that_the_kernelis_compiled_first(monkeypatch: pytest.MonkeyPatch) -> None:
    written = Terminal()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setattr(progress, "is_compiled", lambda: False)
    with progress.Meter(1000):
        pass
    assert "compiling the kernel, once per machine" in written.getvalue()


def testis_compiled__looks_for_the_machine_code_of_the_simulation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.core.jit.cache_folder", lambda: tmp_path)
    assert not progress.is_compiled()
    (tmp_path / "core_1").mkdir()
    (tmp_path / "core_1" / "loop.advance-1.py311.nbi").touch()
    assert progress.is_compiled()
