"""Warnings of rooms on their way to a terminal: each kind once, and how often it came in the end."""

from __future__ import annotations

import logging
from collections import Counter

from simlab.cli.say import say_error


class Remarks(logging.Handler):
    """The first of its kind at once, since somebody waits; the others are counted, or said with `every`."""

    def __init__(self, every: bool) -> None:
        super().__init__(logging.WARNING)
        self._every = every
        self._first: dict[str, str] = {}
        self._seen = Counter[str]()

    def emit(self, record: logging.LogRecord) -> None:
        """Say a warning, or count it."""
        kind = str(record.msg)
        self._seen[kind] += 1
        self._first.setdefault(kind, record.getMessage())
        if self._every or self._seen[kind] == 1:
            say_error(record.getMessage())

    def told(self) -> None:
        """How often what was said once came."""
        logging.getLogger("simlab").removeHandler(self)
        for kind, n in self._seen.items():
            if n > 1 and not self._every:
                say_error(f"{self._first[kind]}: {n:,} times")


def heard(every: bool) -> Remarks:
    """Listen to the warnings of all rooms until they are `told`."""
    remarks = Remarks(every)
    logging.getLogger("simlab").addHandler(remarks)
    return remarks
