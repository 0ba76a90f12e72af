"""Tells the compiler that lanes do not depend on each other, so that loops over them are vectors without a check.

Nothing in an array of a block says that two rows do not overlap, so the compiler puts a check of every pair of rows in
front of a loop over lanes, dozens of comparisons for a loop of a few steps. Yet no lane reads what another one writes.
Loops whose index is named `lane` are marked as such: each load, store and call in it belongs to a group of accesses,
and the loop names the group (`llvm.loop.parallel_accesses` in LLVM's language reference).

Nor does an index of the core count from the end (`tests/core/test_indices.py`): what numba adds for that is left out.

This rests on the inside of numba's compiler: `sim.core.linking` imports it only with versions it was tested with.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llvmlite.ir import Constant, Instruction, values
from llvmlite.ir.instructions import SelectInstr
from numba.core.analysis import compute_cfg_from_blocks
from numba.core.compiler_machinery import register_pass
from numba.core.controlflow import CFGraph
from numba.core.ir import Assign
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

INDEX = "lane"
"""Name of the index of loops whose steps do not depend on each other."""


class Node(values.MDValue):  # type: ignore[misc]
    """A metadata node unlike any other, which may name itself first, as those of loops do."""

    def __init__(self, module: Any, operands: list[Any], *, itself: bool = False) -> None:
        """Add a node to a module."""
        super().__init__(module, operands, name=str(len(module.metadata)))
        self.itself = itself

    def descr(self, buf: list[str]) -> None:
        """Written as a node of its own."""
        named = (self, *self.operands) if self.itself else self.operands
        buf += ("distinct !{ ", ", ".join(node.get_reference() for node in named), " }\n")


class Named(values.MDValue):  # type: ignore[misc]
    """A property of a loop: its name and a node."""

    def __init__(self, module: Any, words: str, node: Node) -> None:
        """Add a property to a module."""
        super().__init__(module, [node], name=str(len(module.metadata)))
        self.words = words

    def descr(self, buf: list[str]) -> None:
        """Written with the name as a string."""
        buf += (f'!{{ !"{self.words}", ', self.operands[0].get_reference(), " }\n")


class LaneLower(Lower):  # type: ignore[misc]
    """Writes intermediate code and marks loops over lanes."""

    def lower_normal_function(self, fndesc: Any) -> None:
        """Write the function, then mark its loops."""
        super().lower_normal_function(fndesc)
        _count_from_the_start(self.function)
        headers = {self.blkmap[number].name for number in _loops_over_lanes(self.blocks)}
        if headers:
            self._mark(headers)

    def _mark(self, headers: set[str]) -> None:
        blocks = {block.name: block for block in self.function.blocks}
        found = _natural_loops(self.function)
        for header in sorted(headers):
            group = Node(self.module, [])
            accesses = Named(self.module, "llvm.loop.parallel_accesses", group)
            loop = Node(self.module, [accesses], itself=True)
            for name in found[header].body:
                for line in blocks[name].instructions:
                    if isinstance(line, Instruction) and line.opname in ("load", "store", "call"):
                        line.set_metadata("llvm.access.group", group)
                last = blocks[name].terminator
                if last.opname == "br" and blocks[header] in last.operands:
                    last.set_metadata("llvm.loop", loop)


@register_pass(mutates_CFG=True, analysis_only=False)
class LaneLowering(NativeLowering):  # type: ignore[misc]
    """Numba's own step that writes intermediate code, with loops over lanes marked."""

    _name = "lane_lowering"

    @property
    def lowering_class(self) -> type:
        """What writes it."""
        return LaneLower


def _count_from_the_start(function: Any) -> None:
    """Leave out what numba adds for indices below zero, which count from the end: the core has none."""
    for block in function.blocks:
        for line in block.instructions:
            if isinstance(line, SelectInstr):
                negative, wrapped, index = line.operands
                if (
                    getattr(negative, "op", None) == "slt"
                    and negative.operands[0] is index
                    and getattr(wrapped, "opname", None) == "add"
                    and wrapped.operands[0] is index
                ):
                    line.operands[0] = Constant(negative.type, 0)


def _loops_over_lanes(blocks: dict[int, Any]) -> Iterator[int]:
    """Headers, by numba's number, of innermost loops whose index is a lane."""
    loops = compute_cfg_from_blocks(blocks).loops()
    for header, loop in loops.items():
        if any(other in loop.body for other in loops if other != header):
            continue
        statements = (line for number in loop.body for line in blocks[number].body)
        if INDEX in (line.target.name.split(".")[0] for line in statements if isinstance(line, Assign)):
            yield header


def _natural_loops(function: Any) -> dict[str, Any]:
    """Loops of a function's intermediate code, by name of the header."""
    graph = CFGraph()
    for block in function.blocks:
        graph.add_node(block.name)
    for block in function.blocks:
        for operand in block.terminator.operands:
            if hasattr(operand, "terminator"):
                graph.add_edge(block.name, operand.name)
    graph.set_entry_point(function.entry_basic_block.name)
    graph.process()
    return dict(graph.loops())
