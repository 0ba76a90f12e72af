"""The most floating-point operations a second that one core of this machine does: fused products and sums in registers.

    python -m benchmarks.peak

Twelve chains of products and sums on whole vector registers, none waiting for another and none touching memory, written
in the compiler's own language so that nothing is left to its choice. What the core reaches is judged against it.
"""

from __future__ import annotations

import ctypes
import statistics
import time
from collections.abc import Callable

import llvmlite.binding as llvm
from llvmlite import ir

CHAINS = 12
"""Enough for two units that take five cycles each; with two constants they fit sixteen registers."""
ROUNDS = 200_000
"""A fraction of a millisecond: where other programs run too, some measurements are then undisturbed."""


def lanes() -> int:
    """Single-precision numbers in the widest register of this processor."""
    features = llvm.get_host_cpu_features()
    return 16 if features.get("avx512f") else 8 if features.get("avx") else 4


def gflops(*, rounds: int = ROUNDS, repeats: int = 400) -> dict[str, float]:
    """Best and median of several measurements, 1e9 operations a second; a product and a sum count as two."""
    engine, work = _compiled(lanes())
    done = 2.0 * CHAINS * lanes() * rounds
    found = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        work(rounds)
        found.append(done / (time.perf_counter() - begin) / 1e9)
    del engine  # it owns the machine code
    return {"best": max(found[1:]), "median": statistics.median(found[1:])}


def _compiled(width: int) -> tuple[object, Callable[[int], float]]:
    """The engine that owns the machine code, and the function: rounds to a number that depends on all of them."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(str(_module(width)))
    module.verify()
    features = llvm.get_host_cpu_features().flatten()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=3
    )
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine, ctypes.CFUNCTYPE(ctypes.c_float, ctypes.c_int64)(engine.get_function_address("work"))


def _module(width: int) -> ir.Module:
    """A loop of `CHAINS` independent steps x -> x * factor + term, each on a vector."""
    module, number = ir.Module(), ir.FloatType()
    vector = ir.VectorType(number, width)
    function = ir.Function(module, ir.FunctionType(number, [ir.IntType(64)]), "work")
    before, loop, after = (function.append_basic_block(name) for name in ("before", "loop", "after"))
    fused = ir.Function(module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{width}f32")
    factor, term = ir.Constant(vector, [0.999] * width), ir.Constant(vector, [0.001] * width)
    ir.IRBuilder(before).branch(loop)
    build = ir.IRBuilder(loop)
    count = build.phi(ir.IntType(64))
    chains = [build.phi(vector) for _ in range(CHAINS)]
    count.add_incoming(ir.Constant(ir.IntType(64), 0), before)
    steps = [build.call(fused, [chain, factor, term]) for chain in chains]
    for index, (chain, step) in enumerate(zip(chains, steps, strict=True)):
        chain.add_incoming(ir.Constant(vector, [float(index)] * width), before)
        chain.add_incoming(step, loop)
    more = build.add(count, ir.Constant(ir.IntType(64), 1))
    count.add_incoming(more, loop)
    build.cbranch(build.icmp_signed("<", more, function.args[0]), loop, after)
    build = ir.IRBuilder(after)
    total = steps[0]
    for step in steps[1:]:
        total = build.fadd(total, step)
    build.ret(build.extract_element(total, ir.Constant(ir.IntType(32), 0)))
    return module


if __name__ == "__main__":
    print(gflops())
