"""The command line: parse arguments, call one function of the library, print or save."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 130


def main() -> None:
    """Run the command `sim`; Ctrl-C while it is still being read in, or at its end, is no fault either."""
    with _leaving_at_once():
        from sim.cli.app import app
    try:
        app()
    finally:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            # All is written and said; whoever interrupts threads that end now would only see where.
            signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _leaving_at_once() -> Iterator[None]:
    """Leave on Ctrl-C without unwinding, unless it is ignored: compiled modules turn it into errors of their own."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def leave(*_: object) -> None:
        """Say so and end the process; nothing is open yet."""
        os.write(2, b"\ninterrupted; nothing was written\n")
        os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
