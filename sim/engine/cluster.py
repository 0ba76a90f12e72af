"""Runs on a Dask cluster: ranges of runs are pure functions of scenario and seed, counted where they are simulated.

A worker simulates a range of a few thousand runs, counts them and sends compressed counts and the per-run output; here
they are added up, in whatever order they come. Integers do not mind, so the bits are those of one machine, whatever
dies and is done again. Only twice as many ranges are under way as there are threads, which bounds memory everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from sim.chain.reference import Reference
from sim.engine import tallies
from sim.engine.checkpoint import code_stamp
from sim.engine.chunk import LESSER
from sim.engine.ensemble import Ensemble
from sim.engine.parts import Part, Stored, part_of, together
from sim.engine.stream import PIECE, Stream
from sim.errors import ClusterError
from sim.variables import Path

if TYPE_CHECKING:
    from distributed import Client

Arrays = dict[str, NDArray[Any]]
RANGE = 32 * LESSER
"""Runs that a worker simulates in one go: the counts it sends, some 30 MB, weigh little against them."""
AHEAD = 2
"""Ranges under way for each thread of the cluster."""
LOCAL = "local:"
REACH = "reach.partial"
"""File by which workers are asked whether they reach a folder."""
QUIET = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False"}
"""Settings of local workers: nobody looks at the profile that Dask takes of them, for half of what idling costs."""
PATIENCE = 30
"""Seconds to wait for a scheduler and a first worker."""


@dataclass(frozen=True)
class Counted:
    """What a worker sends: the output and the counts of a range of runs."""

    part: Arrays
    """Empty where it is on disk already."""
    stored: Stored | None
    """What is on disk."""
    counts: Arrays


def simulate_range(
    reference: Reference,
    runs: range,
    seed: int,
    follow: Sequence[Path | str],
    monthly: Sequence[str],
    per_run: Sequence[str] | None = None,
    stream: Stream | None = None,
) -> Counted:
    """Simulate and count a range of runs in one thread; the same bits wherever it is called.

    It is given the balanced chain: to balance it takes as long as a thousand runs of a year.

    Raises
    ------
    ClusterError: The output cannot be written here.
    """
    ensemble = Ensemble(
        reference.scenario,
        seed=seed,
        runs=len(runs),
        follow=follow,
        monthly=monthly,
        per_run=per_run,
        reference=reference,
        sparing=True,
    )
    with ThreadPoolExecutor(1) as pool:
        coming = ensemble.simulate([runs], pool)
        if stream is None:
            return Counted(together(coming).arrays(), None, tallies.packed(ensemble.collector, pool))
        try:
            slots = max(piece.slots for piece in stream.stored(ensemble, coming))
        except OSError as error:
            reason = getattr(error, "strerror", None) or error
            raise ClusterError(f"a worker cannot write to {stream.folder} ({reason})") from None
        return Counted({}, Stored(runs.start, runs.stop, slots), tallies.packed(ensemble.collector, pool))


def simulated_by(
    client: Client, ensemble: Ensemble, runs: Sequence[range], stream: Stream | None = None
) -> Iterator[Part | Stored]:
    """Have ranges of runs simulated by the workers of a cluster; yields what is kept of each as it comes, counted.

    Parameters
    ----------
    client: Connected client.
    ensemble: Its collector gets the counts of each part before it is yielded.
    stream: Folder that workers write the output to, where it does not come here.

    Raises
    ------
    ClusterError: The workers run other code, or the cluster is lost or gives up.
    """
    if not runs:
        return
    from distributed import as_completed
    from distributed.client import Future

    unit = LESSER if stream is None else PIECE
    ranges = [part for each in runs for part in _cut(each, _length(runs, _threads(client), unit))]
    with _translated():
        check_workers(client)
        if stream is not None:
            _check_reach(client, stream)
        left = iter(ranges)

        def submit(count: int) -> list[Future]:
            """The next ranges, under way."""
            given = (ensemble.seed, ensemble.follow, ensemble.monthly, ensemble.chosen, stream)
            return [
                client.submit(simulate_range, ensemble.reference, each, *given, pure=False)
                for each in islice(left, count)
            ]

        coming = as_completed(submit(AHEAD * _threads(client)))
        for future in coming:
            found: Counted = future.result()
            future.release()
            coming.update(submit(1))
            tallies.merge(ensemble.collector, found.counts)
            yield found.stored or part_of(found.part)


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of a cluster: one that runs at `tcp://host:port`, or `local:N` processes of this machine.

    Raises
    ------
    ClusterError: The extra is not installed, the address is none, or nothing answers there.
    """
    workers = check_address(address)
    from distributed import Client, LocalCluster
    from distributed.utils import silence_logging_cmgr

    if workers is None:
        try:
            client = Client(address, timeout=PATIENCE, direct_to_workers=True)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ClusterError(
                f"--cluster {address}: nothing answers ({reason}); start `dask scheduler` there"
            ) from None
        # What becomes of the cluster is said in one message of ours.
        with silence_logging_cmgr(logging.CRITICAL), client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address=None,
            memory_limit=0,
            silence_logs=logging.ERROR,
            env=QUIET,
        ) as cluster,
        Client(cluster, direct_to_workers=True) as client,
    ):
        yield client


def check_address(address: str) -> int | None:
    """Workers of a cluster on this machine; none for a cluster elsewhere.

    Raises
    ------
    ClusterError: The extra is not installed, or the address is none.

    Example
    -------
    >>> check_address("local:4")
    4
    """
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise ClusterError("--cluster needs Dask; install it by `pip install 'oreflow[cluster]'`") from None
    count = address.removeprefix(LOCAL)
    if address.startswith(LOCAL) and count.isdecimal() and 1 <= int(count) <= 4096:
        return int(count)
    if address.startswith(("tcp://", "tls://", "ucx://")):
        return None
    raise ClusterError(f"--cluster {address}: is no cluster; give tcp://host:8786, or local:4 for four processes here")


def check_workers(client: Client) -> None:
    """Wait for a first worker, and see that all have the code and the libraries of this process.

    Raises
    ------
    ClusterError: There is none in time, or one has others.
    """
    client.wait_for_workers(1, timeout=PATIENCE)
    others = [worker for worker, stamp in client.run(code_stamp).items() if stamp != code_stamp()]
    if others:
        raise ClusterError(
            f"{len(others)} workers have another version of oreflow or of a library it calculates with "
            f"(first {sorted(others)[0]}); install the same on all"
        )


def _threads(client: Client) -> int:
    return max(1, sum(map(int, client.nthreads().values())))


def _check_reach(client: Client, stream: Stream) -> None:
    """See that all workers reach the folder that their output goes to.

    Raises
    ------
    ClusterError: Some do not.
    """
    place = stream.folder.parent
    token = place / REACH
    token.touch()
    try:
        blind = [worker for worker, seen in client.run(token.exists).items() if not seen]
    finally:
        token.unlink(missing_ok=True)
    if blind:
        raise ClusterError(
            f"{len(blind)} workers do not reach {place} (first {sorted(blind)[0]}), where each writes its runs; choose "
            "a folder that all share, or a name that ends in .nc, which is written here"
        )


def _length(runs: Sequence[range], threads: int, unit: int = LESSER) -> int:
    """Runs of a range, a multiple of a unit: few enough that every thread gets some."""
    total = sum(map(len, runs))
    return min(RANGE, max(unit, -(-total // threads // unit) * unit))


def _cut(runs: range, length: int) -> list[range]:
    return [runs[begin : begin + length] for begin in range(0, len(runs), length)]


@contextmanager
def _translated() -> Iterator[None]:
    """Say what a cluster is lost by in one message."""
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    try:
        yield
    except KilledWorker:
        raise ClusterError(
            "the cluster gave up on a range of runs: several workers died of it, perhaps for want of memory (a thread "
            "needs about 1.5 GB); start fewer threads"
        ) from None
    except (FutureCancelledError, TimeoutError, OSError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ClusterError(f"the cluster is lost ({reason[:160]})") from None
