"""``simlab doctor``: what this machine and this installation can do, and what is wrong."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

_COMPUTING = ("numpy", "numba", "scipy", "pandas", "joblib", "pydantic", "pyarrow")
_SHOWING = ("typer", "rich", "jinja2", "matplotlib", "altair", "vl-convert-python")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
_FREE_BYTES = 1_000_000_000


class Status(StrEnum):
    """How a check ended."""

    OK = "ok"
    NOTE = "note"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """Outcome of one check.

    Attributes
    ----------
    check : str
        What was looked at.
    status : Status
        ``note``: works, but something is missing or slow; ``fail``: results or commands suffer.
    found : str
        What was seen.
    advice : str
        What to do about it; empty if nothing.
    """

    check: str
    status: Status
    found: str
    advice: str = ""

    def as_row(self) -> dict[str, str]:
        """The finding as a row of a table."""
        return {
            "check": self.check,
            "status": str(self.status),
            "found": self.found,
            "advice": self.advice,
        }


def is_well(findings: Sequence[Finding]) -> bool:
    """Whether nothing failed; notes do not count."""
    return all(finding.status is not Status.FAIL for finding in findings)


def examine() -> tuple[Finding, ...]:
    """Run every check; one that breaks becomes a finding itself.

    Returns
    -------
    tuple of Finding
        In the order in which simlab needs the things checked.
    """
    return tuple(_guarded(name, check) for name, check in CHECKS.items())


def _guarded(name: str, check: Callable[[], tuple[Status, str, str]]) -> Finding:
    try:
        return Finding(name, *check())
    except Exception as error:
        advice = "reinstall simlab in a fresh virtual environment, with constraints.txt"
        return Finding(name, Status.FAIL, f"{type(error).__name__}: {error}", advice)


def check_python() -> tuple[Status, str, str]:
    """CPython 3.11 or newer with 64 bits."""
    found = (
        f"{platform.python_implementation()} {platform.python_version()}, {sys.maxsize.bit_length() + 1} bit"
    )
    if sys.version_info >= (3, 11) and sys.maxsize > 2**32:
        return Status.OK, found, ""
    return Status.FAIL, found, "install CPython 3.11 or newer, 64 bit"


def check_packages() -> tuple[Status, str, str]:
    """Every package that simlab stands on is installed."""
    versions, missing = [], []
    for package in _COMPUTING + _SHOWING:
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            missing.append(package)
    if missing:
        return Status.FAIL, "missing: " + ", ".join(missing), "pip install " + " ".join(missing)
    return Status.OK, ", ".join(versions), ""


def check_machine() -> tuple[Status, str, str]:
    """Processor and cores that threads may use."""
    cores = usable_cores()
    found = f"{platform.machine()}, {cores} core{'s' if cores > 1 else ''}, {platform.system()}"
    if cores == 1:
        return Status.NOTE, found, "simulations use one core per thread: two cores halve the time"
    return Status.OK, found, ""


def usable_cores() -> int:
    """Cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_temporary() -> tuple[Status, str, str]:
    """Temporary files can be written, and there is room."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "probe").write_bytes(b"simlab")
        free = shutil.disk_usage(folder).free
    found = f"writable, {free / 1e9:,.1f} GB free"
    if free < _FREE_BYTES:
        return Status.NOTE, found, "free some disk: a large run folder takes hundreds of MB"
    return Status.OK, found, ""


def check_cache() -> tuple[Status, str, str]:
    """Compiled kernels can be kept, so that only the first run compiles."""
    from simlab.engine._jit import cache_folder

    folder = cache_folder()
    if folder is None:
        advice = "set NUMBA_CACHE_DIR to a folder of yours; until then every run compiles anew"
        return Status.NOTE, "no writable folder for compiled kernels", advice
    return Status.OK, f"compiled kernels are kept in {folder}", ""


def check_parquet() -> tuple[Status, str, str]:
    """A flipped bit in a result file is noticed when it is read (page checksums)."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({"quantity": list(range(10_000))})
    sink = pa.BufferOutputStream()
    parquet.write_table(
        table, sink, write_page_checksum=True, compression="none", use_dictionary=False, store_schema=False
    )
    spoilt = bytearray(sink.getvalue().to_pybytes())
    whole = {"use_threads": False, "pre_buffer": False, "page_checksum_verification": True}
    same = parquet.read_table(pa.BufferReader(bytes(spoilt)), **whole)
    spoilt[len(spoilt) // 2] ^= 1
    try:
        parquet.read_table(pa.BufferReader(bytes(spoilt)), **whole)
    except OSError:
        if same.equals(table):
            return Status.OK, "page checksums are written, and verified on reading", ""
    return Status.FAIL, "a flipped bit was read without a word", "install another version of pyarrow"


def check_pictures() -> tuple[Status, str, str]:
    """matplotlib draws a figure with text, without a screen."""
    import io

    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties, findfont

    picture = io.BytesIO()
    figure = Figure(figsize=(1, 1))
    figure.text(0.1, 0.5, "simlab")
    figure.savefig(picture, format="png")
    if not picture.getvalue().startswith(b"\x89PNG"):
        return Status.FAIL, "no PNG came out", "reinstall matplotlib"
    return Status.OK, f"PNG drawn, font {Path(findfont(FontProperties())).stem}", ""


def check_charts() -> tuple[Status, str, str]:
    """vl-convert turns a chart into PNG and SVG, with its text visible (fonts found).

    In a process of its own, as pages draw: where addresses are short, the library aborts the process.
    """
    from simlab.children import start_python

    drawing = start_python(_DRAW, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = drawing.communicate(timeout=_PATIENCE)
    with_text, _, without = out.partition(b"|")
    if drawing.returncode != 0 or not with_text:
        lines = [one.strip("# \t") for one in err.decode("utf-8", "replace").splitlines()]
        told = (
            f"drawing ended with {drawing.returncode}: {next(filter(None, lines), 'without a word')[:_TOLD]}"
        )
        return Status.FAIL, told, "raise the limit of addresses (ulimit -v), or reinstall vl-convert-python"
    if with_text == without:
        return Status.FAIL, "charts come out without text", "install fonts, e.g. Debian's fonts-dejavu-core"
    return Status.OK, "charts convert to PNG, text is visible", ""


_PATIENCE, _TOLD = 120, 80
_DRAW = """
import base64, sys
import vl_convert
mark = {"type": "text", "fontSize": 20}
chart = {"data": {"values": [{}]}, "width": 120, "height": 40}
marks = ({**mark, "text": text} for text in ("simlab 0.95", ""))
drawn = [vl_convert.vegalite_to_png({**chart, "mark": mark}) for mark in marks]
if all(png.startswith(b"\\x89PNG") for png in drawn):
    sys.stdout.write("|".join(base64.b64encode(png).decode() for png in drawn))
"""


def check_browser() -> tuple[Status, str, str]:
    """A Chromium for the browser test; reports open in any browser."""
    path = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if path is None:
        advice = "only the browser test needs it: apt-get install chromium"
        return Status.NOTE, "no Chromium; reports open in any browser", advice
    done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=30, check=False)
    return Status.OK, done.stdout.strip() or path, ""


def check_terminal() -> tuple[Status, str, str]:
    """What the terminal can show."""
    encoding = sys.stdout.encoding or "unknown"
    try:
        "–·×√".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return Status.NOTE, f"encoding {encoding} lacks some signs", "set PYTHONUTF8=1"
    return Status.OK, f"encoding {encoding}", ""


def _engine_check(name: str) -> Callable[[], tuple[Status, str, str]]:
    """A check of `simlab.selfcheck.kernels`, imported (with the compiler) when it runs."""

    def check() -> tuple[Status, str, str]:
        from simlab.selfcheck import kernels

        return Status.OK, str(getattr(kernels, name)()), ""

    return check


CHECKS: dict[str, Callable[[], tuple[Status, str, str]]] = {
    "python": check_python,
    "packages": check_packages,
    "machine": check_machine,
    "temporary files": check_temporary,
    "kernel cache": check_cache,
    "random streams": _engine_check("confirm_known_answers"),
    "compiled kernel": _engine_check("confirm_compiled_is_plain"),
    "simulation": _engine_check("confirm_simulation"),
    "threads": _engine_check("confirm_threads_agree"),
    "parquet": check_parquet,
    "figures": check_pictures,
    "charts": check_charts,
    "browser": check_browser,
    "terminal": check_terminal,
}
