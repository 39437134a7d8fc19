"""Names of the arrays that go in and out."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

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
    order = np.lexsort((values, group))
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
    if values.dtype == np.int32:
        return values
    ends = np.iinfo(np.int32)
    fits = values.size == 0 or (values.min() >= ends.min and values.max() <= ends.max)
    return values.astype(np.int32) if fits else values


def take_rows(record: Record, rows: IntArray, shared: tuple[str, ...] = ()) -> Record:
    """Some rows of every column of a frozen record, except those that all rows share."""
    columns = {field.name: getattr(record, field.name) for field in fields(record)}
    changes = {
        name: column[rows] for name, column in columns.items() if name not in shared and column is not None
    }
    return replace(record, **changes)
