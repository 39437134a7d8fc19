"""Workers that share no memory, without the cost of processes: everything travels as bytes, both ways."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import cloudpickle


def _travel(packed: bytes) -> bytes:
    work, arguments = cloudpickle.loads(packed)
    return cloudpickle.dumps(work(*arguments))


class Travelling:
    """A pool of two threads that get copies and give copies back; `sent` counts the bytes of each block."""

    lost = ()
    slots = 2

    def __init__(self) -> None:
        self.threads, self.sent = ThreadPoolExecutor(2), []

    def submit(self, work, arguments, *, instead=False):
        packed = cloudpickle.dumps((work, arguments))
        self.sent.append(len(packed))
        return self.threads.submit(lambda: cloudpickle.loads(_travel(packed)))

    def check(self) -> None:
        pass


def deadly_block(rows):
    """A block whose worker is killed where row 29 is in it."""
    if 29 in rows.tolist():
        os.kill(os.getpid(), signal.SIGKILL)
    return int(rows.sum())
