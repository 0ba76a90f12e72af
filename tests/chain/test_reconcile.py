"""Reconciliation: least change that balances, against hand-worked and general solvers; draws of the chain."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

import sim
from sim.chain.accounts import Accounts, collect
from sim.chain.reconcile import LEAST_SHARE, changes, drawn, reconcile
from sim.errors import ScenarioError


def accounts(balance: list[list[float]], values: list[float], doubt: list[float], disposals: int = 0) -> Accounts:
    """Accounts of flows and, last, disposals; markets are called P0, P1, ... of region R."""
    matrix = np.array(balance, dtype=float)
    return Accounts(
        markets=tuple((f"P{index}", "R") for index in range(len(matrix))),
        names=tuple(f"entry {index}" for index in range(len(values))),
        confidence=("made up",) * len(values),
        values=np.array(values, dtype=float),
        doubt=np.array(doubt, dtype=float),
        balance=matrix,
        processes=0,
        routes=len(values) - disposals,
        uses=0,
        disposals=tuple(range(disposals)),
    )


def test_reconcile__is_the_weighted_least_squares_solution_worked_by_hand() -> None:
    # Sources of 100 and 50 t against an outlet of 180 t: 30 t are missing. Standard deviations of 10, 10 and 18 t share
    # them by their squares, 100 : 100 : 324 of 524.
    given = accounts([[1, 1, -1]], [100, 50, 180], [0.1, 0.2, 0.1])
    expected = [100 + 30 * 100 / 524, 50 + 30 * 100 / 524, 180 - 30 * 324 / 524]
    np.testing.assert_allclose(reconcile(given, file="x"), expected, rtol=1e-12)


def test_reconcile__holds_an_entry_at_its_floor_worked_by_hand() -> None:
    # The doubtful source would have to fall below nothing; at its floor of 2 t the two certain entries share the rest:
    # 100 + 2 against 60 leaves 42 t, by squares of 2 and 3 t.
    given = accounts([[1, 1, -1]], [100, 100, 60], [0.02, 1.0, 0.05])
    expected = [100 - 42 * 4 / 13, 100 * LEAST_SHARE, 60 + 42 * 9 / 13]
    np.testing.assert_allclose(reconcile(given, file="x"), expected, rtol=1e-12)


def test_reconcile__leaves_a_balanced_account_and_an_empty_entry_alone() -> None:
    given = accounts([[1, -1, 1, 0], [0, 1, 0, -0.5]], [10, 10, 0, 20], [0.1, 0.2, 0.1, 0.3])
    np.testing.assert_allclose(reconcile(given, file="x"), [10, 10, 0, 20], rtol=1e-12)


def random_accounts(seed: int) -> Accounts:
    """Markets each with a source, an outlet and links to the others; some entries far from balance."""
    rng = np.random.default_rng(seed)
    markets = int(rng.integers(2, 5))
    columns = [sign * np.eye(markets)[m] for m in range(markets) for sign in (1.0, -1.0)]
    for _ in range(markets + 2):
        origin, destination = rng.choice(markets, 2, replace=False)
        columns.append(np.eye(markets)[destination] * rng.uniform(0.2, 1.0) - np.eye(markets)[origin])
    entries = len(columns)
    values, doubt = rng.lognormal(2.0, 1.2, entries), rng.choice([0.05, 0.3, 1.0], entries)
    return accounts(np.array(columns).T.tolist(), values.tolist(), doubt.tolist())


@pytest.mark.parametrize("seed", [*range(25), 1511, 1786])
def test_reconcile__finds_the_optimum_of_a_general_solver(seed: int) -> None:
    given = random_accounts(seed)
    found = reconcile(given, file="x")
    scaled = given.balance * given.values
    share = found / given.values
    assert np.abs(scaled @ share).max() < 1e-9 * np.abs(scaled).max()
    held = np.isclose(share, LEAST_SHARE, rtol=1e-9)
    assert np.all(share >= LEAST_SHARE * (1 - 1e-12))
    # Optimality: where an entry is free its marginal cost is a value of its markets, at the floor it is no less.
    marginal = (share - 1.0) / given.doubt**2
    value = np.linalg.lstsq(scaled[:, ~held].T, marginal[~held], rcond=None)[0]
    excess = marginal - scaled.T @ value
    assert np.abs(excess[~held]).max() < 1e-7 * np.abs(marginal).max()
    assert np.all(excess[held] > -1e-7 * np.abs(marginal).max())
    general = minimize(
        lambda x: (((x - 1.0) / given.doubt) ** 2).sum(),
        np.ones(given.values.size),
        jac=lambda x: 2.0 * (x - 1.0) / given.doubt**2,
        bounds=[(LEAST_SHARE, None)] * given.values.size,
        constraints={"type": "eq", "fun": lambda x: scaled @ x, "jac": lambda x: scaled},
        method="SLSQP",
        options={"maxiter": 1000, "ftol": 1e-10},
    )
    # The solver stops at a relative cost of about 1e-8, which leaves shares uncertain by its root.
    np.testing.assert_allclose(share, general.x, atol=5e-4 * max(1.0, float(share.max())))


def test_reconcile__meets_the_floor_in_some_of_the_random_accounts() -> None:
    held = [
        np.isclose(reconcile(given, file="x"), LEAST_SHARE * given.values, rtol=1e-9).any()
        for given in map(random_accounts, range(25))
    ]
    assert 3 <= sum(held) < 25


def test_reconcile__names_the_markets_that_cannot_balance_and_no_others() -> None:
    # P1 has a source and no outlet; P0 balances by itself.
    given = accounts([[1, -1, 0], [0, 0, 1]], [10, 12, 5], [0.1, 0.1, 0.1])
    with pytest.raises(ScenarioError) as caught:
        reconcile(given, file="tables")
    lines = str(caught.value).splitlines()
    assert len(lines) == 1 and lines[0].startswith("tables: P1 in R cannot balance")


def test_reconcile__closes_no_flow_to_balance() -> None:
    # P1 must take 30 t at least from P0, which has no other outlet, and can pass on none of it but to a mine.
    given = accounts([[1, -1], [0, 1]], [100, 30], [0.1, 0.1])
    with pytest.raises(ScenarioError, match="P1 in R cannot balance"):
        reconcile(given, file="tables")


def test_reconcile__balances_markets_whose_sizes_differ_by_a_million() -> None:
    given = accounts([[1, -1, -1, 0], [0, 0, 0.5, -1]], [3e5, 2e5, 1e-2, 2e-2], [0.1, 0.2, 0.3, 0.3])
    found = reconcile(given, file="x")
    np.testing.assert_allclose(found[0], found[1] + found[2], rtol=1e-12)
    np.testing.assert_allclose(0.5 * found[2], found[3], rtol=1e-9)


def test_changes__lists_what_moved_by_more_than_a_twentieth_and_no_disposal() -> None:
    given = accounts([[1, 1, -1, -1]], [100, 100, 100, 1], [0.1] * 4, disposals=1)
    listed = changes(given, np.array([104.9, 90.0, 106.0, 50.0]))
    assert [(change.name, round(change.relative, 6)) for change in listed] == [("entry 1", -0.1), ("entry 2", 0.06)]


def test_drawn__is_lognormal_about_the_published_value_with_the_spread_of_its_doubt() -> None:
    given = accounts([[1, 1, -1]], [100, 50, 150], [0.05, 0.3, 1.0])
    values = np.array([drawn(given, draw).values for draw in range(1, 4001)]) / given.values
    for entry, doubt in enumerate(given.doubt):
        sigma = np.sqrt(np.log(1.0 + doubt**2))
        logs = np.log(values[:, entry])
        # Four standard errors of 4000 draws.
        assert abs(logs.std() / sigma - 1.0) < 4.0 / np.sqrt(2 * 4000)
        assert abs(logs.mean() + sigma**2 / 2) < 4.0 * sigma / np.sqrt(4000)
        assert abs(values[:, entry].mean() - 1.0) < 4.0 * doubt / np.sqrt(4000)
    ranks = np.corrcoef(np.log(values).T)
    assert np.abs(ranks - np.eye(3)).max() < 4.0 / np.sqrt(4000)


def test_drawn__is_the_same_for_the_same_draw_and_another_for_another() -> None:
    given = collect(sim.load("still").tables)
    np.testing.assert_array_equal(drawn(given, 0).values, given.values)
    np.testing.assert_array_equal(drawn(given, 3).values, drawn(given, 3).values)
    used = given.values > 0.0
    assert np.all(drawn(given, 3).values[used] != drawn(given, 4).values[used])


def test_drawn__chains_of_the_bundled_tables_all_balance() -> None:
    given = collect(sim.load("still").tables)
    results = [reconcile(drawn(given, draw), file="x") for draw in range(12)]
    for values in results:
        through = np.abs(given.balance) @ values
        assert np.abs((given.balance @ values) / through).max() < 1e-9
        assert np.all(values >= 0.0)
    assert len({values.tobytes() for values in results}) == 12
