"""The order of test files: two that compile the core come first, so that two workers share that work.

Each precision takes over a minute to compile and is kept in the cache. Left to chance, two workers compile the same one
at the same time; begun with one file each, one compiles for single and the other for double precision.
"""

from __future__ import annotations

import pytest

FIRST = ("tests/engine/test_run.py", "tests/core/test_loop.py")


def pytest_configure(config: pytest.Config) -> None:
    """Hand out files in the order they are collected in."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that compile first; within a file, tests keep their order."""
    files = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: files.get(item.nodeid.split("::")[0], len(FIRST)))
