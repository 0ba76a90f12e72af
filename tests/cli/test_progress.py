from __future__ import annotations

import io

import pytest

from sim.cli import progress
from sim.engine import machine_code


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
    monkeypatch.setattr(machine_code, "is_compiled", lambda *_, **__: True)
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


def test_meter__says_that_the_kernel_is_compiled_first(monkeypatch: pytest.MonkeyPatch) -> None:
    written = Terminal()
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setattr(machine_code, "is_compiled", lambda *_, **__: False)
    with progress.Meter(1000):
        pass
    assert "compiling the kernel, once per machine" in written.getvalue()


def test_meter__says_that_parts_of_the_kernel_may_be_compiled_first(monkeypatch: pytest.MonkeyPatch) -> None:
    written = Terminal()
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr("sys.stderr", written)
    monkeypatch.setattr(machine_code, "is_compiled", lambda parts=(), **_: not parts)
    monkeypatch.setattr(machine_code, "all_parts", lambda: ("sim.core.stockpile.offer",))
    with progress.Meter(1000):
        pass
    said = written.getvalue()
    assert "what no scenario needed before is compiled" in said and "compiling the kernel" not in said
