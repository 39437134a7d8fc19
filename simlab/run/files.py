"""Bytes on disk: atomic writes, hashes, and JSON that neither lies about NaN nor fails on numpy."""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from enum import Enum
from pathlib import Path

import numpy as np

from simlab.errors import SimlabError

_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_atomic(path: Path, data: bytes | Iterable[bytes], *, read_back: bool = True) -> None:
    """Put a file in place whole or not at all.

    A temporary file in the same folder is written, flushed to disk and read back before it takes the
    name; then the folder itself is flushed, so that a power cut leaves the old file or the new one.

    Parameters
    ----------
    path : Path
    data : bytes or iterable of bytes
        In pieces, it is never in memory as a whole.
    read_back : bool
        False for what carries a digest of its own, which its reader compares.

    Raises
    ------
    SimlabError
        The disk gave back other bytes than were written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        digest = hashlib.sha256()
        with temporary.open("xb") as file:
            for piece in (data,) if isinstance(data, bytes) else data:
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if read_back and sha256(temporary) != digest.hexdigest():
            raise SimlabError(f"{path.name}: the disk did not give back what was written")
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def to_json(value: object, *, indent: int | None = None) -> str:
    """Strict JSON text: NaN and infinities become null, numpy and dates become plain values.

    Raises
    ------
    TypeError
        A value has no JSON form; paths are refused too, so that none of a machine's own leaks out.
    """
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=indent)


_PLAIN = frozenset({str, int, bool, type(None)})
"""Types of nearly all that a page shows, and no others that are derived from them."""


def plain(value: object) -> object:
    """The value as dicts, lists, text, numbers, booleans and None."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        return value if math.isfinite(value) else None  # type: ignore[arg-type]
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(str(entry) for entry in value)
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder; there the rename itself is all one can have.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
