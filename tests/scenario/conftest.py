"""A folder with the two-region example, for tests to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import load

DATA = Path(__file__).parent / "data"


class Folder:
    """A copy of the example that is edited by replacing text."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scenario = path / "tiny.toml"

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace text that must be there, once."""
        text = (self.path / file).read_text(encoding="utf-8")
        assert old in text, old
        (self.path / file).write_text(text.replace(old, new, 1), encoding="utf-8")

    def faults(self, *overrides: str, file: str = "tiny.toml") -> list[str]:
        """Return the faults of a scenario as lines."""
        with pytest.raises(ScenarioError) as caught:
            load(self.path / file, overrides=overrides)
        return [str(fault) for fault in caught.value.faults]

    def fault(self, *overrides: str, file: str = "tiny.toml") -> str:
        """Return the only fault of a scenario."""
        faults = self.faults(*overrides, file=file)
        assert len(faults) == 1, faults
        return faults[0]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """The example in a folder of its own."""
    return Folder(Path(shutil.copytree(DATA, tmp_path / "example")))
