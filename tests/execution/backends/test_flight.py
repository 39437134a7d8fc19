"""Blocks come back in their order, once each: what is late or lost is submitted again."""

from concurrent.futures import Future

import numpy as np
import pytest

from simlab.errors import IncompleteError
from simlab.execution.backends.flight import Flight, Patience

BLOCKS = [np.arange(3 * k, 3 * k + 3) for k in range(9)]
HASTY = Patience(times=5.0, seconds=30.0, look=0.0)


class LostError(Exception):
    pass


class Told:
    """A pool whose blocks end as a test says: `ends` gives outcome per (block, how often submitted)."""

    lost = (LostError,)

    def __init__(self, ends, slots=3):
        self.ends, self.slots, self.submitted, self.futures = ends, slots, [], []

    def submit(self, work, arguments, *, instead=False):
        number = int(arguments[0][0]) // 3
        self.submitted.append(number)
        future = Future()
        self.futures.append(future)
        outcome = self.ends(number, self.submitted.count(number))
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        elif outcome:
            future.set_result(work(*arguments))
        return future

    def check(self):
        pass


class Clock:
    """Ten seconds pass each time somebody looks."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 10.0
        return self.now


def flight(pool, stored=lambda rows: None):
    total = lambda rows: int(rows.sum())  # noqa: E731
    return Flight(pool, total, lambda rows: (rows,), BLOCKS, stored, HASTY, Clock())


def sums(found):
    return [result for _, result, _ in found]


EXPECTED = [int(rows.sum()) for rows in BLOCKS]


def test_results_keep_their_order():
    assert sums(flight(Told(lambda number, time: True)).results()) == EXPECTED


def test_a_block_that_stays_away_is_submitted_again_and_the_first_result_counts():
    pool = Told(lambda number, time: number != 4 or time == 2)
    assert sums(flight(pool).results()) == EXPECTED
    assert pool.submitted.count(4) == 2
    assert pool.futures[pool.submitted.index(4)].cancelled()
    assert all(pool.submitted.count(number) == 1 for number in range(9) if number != 4)


def test_a_slow_block_is_left_alone_until_it_is_late():
    late = Patience(times=5.0, seconds=1e9, look=0.0)
    rest = Told(lambda number, time: number != 4)
    waiting = flight(rest)
    waiting.patience = late
    found = waiting.results()
    assert [next(found)[1] for _ in range(4)] == EXPECTED[:4]
    for _ in range(20):
        waiting._look()
    assert rest.submitted.count(4) == 1


def test_a_lost_block_is_submitted_again():
    pool = Told(lambda number, time: LostError("gone") if number in (0, 5) and time < 3 else True)
    assert sums(flight(pool).results()) == EXPECTED
    assert pool.submitted.count(5) == 3


class Deadly(Told):
    """A pool whose workers die of some rows; `along`: and with them whatever else is in flight."""

    def __init__(self, deadly, along=False):
        super().__init__(None)
        self.deadly, self.along, self.calls = deadly, along, []

    def submit(self, work, arguments, *, instead=False):
        rows, future = arguments[0].tolist(), Future()
        self.calls.append(rows)
        self.futures.append(future)
        if not self.deadly(rows):
            if not self.along:
                future.set_result(work(*arguments))
            return future
        for other in self.futures if self.along else [future]:
            if not other.done():
                other.set_exception(LostError("gone"))
        return future


@pytest.mark.parametrize("deadly", [6, 7, 8])
def test_a_block_that_kills_every_worker_ends_the_run_and_its_item_is_named(deadly):
    waiting = flight(Deadly(lambda rows: deadly in rows))
    waiting.name = lambda row: f"SKU{row}@SHOP"
    said = r"died 4 times \(LostError: gone\), each time over SKU-locations 7 to 9; "
    said += f"SKU{deadly}@SHOP kills its worker"
    with pytest.raises(IncompleteError, match=said):
        list(waiting.results())


def test_rows_that_only_kill_together_are_said():
    waiting = flight(Deadly(lambda rows: len(rows) > 2 and 6 in rows))
    with pytest.raises(IncompleteError, match="only SKU-locations 7 to 9 together kill theirs"):
        list(waiting.results())


def test_a_neighbour_that_dies_along_is_not_accused():
    """Loky breaks the whole pool: every block in flight is lost with the one that kills."""

    class Along(Deadly):
        def submit(self, work, arguments, *, instead=False):
            before = [one for one in self.futures if not one.done()]
            future = super().submit(work, arguments, instead=instead)
            if not self.deadly(arguments[0].tolist()) and not before:
                future.set_result(work(*arguments))  # alone it comes back
            return future

    waiting = flight(Along(lambda rows: 7 in rows, along=True))
    with pytest.raises(IncompleteError, match=r"each time over SKU-locations 7 to 9; SKU-location 8 kills"):
        list(waiting.results())


def test_other_faults_end_the_run_at_once():
    pool = Told(lambda number, time: ValueError("wrong") if number == 2 else True)
    with pytest.raises(ValueError, match="wrong"):
        list(flight(pool).results())


def test_what_is_stored_is_not_computed():
    pool = Told(lambda number, time: True)
    found = list(flight(pool, lambda rows: 7 if rows[0] < 9 else None).results())
    assert [(result, new) for _, result, new in found[:4]] == [(7, False)] * 3 + [(EXPECTED[3], True)]
    assert min(pool.submitted) == 3


def test_results_that_wait_for_their_turn_are_few():
    """A slow first block does not fill memory with those behind it."""
    pool = Told(lambda number, time: number != 0)
    pool.slots = 1
    waiting = flight(pool)
    upcoming = 0
    for _ in range(12):
        upcoming = waiting._send(upcoming, 0)
        waiting._look()
    assert len(waiting._back) <= 4 * pool.slots + 4
