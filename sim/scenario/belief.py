"""Parameters that differ between runs: a scenario over a whole posterior, not over a point of it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, ValidationError, model_validator

from sim.scenario.base import Model, defect, nearest
from sim.scenario.parameters import BUILT_IN, Parameters

GROUP = 16
"""Runs that share a set of parameters: they are simulated side by side."""


class Posterior(Model):
    """Sets of parameters that runs take in turn, sixteen runs at a time; they stand for it with equal weights."""

    source: Annotated[str, Field(min_length=1)]
    """Where the sets come from: the file, the episodes fitted and how many draws stand behind them."""
    sets: Annotated[tuple[dict[str, float], ...], Field(min_length=1, max_length=10_000)]
    """Values by name of the parameter; those not named are as in `parameters`."""

    @model_validator(mode="after")
    def _can_be_varied(self) -> Self:
        for number, values in enumerate(self.sets):
            for name in values:
                key = f"sets.{number}.{name}"
                if name not in Parameters.model_fields:
                    raise defect("is not a parameter", nearest(name, Parameters.model_fields), key=key)
                if name in BUILT_IN:
                    raise defect("is built into the chain and cannot differ between runs", "leave it out", key=key)
            try:
                Parameters.model_validate(values)
            except ValidationError as error:
                first = error.errors()[0]
                key = f"sets.{number}.{first['loc'][0]}"
                raise defect(
                    f"is {first['input']:g}, out of bounds", "give a value that `parameters` takes", key=key
                ) from None
        return self

    def of_run(self, run: int, otherwise: Parameters) -> Parameters:
        """Parameters of a run.

        Parameters
        ----------
        run: Number of the run.
        otherwise: Parameters of the scenario.

        Example
        -------
        >>> two = Posterior(source="by hand", sets=({"speculation": 1.0}, {"speculation": 2.0}))
        >>> [two.of_run(run, Parameters()).speculation for run in (0, 15, 16, 32)]
        [1.0, 1.0, 2.0, 1.0]
        """
        return otherwise.model_copy(update=self.sets[run // GROUP % len(self.sets)])
