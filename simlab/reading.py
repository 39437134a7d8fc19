"""Bytes of a file that somebody names: of files alone, never of pipes and devices, which may have no end.

What a study names lies in its own folder, in the one where the command was called, or in one that the command
line gives, now or when `simlab init` wrote the study: a study that came by mail reads nothing else.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from simlab.caches import keep, kept

READ_FROM = "SIMLAB_READ_FROM"
"""The environment's name of further folders that studies may read from, divided as in PATH."""
ALLOW = "simlab --read-from"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that spreadsheets take for a formula; in Japanese ones the wide signs, too."""
_BEGINS = r"(?:\A|(?<=[;|\t\n\r]))"  # of a cell: of the text, or behind what divides cells in some country
_RUNS = rf"(?=[\"']*[{re.escape(''.join(FORMULA))}])"  # quotes may go lost where a cell is cut out of a text
RUNS = re.compile(_BEGINS + _RUNS)
"""Places in a text where a spreadsheet may take what follows for a formula."""
_GUARD = re.compile(f"{_BEGINS}'{_RUNS}")
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


def folders_of(files: Iterable[Path]) -> list[Path]:
    """The folders that files lie in; of one at the top of a drive the file alone."""
    real = [file.resolve() for file in files]
    return sorted({file if file.parent == Path(file.anchor) else file.parent for file in real})


@contextmanager
def reading_from(folders: Iterable[Path]) -> Iterator[None]:
    """Let studies read from these folders, too, for a while."""
    token = _GIVEN.set((*_GIVEN.get(), *folders))
    try:
        yield
    finally:
        _GIVEN.reset(token)


def may_read(path: Path, folder: Path, anew: bool = False) -> bool:
    """Whether a study in `folder` may read a file, wherever links lead; `anew`: in the next call, too.

    Names that no file can have, and links in a circle, are left to whoever opens them.
    """
    further = [Path(one) for one in os.environ.get(READ_FROM, "").split(os.pathsep) if one]
    given = () if anew else _GIVEN.get()
    try:
        real, here = path.resolve(), Path.cwd()
        called = [here] if here != Path(here.anchor) else []
        places = [place.resolve() for place in (folder, *called, *given, *further)]
    except (ValueError, RuntimeError):  # a NUL sign in the name, links in a circle: no file is called so
        return True
    except OSError:  # the folder where the command was called is gone
        return False
    return any(real.is_relative_to(place) for place in (*places, *remembered(folder)))


def remember(folder: Path, places: Iterable[Path]) -> None:
    """Let studies in `folder` and below read from these places from now on, where a home can keep that.

    Who names tables to `simlab init` has allowed them; the note lies with the user and not in the study,
    which others may have written.
    """
    root = folder.resolve()
    beyond = {str(place.resolve()) for place in places if not place.resolve().is_relative_to(root)}
    if beyond:
        keep(_note(root), json.dumps(sorted(beyond)))


def remembered(folder: Path) -> list[Path]:
    """The places that were allowed to studies in `folder`, or in one above it."""
    root = folder.resolve()
    notes = (kept(_note(one)) for one in (root, *root.parents) if one != Path(one.anchor))
    return [Path(place) for note in notes if note is not None for place in json.loads(note)]


def _note(folder: Path) -> str:
    return f"read-from-{hashlib.sha256(os.fsencode(folder)).hexdigest()}.json"


def guarded(text: str) -> str:
    """A text with an apostrophe wherever a spreadsheet may take what follows for a formula: at its beginning,
    and behind a semicolon, a bar, a tab or a line end, which divide cells in one country or another.

    Quoting does not help there: in a file that is read by semicolons, a quote behind a comma is a sign like
    any other. `unguarded` gives the text back, whatever it is.
    """
    return RUNS.sub("'", text)


def unguarded(text: str) -> str:
    """The text that `guarded` made this one of."""
    return _GUARD.sub("", text) if "'" in text else text


def bytes_of(path: Path) -> bytes:
    """All bytes of a file.

    Raises
    ------
    OSError
        There is no such file, it cannot be read, or it is something else; `strerror` says what.
    """
    refuse_other_than_files(path)
    return path.read_bytes()


def no_file(path: Path) -> str:
    """What a path leads to, in words, where it leads to no file; else nothing."""
    try:
        refuse_other_than_files(path)
    except FileNotFoundError:
        return "is not there"
    except OSError as error:
        return error.strerror or "cannot be read"
    return ""


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
