"""The folder of one run: results, manifest, log, and nothing the user did not ask for."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simlab.errors import IncompleteError, InvalidInputError, Problem, UsageError
from simlab.run import tables
from simlab.run.environment import environment
from simlab.run.files import plain, sha256, to_json, write_atomic
from simlab.run.tables import SCHEMA
from simlab.study import names_folder

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


try:
    import fcntl
except ImportError:  # Windows: two processes in one folder are not kept apart
    fcntl = None  # type: ignore[assignment]

MANIFEST = "manifest.json"
LOG = "log.jsonl"
COMPLETE = "complete"
SEALED = "sealed"
"""Tables and manifest are whole, the page is not drawn yet."""
RUNNING = "running"
BEGUN: list[Path] = []
"""Folders of runs that this process began and did not complete: named when it is stopped."""
BLOCKS = "blocks"
"""What a run that is not complete keeps to go on from."""
BEGINNING = f"{BLOCKS}/begun.json"
PARTIAL = "report.partial.html"
"""Page of what is there of a run that did not finish; it goes when the run goes on."""
_OF_THE_RUN = ("results/", "quality.parquet", "study.toml", "resolved.json")
_TOP_TABLES = frozenset({"quality"})
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")


class RunFolder:
    """One run on disk. Made by `create` or `open`.

    Attributes
    ----------
    path : Path
        The folder.
    manifest : dict
        What `manifest.json` says; before it is written, only schema and status.
    times : dict of str to float
        Seconds spent in each `stage` so far.
    drawn_later : bool
        Whether whoever called draws the page, after the numbers are told.
    """

    def __init__(self, path: Path, manifest: dict[str, Any], *, made: bool = False) -> None:
        self.path = path
        self.manifest = manifest
        self._made = made
        self.times: dict[str, float] = {}
        self.drawn_later = False
        self._claim: int | None = None
        self._started = time.perf_counter()

    @classmethod
    def create(cls, out: Path | None, name: str, base: Path) -> RunFolder:
        """A new folder for a run; nothing that exists is ever replaced.

        Parameters
        ----------
        out : Path or None
            Where the user wants it: a new or an empty folder. None: ``base/runs/<name>``, else
            ``-2``, ``-3``, … .
        name : str
            Name of the study.
        base : Path
            Folder that `runs` lies in.

        Raises
        ------
        UsageError
            `out` exists and holds something, the name cannot be a folder's, or nothing may be
            written there.
        """
        try:
            made = out is None or not out.is_dir()
            path = _new_folder(base / "runs", name) if out is None else _given_folder(out)
            run = cls(path, {"schema": SCHEMA, "status": RUNNING}, made=made)
            write_atomic(path / MANIFEST, (to_json(run.manifest, indent=2) + "\n").encode("utf-8"))
        except OSError as error:
            raise UsageError(f"cannot write a run folder at {out or base / 'runs'}: {_why(error)}") from error
        BEGUN.append(path)
        return run

    @classmethod
    def passing(cls, path: Path) -> RunFolder:
        """A new folder for a run that is compared with another and thrown away: nobody is told of it."""
        run = cls.create(path, "", path)
        run._ended()
        return run

    @classmethod
    def open(cls, path: Path, *, sealed: bool = False) -> RunFolder:
        """A finished run; with `sealed` also one whose page is not drawn yet.

        Raises
        ------
        UsageError
            There is no run folder, or a newer simlab wrote it.
        InvalidInputError
            The manifest is damaged.
        IncompleteError
            The run did not come to its end.
        """
        manifest = _read_manifest(path)
        status = manifest.get("status")
        if status != COMPLETE and not (sealed and status == SEALED):
            sealed_one = "its tables are complete: simlab report draws its page"
            going_on = "simlab resume goes on; simlab report --partial shows what is there, marked as such"
            further = f"; {sealed_one if status == SEALED else going_on}"
            raise IncompleteError(f"{path}: this run did not finish (status '{status}'){further}")
        run = cls(path, manifest)
        run.times = {str(stage): float(s) for stage, s in (manifest.get("times") or {}).items()}
        return run

    @classmethod
    def unfinished(cls, path: Path) -> RunFolder | None:
        """A run that did not finish, to be looked at; None of one whose tables are complete.

        Raises
        ------
        UsageError, InvalidInputError
            As `open`.
        """
        manifest = _read_manifest(path)
        return None if manifest.get("status") in (COMPLETE, SEALED) else cls(path, manifest)

    @classmethod
    def reopen(cls, path: Path) -> RunFolder:
        """A run that did not finish, to be computed to its end.

        Raises
        ------
        UsageError
            There is no such run, it is complete, or another process computes it.
        """
        status = _read_manifest(path).get("status")
        if status != RUNNING:
            raise UsageError(f"{path}: nothing to resume (status '{status}')")
        run = cls(path, {"schema": SCHEMA, "status": RUNNING})
        run.lock()
        for left in (*path.rglob(".*.tmp"), path / PARTIAL):
            left.unlink(missing_ok=True)
        BEGUN.append(path)
        return run

    @property
    def id(self) -> str:
        """Twelve digits that tell this run from others: of study, inputs and results, not of its pages."""
        files = self.manifest.get("files") or {}
        kept = {key: one["sha256"] for key, one in files.items() if key.startswith(_OF_THE_RUN)}
        return _digest({"inputs": self.manifest.get("inputs"), "files": kept})[:12]

    def lock(self) -> None:
        """Claim the folder; the claim ends with the process, however it ends.

        Raises
        ------
        UsageError
            Another process has it.
        """
        if fcntl is None or self._claim is not None:
            return
        (self.path / BLOCKS).mkdir(exist_ok=True)
        handle = os.open(self.path / BLOCKS / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise UsageError(f"{self.path}: another process computes this run") from error
        self._claim = handle

    def drop_blocks(self) -> None:
        """What was kept to go on from is not needed any more: call it when the run is sealed."""
        shutil.rmtree(self.path / BLOCKS, ignore_errors=True)
        self.release()

    def release(self) -> None:
        """Let another process go on with the run."""
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def discard(self) -> None:
        """Take everything back: the folder too if the run made it, else what lies in it."""
        self._ended()
        self.release()
        if self._made:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)

    def table_path(self, name: str) -> Path:
        """Where a table lies: `quality` at the top, every other one under `results`."""
        if not _TABLE_NAME.fullmatch(name):
            raise ValueError(f"'{name}' is no table name")
        return self.path / ("" if name in _TOP_TABLES else "results") / f"{name}.parquet"

    def has_table(self, name: str) -> bool:
        """Whether the run has this table."""
        return self.table_path(name).is_file()

    def write_table(
        self,
        name: str,
        table: pd.DataFrame | pa.Table,
        texts: Mapping[str, tuple[int, Sequence[str]]] | None = None,
    ) -> Path:
        """Write a table as Parquet, see `tables.encode`; the index of a frame is not kept."""
        return self._put(self.table_path(name), tables.encoded(table, texts or {}))

    def write_parts(self, name: str, parts: Iterable[pa.Table]) -> Path:
        """`write_table` of a table that comes in parts: a row group each, one in memory at a time."""
        return self._put(self.table_path(name), tables.encoded_parts(parts))

    def column_names(self, name: str) -> list[str]:
        """Columns of a table that the run has, without reading it; none where its file says none."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        with suppress(OSError, pa.ArrowException):
            return [str(one) for one in pq.read_schema(self.table_path(name)).names]
        return []

    def read_table(self, name: str, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Read a table, checked by page checksums and the manifest's hash; of `columns`, those there.

        Raises
        ------
        UsageError
            The run has no such table.
        InvalidInputError
            The file is not what the run wrote.
        """
        frame: pd.DataFrame = self.read_arrow(name, columns).to_pandas(use_threads=False)
        return frame

    def read_arrow(self, name: str, columns: Collection[str] | None = None) -> pa.Table:
        """`read_table` without making a frame of it."""
        path = self.table_path(name)
        if not path.is_file():
            raise UsageError(f"{self.path}: this run has no table '{name}'")
        key = self._key(path)
        try:
            data = tables.read_buffer(path)
            self._refuse_changed(key, data)
            return tables.decode(data, columns)
        except ValueError as error:
            raise InvalidInputError([_damaged(key, _why(error))]) from error
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None

    def read_bytes(self, name: str) -> bytes:
        """Read a file of the run, checked against the manifest's hash.

        Raises
        ------
        InvalidInputError
            The file is not what the run wrote.
        """
        data = (self.path / name).read_bytes()
        self._refuse_changed(name, data)
        return data

    def _refuse_changed(self, name: str, data: bytes | pa.Buffer) -> None:
        """Fail where a file's bytes are not those that the run wrote."""
        entry = self.manifest.get("files", {}).get(name)
        if entry and hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise InvalidInputError([_damaged(name, "its SHA-256 is not the one in manifest.json")])

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the run, checked against the manifest's hash; None if it has none.

        Raises
        ------
        InvalidInputError
            The file is not what the run wrote.
        """
        path = self.path / name
        if not path.is_file():
            return None
        data = self.read_bytes(name)
        try:
            return json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise InvalidInputError([_damaged(name, _why(error))]) from error

    def write_json(self, name: str, value: object) -> Path:
        """Write strict JSON (NaN becomes null) under the run folder."""
        return self.write_text(name, to_json(value, indent=2) + "\n")

    def write_text(self, name: str, text: str) -> Path:
        """Write UTF-8 text under the run folder."""
        return self.write_bytes(name, text.encode("utf-8"))

    def write_bytes(self, name: str, data: bytes | Iterable[bytes]) -> Path:
        """Write a file under the run folder, maybe in pieces; `name` may have folders, separated by ``/``."""
        path = self.path / name
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"'{name}' is outside the run folder")
        return self._put(path, data)

    def _put(self, path: Path, data: bytes | Iterable[bytes]) -> Path:
        """Write a file whole, or say what of the run is whole without it."""
        with self._whole_without(self._key(path)):
            write_atomic(path, data)
        return path

    @contextmanager
    def _whole_without(self, name: str) -> Iterator[None]:
        """Say what of the run is whole where a file cannot be written."""
        try:
            yield
        except OSError as error:
            if self.manifest.get("status") in (SEALED, COMPLETE):
                whole = "its tables are complete: simlab report draws its page where there is room"
            else:
                n = sum(1 for one in self._files() if one.suffix == ".parquet")
                whole = f"{n} tables are whole, the run is not complete"
                self.release()
            raise IncompleteError(f"{self.path}: cannot write {name}: {_why(error)}; {whole}") from error

    def log(self, event: str, **fields: object) -> None:
        """Append one line to `log.jsonl`: time (UTC), seconds since the run began, event, fields; the first
        line says the schema, too."""
        head = {} if (self.path / LOG).exists() else {"schema": SCHEMA}
        line = head | {
            "time": _now(),
            "elapsed": round(time.perf_counter() - self._started, 3),
            "event": event,
            **fields,
        }
        with self._whole_without(LOG), (self.path / LOG).open("a", encoding="utf-8") as file:
            file.write(to_json(line) + "\n")

    @contextmanager
    def stage(self, name: str, **fields: object) -> Iterator[None]:
        """Time a stage: its seconds go into `times` and, with the fields, into the log."""
        start = time.perf_counter()
        try:
            yield
        except BaseException as error:
            with suppress(IncompleteError):
                self.log("failed", stage=name, error=type(error).__name__)
            raise
        seconds = time.perf_counter() - start
        self.times[name] = round(self.times.get(name, 0.0) + seconds, 3)
        self.log("stage", stage=name, seconds=round(seconds, 3), **fields)

    def write_manifest(self, facts: Mapping[str, object], *, status: str = COMPLETE) -> None:
        """Seal the run: facts, environment, times, the hash of every file, and the status. Call it last.

        Parameters
        ----------
        facts : Mapping
            What only the caller knows: command, study, seeds, … ; they win over what is added here.
        """
        manifest: dict[str, object] = {
            "schema": SCHEMA,
            "status": status,
            "finished": _now(),
            "environment": environment(),
            "times": self.times,
        }
        manifest |= dict(facts)
        (self.path / PARTIAL).unlink(missing_ok=True)
        kept = (path for path in self._files() if not self._key(path).startswith(f"{BLOCKS}/"))
        manifest["files"] = {self._key(path): _entry(path) for path in kept}
        self._write_manifest(manifest)

    def register(self, paths: Iterable[Path]) -> None:
        """Note files that were made after the run was sealed (a report) in the manifest."""
        files = dict(self.manifest.get("files", {}))
        files |= {self._key(path): _entry(path) for path in paths}
        self._write_manifest({**self.manifest, "files": dict(sorted(files.items()))})

    def complete(self) -> None:
        """Say that nothing more comes: the last thing that a run writes."""
        self.drop_blocks()
        self._write_manifest({**self.manifest, "status": COMPLETE})
        self._ended()

    def _ended(self) -> None:
        if self.path in BEGUN:
            BEGUN.remove(self.path)

    def _write_manifest(self, manifest: Mapping[str, object]) -> None:
        facts = plain({key: value for key, value in manifest.items() if key != "digest"})
        assert isinstance(facts, dict)
        facts["digest"] = _digest(facts)
        self.write_json(MANIFEST, facts)
        self.manifest = facts

    def _files(self) -> list[Path]:
        """Every file that is hashed: all but the manifest, the growing log and hidden files."""
        found = (path for path in self.path.rglob("*") if path.is_file())
        kept = (p for p in found if not any(part.startswith(".") for part in p.relative_to(self.path).parts))
        return sorted(p for p in kept if self._key(p) not in (MANIFEST, LOG))

    def _key(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix()


def verify(path: Path) -> list[Problem]:
    """Everything in a run folder that is not what the run wrote; empty if all is well.

    Raises
    ------
    UsageError
        There is no run folder at `path`.
    """
    try:
        run = RunFolder.open(path)
    except InvalidInputError as error:
        return list(error.problems)
    except IncompleteError as error:
        return [Problem("E-RUN-003", str(error), file=MANIFEST)]
    files = run.manifest.get("files", {})
    problems = [problem for key, entry in files.items() if (problem := _check(path / key, key, entry))]
    known = {*files, MANIFEST, LOG}
    strange = [key for key in map(run._key, run._files()) if key not in known]
    return problems + [Problem("E-RUN-005", "the run did not write this file", file=key) for key in strange]


def refuse_damaged(run: RunFolder, *, drawn: bool) -> None:
    """Fail where a file of the run is missing or not what the run wrote; what lies beside them is let be.

    Parameters
    ----------
    run : RunFolder
        A sealed one.
    drawn : bool
        Page, figures and workbook, too, which may be drawn again.

    Raises
    ------
    InvalidInputError
        Every such file.
    """
    files = run.manifest.get("files", {})
    asked = [key for key in files if drawn or key.startswith(_OF_THE_RUN)]
    problems = [problem for key in asked if (problem := _check(run.path / key, key, files[key]))]
    if problems:
        raise InvalidInputError(problems)


def _check(path: Path, key: str, entry: Mapping[str, Any]) -> Problem | None:
    if not path.is_file():
        return Problem("E-RUN-004", "the file is missing", file=key)
    if any(entry.get(fact) != value for fact, value in _entry(path).items() if fact != "schema"):
        return _damaged(key, "its SHA-256 is not the one in manifest.json")
    return None


def _damaged(key: str, why: str) -> Problem:
    return Problem("E-RUN-002", f"the file is damaged or was changed: {why}", file=key, fix="run it again")


def _read_manifest(path: Path) -> dict[str, Any]:
    file = path / MANIFEST
    if not os.path.isdir(path):
        raise UsageError(f"{path}: there is no such run folder")
    if not file.is_file():
        raise UsageError(f"{path}: not a run folder, it has no {MANIFEST}")
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInputError([_damaged(MANIFEST, _why(error))]) from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("schema"), int):
        raise InvalidInputError([_damaged(MANIFEST, "it does not name its schema")])
    refuse_newer(path, manifest)
    if manifest.get("status") in (COMPLETE, SEALED) and manifest.get("digest") != _digest(manifest):
        raise InvalidInputError([_damaged(MANIFEST, "its digest does not match its content")])
    for key, entry in manifest.get("files", {}).items():
        refuse_newer(path / key, entry)
    return manifest


def refuse_newer(path: Path, said: Mapping[str, Any]) -> None:
    """Fail by name where what says its schema is of a newer one; what was written before schemas says none.

    Raises
    ------
    UsageError
        It is.
    """
    own = said.get("schema", SCHEMA)
    if not isinstance(own, int) or own > SCHEMA:
        raise UsageError(f"{path}: written by a newer simlab (schema {own}, known: {SCHEMA})")


def _digest(manifest: Mapping[str, object]) -> str:
    """SHA-256 of the manifest without its own digest."""
    facts = {key: value for key, value in manifest.items() if key != "digest"}
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _entry(path: Path) -> dict[str, int | str]:
    """What the manifest says of a file; the schema is here for those that cannot say it: CSV, pictures."""
    return {"schema": SCHEMA, "bytes": path.stat().st_size, "sha256": sha256(path)}


def _new_folder(parent: Path, name: str) -> Path:
    if not names_folder(name):
        raise UsageError(f"'{name}' cannot name a folder: use letters, digits, space, - _ + .")
    number = 1
    while True:
        path = parent / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if not parent.is_dir():
                raise
            number += 1
        else:
            return path


def _given_folder(out: Path) -> Path:
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file, not a folder; nothing is ever replaced")
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out}: the folder is not empty; nothing is ever replaced, name another one")
    out.mkdir(parents=True, exist_ok=True)
    return out


def _why(error: BaseException) -> str:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(reason).splitlines()[0]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
