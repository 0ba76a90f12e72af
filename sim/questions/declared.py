"""Variables of the answers to questions asked of ensembles; those of results stand in `sim.variables`."""

from __future__ import annotations

from sim.variables import (
    CAUSE,
    DRAW,
    FACTOR,
    INPUT,
    INSTRUMENT,
    KNOWLEDGE,
    LOOK,
    METRIC,
    MIX,
    OPTION,
    PARAMETER,
    RUN,
    Variable,
)

BLAME = (
    Variable(
        "blame", (METRIC, CAUSE), "of the metric", "Part of the figure that a cause is answerable for.", "float64"
    ),
    Variable("blame_error", (METRIC, CAUSE), "of the metric", "Standard error of that part.", "float64"),
    Variable("total", (METRIC,), "of the metric", "The figure, to which the parts add up.", "float64"),
    Variable("total_error", (METRIC,), "of the metric", "Standard error of the figure.", "float64"),
    Variable("warning", (METRIC,), "", "What to be careful about.", "str"),
    Variable("run_blame", (METRIC, CAUSE, RUN), "of the metric", "Part of a run's value.", "float64"),
    Variable("run_total", (METRIC, RUN), "of the metric", "A run's value, to which its parts add up.", "float64"),
    Variable("warning", (METRIC,), "", "What to be careful about.", "str"),
)
"""Variables of what `sim.blame` returns."""

STRESS = (
    Variable("probability", (), "1", "Probability of the event in a run.", "float64"),
    Variable("probability_error", (), "1", "Standard error of it.", "float64"),
    Variable("low", (), "1", "Lower end of its interval at 95 %.", "float64"),
    Variable("high", (), "1", "Upper end of its interval at 95 %.", "float64"),
    Variable("effective_runs", (), "1", "Runs of equal weight that would tell as much about the event.", "float64"),
    Variable("plain_runs", (), "1", "Runs that plain sampling would need for the same standard error.", "float64"),
    Variable("simulations", (), "1", "Runs simulated, search included.", "float64"),
    Variable("came", (CAUSE,), "1", "Share of runs with the event in which a restriction comes.", "float64"),
    Variable("came_usually", (CAUSE,), "1", "The same of all runs.", "float64"),
    Variable(
        "draw_mean",
        (DRAW,),
        "1",
        "Mean, in runs with the event, of a uniform number of the sampler: one half where it does not matter.",
        "float64",
    ),
)
"""Variables of what `sim.stress` returns."""

SENSITIVITY = (
    Variable(
        "first_share", (METRIC, FACTOR), "1", "Share of the variance that a factor explains by itself.", "float64"
    ),
    Variable("first_share_error", (METRIC, FACTOR), "1", "Standard error of it.", "float64"),
    Variable("total_share", (METRIC, FACTOR), "1", "Share that would be left if all else were known.", "float64"),
    Variable("total_share_error", (METRIC, FACTOR), "1", "Standard error of it.", "float64"),
    Variable(
        "parameter_share",
        (METRIC, PARAMETER),
        "1",
        "Share that a parameter explains by itself of what parameters move the mean over runs by.",
        "float64",
    ),
    Variable("parameter_share_error", (METRIC, PARAMETER), "1", "Standard error of it.", "float64"),
    Variable("run_sd", (METRIC,), "of the metric", "Standard deviation of a run's value over all draws.", "float64"),
    Variable("input_share", (METRIC, INPUT), "1", "Share of the variance that a drawn shock explains.", "float64"),
    Variable("input_share_error", (METRIC, INPUT), "1", "Standard error of it.", "float64"),
)
"""Variables of what `sim.sensitivity` and `sim.shock_shares` return."""


def _indices(dim: str, explained: str) -> tuple[Variable, ...]:
    """First-order and total indices with their errors; `explained` says what the first is a share of, and by whom."""
    return (
        Variable("index_first", (METRIC, dim), "1", f"Share of the variance {explained} by itself.", "float64"),
        Variable("index_first_error", (METRIC, dim), "1", "Standard error of it.", "float64"),
        Variable("index_total", (METRIC, dim), "1", "Share that would be left if all others were known.", "float64"),
        Variable("index_total_error", (METRIC, dim), "1", "Standard error of it.", "float64"),
    )


INDICES = (
    *_indices(PARAMETER, "that parameters give a figure which one of them explains"),
    Variable("figure_sd", (METRIC,), "of the metric", "Standard deviation of the figure over all draws.", "float64"),
)
"""Variables of what `sim.parameter_indices` returns."""

FACTOR_INDICES = (
    *_indices(FACTOR, "of a run's value that a factor explains"),
    Variable("run_sd", (METRIC,), "of the metric", "Standard deviation of a run's value over all draws.", "float64"),
)
"""Variables of what `sim.factor_indices` returns."""

FRONTIER = (
    Variable("strength", (MIX, INSTRUMENT), "1", "Strength of an instrument in a mix.", "float64"),
    *(
        Variable(f"{name}{part}", (MIX,), "of the metric", f"{words} of the {name} of a mix.", "float64")
        for name in ("loss", "cost")
        for part, words in (
            ("", "Figure"),
            ("_error", "Standard error"),
            ("_low", "Lower end of the interval at 95 %"),
            ("_high", "Upper end of the interval at 95 %"),
        )
    ),
    *(
        Variable(f"{name}_change{part}", (MIX,), "of the metric", f"{words} than the first mix, same draws.", "float64")
        for name in ("loss", "cost")
        for part, words in (
            ("", f"How much more {name}"),
            ("_low", f"Lower end of how much more {name}, all together at 95 %,"),
            ("_high", f"Upper end of how much more {name}, all together at 95 %,"),
        )
    ),
    Variable("dropped_for", (MIX,), "", "Mix that surely beats it; empty where none does.", "str"),
    Variable("leads", (MIX,), "", "Whether no other figure is as good in both and better in one.", "bool"),
    Variable("warning", (MIX,), "", "What to be careful about.", "str"),
)
"""Variables of what `sim.frontier` returns."""

DISCOVERY = (
    Variable("limit_low", (INPUT,), "of the input", "Lower limit of the box; minus infinity where open.", "float64"),
    Variable("limit_high", (INPUT,), "of the input", "Upper limit of the box; infinite where open.", "float64"),
    Variable("least", (INPUT,), "of the input", "Least value of any run.", "float64"),
    Variable("most", (INPUT,), "of the input", "Highest value of any run.", "float64"),
    Variable("bad_share", (), "1", "Share of bad runs among all.", "float64"),
    *(
        Variable(f"{name}{part}", (), "1", f"{words}{meaning}, of runs that the box was not found on.", "float64")
        for name, meaning in (
            ("coverage", "share of bad runs inside the box"),
            ("density", "share of bad ones among the runs inside"),
            ("mass", "share of all runs inside"),
        )
        for part, words in (("", "The "), ("_low", "Lower end at 95 % of the "), ("_high", "Upper end at 95 % of the "))
    ),
)
"""Variables of what `sim.discover` returns."""

INFORMATION = (
    Variable("value", (KNOWLEDGE,), "of the metric", "What it saves to know this before the decision.", "float64"),
    Variable("value_error", (KNOWLEDGE,), "of the metric", "Standard error of it.", "float64"),
    Variable("figure", (OPTION,), "of the metric", "Mean over all worlds and runs.", "float64"),
    Variable("figure_error", (OPTION,), "of the metric", "Standard error of it.", "float64"),
    Variable("difference", (OPTION,), "of the metric", "How much more than the option that is best.", "float64"),
    Variable("difference_error", (OPTION,), "of the metric", "Standard error of it, same draws.", "float64"),
    Variable(
        "chosen", (OPTION,), "1", "Share of worlds in which it would be taken if the world were known.", "float64"
    ),
    Variable("chosen_error", (OPTION,), "1", "Standard error of it.", "float64"),
)
"""Variables of what `sim.value_of_information` returns."""

GOAL = (
    Variable("value", (LOOK,), "of the metric", "The figure at a look.", "float64"),
    Variable("error", (LOOK,), "of the metric", "Standard error of it.", "float64"),
    Variable("low", (LOOK,), "of the metric", "Lower end of its interval at 95 %.", "float64"),
    Variable("high", (LOOK,), "of the metric", "Upper end of its interval at 95 %.", "float64"),
    Variable("runs", (LOOK,), "run", "Runs it rests on.", "int64"),
    Variable(
        "allowed", (LOOK,), "of the metric", "Distance to an end of the interval that the goal allows.", "float64"
    ),
)
"""Variables of what `Reached.table` returns."""
