"""What a machine works out once and keeps for its user, outside any run; it may be deleted at will."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path


def user_cache() -> Path | None:
    """The folder of this user's caches by the habits of the platform; None where there is no home."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) / "simlab" if base else None
    base = os.environ.get("XDG_CACHE_HOME")
    if base and Path(base).is_absolute():
        return Path(base) / "simlab"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return (home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache") / "simlab"


def text_kept(name: str, make: Callable[[], str]) -> str:
    """A text as it was kept under a name that says all it depends on; else made, and kept if that can be."""
    text = kept(name)
    if text is None:
        text = make()
        keep(name, text)
    return text


def kept(name: str) -> str | None:
    """What was kept under a name; None where nothing is.

    A file that somebody else owns or may write to is not read, nor one cut short: the last line repeats
    the name.
    """
    folder, end = user_cache(), _end(name)
    if folder is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        if _is_ours(folder / name):
            text = (folder / name).read_text(encoding="utf-8")
            if text.endswith(end):
                return text[: -len(end)]
    return None


def keep(name: str, text: str) -> bool:
    """Keep a text under a name, in place of another one; whether that could be done."""
    folder = user_cache()
    if folder is None:
        return False
    try:
        _put(folder, name, text + _end(name))
    except OSError:
        return False
    return True


def _end(name: str) -> str:
    return f"\n{name}\n"


def _is_ours(path: Path) -> bool:
    """Whether this user alone can have written a file."""
    if not hasattr(os, "getuid"):
        return True
    states = [path.stat(), path.parent.stat()]
    return all(state.st_uid == os.getuid() and not state.st_mode & 0o022 for state in states)


def _put(folder: Path, name: str, text: str) -> None:
    """Put a file in place whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = folder / f".{name}.{secrets.token_hex(4)}"
    try:
        part.write_text(text, encoding="utf-8", newline="")
        part.chmod(0o600)
        part.replace(folder / name)
    except OSError:
        part.unlink(missing_ok=True)
        raise
