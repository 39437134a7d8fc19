"""The last periods, begun in a copy of this process while this one fits, simulates and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.data.data import Data
from simlab.api.decision.past import Last, Told, last_of, last_periods, periods_held
from simlab.api.settings import give_back
from simlab.api.simulator.before import past_of
from simlab.api.simulator.simulator import references
from simlab.arrays import IntArray
from simlab.children import Copy, Form, LostError, copied
from simlab.execution import Workers
from simlab.execution.ahead import load_shared, works_beside
from simlab.execution.backends.message import unpacked, whole
from simlab.models import known_past
from simlab.models.suppliers.lead_times import fit_lead_times, moments
from simlab.models.terms import read_terms

if TYPE_CHECKING:
    from simlab.api.plans.outcome import Outcome
    from simlab.api.plans.solved import Solved
    from simlab.segments import Segmentation


@dataclass(eq=False)
class LastPeriods:
    """The last periods of an outcome, replayed in a copy of this process where there is one.

    Attributes
    ----------
    data : Data
        The tables; their laws are fitted with the threads that the copy leaves.
    copy : Copy or None
        Has fitted the laws of that time, and waits for a plan.
    """

    data: Data
    copy: Copy | None = None

    def begin(self, data: Data, segmentation: Segmentation, solved: Solved, level: float) -> None:
        """Let the copy replay a plan while it is tested; without a copy nothing happens."""
        told = None if self.copy is None else Told.of_solved(data, segmentation, solved, level)
        if told is None or self.copy is None:
            self.copy = None
            return
        try:
            self.copy.ask(told)
            self.copy.collect()
        except LostError:
            self.copy = None

    def of(self, opt: Outcome) -> Last:
        """What `last_periods` finds: from the copy that has begun, here without one or where it is lost."""
        copy, self.copy = self.copy, None
        if copy is not None:
            with suppress(LostError):
                last: Last = copy.answer()
                return last
        return last_periods(opt)


@contextmanager
def begun_beside(data: Data, workers: Workers) -> Iterator[LastPeriods]:
    """Fit the laws of before the last periods in a copy of this process, while this one fits those of now.

    The copy is told the plan when there is one, and answers; where other periods are held out than it took,
    it fits again.
    """
    asked = data.catalog.demand is not None and (data.study.verdict.replay or data.study.replay is not None)
    if not asked or not works_beside(workers, data.catalog.n_items):
        yield LastPeriods(data)
        return
    load_shared()
    half = replace(data, threads=max(1, workers.n_workers // 2))
    with copied(lambda wait: _in_copy(half, wait), Form(whole, unpacked)) as copy:
        yield LastPeriods(data if copy is None else half, copy)


def _in_copy(data: Data, wait: Callable[[], Told]) -> Last:
    """The past made ready, then replayed under the plan that is waited for."""
    periods = periods_held(data, _soon(data))
    past = past_of(data, periods) if periods else None
    if past is not None:
        references(past)
        give_back()
    told = wait()
    return last_of(data, told, past if told.periods == periods else None)


def _soon(data: Data) -> IntArray:
    """(n,) `horizons`, from lead times and terms alone."""
    catalog = known_past(data.catalog)[0]
    mean, _ = moments(fit_lead_times(catalog).law)
    return np.maximum(read_terms(catalog).review_period + np.rint(mean).astype(np.int64), 1)
