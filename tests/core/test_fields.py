"""Names of the rows of a block: each stands for one row of one class of entities."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from sim.core import fields


def names(statement: ast.Assign) -> list[str]:
    """Names that a statement gives a value."""
    return [node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)]


def test_fields__no_name_stands_for_two_rows() -> None:
    # A name that is given a value again, further down, silently means another row to everyone who imports it.
    assert fields.__file__ is not None
    tree = ast.parse(Path(fields.__file__).read_text())
    counted = Counter(name for line in tree.body if isinstance(line, ast.Assign) for name in names(line))
    assert len(counted) > 100
    assert [name for name, times in counted.items() if times > 1] == []


def test_fields__rows_of_a_class_are_those_up_to_its_number() -> None:
    # Each class ends with the number of its rows; those before it, since the class before, are 0, 1, 2 and so on.
    assert fields.__file__ is not None
    tree = ast.parse(Path(fields.__file__).read_text())
    rows: set[int] = set()
    closed = 0
    for line in tree.body:
        for name in names(line) if isinstance(line, ast.Assign) else []:
            value = getattr(fields, name)
            if name.endswith("_FIELDS"):
                assert rows == set(range(value)), name
                rows, closed = set(), closed + 1
            elif isinstance(value, int) and not name.endswith(("_STATE", "_RECORD")):
                assert value not in rows, name
                rows.add(value)
    assert closed > 10
