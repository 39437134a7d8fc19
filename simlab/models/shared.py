"""What the laws of items need of each other: found once of all items, then the same for any rows of them.

A fit of a whole catalogue finds pools (sums of groups, and what is believed of them) one after the other and
keeps them; a fit of some of its rows finds none and takes those that were kept. Both run the same functions:
what a pool makes of an item is a function of the pool and the item alone.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from simlab.arrays import AnyArray, IntArray
from simlab.errors import UsageError
from simlab.models.grouping import groups

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Pool = TypeVar("Pool", bound=DataclassInstance)


SCHEMA = 1


@dataclass(frozen=True, eq=False, repr=False)
class Shared:
    """The pools of a fit, by name.

    Attributes
    ----------
    found : mapping of str to mapping of str to array, number or tuple of str
        The fields of each pool. None is as long as the items are many: pools have the lengths of groups,
        suppliers, classes, phases and dates.
    """

    found: Mapping[str, Mapping[str, Any]]

    @property
    def n_bytes(self) -> int:
        """Bytes of all numbers and texts, before they are packed."""
        values = [value for pool in self.found.values() for value in pool.values()]
        return sum(sum(map(len, one)) if isinstance(one, tuple) else np.asarray(one).nbytes for one in values)

    def packed(self) -> bytes:
        """The bytes of a compressed ``.npz``: arrays by ``pool/field``, texts as JSON; no pickled object."""
        arrays: dict[str, Any] = {}
        texts: dict[str, tuple[str, ...]] = {}
        for name, pool in self.found.items():
            for entry, value in pool.items():
                if isinstance(value, tuple):
                    texts[f"{name}/{entry}"] = value
                else:
                    arrays[f"{name}/{entry}"] = np.asarray(value)
        head = json.dumps({"schema": SCHEMA, "texts": texts}, ensure_ascii=False).encode("utf-8")
        sink = io.BytesIO()
        arrays[""] = np.frombuffer(head, dtype=np.uint8)
        np.savez_compressed(sink, **arrays)
        return sink.getvalue()


def unpacked(data: bytes) -> Shared:
    """What `Shared.packed` wrote.

    Raises
    ------
    ValueError
        Another version wrote it, or it is damaged.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    head = json.loads(arrays.pop("").tobytes())
    if head["schema"] != SCHEMA:
        raise ValueError("written by another version of simlab")
    found: dict[str, dict[str, Any]] = {}
    values = {name: one.item() if one.ndim == 0 else one for name, one in arrays.items()}
    for name, value in (values | {name: tuple(one) for name, one in head["texts"].items()}).items():
        pool, _, entry = name.rpartition("/")
        found.setdefault(pool, {})[entry] = value
    return Shared(found)


@dataclass(frozen=True)
class _Flag:
    value: bool


@dataclass(frozen=True)
class _Names:
    names: tuple[str, ...]


@dataclass(eq=False)
class Sharing:
    """Pools as a fit asks for them: found and kept of all items, or taken from those that are known.

    Attributes
    ----------
    known : Shared or None
        Pools of the catalogue that these items are some rows of; None: they are all.
    found : dict of str to record
        Pools found so far.
    scope : str
        Before the names: the same pool is asked for at several steps.
    """

    known: Shared | None = None
    found: dict[str, Any] = field(default_factory=dict)
    scope: str = ""

    @property
    def whole(self) -> bool:
        """Whether these are all items, so that pools can be found and the whole be judged."""
        return self.known is None

    def under(self, scope: str) -> Sharing:
        """The same with other names, for a step of its own."""
        return Sharing(self.known, self.found, f"{self.scope}{scope}.")

    def of(self, name: str, kind: type[Pool], find: Callable[[], Pool]) -> Pool:
        """The pool of this name: a record of arrays, numbers and tuples of texts."""
        if self.known is not None:
            return self.taken(name, kind)
        if self.scope + name not in self.found:
            self.found[self.scope + name] = find()
        pool: Pool = self.found[self.scope + name]
        return pool

    def taken(self, name: str, kind: type[Pool]) -> Pool:
        """A pool that is known.

        Raises
        ------
        UsageError
            Another study was fitted: it did not ask for this pool.
        """
        fields_of = {} if self.known is None else self.known.found
        if self.scope + name not in fields_of:
            raise UsageError(f"the shared record is that of another study: it has no '{self.scope}{name}'")
        return kind(**fields_of[self.scope + name])

    def flag(self, name: str, find: Callable[[], bool]) -> bool:
        """Whether something is so of any item, or of all."""
        return self.of(name, _Flag, lambda: _Flag(bool(find()))).value

    def groups(self, name: str, column: AnyArray | None, n: int) -> tuple[IntArray, list[str]]:
        """(n,) group of each item by a column, and the names of the groups of all items."""
        names = self.of(f"groups of {name}", _Names, lambda: _Names(tuple(groups(column, n)[1]))).names
        return groups(column, n, list(names))

    def kept(self) -> Shared:
        """All pools so far."""
        return Shared(
            {
                name: {one.name: getattr(pool, one.name) for one in fields(pool)}
                for name, pool in self.found.items()
            }
        )
