"""Names of the arrays that go in and out, and what holds them in few bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
ByteArray = npt.NDArray[np.uint8]
ChoiceArray = npt.NDArray[np.int16]
ComplexArray = npt.NDArray[np.complex128]
DateArray = npt.NDArray[np.datetime64]
TextArray = npt.NDArray[np.object_]
ObjectArray = npt.NDArray[np.object_]
"""Python integers: no sum can overflow."""
AnyArray = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float64]
WordArray = npt.NDArray[np.uint32]
KeyArray = npt.NDArray[np.uint64]
ScoreArray = npt.NDArray[np.int32]
CodeArray = npt.NDArray[np.int8]

LARGEST_SUM = 2**62
"""Sums of int64 are proved to stay within it, half of what fits."""

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Record = TypeVar("Record", bound=DataclassInstance)


def sums_by(group: IntArray, values: FloatArray, n_groups: int) -> FloatArray:
    """(n_groups,) sums of floats to the same bits whatever the order of rows: from the least value on."""
    order = np.argsort(values)  # of a group as of all: the counting below adds in this order
    return np.asarray(np.bincount(group[order], weights=values[order], minlength=n_groups), dtype=np.float64)


def sum_of(values: FloatArray) -> float:
    """The sum of floats to the same bits whatever their order."""
    return float(np.sort(values, axis=None).sum())


def mean_of(values: FloatArray) -> float:
    """The mean of floats to the same bits whatever their order; of at least one."""
    return sum_of(values) / values.size


def narrow(values: AnyArray) -> AnyArray:
    """Whole numbers in four bytes each where they fit, else as they are: for what is held, not reckoned with.

    Products of two of them may pass what four bytes hold: take ``astype(np.int64)`` of one before.
    """
    return values.astype(narrow_type(values), copy=False)


def narrow_type(values: AnyArray) -> np.dtype[Any]:
    """The type of `narrow`."""
    if values.dtype.kind not in "iu" or values.dtype == np.int32:
        return values.dtype
    ends = np.iinfo(np.int32)
    fits = values.size == 0 or (values.min() >= ends.min and values.max() <= ends.max)
    return np.dtype(np.int32) if fits else values.dtype


def distinct_dates(dates: DateArray) -> DateArray:
    """(k,) datetime64[D] the dates that occur, ascending; without sorting them where they lie close together.

    Examples
    --------
    >>> dates = np.array(["2024-03-02", "2024-03-01", "2024-03-02"], "datetime64[D]")
    >>> distinct_dates(dates).astype(str).tolist()
    ['2024-03-01', '2024-03-02']
    """
    days = dates.astype("datetime64[D]", copy=False).view(np.int64)
    if days.size == 0:
        return days.view("datetime64[D]")
    first, last = int(days.min()), int(days.max())
    if last - first >= _DAYS:
        return np.unique(days).view("datetime64[D]")
    seen = np.zeros(last - first + 1, np.bool_)
    for begin in range(0, days.size, _AT_ONCE):
        seen[days[begin : begin + _AT_ONCE] - first] = True
    return (np.flatnonzero(seen) + first).view("datetime64[D]")


_DAYS, _AT_ONCE = 1 << 20, 1 << 20


class PackedTexts(Sequence[str]):
    """Texts that are held packed, some hundred together, and unpacked when they are read one after the other.

    Examples
    --------
    >>> packed = PackedTexts(["a", "", "long"])
    >>> packed[2], list(packed)
    ('long', ['a', '', 'long'])
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._blocks: list[bytes] = []
        self._ends: list[AnyArray] = []
        self._other: dict[int, dict[int, str]] = {}
        self._n, rest = 0, iter(texts)
        while block := list(islice(rest, _PACKED)):
            self._pack(block)

    def but(self, other: Mapping[int, str]) -> PackedTexts:
        """The same with other texts in some rows: beside the packed ones where these are few.

        Examples
        --------
        >>> list(PackedTexts(["a", "b", "c"]).but({1: "long"}))
        ['a', 'long', 'c']
        """
        if len(other) > self._n // _MANY:
            return PackedTexts(other.get(row, text) for row, text in enumerate(self))
        found = PackedTexts(())
        found._blocks, found._ends, found._n = self._blocks, self._ends, self._n
        found._other = {block: dict(texts) for block, texts in self._other.items()}
        for row, text in other.items():
            found._other.setdefault(row // _PACKED, {})[row % _PACKED] = text
        return found

    def _pack(self, block: Sequence[str]) -> None:
        self._n += len(block)
        self._ends.append(narrow(np.cumsum([len(text) for text in block])))
        self._blocks.append(zlib.compress("".join(block).encode(), 1))

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[str]:
        for block in range(len(self._blocks)):
            yield from self._unpacked(block)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            rows = range(*index.indices(self._n))
            if rows.step != 1 or not rows:
                return tuple(self[at] for at in rows)
            first, last = rows[0] // _PACKED, rows[-1] // _PACKED
            texts = [text for block in range(first, last + 1) for text in self._unpacked(block)]
            return tuple(texts[rows[0] - first * _PACKED :][: len(rows)])
        block, at = divmod(range(self._n)[index], _PACKED)
        return self._unpacked(block)[at]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def some(self, rows: Iterable[int]) -> Iterator[str]:
        """The texts of some ascending rows: what lies together is unpacked once.

        Examples
        --------
        >>> list(PackedTexts(["a", "b", "c"]).some([0, 2]))
        ['a', 'c']
        """
        at, block = -1, [""]
        for row in rows:
            if row // _PACKED != at:
                at, block = row // _PACKED, self._unpacked(row // _PACKED)
            yield block[row % _PACKED]

    def _unpacked(self, block: int) -> list[str]:
        whole, ends = zlib.decompress(self._blocks[block]).decode(), self._ends[block].tolist()
        found = [whole[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
        for at, text in self._other.get(block, {}).items():
            found[at] = text
        return found


_PACKED, _MANY = 512, 16


def take_rows(record: Record, rows: IntArray, shared: tuple[str, ...] = ()) -> Record:
    """Some rows of every column of a frozen record, except those that all rows share."""
    columns = {field.name: getattr(record, field.name) for field in fields(record)}
    changes = {
        name: column[rows] for name, column in columns.items() if name not in shared and column is not None
    }
    return replace(record, **changes)
