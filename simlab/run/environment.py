"""What computed a run: versions and processor, nothing that tells one machine's user from another's."""

from __future__ import annotations

import hashlib
import os
import platform
from importlib import metadata
from pathlib import Path

from simlab.version import __version__

PACKAGES = ("simlab", "numpy", "numba", "scipy", "pandas", "pyarrow")


def environment() -> dict[str, str | int]:
    """Versions of Python and of the packages that compute, processor model, system, processors.

    Nothing is imported for it, and it holds no path, host or user name.
    """
    facts: dict[str, str | int] = {"python": platform.python_version()}
    facts |= {package: _version(package) for package in PACKAGES} | {"simlab": __version__}
    facts["cpu"] = _cpu_model()
    facts["system"] = f"{platform.system()} {platform.machine()}".strip()
    facts["processors"] = _n_processors()
    return facts


def sources() -> str:
    """SHA-256 of simlab's own code."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.lower().startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"


def _n_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
