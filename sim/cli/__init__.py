"""The command line: parse arguments, call one function of the library, print or save."""

from __future__ import annotations


def main() -> None:
    """Run the command `sim`."""
    from sim.cli.app import app

    app()
