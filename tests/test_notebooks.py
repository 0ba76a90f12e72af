"""Notebooks run from top to bottom and are stored without output.

All use one kernel, emptied before each: what they share is the time it takes to import the program, which is most of
the time of the small ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.client import KernelManager

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
QUESTIONS = (
    "quickstart",
    "anatomy_of_a_run",
    "quotas_2010_controls_2025",
    "comparing_policies",
    "what_drives_the_tail",
    "exposure",
    "decision_tables",
    "bring_your_own_chain",
    "at_scale",
)
"""Notebooks that there must be, one for each question a reader comes with."""


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelManager]:
    """A kernel for all notebooks."""
    manager = KernelManager(kernel_name="python3")
    yield manager
    if manager.has_kernel:
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in NOTEBOOKS])
def test_notebook__runs_and_is_stored_without_output(path: Path, kernel: KernelManager) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells and all(not cell.outputs and cell.execution_count is None for cell in cells)
    # Names of the notebook before are forgotten first.
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"%reset -f\n%cd -q {FOLDER}"))
    NotebookClient(notebook, km=kernel, timeout=300).execute()
    assert all(cell.execution_count for cell in cells)
    shown = [output for cell in cells for output in cell.outputs if "image/png" in output.get("data", {})]
    assert shown, "no picture is shown"


def test_notebooks__are_there_for_every_question() -> None:
    assert set(QUESTIONS) <= {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook__uses_public_names_only(path: Path) -> None:
    code = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    imported = [line for line in code.splitlines() if line.startswith(("import sim", "from sim"))]
    assert imported and not [line for line in imported if "._" in line or "import _" in line]
    assert "sim._" not in code
