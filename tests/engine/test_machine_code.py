from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import SimpleNamespace

import pytest

from sim.core import jit, linking, loop
from sim.core.sections import BESIDE
from sim.engine import machine_code
from sim.engine.machine_code import compile_all, discard_damaged, is_compiled, kept, make_ready
from sim.engine.run import run
from sim.locks import one_at_a_time
from sim.scenario import load


def test_discard_damaged__deletes_what_has_changed_since_it_was_written(tmp_path: Path) -> None:
    rotten, renewed, sound = (tmp_path / f"{name}.1.nbc" for name in ("rotten", "renewed", "sound"))
    for path in (rotten, renewed, sound):
        path.write_bytes(b"\x80\x04 all of it.")
    assert discard_damaged(tmp_path) == []
    times = rotten.stat()
    rotten.write_bytes(b"\x80\x04 all if it.")
    os.utime(rotten, ns=(times.st_atime_ns, times.st_mtime_ns))
    renewed.write_bytes(b"\x80\x04 another one.")
    os.utime(renewed, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    assert discard_damaged(tmp_path) == [rotten]
    assert discard_damaged(tmp_path) == [] and renewed.exists() and sound.exists()
    (tmp_path / "digests.json").write_text("[not json")
    assert discard_damaged(tmp_path) == [] and not list(tmp_path.glob("*.partial"))


def test_discard_damaged__leaves_the_cache_in_use_alone() -> None:
    # Tests beside this one may write to the cache meanwhile: what was there stays, what comes is theirs.
    before = set(jit.cache_folder().rglob("*.nb?"))
    assert discard_damaged() == []
    assert before <= set(jit.cache_folder().rglob("*.nb?"))


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x80\x04 half of", b"\0" * 50, b"not at all."])
@pytest.mark.parametrize("ending", [".nbi", ".1.nbc"])
def test_discard_damaged__deletes_what_is_cut_short_and_nothing_else(
    tmp_path: Path, content: bytes, ending: str
) -> None:
    place = tmp_path / "core_1"
    place.mkdir()
    whole, spoilt, other = place / f"a{ending}", place / f"b{ending}", place / "note.txt"
    whole.write_bytes(b"\x80\x04 all of it.")
    spoilt.write_bytes(content)
    other.write_bytes(content)
    assert discard_damaged(tmp_path) == [spoilt]
    assert whole.exists() and other.exists() and not spoilt.exists()


def test_compile_all__leaves_nothing_to_compile_for_a_run_with_everything_collected() -> None:
    compile_all()
    known = len(loop.advance.signatures)
    _, size = kept()
    run(load("baseline", overrides=["time.years=1"]), runs=1, traces=1)
    assert len(loop.advance.signatures) == known and kept()[1] == size
    assert size > 1_000_000


@pytest.mark.skipif(not linking.is_tested(), reason="this numba compiles one kind")
def test_is_compiled__looks_for_the_machine_code_of_this_copy_of_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another, mine = tmp_path / "core_1", tmp_path / "core_2"
    kept_there = SimpleNamespace(cache_path=str(mine))
    entry = SimpleNamespace(__module__="sim.core.loop", __name__="advance", stats=kept_there)
    monkeypatch.setattr(loop, "advance", entry)
    for folder in (another, mine):
        assert not is_compiled()
        folder.mkdir()
        (folder / "loop.advance-1.py311.nbi").write_bytes(b"Chain.0\x8c BlockOfLanes.0")
    assert is_compiled() and not is_compiled(full=False)
    (mine / "loop.advance-1.py311.nbi").write_bytes(b"Chain.0\x8c Block.0")
    assert is_compiled(full=False) and not is_compiled()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[dict[str, str]]]:
    """Environments of the processes that were asked to compile; the cache is empty, and none of them fills it."""
    environments: list[dict[str, str]] = []
    monkeypatch.setattr(subprocess, "run", lambda *_, env, **__: environments.append(env))
    monkeypatch.setattr(machine_code, "is_compiled", lambda *_, **__: False)
    monkeypatch.setattr("sim.core.jit.cache_folder", lambda: tmp_path / jit.cache_stamp())
    make_ready.cache_clear()
    yield environments
    make_ready.cache_clear()


def test_make_ready__asks_one_process_with_the_same_cache_and_sources(
    asked: list[dict[str, str]], tmp_path: Path
) -> None:
    make_ready()
    make_ready()
    assert len(asked) == 1
    assert asked[0]["OREFLOW_CACHE_DIR"] == str(tmp_path)
    assert Path(asked[0]["PYTHONPATH"].split(os.pathsep)[0], "sim", "__init__.py").is_file()


def test_make_ready__waits_for_a_process_that_compiles_and_takes_what_it_has_made(
    asked: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fcntl")
    compiled: list[bool] = []
    monkeypatch.setattr(machine_code, "is_compiled", lambda *_, **__: bool(compiled))
    folder = jit.cache_folder()
    folder.mkdir()
    with ThreadPoolExecutor() as pool:
        with one_at_a_time(folder / machine_code.LOCK):
            waiting = pool.submit(make_ready)
            assert not wait([waiting], timeout=0.3).done
            compiled.append(True)
        waiting.result()
    assert not asked


def test_one_at_a_time__lets_a_process_on_where_nothing_can_be_locked(tmp_path: Path) -> None:
    with one_at_a_time(tmp_path / "missing" / "lock"):
        pass
    with pytest.raises(OSError, match="of the block"), one_at_a_time(tmp_path / "lock"):
        raise OSError("of the block")


def test_make_ready__does_not_compile_a_copy_of_the_sources_in_the_working_folder(
    asked: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sim").mkdir()
    (tmp_path / "sim" / "__init__.py").write_text("raise SystemExit('another copy')")
    monkeypatch.chdir(tmp_path)
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command))
    make_ready()
    monkeypatch.undo()
    (command,) = commands
    looked = [*command[: command.index("-c")], "-c", "import sim; print(sim.__file__)"]
    paths = os.environ | {"PYTHONPATH": str(Path(machine_code.__file__).parents[2])}
    found = subprocess.run(looked, env=paths, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(found.stdout.strip()).parent == Path(machine_code.__file__).parents[1]


def test_make_ready__asks_none_where_another_asked_or_nothing_could_be_found_again(
    asked: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.core.jit.cache_folder", lambda: tmp_path / "oreflow-x7")
    make_ready()
    make_ready.cache_clear()
    monkeypatch.setattr("sim.core.jit.cache_folder", lambda: tmp_path / jit.cache_stamp())
    monkeypatch.setenv(BESIDE, "1")
    make_ready()
    assert not asked
