"""Linear algebra takes one thread, and gives back what it was given."""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sim.algebra import on_one_thread


def threads() -> list[int]:
    """Threads that libraries of linear algebra may take."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_on_one_thread__limits_while_the_function_runs_and_no_longer() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        inside = on_one_thread(threads)()
        assert inside and set(inside) == {1}
        assert threads() == before


def test_on_one_thread__lifts_the_limit_after_a_failure() -> None:
    @on_one_thread
    def fails() -> None:
        raise ValueError("as asked")

    with threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        with pytest.raises(ValueError, match="as asked"):
            fails()
        assert threads() == before
