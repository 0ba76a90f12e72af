"""Shapley values run by run: which coalitions to evaluate, and what each restriction adds to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray

from sim.streams import uniform

Values = NDArray[np.float64]
Index = NDArray[np.intp]
Flags = NDArray[np.bool_]
MOST_PLAYERS = 62
"""Players that fit the bits of a coalition's number."""


@dataclass(frozen=True)
class Plan:
    """Coalitions of each run, and the differences between them that make up the blame of each player."""

    players: int
    """Number of players."""
    runs: int
    """Number of runs."""
    run: Index
    """Run of each coalition, counted from 0, shape (coalition,)."""
    member: Flags
    """Whether a player is in a coalition, shape (coalition, player)."""
    empty: Index
    """The coalition of nobody in each run, shape (run,)."""
    full: Index
    """The coalition of all players that count in each run, shape (run,)."""
    player: Index
    """Player whose step each term is, shape (term,)."""
    weight: Values
    """Weight of each term; those of a run and player add up to 1, shape (term,)."""
    before: Index
    """Coalition that the player joins, shape (term,)."""
    after: Index
    """The same with the player in it, shape (term,)."""

    def blame(self, values: Values) -> Values:
        """Shapley values, or their estimates, from what each coalition comes to.

        Parameters
        ----------
        values: Value of each coalition, shape (coalition,).

        Returns
        -------
        Shape (player, run); 0 for players who do not count in a run. Over players they add up to the value of the full
        coalition less that of the empty one.
        """
        found = np.zeros((self.players, self.runs))
        np.add.at(found, (self.player, self.run[self.after]), self.weight * (values[self.after] - values[self.before]))
        return found


def plan(counts: Flags, *, pairs: int, seed: int, first: int = 0, shared_empty: bool = False) -> Plan:
    """Lay out the coalitions that the blame of every run needs.

    A run with few players that count is enumerated exactly: `2^n` coalitions. One with more is sampled by random orders
    in which players join, each with its reverse (antithetic), whichever takes fewer coalitions. Source of
    sampling by orders: Castro, Gomez and Tejada (2009), doi:10.1016/j.cor.2008.04.004;
    of antithetic orders: Mitchell et al. (2022), jmlr.org/papers/v23/21-0439.html.

    Parameters
    ----------
    counts: Whether a player can matter in a run, shape (player, run).
    pairs: Pairs of orders of a run that is sampled.
    seed: Seed of the orders.
    first: Number of the first run; a run has the same orders in any range.
    shared_empty: Whether the coalition of nobody is one and the same in all runs.

    Raises
    ------
    ValueError: More players than a coalition can number.

    Example
    -------
    >>> found = plan(np.array([[True], [True]]), pairs=4, seed=1)
    >>> worth = {(): 1.0, (0,): 3.0, (1,): 1.0, (0, 1): 5.0}
    >>> values = np.array([worth[tuple(np.flatnonzero(row).tolist())] for row in found.member])
    >>> found.blame(values).ravel().tolist()
    [3.0, 1.0]
    """
    players, runs = counts.shape
    if players > MOST_PLAYERS:
        raise ValueError(f"{players} restrictions; blame can tell apart {MOST_PLAYERS}")
    numbers = uniform(seed, "blame", "orders", first=first, runs=runs, draws=max(pairs * players, 1))
    orders = numbers[:, : pairs * players].reshape(runs, pairs, players).argsort(axis=2)
    at: dict[tuple[int, int], int] = {}
    terms: list[tuple[int, float, int, int]] = []

    def place(run: int, coalition: int) -> int:
        """Number of a coalition, a new one if it was not met before."""
        return at.setdefault((0 if shared_empty and not coalition else run, coalition), len(at))

    ends = np.empty((2, runs), dtype=np.intp)
    for run in range(runs):
        present = np.flatnonzero(counts[:, run])
        ends[:, run] = place(run, 0), place(run, _bits(present))
        steps = _exact(present) if _is_few(present.size, pairs) else _sampled(orders[run], counts[:, run])
        terms += [
            (player, weight, place(run, below), place(run, below | 1 << player)) for player, weight, below in steps
        ]
    member = np.array([[bits >> player & 1 for player in range(players)] for _, bits in at], dtype=bool)
    player, weight, before, after = (np.array(column) for column in zip(*terms, strict=True)) if terms else [[]] * 4
    return Plan(
        players=players,
        runs=runs,
        run=np.array([run for run, _ in at], dtype=np.intp),
        member=member.reshape(len(at), players),
        empty=ends[0],
        full=ends[1],
        player=np.asarray(player, dtype=np.intp),
        weight=np.asarray(weight, dtype=np.float64),
        before=np.asarray(before, dtype=np.intp),
        after=np.asarray(after, dtype=np.intp),
    )


def _bits(players: Index) -> int:
    """Number of the coalition of some players."""
    return sum(1 << player for player in players.tolist())


def _is_few(players: int, pairs: int) -> bool:
    """Whether all coalitions are no more than those that sampled orders pass through."""
    return 2**players <= 2 * pairs * (players - 1) + 2 if players > 1 else True


def _exact(present: Index) -> Iterator[tuple[int, float, int]]:
    """Player, weight and coalition joined of every step that a random order can hold."""
    count, names = present.size, present.tolist()
    for number in range(2**count - 1):
        inside = [names[place] for place in range(count) if number >> place & 1]
        weight = factorial(len(inside)) * factorial(count - len(inside) - 1) / factorial(count)
        below = sum(1 << player for player in inside)
        for player in names:
            if player not in inside:
                yield player, weight, below


def _sampled(orders: Index, counts: Flags) -> Iterator[tuple[int, float, int]]:
    """The same of given orders and their reverses."""
    for order in orders:
        joining = order[counts[order]].tolist()
        for way in (joining, joining[::-1]):
            below = 0
            for player in way:
                yield player, 0.5 / len(orders), below
                below |= 1 << player
