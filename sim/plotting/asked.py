"""Pictures of answers that were kept as tables (`--out answer.nc`), and of episodes of history, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from sim.errors import ResultError
from sim.plotting import answers, deciding, frontiers, hindcasts, risks, tails

REPLAYED = 24
"""Parameter sets that a fan of an episode is drawn from."""


@dataclass(frozen=True)
class Answer:
    """A kind of picture that is drawn of an answer."""

    about: str
    """What it shows."""
    made_by: str
    """Command that makes what it is drawn of."""
    marks: tuple[str, ...]
    """Variables, or dimensions with labels, of which the answer has at least one."""
    draw: Callable[[xr.Dataset], Figure]


ANSWERS = {
    "forest": Answer(
        "differences between scenarios, paired run by run, with 95 % intervals",
        "sim compare A B --out FILE.nc",
        ("difference",),
        risks.forest_figure,
    ),
    "blame": Answer(
        "what each restriction adds to a figure, as a waterfall",
        "sim blame SCENARIO --metric METRIC --out FILE.nc",
        ("blame",),
        answers.blame,
    ),
    "tornado": Answer(
        "where the variance of a figure comes from, the largest share on top",
        "sim sensitivity SCENARIO --metric METRIC --out FILE.nc",
        ("first_share", "input_share", "index_total"),
        answers.sensitivity,
    ),
    "frontier": Answer(
        "what mixes of policies cost against the loss they leave",
        "sim frontier SCENARIO --out FILE.nc",
        ("loss_change",),
        frontiers.frontier,
    ),
    "value": Answer(
        "what it saves to know a parameter before an option is chosen",
        "sim value-of-information A B --metric METRIC --out FILE.nc",
        ("value_error",),
        deciding.value_of_information,
    ),
    "box": Answer(
        "the limits of drawn shocks within which most bad runs lie",
        "sim discover FILE --metric METRIC --out FILE.nc",
        ("limit_low",),
        answers.discovery,
    ),
    "spells": Answer(
        "how often a condition lasts for so many months in a row",
        "sim tails FILE --lasting CONDITION --out FILE.nc",
        ("months",),
        tails.picture,
    ),
    "budget": Answer(
        "public money by budget year: expected, 1 in 20 and 1 in 100",
        "sim tails FILE --budget --out FILE.nc",
        ("statistic",),
        tails.picture,
    ),
}
"""Pictures of answers by name."""
EPISODE = "hindcast"
"""The picture that is drawn of an episode, not of a file."""


def read(path: str | Path, kind: str) -> xr.Dataset:
    """Read an answer for a kind of picture.

    Parameters
    ----------
    path: File that a question wrote with `--out`.
    kind: A key of `ANSWERS`.

    Raises
    ------
    ResultError: No such file, no NetCDF file, or one that holds something else.
    """
    cure = f"make it with `{ANSWERS[kind].made_by}`"
    if not Path(path).is_file():
        raise ResultError(f"{path}: does not exist; {cure}")
    try:
        data = xr.load_dataset(path, engine="netcdf4", decode_timedelta=False)
    except (OSError, ValueError):
        raise ResultError(f"{path}: is no NetCDF file, which --kind {kind} is drawn of; {cure}") from None
    if not set(ANSWERS[kind].marks) & {*data.data_vars, *data.sizes}:
        raise ResultError(f"{path}: holds no answer that --kind {kind} can be drawn of; {cure}")
    return data


def replayed(episode: str) -> Figure:
    """Replay an episode with parameters fitted to the others, and draw fans and observations.

    Parameters
    ----------
    episode: Name of a bundled episode.

    Raises
    ------
    ScenarioError: An unknown episode.
    """
    from sim.questions import posteriors, weighting
    from sim.questions.hindcast import replay
    from sim.scenario.episodes import read_episode

    found, fitted = read_episode(episode), posteriors.read("rare_earths")
    others = [name for name in fitted.likelihood if name != found.name]
    replays = replay(found, fitted.ensemble, weighting.resampled(fitted.weight(others), REPLAYED))
    return hindcasts.picture(replays, f"posterior after {' and '.join(others)}")
