"""A user's own ordering policy: one small function, compiled into the recorder of single paths."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numba

from simlab.errors import UsageError

OrderPolicy = Callable[..., Any]
"""``policy(period, position, net, last_demand, s, S, Q) -> units``, all integers.

period
    Number of the period, 0 is the first one run.
position, net
    Inventory position and net stock (negative: units owed) that the review finds; arrivals of the
    period are in the position, but not yet on the shelf.
last_demand
    Units demanded in the period before, 0 in the first.
s, S, Q
    Levels of the column: whatever the policy needs as parameters.
units
    Wish ≥ 0, a whole number. It is then raised to the MOQ, rounded up to packs, and capped at the
    largest order and the highest position, like any built-in policy's.

An error raised inside (a division by zero, an index beyond an array, a failed assertion, too) fails the
run in that period.
"""

RAISED = -math.inf
"""What the recorder gets where a policy raised."""

_PARAMETERS = 7
_SIGNATURE = "float64(int64, int64, int64, int64, int64, int64, int64)"


@lru_cache(maxsize=32)
def compiled(policy: OrderPolicy) -> Any:
    """The policy as the recorder takes it: by its address, so that one recorder serves all policies.

    Raises
    ------
    UsageError
        It takes another number of parameters, or numba refuses it.
    """
    plain = plain_function(policy)
    if getattr(numba.config, "DISABLE_JIT", 0):
        return _Interpreted(_guarded(plain))
    try:
        checked = numba.njit([_SIGNATURE], error_model="python", boundscheck=True)(plain)
        return numba.cfunc(_SIGNATURE, error_model="numpy")(_guarded(checked))
    except numba.core.errors.NumbaError as error:
        reason = str(error).strip().splitlines()[0]
        raise UsageError(f"the policy '{plain.__name__}' cannot be compiled: {reason}") from error


def _guarded(policy: Callable[..., Any]) -> Callable[..., Any]:
    """The policy with `RAISED` for an answer where it raises: compiled code cannot pass errors on."""

    def ask(
        period: int, position: int, net: int, last_demand: int, low: int, high: int, quantity: int
    ) -> float:
        try:
            units = policy(period, position, net, last_demand, low, high, quantity)
        except Exception:
            return RAISED
        return math.nan if units == RAISED else units

    return ask


@dataclass(frozen=True)
class _Interpreted:
    """A policy where numba compiles nothing: called like the compiled one."""

    ctypes: Callable[..., Any]

    def __call__(self, *seen: int) -> Any:
        return self.ctypes(*seen)


def plain_function(policy: OrderPolicy) -> Any:
    """The function as written, before numba.

    Raises
    ------
    UsageError
        It takes another number of parameters.
    """
    plain = getattr(policy, "py_func", policy)
    code = getattr(plain, "__code__", None)
    if code is None or code.co_argcount != _PARAMETERS:
        raise UsageError("a policy is a function of period, position, net, last_demand, s, S and Q")
    return plain
