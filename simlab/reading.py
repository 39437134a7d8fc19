"""Bytes of a file that somebody names: of files alone, never of pipes and devices, which may have no end.

What a study names lies in its own folder, in the one where the command was called, or in one that the command
line gives: a study that came by mail reads nothing else.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

READ_FROM = "SIMLAB_READ_FROM"
"""The environment's name of further folders that studies may read from, divided as in PATH."""
ALLOW = "simlab --read-from"
_GIVEN: ContextVar[tuple[Path, ...]] = ContextVar("folders given on the command line", default=())

_KINDS = (
    (stat.S_ISDIR, "is a folder, not a file"),
    (stat.S_ISFIFO, "is a pipe, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
)


def read_from(folders: Iterable[Path]) -> None:
    """Let studies read from these folders, too, from now on."""
    _GIVEN.set((*_GIVEN.get(), *folders))


@contextmanager
def reading_from(folders: Iterable[Path]) -> Iterator[None]:
    """Let studies read from these folders, too, for a while."""
    token = _GIVEN.set((*_GIVEN.get(), *folders))
    try:
        yield
    finally:
        _GIVEN.reset(token)


def may_read(path: Path, folder: Path) -> bool:
    """Whether a study in `folder` may read a file, wherever links lead; those in a circle lead to none."""
    further = [Path(one) for one in os.environ.get(READ_FROM, "").split(os.pathsep) if one]
    try:
        real, here = path.resolve(), Path.cwd()
        called = [here] if here != Path(here.anchor) else []
        places = [place.resolve() for place in (folder, *called, *_GIVEN.get(), *further)]
    except (ValueError, RuntimeError):  # a NUL sign in the name, links in a circle: no file is called so
        return True
    except OSError:  # the folder where the command was called is gone
        return False
    return any(real.is_relative_to(place) for place in places)


def bytes_of(path: Path) -> bytes:
    """All bytes of a file.

    Raises
    ------
    OSError
        There is no such file, it cannot be read, or it is something else; `strerror` says what.
    """
    refuse_other_than_files(path)
    return path.read_bytes()


def refuse_other_than_files(path: Path) -> None:
    """Fail where a path leads to no file; nothing is opened, for opening a pipe may wait for ever.

    Raises
    ------
    OSError
        As `bytes_of`.
    """
    try:
        mode = os.stat(path).st_mode
    except ValueError as error:  # a NUL sign in the name
        raise OSError(errno.EINVAL, "holds a NUL sign, which no name of a file does", str(path)) from error
    for is_kind, words in _KINDS:
        if is_kind(mode):
            raise OSError(errno.EINVAL, words, str(path))
