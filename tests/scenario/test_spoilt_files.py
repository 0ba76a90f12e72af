"""Thousands of spoilt scenarios and tables: each is refused in words, or runs to a sound result."""

from __future__ import annotations

import os
import shutil
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

import sim
from sim.chain import build
from sim.errors import QuickLookWarning, ScenarioError
from tests.mutations import BOMBS, PATHS, spoil_file
from tests.sound import unsound

DATA = Path(__file__).parent / "data"
PATIENCE = 60.0
"""Seconds for one input, on a machine that has other work too."""
RICH = """
[restrictions.licences]
kind = "licensing"
by = "A"
onset = { hazard_per_year = { events = 2, years = 3.5 } }
duration = { months = 9 }
products = ["oxide", "magnet"]
cut = 0.8
profile = { hold_months = 2, recovery_months = 4 }
validity_months = 6
renewal = 0.5
escalates = { strike = 3 }

[restrictions.quota]
kind = "export_quota"
by = "A"
onset = { at = "2025-08" }
duration = "permanent"
products = ["oxide"]
quota = { share_of_reference = { dist = "beta", mean = 0.6, sd = 0.1 } }

[regimes.A]
calm_years = 2
conflict_years = 3
"""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` in what takes longer."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"took more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def outcome(folder: Path, *, simulate: bool) -> str:
    """What becomes of a scenario: `refused`, `read`, or a complaint."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", QuickLookWarning)
            scenario = sim.load(folder / "tiny.toml")
            build(scenario)
            if simulate and scenario.time.periods <= 1500:
                found = unsound(sim.run(scenario, runs=2, threads=1))
                return "; ".join(found) or "read"
    except ScenarioError as error:
        text = str(error)
        if not text.strip() or any(not (letter.isprintable() or letter == "\n") for letter in text):
            return f"an unprintable message: {text!r}"
        if len(text) > 50_000:
            return f"a message of {len(text)} letters"
        return "refused"
    return "read"


def tried(tmp_path: Path, numbers: range, simulated: int) -> dict[str, list[int]]:
    """Numbers of spoilt copies by what became of them; one in `simulated` is run."""
    found: dict[str, list[int]] = {}
    files = sorted(path.relative_to(DATA) for path in DATA.rglob("*") if path.suffix in (".toml", ".csv"))
    files = [path for path in files if path.name != "child.toml"]
    for number in numbers:
        rng = Random(number)
        folder = Path(shutil.copytree(DATA, tmp_path / "spoilt"))
        scenario = folder / "tiny.toml"
        if rng.random() < 0.5:
            scenario.write_text(scenario.read_text().replace("years = 5", "years = 2") + RICH)
        before = {path.name for path in tmp_path.rglob("*")}
        file = scenario if rng.random() < 0.5 else folder / rng.choice(files)
        spoil_file(file, rng)
        try:
            with at_most(PATIENCE):
                said = outcome(folder, simulate=number % simulated == 0)
        except Exception as error:
            said = f"{type(error).__name__}: {error}"[:300]
        if {path.name for path in tmp_path.rglob("*")} != before:
            said = "a file was written"
        found.setdefault(said, []).append(number)
        shutil.rmtree(folder)
        if (number + 1 - numbers.start) % 500 == 0:
            print(number + 1 - numbers.start, {said: len(which) for said, which in found.items()}, flush=True)
    return found


def test_load__of_120_spoilt_files_refuses_in_words_or_reads(tmp_path: Path) -> None:
    found = tried(tmp_path, range(120), simulated=30)
    assert set(found) == {"refused", "read"}, {said: numbers[:5] for said, numbers in found.items()}
    assert len(found["refused"]) > 50 and len(found["read"]) > 10


@pytest.mark.long
def test_load__of_10_000_spoilt_files_refuses_in_words_or_gives_sound_results(tmp_path: Path) -> None:
    """All that can be read are simulated; each has a minute."""
    first, last = (int(text) for text in os.environ.get("OREFLOW_LONG_SEEDS", "20000 30000").split())
    found = tried(tmp_path, range(first, last), simulated=1)
    print({said: len(numbers) for said, numbers in found.items()})
    assert set(found) == {"refused", "read"}, {said: numbers[:5] for said, numbers in found.items()}


@pytest.mark.parametrize("key", ["extends", "chain"])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:20].encode("unicode_escape").decode())
def test_load__never_leaves_the_folder_of_the_scenario(tmp_path: Path, key: str, path: str) -> None:
    (tmp_path / "outside.toml").write_text("title = 'secret'\n")
    folder = Path(shutil.copytree(DATA, tmp_path / "a" / "b"))
    written = path.replace("\x00", "\\u0000")
    (folder / "mine.toml").write_text(f'{key} = "{written}"\ntitle = "Mine"\n[time]\nstart = "2025-01"\nyears = 1\n')
    with pytest.raises(ScenarioError) as caught:
        sim.load(folder / "mine.toml")
    assert "secret" not in str(caught.value) and "root:" not in str(caught.value)


def test_load__does_not_follow_a_link_out_of_the_folder(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(DATA, tmp_path / "a"))
    (tmp_path / "outside.toml").write_text((folder / "tiny.toml").read_text())
    (folder / "link.toml").symlink_to(tmp_path / "outside.toml")
    (folder / "mine.toml").write_text('extends = "link.toml"\n')
    with pytest.raises(ScenarioError, match="outside the folder"):
        sim.load(folder / "mine.toml")


@pytest.mark.parametrize("number", range(len(BOMBS)))
def test_load__of_a_bomb_is_refused_soon(tmp_path: Path, number: int) -> None:
    folder = Path(shutil.copytree(DATA, tmp_path / "a"))
    (folder / "tiny.toml").write_text(BOMBS[number])
    with pytest.raises(ScenarioError) as caught:
        sim.load(folder / "tiny.toml")
    assert len(str(caught.value)) < 1_000_000


def test_load__names_a_restriction_like_a_key_and_still_says_what_is_wrong(folder: Any) -> None:
    folder.edit("tiny.toml", "[restrictions.halt]", "[restrictions.profile]")
    folder.edit("tiny.toml", 'kind = "ban"', 'kind = "ban"\ncuts = 1')
    assert folder.fault() == "tiny.toml: restrictions.profile.cuts is not a known key; did you mean cut?"


def test_load__forgets_who_wrote_what_is_replaced(folder: Any) -> None:
    folder.edit("child.toml", "strike = false", "strike.duration = { years = -2 }")
    faults = folder.faults(file="child.toml")
    assert faults and all(fault.startswith("child.toml: restrictions.strike.duration") for fault in faults)


def test_load__lists_two_hundred_faults_and_counts_the_rest(folder: Any) -> None:
    (folder.path / "tiny.toml").write_text("\n".join(f"key{number} = 1" for number in range(1000)))
    with pytest.raises(ScenarioError) as caught:
        sim.load(folder.scenario)
    lines = str(caught.value).splitlines()
    assert len(lines) == 201 and len(caught.value.faults) > 1000
    assert lines[-1] == f"and {len(caught.value.faults) - 200:,} more faults of the kind"


@pytest.mark.parametrize("cell", ["1e13", "-1e308", "1e12"])
def test_tables__take_no_number_beyond_all_bounds(folder: Any, cell: str) -> None:
    folder.edit("tiny/sectors.csv", "1000,300", f"1000,{cell}")
    if cell == "1e12":
        assert sim.load(folder.scenario)
        return
    fault = "tiny/sectors.csv: row 2 value_added_usd_per_kg"
    assert any(line.startswith(fault) and line.endswith("give a number of at most 1e+12") for line in folder.faults())


def test_tables__show_control_characters_escaped(folder: Any) -> None:
    folder.edit("tiny/routes.csv", "oxide,A,B", "ox\x1b[2Jide,A,B")
    assert any("ox\\x1b[2Jide" in fault and fault.isprintable() for fault in folder.faults())


def test_load__refuses_more_events_than_were_ever_counted(folder: Any) -> None:
    folder.edit("tiny.toml", "[restrictions.halt]", RICH + "[restrictions.halt]")
    folder.edit("tiny.toml", "events = 2", f"events = {'9' * 400}")
    (fault,) = (line for line in folder.faults() if "events" in line)
    assert (
        "restrictions.licences.onset.hazard_per_year.events is a number beyond all bounds; give a number from" in fault
    )


def test_run__has_no_more_lines_stand_still_than_there_are(folder: Any) -> None:
    """Magnets that take ten times the oxide are cheap while there is plenty, and more is wanted than lines need."""
    folder.edit("tiny/recipes.csv", "press,oxide,-0.4", "press,oxide,-4")
    results = sim.run(sim.load(folder.scenario), runs=2, threads=1)
    most = results["distribution"].stopped_maximum
    assert 0.99999 < float(most.max()) <= 1.0 and float(results["runs"].worst_stopped.max()) <= 1.0
    weeks = results["runs"].weeks_stopped.max() / (52.0 / 12.0)
    assert float(weeks) < results["distribution"].sizes["time"]
