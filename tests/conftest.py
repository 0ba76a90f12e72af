"""The order of test files: two that compile the core come first, then those that take long, then the rest.

Each precision takes over a minute to compile and is kept in the cache. Left to chance, two workers compile the same one
at the same time; begun with one file each, one compiles for single and the other for double precision. A file that
takes long and comes last would leave the other worker idle.
"""

from __future__ import annotations

import os

# Tests share two cores, and commands they start take this over: threads of linear algebra would wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

FIRST = ("tests/engine/test_run.py", "tests/core/test_loop.py")
LONG = (
    "tests/chain/test_stability.py",
    "tests/test_notebooks.py",
    "tests/test_scenarios.py",
    "tests/test_store.py",
    "tests/report/test_page.py",
    "tests/cli/test_process.py",
    "tests/core/test_origin.py",
    "tests/core/test_properties.py",
    "tests/cli/test_commands.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Hand out files in the order they are collected in."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put some files first; within a file, tests keep their order."""
    ranks = {name: rank for rank, name in enumerate((*FIRST, *LONG))}
    items.sort(key=lambda item: ranks.get(item.nodeid.split("::")[0], len(ranks)))
