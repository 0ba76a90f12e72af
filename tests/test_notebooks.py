"""Notebooks run from top to bottom and are stored without output."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# Ten seconds and more of processor time each. The first two replay an episode of history a score of times.
LONG = ("rare_earths_2010", "rare_earths_2025", "quotas_2010_controls_2025", "at_scale", "decision_tables")


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.long] if path.stem in LONG else [], id=path.stem) for path in NOTEBOOKS],
)
def test_notebook__runs_and_is_stored_without_output(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells and all(not cell.outputs and cell.execution_count is None for cell in cells)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()
    assert all(cell.execution_count for cell in cells)
    shown = [output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})]
    assert shown, "no picture is shown"


def test_notebooks__exist() -> None:
    assert NOTEBOOKS
