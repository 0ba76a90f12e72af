"""Random numbers from counters: a run's numbers depend on the seed, a name, a purpose and the run's number only."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence
from numpy.typing import DTypeLike, NDArray

_PER_STEP = 4  # doubles that one step of Philox's counter yields


class _Key(ISeedSequence):
    """A key of 16 bytes as a seed: as `Philox(key=...)`, which would ask the system for entropy that it never uses."""

    def __init__(self, digest: bytes) -> None:
        self._words = np.frombuffer(digest, dtype="<u8").astype(np.uint64)

    def generate_state(self, n_words: int, dtype: DTypeLike = np.uint32) -> NDArray[Any]:
        """Return the key, whatever is asked for: a generator asks once, for its key."""
        return self._words


def uniform(seed: int, name: str, purpose: str, *, first: int, runs: int, draws: int) -> NDArray[np.float64]:
    """Uniform numbers in (0, 1) of a range of runs.

    Philox is keyed by a hash of seed, name and purpose and advanced by the run's number, so that run 17 gets the same
    numbers alone, among 100 or among 10 000, and another name leaves them untouched.

    Parameters
    ----------
    seed: Seed of the ensemble.
    name: What is drawn for, such as a restriction's name.
    purpose: What the numbers decide.
    first: First run.
    runs: Number of runs.
    draws: Numbers for each run.

    Returns
    -------
    Shape (run, draw).

    Example
    -------
    >>> a = uniform(1, "quota", "events", first=0, runs=20, draws=3)
    >>> b = uniform(1, "quota", "events", first=17, runs=1, draws=3)
    >>> bool((a[17] == b[0]).all())
    True
    """
    padded = -(-draws // _PER_STEP) * _PER_STEP
    digest = hashlib.blake2b(f"{seed}\0{name}\0{purpose}".encode(), digest_size=16).digest()
    generator = np.random.Philox(_Key(digest))  # type: ignore[arg-type]  # the stubs know SeedSequence only
    generator.advance(first * padded // _PER_STEP)
    numbers = np.random.Generator(generator).random((runs, padded))
    return np.maximum(numbers, 2.0**-54, out=numbers)[:, :draws]
