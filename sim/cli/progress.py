"""Progress on standard error, silent where that is no terminal."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from sim.cli.messages import INTERRUPTED, note

if TYPE_CHECKING:
    from sim.engine.checkpoint import Checkpoint


class Meter:
    """A progress bar with runs a second and time left."""

    def __init__(self, runs: int, *, unit: str = "runs") -> None:
        """Prepare a bar for a number of runs, or of something else; nothing is drawn yet."""
        self.runs, self.unit = runs, unit
        self.first: tuple[float, int] | None = None
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> Self:
        """Draw the bar, with a word on compilation where it is still to come."""
        if sys.stderr.isatty():
            from sim.engine.machine_code import is_all_compiled, is_compiled

            self.bar = _bar()
            self.bar.start()
            if not is_compiled():
                first = "compiling the kernel, once per machine (half a minute or so)"
            elif not is_all_compiled():
                first = "preparing; what no scenario needed before is compiled, once per machine"
            else:
                first = "simulating"
            self.task = self.bar.add_task(first, total=self.runs, pace="")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        self.stop()

    @property
    def _digits(self) -> int:
        """Decimals of a pace: trials take seconds."""
        return 0 if self.unit == "runs" else 1

    def stop(self) -> None:
        """Give the terminal back."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def update(self, done: int, wanted: int) -> None:
        """Move on; `engine.run` calls this."""
        if self.bar is None:
            return
        now = time.monotonic()
        # The first runs may have waited for the compiler, so the pace is taken from then on.
        began, before = self.first = self.first or (now, done)
        pace = ""
        if now > began:
            rate = (done - before) / (now - began)
            pace = f"{rate:,.{self._digits}f} {self.unit}/s, {max(wanted - done, 0) / rate:,.0f} s left"
        self.bar.update(self.task, completed=done, total=wanted, description="simulating", pace=pace)


@contextmanager
def counting(what: str, wanted: int) -> Iterator[Callable[[int, int], None]]:
    """A bar for work that is counted one by one; gives the function that moves it.

    Parameters
    ----------
    what: What is done, in a word or two.
    wanted: Steps at first; the function is told anew each time.
    """
    if not sys.stderr.isatty():
        yield lambda done, wanted: None
        return
    with _bar() as bar:
        task = bar.add_task(what, total=wanted, pace="")
        yield lambda done, wanted: bar.update(task, completed=done, total=wanted)


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        console=Console(stderr=True),
        transient=True,
    )


@contextmanager
def stops_at_once(meter: Meter, kept: Checkpoint | None = None) -> Iterator[None]:
    """Let Ctrl-C end the process at once while no result is being written.

    Python would otherwise wait for compiled code in other threads: half a minute while the kernel compiles. Progress is
    safe: it is on disk, whole, or not at all.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, frame: FrameType | None) -> None:
        """Say so and end at once."""
        meter.stop()
        note(f"\ninterrupted; {kept.left() if kept is not None else 'nothing was written'}")
        sys.stderr.flush()
        if kept is not None:
            kept.close()
        os._exit(INTERRUPTED)

    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
