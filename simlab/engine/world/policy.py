"""A user's own ordering policy: one small function, compiled into the recorder of single paths."""

from __future__ import annotations

import dis
import math
import re
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

It keeps no state: constants (numbers, tuples, arrays) may be read, nothing outside may be changed. An
error raised inside (a division by zero, an index beyond an array, a failed assertion, too) fails the run
in that period.
"""

RAISED = -math.inf
"""What the recorder gets where a policy raised."""
_PARAMETERS = 7
_WRITES = re.compile("(STORE|DELETE)_(GLOBAL|DEREF|ATTR)")

_STATE = re.compile(r"readonly|compile-time constants|<class 'dict'>|empty set")
"""What numba says of a policy that changes an array, or uses a list, a dict or a set around it."""
_LONGEST_REASON = 160
_SIGNATURE = "float64(int64, int64, int64, int64, int64, int64, int64)"


@lru_cache(maxsize=32)
def compiled(policy: OrderPolicy) -> Any:
    """The policy as the recorder takes it: by its address, so that one recorder serves all policies.

    Raises
    ------
    UsageError
        It takes another number of parameters, keeps state, or numba refuses it.
    """
    plain = plain_function(policy)
    if written := _written_outside(plain):
        raise _stateful(plain, f"it changes '{written[0]}'")
    if getattr(numba.config, "DISABLE_JIT", 0):
        return _Interpreted(_guarded(plain))
    try:
        checked = numba.njit([_SIGNATURE], error_model="python", boundscheck=True)(plain)
        return numba.cfunc(_SIGNATURE, error_model="numpy")(_guarded(checked))
    except numba.core.errors.NumbaError as error:
        reason = _short(str(error))
        if _STATE.search(reason):
            raise _stateful(plain, reason) from error
        raise UsageError(f"the policy '{plain.__name__}' cannot be compiled: {reason}") from error


def _written_outside(plain: Any) -> list[str]:
    """Names around a policy that it assigns to: globals, attributes, variables of an enclosing function."""
    code = plain.__code__
    return [
        str(line.argval)
        for line in dis.get_instructions(code)
        if _WRITES.fullmatch(line.opname) and line.argval not in code.co_cellvars
    ]


def _stateful(plain: Any, reason: str) -> UsageError:
    return UsageError(
        f"stateless: the policy '{plain.__name__}' keeps state: {reason}; it may read constants (numbers, "
        "tuples, arrays), but its orders depend on its arguments alone"
    )


def _short(told: str) -> str:
    """The line of numba's report that says what is wrong."""
    lines = [line.strip(" -") for line in told.splitlines() if line.strip(" -")]
    causes = [line.split("Error: ", 1)[1] for line in lines if "Error: " in line]
    said = [line for line in (*causes, *lines) if not line.startswith(("Failed in", "Resolution failure"))]
    reason = (said or lines)[0]
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON].rstrip()} …"


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
