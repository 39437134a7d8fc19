"""Arrays of a whole catalogue that lie in a file: memory holds of them what is worked on.

Where a command names a folder (`beside`), arrays above `LARGE` bytes are made in files without a name there,
mapped into memory. They are read and written like any other; `rest` lets go of their pages, and whoever reads
them next has them back from the system's cache of files, or from the disk. Without a folder, and below that
size, they lie in memory as ever: the same values, the same code.
"""

from __future__ import annotations

import mmap
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

LARGE = 8 << 20
"""Bytes from which an array lies in a file."""
_ARENA = 64 << 20
"""Bytes of the files that pieces share: a file takes a handle, and there may be thousands of pieces."""
_RESIDENT = 128 << 20
"""Bytes made in files after which their pages are let go of."""
_COPIED = 32 << 20
"""Bytes that are copied at a time."""
_ALIGNED = 64


class _Files:
    """The files of this process that arrays lie in."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()
        self._arena: weakref.ref[mmap.mmap] | None = None
        self._used = 0
        self._grown = 0
        self._lock = Lock()

    def bytes(self, size: int, *, piece: bool) -> npt.NDArray[np.uint8] | None:
        """So many bytes of a file, zero; None where the disk gives none."""
        with self._lock:
            try:
                found = self._piece(size) if piece else np.frombuffer(self._file(size), np.uint8)
            except OSError:
                return None
            self._grown += size
            full = self._grown > _RESIDENT
            self._grown = 0 if full else self._grown
        if full:
            self.rest()
        return found

    def _piece(self, size: int) -> npt.NDArray[np.uint8]:
        """Of the file that pieces share; it goes when the last of them has gone."""
        arena = None if self._arena is None else self._arena()
        if arena is None or self._used + size > len(arena):
            arena = self._file(max(_ARENA, size))
            self._arena, self._used = weakref.ref(arena), 0
        found = np.frombuffer(arena, np.uint8, size, self._used)
        self._used += -(-size // _ALIGNED) * _ALIGNED
        return found

    def _file(self, size: int) -> mmap.mmap:
        with tempfile.TemporaryFile(dir=self.folder) as file:
            file.truncate(size)
            found = mmap.mmap(file.fileno(), size)
        self._maps.add(found)
        return found

    def rest(self) -> None:
        """Let go of the pages of all files."""
        let_go = getattr(mmap, "MADV_DONTNEED", None)
        if let_go is not None:
            with self._lock:
                maps = list(self._maps)
            for one in maps:
                one.madvise(let_go)


_FILES = _Files()


@contextmanager
def beside(folder: Path | None) -> Iterator[None]:
    """Arrays that are made meanwhile lie in files of this folder, if it may be written to.

    Parameters
    ----------
    folder : Path or None
        On a disk, for what lies in memory (tmpfs) takes as much of it. None changes nothing, nor does a
        second folder inside the first.
    """
    before = _FILES.folder
    able = before is None and folder is not None and hasattr(mmap, "MADV_DONTNEED")
    if able and folder is not None and _may_write(folder):
        _FILES.folder = folder
    try:
        yield
    finally:
        _FILES.folder = before


def in_use() -> bool:
    """Whether large arrays that are made now lie in files."""
    return _FILES.folder is not None


def _may_write(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def room(shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.int64) -> npt.NDArray[Any]:
    """An array of zeros to be filled, in a file where it is large.

    Examples
    --------
    >>> room((2, 3)).tolist()
    [[0, 0, 0], [0, 0, 0]]
    """
    shape = (shape,) if isinstance(shape, int) else shape
    kind = np.dtype(dtype)
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    if _FILES.folder is None or size < LARGE or kind.hasobject:
        return np.zeros(shape, kind)
    found = _FILES.bytes(size, piece=False)
    return np.zeros(shape, kind) if found is None else found.view(kind).reshape(shape)


def away(table: npt.NDArray[Any], *, piece: bool = False) -> npt.NDArray[Any]:
    """The same array in a file, where it is large and not there yet; as it is else.

    Parameters
    ----------
    piece : bool
        Put it into a file however small it is: it is one of many.
    """
    size = table.nbytes
    plain = table.size and table.strides and 0 not in table.strides and not table.dtype.hasobject
    if _FILES.folder is None or not plain or in_file(table) or (size < LARGE and not piece):
        return table
    found = _FILES.bytes(size, piece=piece)
    if found is None:
        return table
    copy = found.view(table.dtype).reshape(table.shape)
    step = max(1, _COPIED * table.shape[0] // size)
    for begin in range(0, table.shape[0], step):
        copy[begin : begin + step] = table[begin : begin + step]
    return copy


def typed(table: npt.NDArray[Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """The same values as another type, made some at a time, in a file where they are large.

    Examples
    --------
    >>> typed(np.array([3, 4]), np.int32).dtype.name
    'int32'
    """
    if table.dtype == dtype:
        return away(table)
    out = room(table.shape, dtype)
    for first in range(0, len(table), _ROWS):
        out[first : first + _ROWS] = table[first : first + _ROWS]
    return out


def joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Arrays one after the other, in a file where that is large; the list is emptied meanwhile.

    Examples
    --------
    >>> joined([np.arange(2), np.arange(3)]).tolist()
    [0, 1, 0, 1, 2]
    """
    kind = np.result_type(*parts)
    if kind.hasobject:
        return np.concatenate(parts)
    out, at = room((sum(part.shape[0] for part in parts), *parts[0].shape[1:]), kind), 0
    parts.reverse()
    while parts:
        part = parts.pop()
        out[at : at + part.shape[0]] = part
        at += part.shape[0]
    return out


def chosen(table: npt.NDArray[Any], rows: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """Some rows of an array, in a file where that is large; itself where all are.

    Examples
    --------
    >>> chosen(np.arange(3), np.array([True, False, True])).tolist()
    [0, 2]
    """
    if rows.all():
        return table
    out, at = room((int(rows.sum()), *table.shape[1:]), table.dtype), 0
    step = max(1, _COPIED * len(table) // max(1, table.nbytes))
    for first in range(0, rows.size, step):
        some = slice(first, first + step)
        part = table[some][rows[some]]
        out[at : at + part.shape[0]] = part
        at += part.shape[0]
    return out


def taken(table: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """``table[rows]``, in a file where that is large.

    Examples
    --------
    >>> taken(np.array([5, 6, 7]), np.array([2, 0])).tolist()
    [7, 5]
    """
    if table.dtype.hasobject:
        return np.asarray(table[rows])
    out = room((rows.size, *table.shape[1:]), table.dtype)
    step = max(1, _COPIED * len(out) // max(1, out.nbytes))
    for first in range(0, rows.size, step):
        out[first : first + step] = table[rows[first : first + step]]
    return out


_ROWS = 1 << 20


def in_file(table: npt.NDArray[Any]) -> bool:
    """Whether an array, or what it is a view of, lies in a file."""
    base: Any = table
    while isinstance(base, np.ndarray):
        base = base.base
    base = base.obj if isinstance(base, memoryview) else base
    return isinstance(base, mmap.mmap)


def rest() -> None:
    """Let go of the pages of arrays in files; they come back when they are read."""
    _FILES.rest()
