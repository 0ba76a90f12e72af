"""A scenario file to begin with."""

from __future__ import annotations

from pathlib import Path

from sim.errors import Fault, ScenarioError
from sim.scenario.base import label, nearest
from sim.scenario.reader import bundled

TEMPLATE = """\
title = "{title}"
description = \"\"\"
What this scenario asks, in a sentence or two.
\"\"\"
extends = "{extends}"  # all that is not written here comes from there; `sim list` names others

# [time]
# start = "2025-01"
# years = 5            # `sim explain time.years` says what a key means; `sim check {name}.toml` checks the file

[ensemble]
runs = 1000            # 5 and 95 % quantiles become firm from here on

# One restriction to begin with: change it or take it away. A number here is an example and no finding.
[restrictions.example_quota]
title = "An export quota, as an example"
source = "none yet: name where each number comes from"
kind = "export_quota"  # also ban, licensing, export_duty, production_quota, outage, denial ...
by = "CN"
products = ["dy_oxide", "tb_oxide"]
onset = {{ hazard_per_year = 0.2 }}              # or {{ at = "2027-01" }}
duration = {{ months = {{ dist = "lognorm", median = 24, sigma = 0.6 }} }}
quota = {{ share_of_reference = 0.5 }}

# [restrictions.NAME]                          # `restrictions.NAME = false` takes an inherited one away
"""


def create(path: Path, *, extends: str = "baseline") -> Path:
    """Write a scenario file that runs as it stands; never over another file.

    Parameters
    ----------
    path: Where to; `.toml` is added where it has no ending.
    extends: Bundled scenario it begins from.

    Returns
    -------
    The path written.

    Raises
    ------
    ScenarioError: The name cannot be used, something stands there, or no such scenario is bundled.
    """
    final = path if path.suffix else path.with_name(f"{path.name}.toml")
    faults = list(_faults(final, extends))
    if faults:
        raise ScenarioError(faults)
    text = TEMPLATE.format(title=final.stem.replace("_", " ").capitalize(), extends=extends, name=final.stem)
    try:
        with final.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ScenarioError([_there(final)]) from None
    return final


def _faults(path: Path, extends: str) -> list[Fault]:
    known, found = bundled(), []
    name = label(path.name)
    if path.suffix != ".toml":
        found.append(Fault(name, "", "is no name of a scenario file", "end it in .toml, or leave the ending out"))
    elif not path.stem.replace("_", "").replace("-", "").isalnum():
        found.append(Fault(name, "", "has signs that need care in a command", "use letters, figures, - and _"))
    elif path.stem in known:
        found.append(Fault(name, "", "has the name of a bundled scenario", "choose another name"))
    if not path.parent.is_dir():
        found.append(Fault(name, "", f"has no folder {path.parent} to stand in", "create it first"))
    elif path.exists() or path.is_symlink():
        found.append(_there(path))
    if extends not in known:
        found.append(Fault("--extends", "", f"is '{extends}', not a bundled scenario", nearest(extends, known)))
    return found


def _there(path: Path) -> Fault:
    return Fault(label(path.name), "", "exists and is left alone", "choose another name")
