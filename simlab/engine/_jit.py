"""The one way simlab compiles a function, and where the compiled code is kept.

Numba keys its cache by a function's own file, so an edited helper in another file would leave
the callers stale. The cache folder therefore carries a hash of all sources of this package, of the
register and of the versions that produce the code.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numba
import numpy as np
from numba.core import caching

from simlab.version import __version__

Function = TypeVar("Function", bound=Callable[..., Any])
_SOURCES = Path(__file__).parent
_REGISTER = _SOURCES.parent / "register"
_NUMBERED = ("families.py", "laws.py")  # records of the register whose numbers compiled code holds
_log = logging.getLogger("simlab")


@cache
def kernel_hash() -> str:
    """Hexadecimal digest of every source of the engine, records it numbers by, and the compiling versions."""
    digest = hashlib.sha256()
    for source in (*sorted(_SOURCES.rglob("*.py")), *(_REGISTER / name for name in _NUMBERED)):
        name = source.relative_to(_REGISTER if source.parent == _REGISTER else _SOURCES)
        digest.update(name.as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    versions = (
        platform.python_version(),
        numba.__version__,
        np.__version__,
        version("llvmlite"),
        __version__,
    )
    digest.update("|".join(versions).encode())
    return digest.hexdigest()[:16]


def _is_writable(folder: Path) -> bool:
    """Whether files can be made there and, compiled code being executable, nobody else owns it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
        return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
    except OSError:
        return False


def _user_cache() -> Path | None:
    """The cache folder of this user by the habits of the platform."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return Path(base) if base else None
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base)
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"


def _candidates() -> Iterator[tuple[Path, str]]:
    """Cache folders in order of preference, each with the notice its use deserves."""
    name = f"simlab-{kernel_hash()}"
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(chosen) / name, ""
    if (user := _user_cache()) is not None:
        yield user / "simlab" / name, ""
    owner = os.getuid() if hasattr(os, "getuid") else "user"
    yield (
        Path(tempfile.gettempdir()) / f"simlab-{owner}" / name,
        "no writable user cache: compiled code is kept in the temporary folder",
    )


@cache
def cache_folder() -> Path | None:
    """Where compiled code is kept, or None if nothing is writable; a notice is logged then."""
    for folder, notice in _candidates():
        if _is_writable(folder.parent) and _is_writable(folder):
            if notice:
                _log.warning(notice)
            return folder
    _log.warning("no writable cache folder: kernels are compiled anew in every process")
    return None


@contextlib.contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """Point numba's cache at a folder while a function is decorated, leaving others' alone."""
    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        config.CACHE_DIR = before


_Cache: Any = caching.FunctionCache
_Files: Any = caching.CompileResultCacheImpl
_Place: Any = caching.UserProvidedCacheLocator


class _WithinEngine(_Place):  # type: ignore[misc]
    """Files of compiled code by their source's place in the engine, not by where simlab is installed.

    The folder's name carries the hash of all these sources, so every environment and every copy of one
    version on a machine shares what was compiled once. Other files keep numba's own places.
    """

    def __init__(self, function: Any, source: str) -> None:
        super().__init__(function, source)
        config: Any = numba.config
        within = Path(source).resolve().relative_to(_SOURCES.resolve())
        self._cache_path = str(Path(config.CACHE_DIR) / "_".join(("engine", *within.parent.parts)))

    @classmethod
    def from_function(cls, function: Any, source: str) -> Any:
        """A place for a function of the engine; None for a user's own, which numba places."""
        if not Path(source).resolve().is_relative_to(_SOURCES.resolve()):
            return None
        return super().from_function(function, source)


class _KeptFiles(_Files):  # type: ignore[misc]
    """Numba's files of one function, at the engine's own places first."""

    _locator_classes: ClassVar[list[Any]] = [_WithinEngine, *_Files._locator_classes]


class _MendedCache(_Cache):  # type: ignore[misc]
    """Numba's cache of a function, but a damaged file is thrown away and its code compiled again.

    A write cut short (power, a full disk, a copied folder) leaves files that cannot be read; numba itself
    would end every later command in ``EOFError``.
    """

    _impl_class = _KeptFiles

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled code of a signature; None if it is not kept, or no longer readable."""
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:
            _log.warning("compiled code was damaged and is made anew (%s)", type(error).__name__)
            with contextlib.suppress(OSError):
                self.flush()
            return None


def _compile(function: Function, **options: Any) -> Function:
    folder = cache_folder()
    options |= {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    if folder is None:
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
    with _cache_in(folder):
        compiled = numba.njit(**options)(function)
        compiled._cache = _MendedCache(function)
    return compiled  # type: ignore[no-any-return]


def jit(function: Function) -> Function:
    """Compile for one thread without the GIL; never ``fastmath`` or ``parallel``: same bits everywhere."""
    return _compile(function)


def kernel(function: Function) -> Function:
    """As `jit`, for functions that make no arrays: without reference counts, which cost in loops."""
    return _compile(function, _nrt=False)


def inner(function: Function) -> Function:
    """As `kernel`, callable from compiled code only, which saves the compiling of a wrapper."""
    return _compile(function, _nrt=False, no_cpython_wrapper=True)


def step(function: Function) -> Function:
    """As `inner`, merged into its caller: a call would cost more than the loop inside."""
    return _compile(function, _nrt=False, no_cpython_wrapper=True, forceinline=True)
