"""Validation errors of the models, put in plain language."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from sim.errors import Fault
from sim.scenario.base import nearest, show
from sim.scenario.policies import POLICY_KINDS
from sim.scenario.restrictions import KINDS
from sim.scenario.sources import NAMED

TYPED = {"restrictions": KINDS, "policies": POLICY_KINDS}
"""Sections whose tables are told apart by their kind, with the kinds."""
Location = tuple[int | str, ...]
Place = Callable[[Location], tuple[str, str]]
"""Gives the file and the key of a location in the data."""

WANTED = {
    "float_type": "give a number",
    "float_parsing": "give a number",
    "int_type": "give a whole number",
    "int_from_float": "give a whole number",
    "int_parsing": "give a whole number",
    "string_type": "give text in quotes",
    "bool_type": "give true or false",
    "bool_parsing": "give true or false",
    "tuple_type": "give a list",
    "dict_type": "give a table",
    "model_type": "give a table",
    "model_attributes_type": "give a table",
    "finite_number": "give a finite number",
    "too_short": "give at least one",
    "too_long": "give fewer",
    "missing": "add it",
}
BOUNDS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}


def translate(error: ValidationError, root: type[BaseModel], place: Place) -> list[Fault]:
    """Return the faults behind a validation error.

    Parameters
    ----------
    error: What a model raised.
    root: The model that was validated.
    place: Gives the file and the key of a location in the data.
    """
    return [_fault(details, root, place) for details in error.errors(include_url=False)]


def _fault(details: ErrorDetails, root: type[BaseModel], place: Place) -> Fault:
    location, context, kind = details["loc"], details.get("ctx", {}), details["type"]
    clean = tuple(part for part in untagged(location))
    problem, cure = f"is {show(details['input'])}", WANTED.get(kind, "")
    if kind == "fault":
        clean += tuple(part for part in [context.get("key")] if part)
        problem, cure = context.get("problem", problem), context["cure"]
    elif kind in ("missing", "too_short"):
        problem = "is missing" if kind == "missing" else "is empty"
        if kind == "missing" and clean == ("time",):
            cure = 'add it, or inherit it from a scenario: extends = "baseline"'
    elif "[key]" in location:
        problem, cure = "is not a plain name", "use letters, digits, _ and -"
    elif kind == "extra_forbidden":
        known = set(names_at(root, location[:-1]))
        problem, cure = "is not a known key", nearest(str(clean[-1]), known)
        # Known to the other form of the same table, such as a hazard beside a date.
        if clean[-1] in known:
            problem, cure = "stands beside a key that excludes it", "keep one of the two"
    elif kind in BOUNDS:
        cure = f"give {interval(field_at(root, location))}"
        # A cell of a table is text until it is read, and a number needs no quotes.
        problem = f"is {details['input']}" if isinstance(details["input"], str) else problem
    elif kind == "literal_error" and "<permanent>" in location:
        cure = 'give "permanent" or { months = number }'
    elif kind == "literal_error":
        cure = f"give {_alternatives(context['expected'])}"
    elif kind == "union_tag_not_found":
        clean, problem, cure = _discriminator(details, clean)
    elif kind == "union_tag_invalid":
        clean += ("kind",)
        problem = f"is {show(context['tag'])}"
        cure = nearest(str(context["tag"]), [tag.strip("'") for tag in context["expected_tags"].split(", ")])
    elif "<number>" in location and cure == "give a number":
        cure = "give a number or a table { dist = ... }"
    if kind == "tuple_type" and "truncate" in location:
        cure = "give [low, high]"
    file, key = place(clean)
    return Fault(file, key, problem, cure or details["msg"].lower())


def _discriminator(details: ErrorDetails, clean: Location) -> tuple[Location, str, str]:
    if isinstance(details["input"], dict):
        return (*clean, "kind"), "is missing", f"give one of {', '.join(TYPED[str(clean[0])])}"
    return clean, f"is {show(details['input'])}", "give a table"


def _alternatives(expected: str) -> str:
    names = expected.replace(" or ", ", ").replace("'", "").split(", ")
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


def untagged(location: Location) -> Iterator[int | str]:
    """Yield the parts of a location that stand in the file, without those that tell alternatives apart."""
    for position, part in enumerate(location):
        kind = position == 2 and location[0] in TYPED
        tag = isinstance(part, str) and part.startswith("<") and part.endswith(">")
        if not kind and not tag and part != "[key]":
            yield part


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _reach(root: type[BaseModel], location: Location) -> list[type[BaseModel]]:
    models = [root]
    for position, part in enumerate(location):
        if position == 2 and location[0] in TYPED:
            models = [model for model in models if part in get_args(model.model_fields["kind"].annotation)]
            continue
        if position == 1 and location[0] in NAMED:  # a name of the author's choice, which may be that of a field
            continue
        fields = [model.model_fields[part] for model in models if part in model.model_fields]
        if fields:
            models = [model for field in fields for model in _models(field.annotation)]
    return models


def names_at(root: type[BaseModel], location: Location) -> Iterator[str]:
    """Yield the names of the fields that the tables at a location may have."""
    for model in _reach(root, location):
        yield from (field.alias or name for name, field in model.model_fields.items())


def field_at(root: type[BaseModel], location: Location) -> FieldInfo | None:
    """Return the field at a location; none for a free name."""
    steps = [position for position, part in enumerate(location) if not str(part).startswith("<")]
    for position in reversed(steps):
        for model in _reach(root, location[:position]):
            for name, field in model.model_fields.items():
                if location[position] in (name, field.alias):
                    return field
    return None


def _limits(annotation: Any) -> Iterator[Any]:
    if _models(annotation) and not get_args(annotation):
        return
    for item in getattr(annotation, "__metadata__", ()):
        yield from getattr(item, "metadata", [item])
    for argument in get_args(annotation):
        yield from _limits(argument)


def interval(field: FieldInfo | None) -> str:
    """Return the numbers a field takes, in words."""
    limits = [] if field is None else [*field.metadata, *_limits(field.annotation)]
    low = next((item for item in limits if isinstance(item, (Ge, Gt))), None)
    high = next((item for item in limits if isinstance(item, (Le, Lt))), None)
    if low == Ge(0.0) and high == Le(1.0):
        return "a share from 0 to 1"
    if isinstance(low, Ge) and isinstance(high, Le):
        return f"a number from {_plain(low.ge)} to {_plain(high.le)}"
    words = []
    if low is not None:
        words.append(f"above {_plain(low.gt)}" if isinstance(low, Gt) else f"at least {_plain(low.ge)}")
    if high is not None:
        words.append(f"below {_plain(high.lt)}" if isinstance(high, Lt) else f"at most {_plain(high.le)}")
    return f"a number {' and '.join(words)}" if words else "a number inside its bounds"


def _plain(limit: Any) -> str:
    return str(limit).removesuffix(".0")
