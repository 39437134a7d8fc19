"""The segmentation: which SKU-location is in which segment, and how a mapping speaks of segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from simlab.arrays import IntArray
from simlab.errors import InvalidInputError, Problem, UsageError, listed
from simlab.measures.shown import Public

if TYPE_CHECKING:
    import pandas as pd

    from simlab.catalog import Catalog


T = TypeVar("T")
_NAMES_SHOWN = 5


@dataclass(frozen=True, eq=False, repr=False)
class Segmentation(Public):
    """SKU-locations sorted into segments; only segments that hold an item exist.

    Attributes
    ----------
    codes : (n,) int64
        Segment of each SKU-location: row number into `names`.
    names : tuple of str
        Sorted; the values of several attributes are joined by "-" ("A-X").
    rule : str
        How an item gets its segment, readable by a planner; one line per attribute.
    attributes : tuple of tuple of str
        Per segment, one value per entry of `by`.
    by : tuple of str
        What was segmented by: scheme names or columns.
    labels : tuple of tuple of str
        Per entry of `by`, every value it may take, also those that no item has.
    sku, location : tuple of str
        Ids of the SKU-locations where known.
    undivided : tuple of str
        Rules of the attributes that are the same everywhere.
    bounds : tuple of (str, mapping)
        Of learned classes: name, and column → (low, high], infinite where open; empty for other rules.

    Examples
    --------
    >>> import simlab as sl
    >>> data = sl.demo(n_skus=6)
    >>> seg = sl.segment(data, "abc")
    >>> seg.names
    ('A', 'B', 'C')
    >>> int(seg.sizes.sum()) == len(seg.to_frame())
    True
    """

    codes: IntArray
    names: tuple[str, ...]
    rule: str
    attributes: tuple[tuple[str, ...], ...]
    by: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...] = field(default=())
    sku: tuple[str, ...] = field(default=())
    location: tuple[str, ...] = field(default=())
    undivided: tuple[str, ...] = field(default=())
    bounds: tuple[tuple[str, Mapping[str, tuple[float, float]]], ...] = field(default=())

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {n:,}" for name, n in zip(self.names, self.sizes.tolist(), strict=True))
        return f"Segmentation by {' × '.join(self.by)}: {sizes}"

    def _repr_html_(self) -> str:
        import pandas as pd

        frame = pd.DataFrame({"segment": list(self.names), "SKU-locations": self.sizes})
        rule = escape(self.rule).replace("\n", "<br>")
        return f"<p>{rule}</p>{frame.to_html(index=False, border=0, escape=True)}"

    @property
    def n_segments(self) -> int:
        return len(self.names)

    @property
    def sizes(self) -> IntArray:
        """(n_segments,) SKU-locations in each segment."""
        return np.bincount(self.codes, minlength=len(self.names)).astype(np.int64)

    def resolve(self, mapping: Mapping[str, T], what: str) -> tuple[T, ...]:
        """One value per segment from a mapping that names segments or attribute values.

        Parameters
        ----------
        mapping : mapping of str
            A key names a segment ("A-X") or one value of one attribute ("A" covers A-X, A-Y, A-Z).
        what : str
            What is being mapped, for messages: ``"policy.targets"``.

        Returns
        -------
        tuple
            In the order of `names`.

        Raises
        ------
        InvalidInputError
            A segment without a value or named by two keys; a key that names nothing, or a value that
            two attributes share.
        """
        problems = [*self._unknown_keys(mapping, what), *self._shared_keys(mapping, what)]
        covering = [self._keys_of(segment, mapping) for segment in range(len(self.names))]
        missing = [name for name, keys in zip(self.names, covering, strict=True) if not keys]
        if missing:
            fix = (
                f"add {listed(missing, _NAMES_SHOWN)}, or a value of {' or '.join(self.by)} that covers them"
            )
            problems.append(
                _problem("E-SEG-020", what, f"no entry for segment {listed(missing, _NAMES_SHOWN)}", fix)
            )
        for name, keys in zip(self.names, covering, strict=True):
            if len(keys) > 1:
                message = f"segment '{name}' is named twice, by {' and '.join(repr(key) for key in keys)}"
                problems.append(_problem("E-SEG-021", what, message, "keep one of them"))
        if problems:
            raise InvalidInputError(problems)
        return tuple(mapping[keys[0]] for keys in covering)

    def to_frame(self, catalog: Catalog | None = None) -> pd.DataFrame:
        """One row per SKU-location: sku, location, segment and a column per entry of `by`.

        Parameters
        ----------
        catalog : Catalog, optional
            Whose ids are shown; needed for segments that `simlab.segment` did not make.
        """
        import pandas as pd

        sku, location = (self.sku, self.location) if catalog is None else (catalog.sku, catalog.location)
        if len(sku) != self.codes.size:
            raise UsageError("these segments know no ids: say to_frame(data.catalog)")
        columns: dict[str, object] = {
            "sku": list(sku),
            "location": list(location),
            "segment": np.array(self.names, dtype=object)[self.codes],
        }
        for number, name in enumerate(self.by):
            values = np.array([attribute[number] for attribute in self.attributes], dtype=object)
            title = f"item_{name.removeprefix('column:')}" if name in columns or ":" in name else name
            columns[title] = values[self.codes]
        return pd.DataFrame(columns)

    def _keys_of(self, segment: int, mapping: Mapping[str, T]) -> list[str]:
        known = {self.names[segment], *self.attributes[segment]}
        return [key for key in mapping if key in known]

    def _unknown_keys(self, mapping: Mapping[str, T], what: str) -> Iterable[Problem]:
        values = {label for labels in self.labels for label in labels}
        known = values | set(self.names) | {value for values in self.attributes for value in values}
        for key in mapping:
            if key not in known and not self._names_empty_segment(key):
                segments, named = (listed(names, _NAMES_SHOWN) for names in (self.names, sorted(values)))
                fix = f"segments: {segments}; values: {named}"
                yield _problem("E-SEG-022", what, f"'{key}' names no segment and no value of one", fix)

    def _shared_keys(self, mapping: Mapping[str, T], what: str) -> Iterable[Problem]:
        if len(self.by) < 2:
            return
        for key in mapping:
            owners = [name for name, labels in zip(self.by, self.labels, strict=False) if key in labels]
            if len(owners) > 1:
                message = f"'{key}' is a value of {' and of '.join(owners)}: unclear which is meant"
                yield _problem(
                    "E-SEG-023", what, message, f"name whole segments: {listed(self.names, _NAMES_SHOWN)}"
                )

    def _names_empty_segment(self, key: str) -> bool:
        """Whether a key is a combination of known values that no item happens to have."""
        return len(self.labels) > 1 and _splits(key, self.labels)


def combine(
    parts: Sequence[tuple[str, Sequence[str], IntArray]], rule: str, what: str = "segments.by"
) -> Segmentation:
    """The segmentation by several attributes at once.

    Parameters
    ----------
    parts : sequence of (name, labels, codes)
        Per attribute its name, all its values, and the value of each item as a row number.
    rule : str
        Text of the rules.

    Raises
    ------
    InvalidInputError
        Two different combinations would get the same name.
    """
    table = np.stack([codes for _, _, codes in parts], axis=1)
    rows, inverse = np.unique(table, axis=0, return_inverse=True)
    found = [
        tuple(labels[code] for (_, labels, _), code in zip(parts, row, strict=True)) for row in rows.tolist()
    ]
    names = ["-".join(values) for values in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        fix = "values of the columns contain '-': rename them"
        raise InvalidInputError(
            [_problem("E-SEG-024", what, f"two segments are called {listed(twice, _NAMES_SHOWN)}", fix)]
        )
    order = sorted(range(len(names)), key=lambda number: names[number])
    place = np.empty(len(names), dtype=np.int64)
    place[order] = np.arange(len(names))
    return Segmentation(
        codes=place[inverse.reshape(-1)],
        names=tuple(names[number] for number in order),
        rule=rule,
        attributes=tuple(found[number] for number in order),
        by=tuple(name for name, _, _ in parts),
        labels=tuple(tuple(labels) for _, labels, _ in parts),
    )


def _splits(key: str, labels: Sequence[Sequence[str]]) -> bool:
    if len(labels) == 1:
        return key in labels[0]
    return any(
        key.startswith(f"{label}-") and _splits(key[len(label) + 1 :], labels[1:]) for label in labels[0]
    )


def _problem(code: str, column: str, message: str, fix: str) -> Problem:
    return Problem(code, message, column=column, fix=fix)
