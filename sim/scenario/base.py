"""Base of the scenario models, and the number types with their bounds."""

from __future__ import annotations

import ast
import inspect
import textwrap
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
"""A name that keys random draws."""
Finding = tuple[str, str, str]
"""Key, problem and cure of a fault, before the file it stands in is known."""


class Described(BaseModel):
    """A model whose JSON schema says of each key what the sentence below it in the source does.

    The source is read when a schema is asked for: pydantic's `use_attribute_docstrings` reads it at every start.
    """

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema, with the sentences."""
        found = handler(core_schema)
        keys, sentences = handler.resolve_ref_schema(found).get("properties", {}), _sentences(cls)
        for name, field in cls.model_fields.items():
            key = field.alias or name
            if name in sentences and key in keys:
                keys[key]["description"] = sentences[name]
        return found


def _sentences(model: type[BaseModel]) -> dict[str, str]:
    """The sentence below each field of a model and of those it extends."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if each in (Described, BaseModel) or not issubclass(each, BaseModel):
            continue
        try:
            (definition,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        except OSError:  # Installed without sources: the schema does without sentences.
            continue
        assert isinstance(definition, ast.ClassDef)
        for field, below in pairwise(definition.body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(sentence))):
                    found[name] = inspect.cleandoc(sentence)
    return found


class Model(Described):
    """Frozen and closed: unknown keys fail, and so do infinite numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def defect(problem: str, cure: str, *, key: str = "") -> PydanticCustomError:
    """Return the error a validator raises when it can name the cure itself.

    Parameters
    ----------
    problem: What is wrong, worded to follow the key.
    cure: What to write instead.
    key: Key below the validated value, where the fault is narrower than the value.
    """
    return PydanticCustomError("fault", "{problem}; {cure}", {"problem": problem, "cure": cure, "key": key})


def nearest(name: str, known: Iterable[str], *, otherwise: str = "") -> str:
    """Return the cure for an unknown name: the nearest known one, else all of them when they are few.

    Example
    -------
    >>> nearest("NdPr_oxid", ["NdPr_oxide", "Dy_oxide"])
    'did you mean NdPr_oxide?'
    """
    names = sorted(set(known))
    folded = {candidate.casefold(): candidate for candidate in names}
    begun = [candidate for candidate in folded if name and candidate.startswith(name.casefold())]
    close = begun if len(begun) == 1 else get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean {folded[close[0]]}?"
    if otherwise:
        return otherwise
    return f"give one of {', '.join(names)}" if 0 < len(names) <= 30 else "give a known name"


def label(name: str) -> str:
    """Return a file name as a message shows it: printable and short."""
    return show(name)[1:-1] if name.strip() else "the empty name"


def show(value: object) -> str:
    """Return a value as a message shows it: short, and tables and lists only by kind."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # A control character in a message could hide or forge what follows it on a terminal.
        value = value if value.isprintable() else value.encode("unicode_escape").decode()
        return "empty" if not value.strip() else f"'{value if len(value) <= 40 else value[:37] + '...'}'"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else "a number beyond all bounds"
    if isinstance(value, dict):
        return "a table"
    return "a list" if isinstance(value, (list, tuple)) else "no value a scenario can hold"


def texts(value: object) -> list[str]:
    """Names in what may be one name, a list of names, a table by name, or anything else.

    Example
    -------
    >>> texts("US"), texts({"US": 0.9, "default": 1.0}), texts(7)
    (['US'], ['US', 'default'], [])
    """
    several = value if isinstance(value, (tuple, list, dict)) else (value,)
    return [item for item in several if isinstance(item, str)]


def unknown(key: str, names: Iterable[str], known: Collection[str], kind: str) -> Iterator[Finding]:
    """Yield the names that are not known, each with the nearest that is.

    Parameters
    ----------
    key: Where they stand.
    kind: What they name: a product, a region.
    """
    for name in names:
        if name not in known:
            yield key, f"names '{name}', not a known {kind}", nearest(name, known)
