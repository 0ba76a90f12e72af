"""Templates of pages, filled in: whatever a title or a source looks like, it is text."""

from __future__ import annotations

from importlib import resources


def text(name: str) -> str:
    """A file beside this module, as it stands.

    Parameters
    ----------
    name: Its name.

    Example
    -------
    >>> text("page.css").startswith(":root")
    True
    """
    return resources.files("sim.report").joinpath(name).read_text(encoding="utf-8")


def filled(template: str, **values: object) -> str:
    """A template with values put in, escaped.

    Parameters
    ----------
    template: Name of a file beside this module.
    values: What its names stand for; one that is missing is an error.

    Example
    -------
    >>> "&lt;b&gt;" in filled("explore.html.jinja", sentences=["<b>"], missing=[], table=None, pictures=[])
    True
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(text), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(template).render(**values)
