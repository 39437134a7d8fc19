"""A block's inputs on the way to a worker: arrays, plain values, and names of simlab's own records.

Nothing of it is executed where it is read. A name is looked up among the modules of simlab that are
installed there, and only a record (dataclass, named tuple, enumeration) or a function of blocks is taken.
What is none of these, such as a rule of a user's own in Python, stands in a list beside the bytes.
"""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Sequence
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

import numpy as np

_OWN = "simlab."
_WORK = "simlab.execution."
"""Where functions that work on blocks are defined: no other function is taken by name."""


def packed(value: object) -> tuple[bytes, list[Any]]:
    """A value as bytes, and what of it has no plain form; tables travel as Arrow."""
    arrays: list[np.ndarray] = []
    others: list[Any] = []
    form = _taken_apart(value, arrays, others)
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(form).encode(), np.uint8)
    save: Any = np.savez
    save(buffer, form=text, **{f"a{k}": one for k, one in enumerate(arrays)})
    return buffer.getvalue(), others


def whole(value: object) -> bytes:
    """A value as bytes.

    Raises
    ------
    TypeError
        Something in it has no plain form.
    """
    data, others = packed(value)
    if others:
        raise TypeError(f"{type(others[0]).__name__} has no plain form")
    return data


def unpacked(data: bytes, others: Sequence[Any] = ()) -> Any:
    """The value again.

    Raises
    ------
    ValueError
        It names something that is no record of simlab and no function of blocks.
    """
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return _put_together(json.loads(arrays["form"].tobytes()), arrays, others)


def _taken_apart(value: Any, arrays: list[np.ndarray], others: list[Any]) -> Any:
    if value is None or type(value) in (bool, int, float, str):
        return {"plain": value}
    if type(value).__name__ == "DataFrame" and (data := _table_bytes(value)) is not None:
        arrays.append(data)
        return {"table": len(arrays) - 1, "objects": _objects(value)}
    if isinstance(value, np.ndarray) and value.dtype != object:
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, np.ndarray) and all(one is None or type(one) is str for one in value.ravel()):
        return {"texts": value.ravel().tolist(), "shape": value.shape}
    if isinstance(value, np.generic):
        arrays.append(np.asarray(value))
        return {"scalar": len(arrays) - 1}
    if isinstance(value, Enum) and _is_own(type(value)):
        return {"entry": _name(type(value)), "name": value.name}
    if _is_own(type(value)) and (is_dataclass(value) or hasattr(value, "_fields")):
        parts = vars(value) if is_dataclass(value) else value._asdict()
        return {"record": _name(type(value)), "parts": _named(parts, arrays, others)}
    if type(value) in (list, tuple):
        return {type(value).__name__: [_taken_apart(one, arrays, others) for one in value]}
    if type(value) is dict and all(type(key) is str for key in value):
        return {"dict": _named(value, arrays, others)}
    if callable(value) and _name(value).startswith(_WORK) and _is_own(value):
        return {"function": _name(value)}
    others.append(value)
    return {"other": len(others) - 1}


def _table_bytes(frame: Any) -> np.ndarray | None:
    """A table as Arrow's stream; None where it would not come back as it is."""
    import pyarrow as pa

    try:
        table = pa.Table.from_pandas(frame)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError, TypeError):
        return None
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data = np.frombuffer(sink.getvalue(), np.uint8)
    again = _table_of(data, _objects(frame))
    same = list(again.columns) == list(frame.columns) and list(again.dtypes) == list(frame.dtypes)
    return data if same and again.equals(frame) else None


def _table_of(data: np.ndarray, objects: Sequence[int]) -> Any:
    """The table again; columns of Python objects, which Arrow knows as texts, are such again."""
    import pandas as pd
    import pyarrow as pa

    own = pa.allocate_buffer(data.size)  # Arrow's own memory, see `run.tables.decode`
    memoryview(own).cast("B")[:] = data.tobytes()
    table = pa.ipc.open_stream(own).read_all()
    frame = table.to_pandas()
    for column in objects:
        cells = np.array([*table.column(int(column)).to_pylist(), None], dtype=object)[:-1]
        frame.isetitem(int(column), pd.Series(cells, index=frame.index, dtype=object))
    return frame


def _objects(frame: Any) -> list[int]:
    return [place for place, kind in enumerate(frame.dtypes) if str(kind) == "object"]


def _named(parts: dict[str, Any], arrays: list[np.ndarray], others: list[Any]) -> dict[str, Any]:
    return {name: _taken_apart(one, arrays, others) for name, one in parts.items()}


def _put_together(form: dict[str, Any], arrays: Any, others: Sequence[Any]) -> Any:
    (kind, what), *_ = form.items()
    if kind == "plain":
        return what
    if kind in ("array", "scalar"):
        table = arrays[f"a{int(what)}"]
        return table if kind == "array" else table[()]
    if kind == "table":
        return _table_of(arrays[f"a{int(what)}"], form["objects"])
    if kind == "texts":
        return np.array(what, dtype=object).reshape(form["shape"])
    if kind == "entry":
        return _found(what)[form["name"]]
    if kind == "record":
        parts = {name: _put_together(one, arrays, others) for name, one in form["parts"].items()}
        return _made(_found(what), parts)
    if kind in ("list", "tuple"):
        some = [_put_together(one, arrays, others) for one in what]
        return some if kind == "list" else tuple(some)
    if kind == "dict":
        return {name: _put_together(one, arrays, others) for name, one in what.items()}
    return _function(what) if kind == "function" else others[int(what)]


def _made(kind: Any, parts: dict[str, Any]) -> Any:
    """A record with these parts; a dataclass as it was, with what it has found since."""
    if not is_dataclass(kind):
        return kind(**parts)
    plain: Any = kind
    made: Any = object.__new__(plain)
    vars(made).update(parts)
    return made


def _is_own(what: Any) -> bool:
    """Whether it is found again by its name in simlab."""
    try:
        return _found(_name(what)) is what
    except (ValueError, AttributeError, ImportError):
        return False


def _name(what: Any) -> str:
    return f"{getattr(what, '__module__', '')}:{getattr(what, '__qualname__', '')}"


def _function(name: str) -> Any:
    if not name.startswith(_WORK):
        raise ValueError(f"{name} is no function of blocks")
    return _found(name)


def _found(name: str) -> Any:
    module, _, path = name.partition(":")
    if not module.startswith(_OWN) or not path.isidentifier():
        raise ValueError(f"{name} is nothing of simlab's own")
    found = getattr(importlib.import_module(module), path)
    if _name(found) != name:
        raise ValueError(f"{name} is nothing of simlab's own")
    return found
