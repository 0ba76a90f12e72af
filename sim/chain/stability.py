"""The stability certificate: small disturbances of the reference state die out, and so do large ones.

Results of a chain that amplifies its own noise mean nothing, so every chain is certified: the largest growth rate of
small disturbances over one period (the spectral radius of the one-period map), and the decay of 200 random disturbances
of inventories and prices by up to 20 % within 120 months.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.algebra import on_one_thread
from sim.chain.arrays import core_arrays
from sim.chain.reference import Reference, build
from sim.core import allocate, fields, loop
from sim.core.state import NEVER, Block, Chain, Events, Floats, ProjectDraws
from sim.scenario import Scenario
from sim.scenario.sources import scenario_root
from sim.streams import uniform

Values = NDArray[np.float64]

DISTURBANCES = 200
MONTHS = 120
SIZE = 0.2
DECAYED = 0.02
"""Largest relative deviation of an inventory or price left after `MONTHS`."""
NEUTRAL = 1e-9
"""Distance from 1 within which a mode counts as neutral: conserved, neither growing nor dying."""
ALL_MODES = 1_000
"""Most numbers of a state whose modes are all found. Of larger ones the leading are, by matrix-free Arnoldi, which
places modes that nearly coincide less well: in a chain of 162 numbers 1.3e-3 too high."""
FIXED_CAPACITY = ("capacity.answers=false", "capacity.projects=false")
"""A certificate is about markets: capacity that answers has modes of years, which are exactly neutral in between."""
_STEP = 1e-6
_LANES = 64
_MODES = 8
_STORE = "certificates.json"


@dataclass(frozen=True)
class Certificate:
    """What was found about the stability of a chain at one step and one set of parameters."""

    key: str
    """Digest of the tables, the parameters, the step and the draw of the chain it holds for."""
    radius: float
    """Largest growth of small disturbances a period, neutral modes apart; below 1 they die out."""
    neutral: int
    """Modes that neither grow nor die among the leading ones."""
    remaining: float
    """Largest relative deviation of any inventory or price left after 120 months by 200 disturbances of up to 20 %."""

    @property
    def stable(self) -> bool:
        """Whether small and large disturbances die out."""
        return self.radius < 1.0 and self.remaining <= DECAYED


def key(scenario: Scenario) -> str:
    """Digest of all that a certificate depends on, but for the code."""
    facts = (
        scenario.tables.digest,
        scenario.parameters.model_dump_json(),
        scenario.time.periods_per_year,
        scenario.ensemble.chain_draw,
    )
    return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()


def stored(scenario: Scenario) -> Certificate | None:
    """The certificate kept beside the bundled scenarios, if there is one for this chain and these parameters."""
    found = _read(scenario_root() / _STORE).get(key(scenario))
    return Certificate(**found) if found is not None else None


def store(certificate: Certificate, folder: Path | None = None) -> None:
    """Keep a certificate beside the bundled scenarios, for their maintainers."""
    path = (folder or scenario_root()) / _STORE
    kept = _read(path) | {certificate.key: asdict(certificate)}
    path.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return kept


@on_one_thread
def certify(scenario: Scenario, *, progress: Callable[[str], None] | None = None) -> Certificate:
    """Compute the certificate of a scenario's chain, without its restrictions and growth, with capacity fixed.

    Parameters
    ----------
    progress: Told what is being done; the first call on a machine compiles the core in double precision.

    Returns
    -------
    The certificate; it may say that the chain is not stable.
    """
    say = progress or (lambda _: None)
    # Origins change nothing by themselves, and nobody is bound at the reference.
    left_out = [
        f"{part}.{name}" for part in ("restrictions", "provenance", "policies") for name in getattr(scenario, part)
    ]
    left_out += ["origin"] if scenario.origin is not None else []
    quiet = scenario.replace("growth=false", *FIXED_CAPACITY, *(f"{key}=false" for key in left_out))
    reference = build(quiet)
    say("growth of small disturbances")
    radius, neutral = _spectrum(core_arrays(reference, np.float64, latent_floor=-1.0))
    say("decay of large disturbances")
    return Certificate(key=key(scenario), radius=radius, neutral=neutral, remaining=_remaining(reference))


class _Period:
    """The one-period map on a state flattened and scaled by the reference."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.block = allocate.block_at_reference(chain, 2)
        self.events, self.draws = no_events(chain, 2), no_projects(chain)
        self.record = allocate.no_record(chain)
        self.origin = self._state()[:, 0].copy()
        self.scale = np.where(self.origin != 0.0, np.abs(self.origin), 1.0)
        # The intensity of an input that cannot be thrifted is a constant, and a use that goes with another one has its
        # substitution.
        self.varies = np.ones(self.origin.size)
        _, inputs, _, _, uses, *_ = self._places()
        self.varies[inputs] = (chain.inputs.thrift_floor < 1.0).repeat(fields.INPUT_STATE)
        leads = chain.uses.leader == np.arange(chain.uses.size)
        self.varies[uses].reshape(fields.USE_STATE, -1)[fields.SUBSTITUTED] = leads
        self.rolled = _rolled(chain)

    def _parts(self) -> list[Floats]:
        """Arrays of the state, (field, entity, lane) or (row, lane)."""
        block = self.block
        return [
            block.market[: fields.MARKET_STATE],
            block.input[: fields.INPUT_STATE],
            block.process[: fields.PROCESS_STATE],
            block.route[: fields.ROUTE_STATE],
            block.use[: fields.USE_STATE],
            block.cohort[: fields.COHORT_STATE],
            block.restriction[: fields.RESTRICTION_STATE],
            block.crossing[: fields.CROSSING_STATE],
            block.pipeline,
        ]

    def _places(self) -> list[slice]:
        ends = np.cumsum([0, *(part[..., 0].size for part in self._parts())])
        return [slice(begin, end) for begin, end in pairwise(ends.tolist())]

    def _state(self) -> Values:
        """The state, shape (variable, lane)."""
        return np.concatenate([part.reshape(-1, part.shape[-1]) for part in self._parts()])

    def __call__(self, pair: Values) -> Values:
        """Two states, shape (variable, 2), a period later; pipelines are turned, so the map does not move in time."""
        for part, place in zip(self._parts(), self._places(), strict=True):
            part[...] = pair[place].reshape(part.shape)
        # The state was set from outside: no stock may be taken for full unseen.
        self.block.use[fields.DEPLETED] = 1.0
        months, weights = np.zeros(1, dtype=np.int32), np.ones(1)
        loop.simulate(self.chain, self.events, self.draws, 0, 0, 1, months, weights, self.block, self.record)
        self.block.pipeline[...] = self.block.pipeline[self.rolled]
        return self._state()

    def derivative(self, direction: Values) -> Values:
        """Change of the next state for a small change of this one, by central differences; both scaled."""
        step = _STEP / max(float(np.abs(direction).max()), 1e-300) * direction * self.scale * self.varies
        after = self(np.stack([self.origin + step, self.origin - step], axis=1))
        difference = self.varies * (after[:, 0] - after[:, 1]) / (2.0 * self.scale)
        return np.asarray(difference * (max(float(np.abs(direction).max()), 1e-300) / _STEP))


def _rolled(chain: Chain) -> NDArray[np.int64]:
    """Row of the pipelines that takes the place of each row when a period has passed."""
    order = np.arange(int(chain.markets.pipeline_rows.sum()))
    for begin, rows in zip(chain.markets.pipeline.tolist(), chain.markets.pipeline_rows.tolist(), strict=True):
        order[begin : begin + rows] = np.roll(order[begin : begin + rows], -1)
    return order


def no_events(chain: Chain, runs: int) -> Events:
    """Events in which nothing strikes."""
    shape = (chain.rules.size, 1, runs)
    return Events(*(np.full(shape, NEVER, dtype=chain.markets.inventory.dtype) for _ in Events._fields))


def no_projects(chain: Chain) -> ProjectDraws:
    """No named projects, in the precision of the chain."""
    return ProjectDraws(*(np.zeros((0, 0), dtype=chain.markets.inventory.dtype) for _ in ProjectDraws._fields))


def _spectrum(chain: Chain) -> tuple[float, int]:
    """Spectral radius of the one-period map apart from neutral modes, and how many of those are found."""
    period = _Period(chain)
    size = period.origin.size
    if size <= ALL_MODES:
        values = np.linalg.eigvals(np.stack([period.derivative(row) for row in np.eye(size)], axis=1))
    else:
        values = _leading(period)
    neutral = np.abs(values - 1.0) < NEUTRAL
    return float(np.abs(values[~neutral]).max()), int(neutral.sum())


def _leading(period: _Period) -> NDArray[np.complex128]:
    """The leading modes, as far as they are found."""
    # A fifth of a second to import, and runs only read certificates.
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

    size = period.origin.size
    operator: Any = LinearOperator((size, size), matvec=period.derivative, dtype=np.float64)
    start = uniform(0, "certificate", "start", first=0, runs=1, draws=size)[0] - 0.5
    try:
        values: Any = eigs(
            operator, k=_MODES, which="LM", ncv=10 * _MODES, v0=start, tol=1e-7, return_eigenvectors=False
        )
    except ArpackNoConvergence as error:
        values = error.eigenvalues
    return np.asarray(values)


def _remaining(reference: Reference) -> float:
    chain = core_arrays(reference, np.float64)
    ppy = reference.scenario.time.periods_per_year
    periods = MONTHS * ppy // 12
    # The trend of the scenario's own horizon may be shorter; without growth every factor is 1.
    trend = type(chain.trend)(*(np.ones((part.shape[0], periods)) for part in chain.trend))
    long = chain._replace(trend=trend, building=chain.building._replace(growth=trend.process))
    months, weights = np.zeros(periods, dtype=np.int32), np.ones(periods)
    worst = 0.0
    for first in range(0, DISTURBANCES, _LANES):
        block, record = _disturbed(long, first), allocate.no_record(long)
        events, draws = no_events(long, _LANES), no_projects(long)
        loop.simulate(long, events, draws, 0, 0, periods, months, weights, block, record)
        inventory = np.abs(block.market[fields.INVENTORY] / long.markets.inventory[:, None] - 1.0)
        price = np.abs(np.expm1(block.market[fields.LOG_PRICE]))
        worst = max(worst, float(inventory.max()), float(price.max()))
    return worst


def _disturbed(chain: Chain, first: int) -> Block:
    block = allocate.block_at_reference(chain, _LANES)
    markets = chain.markets.size
    factor = 1.0 + SIZE * (
        2.0 * uniform(0, "certificate", "disturbances", first=first, runs=_LANES, draws=2 * markets).T - 1.0
    )
    block.market[fields.INVENTORY] *= factor[:markets]
    # A disturbed price is one whose anchor, contracts and memory are disturbed alike.
    price = factor[markets:]
    for field in (fields.LOG_PRICE, fields.AVERAGE, fields.ANCHOR):
        block.market[field] = np.log(price)
    block.market[fields.CONTRACT] = price
    return block
