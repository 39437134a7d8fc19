"""Tables packed by gzip, as many exports are; never unpacked beyond a limit."""

from __future__ import annotations

import gzip
import io
import zlib

GZIP = b"\x1f\x8b"
_MOST, _MOST_RATIO, _SMALL = 4 * 2**30, 200, 2**24  # bytes that a file may unpack to


class PackedError(Exception):
    """A packed file that cannot be read, with what to do about it."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def unpacked(data: bytes) -> bytes:
    """What a gzip file holds; the bytes of any other file as they are.

    Raises
    ------
    PackedError
        The file is damaged, or holds more than 16 MiB and 200 times its size, or more than 4 GiB.
    """
    if not data.startswith(GZIP):
        return data
    most = min(_MOST, max(_MOST_RATIO * len(data), _SMALL))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            inside = file.read(most + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise PackedError("is a damaged gzip file", "pack it again, or name the file unpacked") from error
    if len(inside) > most:
        raise PackedError(
            f"unpacks to more than {most:,} bytes", "name the file unpacked, or save it as Parquet"
        )
    return inside
