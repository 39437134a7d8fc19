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
    """A text as it was kept under a name that says all it depends on; else made, and kept where that can be.

    A file that somebody else owns or may write to is not read, one cut short is made again: the last line
    repeats the name.
    """
    folder = user_cache()
    end = f"\n{name}\n"
    if folder is not None:
        with contextlib.suppress(OSError, ValueError):
            if _is_ours(folder / name):
                text = (folder / name).read_text(encoding="utf-8")
                if text.endswith(end):
                    return text[: -len(end)]
    text = make()
    if folder is not None:
        with contextlib.suppress(OSError):
            _keep(folder, name, text + end)
    return text


def _is_ours(path: Path) -> bool:
    """Whether this user alone can have written a file."""
    if not hasattr(os, "getuid"):
        return True
    states = [path.stat(), path.parent.stat()]
    return all(state.st_uid == os.getuid() and not state.st_mode & 0o022 for state in states)


def _keep(folder: Path, name: str, text: str) -> None:
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
