"""HiGHS without its stray lines: nothing but data reaches standard output."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STDOUT = 1
_STRAY = (b"HighsMip", b"Highs:", b"Running HiGHS", b"Includes third-party software")
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what the solver prints past its own switch (`disp`, `output_flag`) on file descriptor 1.

    Lines that start with the solver's names are dropped; anything else that another thread wrote in
    the meantime is passed on afterwards.
    """
    with _ONE_AT_A_TIME:
        try:
            _flush()
            kept = os.dup(_STDOUT)
        except OSError:  # no standard output at all
            yield
            return
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), _STDOUT)
            try:
                yield
            finally:
                _flush()
                os.dup2(kept, _STDOUT)
                os.close(kept)
                held.seek(0)
                _pass_on(held.read())


def _flush() -> None:
    """Empty the buffers of Python and of the C library, so that no line changes sides."""
    with suppress(AttributeError, ValueError, OSError):
        sys.stdout.flush()
    with suppress(AttributeError, OSError):
        (ctypes.CDLL("ucrtbase") if os.name == "nt" else ctypes.CDLL(None)).fflush(None)


def _pass_on(held: bytes) -> None:
    wanted = b"".join(line for line in held.splitlines(keepends=True) if not line.startswith(_STRAY))
    while wanted:
        wanted = wanted[os.write(_STDOUT, wanted) :]
