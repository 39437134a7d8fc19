"""One zip that holds a run, what it was computed from, and how to compute it again."""

from __future__ import annotations

import errno
import os
import secrets
import zipfile
from contextlib import suppress
from pathlib import Path

from simlab.api.verifying.inputs import INPUTS, input_files
from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.run import RunFolder
from simlab.run.folder import LOG, refuse_damaged

_LOCK, _README = "environment.txt", "README.txt"
_BESIDE = (_LOCK, _README)
_MOST = 1 << 32
_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(run: str | Path, out: str | Path | None = None, *, inputs: bool = True) -> Path:
    """Put a finished run into one zip.

    Parameters
    ----------
    run : path
        Run folder.
    out : path, optional
        The zip; ``RUN.zip`` beside the run if left out. Nothing existing is replaced.
    inputs : bool
        Whether the tables that the run was computed from go in; else their hashes alone, which the manifest
        has.

    Raises
    ------
    UsageError
        There is no such run, or the zip exists.
    InvalidInputError
        A file of the run is missing or was changed: nobody could verify the pack.
    """
    folder = RunFolder.open(Path(run))
    target = Path(out) if out is not None else folder.path.resolve().with_suffix(".zip")
    if os.path.lexists(target):
        raise UsageError(f"{target}: exists; nothing is ever replaced")
    refuse_damaged(folder, drawn=True)
    tables = {name: path for name, path in input_files(folder).items() if path.is_file()} if inputs else {}
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with zipfile.ZipFile(temporary, "x", zipfile.ZIP_DEFLATED) as archive:
            for key in sorted({*folder.manifest.get("files", {}), "manifest.json", LOG}):
                if (folder.path / key).is_file():
                    _add(archive, key, (folder.path / key).read_bytes())
            for name, path in tables.items():
                _add(archive, f"{INPUTS}/{name}{path.suffix}", path.read_bytes())
            _add(archive, _LOCK, _lock(folder).encode("utf-8"))
            _add(archive, _README, _readme(folder, list(tables)).encode("utf-8"))
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        _gone(temporary)
        if error.errno in (errno.ENOSPC, errno.EIO):
            raise
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from error
    except BaseException:
        _gone(temporary)
        raise
    return target


def _gone(temporary: Path) -> None:
    with suppress(OSError):
        temporary.unlink()


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)


def _lock(run: RunFolder) -> str:
    """Versions that computed the run, as pip reads them."""
    known = run.manifest.get("environment") or {}
    packages = ("simlab", "numpy", "numba", "scipy", "pandas", "pyarrow")
    lines = [f"# Python {known.get('python')}, {known.get('cpu')}, {known.get('system')}"]
    return "\n".join([*lines, *(f"{one}=={known[one]}" for one in packages if one in known)]) + "\n"


def _readme(run: RunFolder, tables: list[str]) -> str:
    command = run.manifest.get("command", "optimize")
    held = ", ".join(tables) if tables else "none: the manifest has their SHA-256"
    return (
        f"A run of simlab {run.manifest.get('environment', {}).get('simlab')}: {command}.\n"
        f"Inputs in this pack: {held}.\n\n"
        "Versions:            pip install -r environment.txt\n"
        "Check it:            simlab verify THIS.zip\n"
        "Compute it again:    simlab verify THIS.zip --again (and compare every table, cell by cell)\n"
        "Into a folder:       unpack; put the tables of inputs/ where study.toml names them;\n"
        f"                     simlab {command} study.toml\n"
    )


def unpacked(archive: Path, folder: Path) -> Path:
    """A pack unpacked into a folder, its names and sizes looked at first.

    Raises
    ------
    InvalidInputError
        A name leads out of the folder, or the pack is far too large.
    """
    with zipfile.ZipFile(archive) as pack_:
        for entry in pack_.infolist():
            parts = Path(entry.filename).parts
            if Path(entry.filename).is_absolute() or ".." in parts or "\\" in entry.filename:
                what = f"'{entry.filename}' leads out of the pack"
                raise InvalidInputError([Problem("E-RUN-008", what, archive.name)])
        if sum(entry.file_size for entry in pack_.infolist()) > _MOST:
            raise InvalidInputError([Problem("E-RUN-008", "unpacks to more than 4 GB", archive.name)])
        for entry in pack_.infolist():
            if entry.filename not in _BESIDE:
                pack_.extract(entry, folder)
    return folder
