"""Keys of a catalogue's random streams: made once, however many of its laws ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from simlab.arrays import KeyArray
from simlab.engine.kernels.streams import item_keys

if TYPE_CHECKING:
    from simlab.catalog import Catalog


_KNOWN: WeakKeyDictionary[Catalog, KeyArray] = WeakKeyDictionary()


def keys_of(catalog: Catalog) -> KeyArray:
    """(n,) the key of every SKU-location, a copy of one's own; see `streams.item_keys`."""
    if catalog not in _KNOWN:
        _KNOWN[catalog] = item_keys(catalog.sku, catalog.location)
    return _KNOWN[catalog].copy()
