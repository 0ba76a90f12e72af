"""Files: what cannot be read, inheritance, merging."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.scenario import load, parse
from sim.scenario.restrictions import Licensing


def test_load__missing_file_is_a_fault(folder: Any) -> None:
    assert folder.fault(file="none.toml") == "none.toml does not exist; check the name and the folder"


def test_load__folder_is_a_fault(folder: Any) -> None:
    assert folder.fault(file="tiny") == "tiny is a folder; give a file"


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "a\x1b[2Kb"])
def test_load__odd_file_name_is_a_short_printable_fault(name: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load(name)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_load__device_is_a_fault() -> None:
    with pytest.raises(ScenarioError, match="is not a regular file"):
        load(os.devnull)


def test_extends__bare_name_is_a_bundled_scenario(folder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.scenario.sources.scenario_root", lambda: folder.path)
    (folder.path / "away").mkdir()
    (folder.path / "away" / "mine.toml").write_text('extends = "tiny"\ntitle = "Mine"\n')
    mine = load(folder.path / "away" / "mine.toml")
    assert (mine.title, mine.periods) == ("Mine", 120)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "spoiled.toml is empty; fill it or remove it"),
        (b" \n\t\n", "spoiled.toml is empty; fill it or remove it"),
        (b"title = \xff", "spoiled.toml is not UTF-8 text (byte 8); save it as UTF-8"),
        (
            b"a = 1\nb = = 2\n",
            "spoiled.toml is not TOML: Invalid value (at line 2, column 5); correct the syntax there",
        ),
        (b"a = 1\na = 2\n", "spoiled.toml is not TOML: Cannot overwrite a value (at line 2, column 6)"),
        (b"#" * (2**20 + 1), "spoiled.toml is larger than 1 MiB; give a smaller file"),
        (b"a = " + b"[" * 5000, "spoiled.toml is nested too deeply; write flatter tables"),
    ],
)
def test_load__unreadable_content_is_a_fault(folder: Any, content: bytes, line: str) -> None:
    (folder.path / "spoiled.toml").write_bytes(content)
    assert folder.fault(file="spoiled.toml").startswith(line)


def test_load__tolerates_a_byte_order_mark(folder: Any) -> None:
    for file in ("tiny.toml", "tiny/chain.toml", "tiny/uses.csv"):
        path = folder.path / file
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert load(folder.scenario).title == "Two regions"


def test_extends__child_wins_and_sections_merge(folder: Any) -> None:
    child = load(folder.path / "child.toml")
    assert child.title == "Two regions, licences"
    assert (child.time.start, child.time.years) == ("2025-01", 3.0)
    assert set(child.restrictions) == {"halt"}


def test_extends__another_kind_replaces_the_restriction(folder: Any) -> None:
    halt = load(folder.path / "child.toml").restrictions["halt"]
    assert isinstance(halt, Licensing)
    assert halt.title == ""
    assert halt.profile.recovery_months is None


def test_extends__same_kind_keeps_what_the_child_leaves_out(folder: Any) -> None:
    child = (
        'extends = "tiny.toml"\n[restrictions.halt]\ncut = 0.4\nprofile.rise_months = 2\nonset.hazard_per_year = 1\n'
    )
    (folder.path / "same.toml").write_text(child)
    halt: Any = load(folder.path / "same.toml").restrictions["halt"]
    assert (halt.cut, halt.title) == (0.4, "A halts oxide")
    assert (halt.profile.rise_months, halt.profile.recovery_months) == (2.0, 6.0)
    assert halt.onset.hazard_per_year == 1.0


def test_extends__removing_what_is_not_inherited_is_a_fault(folder: Any) -> None:
    folder.edit("child.toml", "strike = false", "strik = false")
    problem = "restrictions.strik is false, but no such restriction is inherited; did you mean strike?"
    assert folder.fault(file="child.toml") == f"child.toml: {problem}"


def test_extends__circle_is_a_fault(folder: Any) -> None:
    folder.edit("tiny.toml", "title", 'extends = "child.toml"\ntitle')
    line = folder.fault()
    assert line.startswith("tiny.toml: extends is circular (tiny.toml > child.toml > tiny.toml)")


@pytest.mark.parametrize("key", ["extends", "chain"])
@pytest.mark.parametrize("name", ["../outside.toml", "/etc/passwd", "tiny/../../outside.toml"])
def test_names__leading_outside_the_folder_are_faults(folder: Any, key: str, name: str) -> None:
    (folder.path.parent / "outside.toml").write_text('title = "x"\n')
    text = folder.scenario.read_text().replace('chain = "tiny"\n', "")
    folder.scenario.write_text(f'{key} = "{name}"\n{text}')
    assert folder.faults()[0].startswith(f"tiny.toml: {key} is '{name}', outside the folder of the scenario; ")


def test_names__leading_outside_by_a_link_are_faults(folder: Any) -> None:
    (folder.path.parent / "outside").mkdir()
    os.symlink(folder.path.parent / "outside", folder.path / "link")
    folder.edit("tiny.toml", 'chain = "tiny"', 'chain = "link"')
    assert "outside the folder" in folder.fault()


@pytest.mark.parametrize("name", ["", "nowhere", "a\\u0000b", "x" * 5000])
def test_chain__that_is_not_there_is_a_fault(folder: Any, name: str) -> None:
    folder.edit("tiny.toml", 'chain = "tiny"', f'chain = "{name}"')
    assert folder.fault().startswith("tiny.toml: chain is ")


def test_chain__starts_from_the_file_that_names_it(folder: Any) -> None:
    (folder.path / "below").mkdir()
    (folder.path / "tiny").rename(folder.path / "below" / "tiny")
    folder.scenario.rename(folder.path / "below" / "tiny.toml")
    folder.edit("child.toml", "tiny.toml", "below/tiny.toml")
    assert load(folder.path / "child.toml").tables.meta.name == "tiny"


def test_parse__names_only_bundled_chains_without_a_folder() -> None:
    data = {"title": "x", "chain": "tiny", "time": {"start": "2025-01", "years": 1}}
    with pytest.raises(ScenarioError, match="scenario: chain is 'tiny', outside"):
        parse(data)
    assert parse(data, folder=Path(__file__).parent / "data").tables.meta.name == "tiny"
