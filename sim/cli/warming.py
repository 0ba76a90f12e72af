"""`sim warmup`: compile the kernel once, so that no run waits for it."""

from __future__ import annotations

import time

from sim.cli.messages import note, reported, say


def compile_kernel() -> None:
    """Compile the kernel for this processor and keep it; the first run does the same, and waits for it.

    What is compiled already is only loaded, so that calling it again does no harm.
    """
    with reported():
        from sim.cli.progress import Meter, stops_at_once
        from sim.engine import machine_code

        ready = machine_code.is_all_compiled()
        if not ready:
            note("compiling the kernel for this processor, once per machine: a minute or so")
        began = time.perf_counter()
        with Meter(1) as meter, stops_at_once(meter):
            machine_code.compile_all()
        folder, size = machine_code.kept()
        done = "Was compiled already; loaded" if ready else "Compiled"
        say(f"{done} in {time.perf_counter() - began:.1f} s. Machine code ({size / 1e6:.0f} MB): {folder}")
