"""Checks for what users write themselves: `check_policy`."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.errors import EngineFaultError, UsageError

if TYPE_CHECKING:
    from simlab.engine.world.curves import Curves
    from simlab.engine.world.levels import Levels
    from simlab.engine.world.policy import OrderPolicy
    from simlab.engine.world.world import World


__all__ = ["check_policy"]
_PROBES = 400

_LATEST_PERIODS = (80, 80, 400, 5000)
"""Most reviews are early ones; some lie as late as in the longest runs."""
_SEED = 20_261


def check_policy(policy: OrderPolicy) -> None:
    """Hold an ordering policy against the laws that the built-in ones obey; silent if all hold.

    Parameters
    ----------
    policy : callable
        ``policy(period, position, net, last_demand, s, S, Q) -> units``; see
        `simlab.engine.world.policy.OrderPolicy`.

    Raises
    ------
    UsageError
        Names the law: *raises* (an error inside), *numbers* (NaN, a fraction or a negative order),
        *stateless* (it changes something around it, or the same arguments gave another order), *compiled*
        (numba gives another result than Python), *conserved* (units appeared or vanished), *alone* (an
        item depends on its neighbours), *split* (replications run in two halves differ from one run).

    Examples
    --------
    >>> from simlab.testing import check_policy
    >>> def order_up_to(period, position, net, last_demand, s, S, Q):
    ...     return max(S - position, 0)
    >>> check_policy(order_up_to)
    """
    from simlab.engine.world.policy import compiled, plain_function

    address = compiled(policy)
    function = address.ctypes
    probes, written = _probes(), plain_function(policy)
    orders = [function(*probe) for probe in probes]
    _raises(written, probes, orders)
    _numbers(probes, orders)
    _stateless(function, probes, orders)
    _same_as_python(written, probes, orders)
    _simulated(policy)


def _probes() -> list[tuple[int, ...]]:
    """Arguments as a review may see them, and some beyond."""
    rng = np.random.default_rng(_SEED)
    low = rng.integers(-5, 60, _PROBES)
    latest = np.repeat(_LATEST_PERIODS, _PROBES // len(_LATEST_PERIODS))
    columns = (
        rng.integers(0, latest),
        rng.integers(-40, 120, _PROBES),
        rng.integers(-60, 120, _PROBES),
        rng.integers(0, 40, _PROBES),
        low,
        low + rng.integers(1, 40, _PROBES),
        rng.integers(0, 30, _PROBES),
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _raises(written: Any, probes: list[tuple[int, ...]], orders: list[Any]) -> None:
    from simlab.engine.world.policy import RAISED

    for probe, units in zip(probes, orders, strict=True):
        if units == RAISED:
            raise UsageError(f"raises: policy{probe} raised {_error_of(written, probe)}; 0 orders nothing")


def _error_of(written: Any, probe: tuple[int, ...]) -> str:
    """The error as plain Python words it."""
    try:
        written(*probe)
    except Exception as error:
        return f"{type(error).__name__}: {error}".removesuffix(": ")
    return "an error, compiled; plain Python does not"


def _numbers(probes: list[tuple[int, ...]], orders: list[Any]) -> None:
    for probe, units in zip(probes, orders, strict=True):
        if not (units == units and units >= 0 and float(units).is_integer()):
            raise UsageError(f"numbers: policy{probe} orders {units}; an order is a whole number ≥ 0")


def _stateless(function: Any, probes: list[tuple[int, ...]], orders: list[Any]) -> None:
    for place in np.random.default_rng(_SEED).permutation(len(probes)):
        again = function(*probes[place])
        if again != orders[place]:
            raise UsageError(
                f"stateless: policy{probes[place]} orders {orders[place]}, and {again} when asked again"
            )


def _same_as_python(written: Any, probes: list[tuple[int, ...]], orders: list[Any]) -> None:
    for probe, units in zip(probes, orders, strict=True):
        try:
            plain = written(*probe)
        except Exception as error:
            raise UsageError(f"raises: policy{probe} raised {_error_of(written, probe)}") from error
        if plain != units:
            raise UsageError(f"compiled: policy{probe} orders {units} compiled and {plain} in plain Python")


def _simulated(policy: OrderPolicy) -> None:
    """The laws of the simulator, on items with every kind of terms."""
    from simlab.engine.kernels.guards import FAULTS, POLICY_RAISED
    from simlab.engine.run import simulate_items
    from simlab.engine.world.world import Horizon

    world, levels = _world()
    levels = replace(levels, policy=policy)
    horizon = Horizon(periods=40, warmup=10, replications=6, slots=2, seed=_SEED)
    try:
        whole = simulate_items(world, levels, horizon)
    except EngineFaultError as error:
        law = "raises" if FAULTS[POLICY_RAISED] in str(error) else "conserved"
        raise UsageError(f"{law}: {error}") from error
    _conserved(world, whole)
    for item in (1, 4):
        rows = np.array([item])
        alone = simulate_items(world.take(rows), levels.take(rows), horizon)
        _same("alone: an item's sums change with its neighbours", alone, whole, rows)
    halves = [
        simulate_items(world, levels, replace(horizon, replications=n, first_replication=first))
        for n, first in ((4, 0), (2, 4))
    ]
    merged = replace(
        whole, **{f.name: getattr(halves[0], f.name) + getattr(halves[1], f.name) for f in fields(whole)}
    )
    _same("split: two runs of replications differ from one", merged, whole, slice(None))


def _conserved(world: World, sums: Curves) -> None:
    demanded = sums.demanded[:, None]
    kept = world.terms.unmet == 0
    wrong = {
        "served at once above what was demanded": (sums.served > demanded).any(),
        "lost where everything waits": sums.lost[kept].any(),
        "neither served nor lost": (sums.served + sums.lost != demanded)[~kept].any(),
        "served otherwise than from the shelf": (sums.on_hand_start - sums.on_hand != sums.served).any(),
    }
    for what, broken in wrong.items():
        if broken:
            raise UsageError(f"conserved: units were {what}")


def _same(law: str, one: Curves, whole: Curves, rows: Any) -> None:
    for field in fields(whole):
        if not np.array_equal(getattr(one, field.name), getattr(whole, field.name)[rows]):
            raise UsageError(f"{law} ({field.name})")


def _world() -> tuple[World, Levels]:
    """Six items: waiting and lost demand, packs, reviews, random lead times."""
    from simlab.engine.kernels.streams import item_keys
    from simlab.engine.world.demand_law import DemandLaw, LawKind
    from simlab.engine.world.levels import Levels
    from simlab.engine.world.world import LeadTimeLaw, OrderTerms, World

    n = 6
    none, one, each = np.zeros(n, np.int64), np.ones(n, np.int64), np.arange(n)
    mean = np.array([0.3, 2.0, 5.0, 9.0, 4.0, 1.0])
    kind = np.full(n, LawKind.POISSON, np.int8)
    demand = DemandLaw(kind, mean, mean, np.zeros(n), none, none, none[:0], none[:0])
    lead = LeadTimeLaw(each % 2, none[:2], np.array([1, 3]), np.array([0, 2, 5]), one[:3], False)
    lead = replace(lead, start=np.array([1, 0]))
    review = 1 + each % 3
    pack = np.where(each == 4, 6, 1)
    unmet = (each % 2).astype(np.int8)
    terms = OrderTerms(review, none, pack, none, none, unmet)
    low = np.ceil(mean * 4).astype(np.int64)[:, None] + np.array([0, 3])
    levels = Levels(np.full(n, 2, np.int8), low, low + 8, np.full((n, 2), 8))
    return World(item_keys([str(i) for i in each], ["CHECK"] * n), demand, lead, terms), levels
