"""What only a process of its own can show: exit codes, streams, signals and what is imported."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HEAVY = ("numba", "xarray", "scipy", "matplotlib", "numpy", "pydantic")


def start(*arguments: str, cwd: Path, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sim", *arguments]
    return subprocess.Popen(
        command,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def test_help__imports_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom typer.testing import CliRunner\nfrom sim.cli.app import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_run__of_a_broken_file_exits_with_2(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("title = ")
    process = start("run", "broken.toml", cwd=tmp_path)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 2 and out == ""
    assert "broken.toml" in error and "not TOML" in error and "Traceback" not in error
    assert [path.name for path in tmp_path.iterdir()] == ["broken.toml"]


def test_output__into_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "sim", "schema"]
    done = subprocess.run(command, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert done.stderr == "" and done.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_run__interrupted_says_so_and_writes_no_result(tmp_path: Path) -> None:
    # Far more runs than can be done meanwhile.
    process = start("run", "still", "--runs", "1000000", "--out", "a.nc", cwd=tmp_path)
    time.sleep(8.0)
    assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in error
    left = [path.name for path in tmp_path.iterdir()]
    said = "runs are kept in" if left else "interrupted; nothing was written"
    assert said in error and left in ([], ["a.nc.progress"])


def in_python(script: str) -> subprocess.CompletedProcess[str]:
    """Run a few lines in a process of their own."""
    # Tests that were started in the background inherit a Ctrl-C that is ignored.
    head = "import os, signal, sys\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    head += "from sim.cli import main\n"
    return subprocess.run([sys.executable, "-c", head + script], capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_main__interrupted_while_it_is_read_in_leaves_at_once() -> None:
    script = """
class Interrupting:
    def find_spec(self, name, *_):
        if name == "sim.cli.ensembles":
            signal.raise_signal(signal.SIGINT)  # To this thread: sent to the process it may come a moment later.
            raise RuntimeError("as a compiled module does that is interrupted")
sys.meta_path.insert(0, Interrupting())
main()
"""
    done = in_python(script)
    assert done.returncode == 130 and done.stderr == "\ninterrupted; nothing was written\n"


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("handler", ["signal.default_int_handler", "signal.SIG_IGN"])
def test_main__interrupted_at_its_end_is_quiet_and_leaves_who_ignores_it_alone(handler: str) -> None:
    script = f"""
import atexit
atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))
signal.signal(signal.SIGINT, {handler})
sys.argv = ["sim", "--version"]
main()
"""
    done = in_python(script)
    assert done.returncode == 0 and done.stderr == "" and done.stdout.startswith("oreflow")


def test_tables__into_a_file_are_never_cut_off() -> None:
    script = (
        "from sim.cli.messages import table\n"
        "table('wide', ['name', *['>number'] * 9], [['x', *['11,545 (1,345 to 34,301)'] * 9]])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.count("11,545 (1,345 to 34,301)") == 9
