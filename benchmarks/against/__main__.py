"""Measure the reduced chain in every tool, in turn: `python -m benchmarks.against [--json]`."""

from __future__ import annotations

import argparse

from benchmarks.against.measure import measure
from benchmarks.output import show

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--repeats", type=int, default=5, help="times each tool is measured")
parser.add_argument("--json", action="store_true", help="print JSON")
given = parser.parse_args()
show(measure(repeats=given.repeats), as_json=given.json)
