"""Scaling: exponents, and what a process reports of a run."""

from __future__ import annotations

import platform
import re
import subprocess
import sys

import pytest

from benchmarks import cold_start, report, scaling


def test_exponent__is_that_of_a_power() -> None:
    assert scaling.exponent([10, 100, 1000], [2.0, 2.0 * 10**1.5, 2.0 * 10**3]) == pytest.approx(1.5)


def test_peak_megabytes__is_of_the_process_itself_and_not_of_its_parent() -> None:
    held = bytearray(b"x") * 300_000_000
    script = "from benchmarks.scaling import peak_megabytes; print(peak_megabytes())"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert 10 < float(done.stdout) < 200 < scaling.peak_megabytes() and held


@pytest.mark.long
def test_whole_run__reports_time_and_memory_of_a_process_of_its_own() -> None:
    found = scaling.whole_run(2, 1, scenario="still")
    assert found["runs"] == 2 and found["years"] == 1
    assert found["processor_seconds"] > 0.0 and 50 < found["peak_megabytes"] < 8000


def test_core_on_random_chains__grows_in_size_and_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "REGIONS", (2, 4))
    monkeypatch.setattr(scaling, "PERIODS", 4)
    small, large = scaling.core_on_random_chains(repeats=1)
    assert 10 < small["entities"] < large["entities"]
    assert small["ns_per_entity_step"] > 0.1


@pytest.mark.long
def test_waits__are_ordered() -> None:
    found = cold_start.waits(repeats=1, scenario="still", runs=4)
    assert 0.0 < found["help_seconds"] < found["first_tick_seconds"]


def test_table__is_one_that_markdown_reads() -> None:
    assert report._table(("a", "b"), [("1", "2")]) == ["| a | b |", "| --- | --- |", "| 1 | 2 |"]


def test_machine__names_no_host_and_no_path() -> None:
    words = re.split(r"[\s,.:*]+", "\n".join(report.machine("noisy")))
    assert platform.node() not in words and "noisy" in words
    assert not any("/" in word for word in words)
