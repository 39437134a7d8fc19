"""Blocks stored as they finish, so that a run that was stopped goes on where it was.

What a block gives depends on its arguments alone, so that a stored one is as good as a new one: the key is a
digest of everything that goes in. Nothing is unpickled: arrays and the names of known records are read.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simlab.arrays import IntArray
from simlab.engine.recorder.extremes import Extremes
from simlab.engine.recorder.periods import TimeProfile
from simlab.engine.recorder.shortage import Shortage
from simlab.engine.world.curves import Curves
from simlab.errors import IncompleteError
from simlab.execution.sums import PlanSums
from simlab.run.files import write_atomic

_RECORDS: dict[str, Any] = {one.__name__: one for one in (Curves, Extremes, PlanSums, Shortage, TimeProfile)}
_SMALL, _MOST = 4 << 20, 1 << 28
"""Bytes up to which every block is stored, and beyond which none is."""
_PACE = 30e-9
"""Seconds of computing per byte from which one between the two is stored: ten times what storing takes."""
_NARROW = ((np.int8, 1 << 7), (np.int16, 1 << 15), (np.int32, 1 << 31))
"""Types, and the least whole number that each no longer holds."""
_FOLDER: ContextVar[Path | None] = ContextVar("folder of blocks", default=None)


@contextmanager
def keeping(folder: Path) -> Iterator[None]:
    """Store the blocks that are computed meanwhile, and take those that are stored."""
    folder.mkdir(parents=True, exist_ok=True)
    token = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


@dataclass(frozen=True)
class Store:
    """Results of one kind of blocks, in files of a folder.

    Attributes
    ----------
    folder : Path
    key : str
        Digest of all that results depend on besides the rows.
    """

    folder: Path
    key: str

    def _path(self, rows: IntArray) -> Path:
        return self.folder / f"{self.key}-{int(rows[0])}-{rows.size}.block"

    def find(self, rows: IntArray) -> Any | None:
        """What is stored of a block; None where nothing is, or what is there is damaged."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            return unpacked(self._path(rows).read_bytes())
        return None

    def keep(self, rows: IntArray, result: object, seconds: float = math.inf) -> None:
        """Store a record, or a list or tuple of records, unless it is large and quick to compute again.

        Parameters
        ----------
        seconds : float
            What it took to compute.

        Raises
        ------
        IncompleteError
            There is no room for it.
        """
        data = packed(result, seconds)
        if data is not None:
            try:
                write_atomic(self._path(rows), data, read_back=False)
            except OSError as error:
                why = error.strerror or type(error).__name__
                folder = self.folder.parent
                raise IncompleteError(
                    f"{folder}: cannot keep a block: {why}; blocks that came back are kept: "
                    f"make room, then simlab resume {folder}"
                ) from error


def store_of(*arguments: object) -> Store | None:
    """The store of blocks whose results depend on these arguments and their rows; None where none is kept."""
    folder = _FOLDER.get()
    return None if folder is None else Store(folder, digest(arguments))


def kept_so_far() -> str:
    """What a run that ends here leaves behind, in words."""
    folder = _FOLDER.get()
    if folder is None:
        return "nothing was kept of it"
    return f"blocks that came back are kept: simlab resume {folder.parent}"


def digest(value: object) -> str:
    """Hexadecimal digest of arrays, records, numbers and texts, whatever holds them."""
    found = hashlib.sha256()
    _feed(found.update, value)
    return found.hexdigest()[:24]


_ROWS = 1 << 15
"""Rows of an array that are copied at a time to be hashed."""


def _feed(update: Callable[[bytes], None], value: object) -> None:
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            update(repr(value.tolist()).encode())
            return
        update(f"{value.dtype.str}{value.shape}".encode())
        if value.ndim == 0:
            update(value.tobytes())
        for first in range(0, len(value) if value.ndim else 0, _ROWS):
            update(np.ascontiguousarray(value[first : first + _ROWS]).tobytes())
    elif is_dataclass(value) and not isinstance(value, type):
        update(type(value).__name__.encode())
        for field in fields(value):
            _feed(update, getattr(value, field.name))
    elif isinstance(value, Mapping):
        for name, one in value.items():
            update(str(name).encode())
            _feed(update, one)
    elif isinstance(value, list | tuple):
        update(f"{len(value)}[".encode())
        for one in value:
            _feed(update, one)
    elif callable(value):
        update(f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value))}".encode())
    else:
        update(f"{type(value).__name__}:{value!r};".encode())


@dataclass(frozen=True)
class Apart:
    """A result as a form and its arrays, whole numbers in as few bytes as hold them.

    Attributes
    ----------
    form : dict
    arrays : list of array
    """

    form: dict[str, Any]
    arrays: list[np.ndarray]

    @classmethod
    def of(cls, result: object) -> Apart | None:
        """A result taken apart; None where it is of a form that is not."""
        arrays: list[np.ndarray] = []
        try:
            form = _taken_apart(result, arrays)
        except TypeError:
            return None
        return cls(form, [_narrowed(one) for one in arrays])

    def together(self) -> Any:
        """The result again."""
        return _put_together(self.form, self.arrays)


def packed(result: object, seconds: float = math.inf) -> bytes | None:
    """A result as bytes; None where it is large for what it took, or of a form that is not stored."""
    arrays: list[np.ndarray] = []
    try:
        form = _taken_apart(result, arrays)
    except TypeError:
        return None
    size = sum(one.nbytes for one in arrays)
    if size > _MOST or (size > _SMALL and seconds < _PACE * size):
        return None
    kept = [np.ascontiguousarray(_narrowed(one)) for one in arrays]
    head = json.dumps({"form": form, "arrays": [(one.dtype.str, one.shape) for one in kept]}).encode()
    data = b"".join([len(head).to_bytes(8, "little"), head, *(one.tobytes() for one in kept)])
    return hashlib.sha256(data).digest() + data


def _taken_apart(value: object, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, np.ndarray) and value.dtype != object:
        arrays.append(value)
        return {"array": len(arrays) - 1, "dtype": value.dtype.str}
    if type(value).__name__ in _RECORDS and is_dataclass(value):
        parts = {field.name: _taken_apart(getattr(value, field.name), arrays) for field in fields(value)}
        return {"record": type(value).__name__, "parts": parts}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_taken_apart(one, arrays) for one in value]}
    if value is None or isinstance(value, int | str):
        return {"plain": value}
    raise TypeError(type(value).__name__)


def _narrowed(value: np.ndarray) -> np.ndarray:
    """Integers in as few bytes as hold them: counts are mostly small."""
    if value.dtype != np.int64 or not value.size:
        return value
    low, high = int(value.min()), int(value.max())
    for narrow, beyond in _NARROW:
        if -beyond <= low and high < beyond:
            return np.asarray(value.astype(narrow))
    return value


def unpacked(data: bytes) -> Any:
    """The result again.

    Raises
    ------
    ValueError
        The bytes are not those that were stored.
    """
    body = memoryview(data)[_DIGEST:]
    if hashlib.sha256(body).digest() != data[:_DIGEST]:
        raise ValueError("a damaged block")
    at = 8 + int.from_bytes(body[:8], "little")
    head, arrays = json.loads(bytes(body[8:at])), []
    for kind, shape in head["arrays"]:
        size = math.prod(shape)
        arrays.append(np.frombuffer(body, kind, size, at).reshape(shape) if size else np.empty(shape, kind))
        at += size * arrays[-1].itemsize
    return _put_together(head["form"], arrays)


_DIGEST = 32
"""Bytes of a digest, at the beginning of a block."""


def _put_together(form: dict[str, Any], stored: list[np.ndarray]) -> Any:
    if "array" in form:
        return stored[int(form["array"])].astype(form["dtype"])
    if "record" in form:
        parts = {name: _put_together(one, stored) for name, one in form["parts"].items()}
        return _RECORDS[form["record"]](**parts)
    if "list" in form:
        return [_put_together(one, stored) for one in form["list"]]
    if "tuple" in form:
        return tuple(_put_together(one, stored) for one in form["tuple"])
    return form["plain"]
