"""What a benchmark prints."""

from __future__ import annotations

import json
from typing import Any


def show(found: dict[str, Any], *, as_json: bool) -> None:
    """Print figures by name, a line each or as JSON."""
    if as_json:
        print(json.dumps(found))
        return
    for key, value in found.items():
        print(f"{key:26s} {value:.4f}" if isinstance(value, float) else f"{key:26s} {value}")
