"""A package of its own with the compile settings of the core, run in fresh sessions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

from sim.core import jit

CORE = Path(jit.__file__).parent
COPIED = ("jit.py", "linking.py", "independence.py", "sections.py", "apart.py", "addresses.py")
ENTRY = """
    from sim.core.inner import scaled
    from sim.core.jit import entry

    @entry
    def run(x):
        return scaled(x)
"""


def write_package(root: Path, factor: int, outer: str = ENTRY) -> Path:
    """A package of an entry and an inner function in another file, which uses a copy of the compile settings."""
    folder = root / "sim" / "core"
    folder.mkdir(parents=True)
    (root / "sim" / "__init__.py").write_text("")
    (folder / "__init__.py").write_text("")
    for name in COPIED:
        shutil.copy(CORE / name, folder / name)
    (folder / "inner.py").write_text(inner(factor))
    (folder / "outer.py").write_text(textwrap.dedent(outer))
    return folder


def inner(factor: int) -> str:
    """Source of the inner function; all one-digit factors make files of the same size."""
    return textwrap.dedent(f"""
        from sim.core.jit import kernel

        @kernel
        def scaled(x):
            return {factor} * x
    """)


def printed(root: Path, cache: Path, code: str, **more: str) -> list[str]:
    """Words that a fresh session prints."""
    environment = {
        **os.environ,
        "OREFLOW_CACHE_DIR": str(cache),
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }
    environment.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def run_package(root: Path, cache: Path) -> tuple[float, bool]:
    """Value that a fresh session computes, and whether it took the machine code from the cache."""
    code = "from sim.core.outer import run; print(run(1.0), sum(run.stats.cache_hits.values()))"
    value, hits = printed(root, cache, code)
    return float(value), int(hits) > 0
