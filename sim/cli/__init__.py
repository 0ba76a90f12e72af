"""The command line: parse arguments, call one function of the library, print or save."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command `sim`; Ctrl-C while it is still being read in is no fault either."""
    try:
        from sim.cli.app import app
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; nothing was written\n")
        raise SystemExit(INTERRUPTED) from None
    app()
