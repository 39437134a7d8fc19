"""Bytes of a file that somebody names: of files alone, never of pipes and devices, which may have no end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "is a folder, not a file"),
    (stat.S_ISFIFO, "is a pipe, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
)


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
