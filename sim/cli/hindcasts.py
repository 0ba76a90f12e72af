"""`sim hindcast` and `sim calibrate`: the model against what happened."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.cli.arguments import Overrides, Overwrite
from sim.cli.messages import note, reported, say, table, together

if TYPE_CHECKING:
    from sim.questions.calibrate import Calibration
    from sim.questions.hindcast import Peak, Replays, Score
    from sim.questions.posteriors import Posterior
    from sim.scenario.episodes import Episode

PRIOR = "prior"
FEW = 10.0
"""Effective draws below which a warning is given."""
SEED = 20250404
EpisodeNames = Annotated[
    list[str] | None, typer.Argument(metavar="[EPISODE]...", help="Episodes to fit; all bundled ones by default.")
]


def hindcast(
    episode: Annotated[
        str, typer.Argument(metavar="EPISODE", help="Name of a bundled episode, or a folder with its tables.")
    ],
    posterior: Annotated[
        str, typer.Option(help="Posterior file that `sim calibrate` wrote, or the name of a bundled one.")
    ] = "rare_earths",
    fit: Annotated[
        list[str] | None,
        typer.Option(help="Episode the parameters are fitted to, or `prior`; by default all others in the file."),
    ] = None,
    draws: Annotated[int, typer.Option(min=2, max=10_000, help="Parameter sets.")] = 60,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of the model's discrepancy.")] = SEED,
    overrides: Overrides = [],  # noqa: B006 (typer copies it)
    knock_outs: Annotated[bool, typer.Option("--knock-outs", help="Take out one term after the other.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Picture of fans and observations: .png, .svg or .pdf.")] = None,
    out: Annotated[Path | None, typer.Option(help="Table of all observations with their forecasts: .csv.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Replay an episode of history and score what was not imposed against what was observed."""
    with reported():
        from sim import store
        from sim.plotting import files
        from sim.questions import hindcast as hindcasts
        from sim.questions import posteriors, weighting
        from sim.scenario.episodes import read_beliefs, read_episode

        found, fitted, picture, rows = together(
            lambda: read_episode(episode),
            lambda: posteriors.read(posterior),
            lambda: None if plot is None else files.check_picture(plot, overwrite=overwrite),
            lambda: None if out is None else store.checked_file(out, (".csv",), overwrite=overwrite),
        )
        chosen = _fit(fit, fitted, found.name)
        weight = fitted.weight(chosen)
        picks = weighting.resampled(weight, draws)
        if weighting.effective(weight) < FEW:
            note(
                f"only {weighting.effective(weight):.1f} effective draws: parameters are all but fixed, and intervals "
                "come from the discrepancy of the model; calibrate with more draws before quoting their width"
            )
        beliefs = read_beliefs()
        hindcasts.need_scoring()
        with _meter("replaying", draws) as progress:
            replays = hindcasts.replay(found, fitted.ensemble, picks, overrides=overrides, progress=progress)
        scores = hindcasts.scores(replays, beliefs.discrepancy, seed=seed)
        source = _source(posterior, chosen, weight)
        if picture is not None:
            from sim.plotting import hindcasts as pictures

            files.write(pictures.picture(replays, source), picture)
        if rows is not None:
            hindcasts.write_rows(replays, beliefs.discrepancy, rows, seed=seed)
        say(f"{found.about.title}. {' '.join(found.about.description.split())}")
        say(f"Parameters: {source}.")
        _print_scores(found, scores)
        _print_verdict(scores)
        _print_peaks(replays, hindcasts.peaks(replays))
        if knock_outs:
            with _meter("taking out terms", len(found.about.knockouts) + 1) as progress:
                errors = hindcasts.knockouts(found, fitted.ensemble, picks, progress=progress)
            _print_knockouts(errors)
    for path in (plot, out):
        if path is not None:
            note(f"written: {path}")


def calibrate(
    episodes: EpisodeNames = None,
    draws: Annotated[int, typer.Option(min=8, max=1_000_000, help="Parameter sets.")] = 600,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="Seed of all random draws.")] = SEED,
    out: Annotated[Path, typer.Option(help="Posterior file to write: .csv.")] = Path("posterior.csv"),
    work: Annotated[
        Path | None, typer.Option(help="Checkpoint (.npz): an interrupted calibration goes on from there.")
    ] = None,
    priors: Annotated[
        Path | None, typer.Option(help="Priors and discrepancy (.toml) in place of the bundled ones.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Weigh parameter sets by how well they replay episodes; print what was learnt, and write a posterior file."""
    with reported():
        from sim import store
        from sim.questions import calibrate as calibrations
        from sim.questions import posteriors
        from sim.scenario import episodes as histories

        names = episodes or list(histories.episodes())
        target, beliefs, place, *found = together(
            lambda: store.checked_file(out, posteriors.ENDINGS, overwrite=overwrite),
            lambda: histories.read_beliefs(priors),
            lambda: None if work is None else store.checked_place(work, (".npz",)),
            *(lambda name=name: histories.read_episode(name) for name in dict.fromkeys(names)),
        )
        with _meter("replaying", draws * len(found)) as progress:
            result = calibrations.calibrate(found, beliefs, draws=draws, seed=seed, checkpoint=place, progress=progress)
        posteriors.write(result.posterior, target)
    with reported(f"the posterior is in {out}"):
        _print_calibration(result)
        say(f"Posterior: {out}  (hold it against an episode with `sim hindcast EPISODE --posterior {out}`)")


def _fit(fit: list[str] | None, posterior: Posterior, episode: str) -> list[str]:
    """Episodes whose likelihood counts: those asked for, else all but the one that is replayed."""
    if fit is None:
        return [name for name in posterior.likelihood if name != episode]
    return [] if fit == [PRIOR] else list(dict.fromkeys(fit))


def _source(posterior: str, fit: list[str], weight: Any) -> str:
    """Where the parameter sets come from, in a line."""
    from sim.questions.weighting import effective

    what = f"posterior after {' and '.join(fit)}" if fit else "prior"
    return f"{what}, {posterior}, {effective(weight):.0f} effective draws of {weight.size}"


def _meter(what: str, wanted: int) -> Any:
    """A progress bar, with a word on compilation where it is still to come; see `sim.cli.progress.counting`."""
    from sim.cli.progress import counting
    from sim.engine.machine_code import is_compiled

    if sys.stderr.isatty() and not is_compiled(full=False):
        note("compiling the kernel for single runs, once per machine (half a minute or so)")
    return counting(what, wanted)


def _print_scores(episode: Episode, scores: list[Score]) -> None:
    heads = (
        *("series", ">quotes", ">rms error", ">bias", ">CRPS", ">AR(1)", ">past multiples"),
        *(">in 50 %", ">in 90 %", ">width", ">width, past"),
    )
    rows = [
        (
            episode.by_name[score.series].title,
            str(score.observations),
            *map(_number, (score.error, score.bias, score.crps, score.reversion_crps, score.multiples_crps)),
            *(f"{100 * share:.0f} %" for share in score.covered),
            *map(_number, (score.width, score.multiples_width)),
        )
        for score in scores
    ]
    table("Scored series, in natural logarithms (0.10 is about 10 %; width: interval of 90 %)", heads, rows)
    others = [row for row in episode.series if row.role != "scored"]
    if others:
        say("Not scored: " + "; ".join(f"{row.title} ({row.role})" for row in others) + ".")


def _print_verdict(scores: list[Score]) -> None:
    """How many series beat both reference forecasts, and how many do so with intervals no wider than the past's."""
    held = [score for score in scores if score.reversion_crps == score.reversion_crps]
    if held:
        beaten = sum(score.beats_both for score in held)
        narrow = sum(score.width <= score.multiples_width for score in held)
        say(
            f"CRPS below both reference forecasts on {beaten} of {len(held)} series with a history; intervals no wider "
            f"than those of past multiples on {narrow} of {len(held)}."
        )


def _print_peaks(replays: Replays, peaks: list[Peak]) -> None:
    import numpy as np

    from sim.plotting.hindcasts import dates

    def month(at: float) -> str:
        """A month as YYYY-MM."""
        return str(dates(replays.start, np.array(at + 0.5)))[:7]

    def months(count: float) -> str:
        """A half-life in months."""
        return "not reached" if count == float("inf") else f"{count:.1f}"

    rows = [
        (
            replays.episode.by_name[peak.series].title,
            *(f"x{peak.observed:.1f}", f"x{peak.modelled:.1f}", month(peak.observed_month), month(peak.modelled_month)),
            *(months(peak.observed_half_life), months(peak.modelled_half_life)),
        )
        for peak in peaks
    ]
    if rows:
        heads = ("series", ">peak seen", ">model", ">month seen", ">model", ">half-life seen, months", ">model")
        table("Peaks among the quotes, and months from peak to half (model: medians over parameter sets)", heads, rows)


def _print_knockouts(errors: dict[str, dict[str, float]]) -> None:
    groups = list(next(iter(errors.values())))
    rows = [(case.replace("_", " "), *(_number(row[group]) for group in groups)) for case, row in errors.items()]
    table("What each term does: rms log error of the medians without it", ("case", *(f">{g}" for g in groups)), rows)


def _print_calibration(result: Calibration) -> None:
    from sim.questions import calibrate as calibrations
    from sim.questions.weighting import contraction, effective, unidentified

    fits = calibrations.fits(result.posterior)
    names = {fit: " and ".join(fit) or PRIOR for fit in fits}
    weights = {fit: result.posterior.weight(fit) for fit in fits}
    rows = []
    for fit in fits:
        off = calibrations.errors(result, fit)
        rows.append((names[fit], f"{effective(weights[fit]):.0f}", *(_number(value) for value in off.values())))
    heads = ("fitted to", ">effective draws", *(f">rms error, {episode.name}" for episode in result.episodes))
    table("Errors of the weighted medians on the scored observations, natural logarithms", heads, rows)
    shrunk = {fit: contraction(result.posterior.ensemble, weights[fit]) for fit in fits[1:]}
    rows = [
        (name, *(f"{100 * shrunk[fit][name]:.0f} %" for fit in fits[1:])) for name in result.posterior.ensemble.names
    ]
    heads = ("parameter", *(f">{names[fit]}" for fit in fits[1:]))
    table("Prior variance that the data took away (below 0: none, within noise)", heads, rows)
    loose = unidentified(result.posterior.ensemble, weights[fits[-1]])
    rows = [
        (f"{100 * left:.0f} %", ", ".join(f"{load:+.1f} {name}" for name, load in sorted(loads.items())))
        for left, loads in loose
    ]
    table(
        f"Combinations not identified after {names[fits[-1]]}: variance left, and what they are made of",
        (">left", "loadings, in prior standard deviations"),
        rows,
    )


def _number(value: float) -> str:
    """Two digits, or a dash where there is no value."""
    return "-" if value != value else f"{value:.2f}"
