"""What a worker must share with the client, or its numbers are not the client's."""

from __future__ import annotations

import platform
from functools import cache

import numba
import numpy as np

from simlab.models.probe import probe_digest
from simlab.run.environment import sources
from simlab.version import __version__

_SHOWN = 12


@cache
def stamp() -> dict[str, str]:
    """Versions, and digests of the sources and of the fit of 64 probe histories, of this process.

    The fit goes through exponentials and logarithms, which differ by a unit in the last place between
    processors and libraries, so that equal versions may fit other laws.
    """
    return {
        "python": ".".join(platform.python_version_tuple()[:2]),
        "simlab": __version__,
        "numpy": np.__version__,
        "numba": numba.__version__,
        "source code of simlab": sources()[:_SHOWN],
        "fit of 64 probe histories": probe_digest()[:_SHOWN],
    }


def differences(own: dict[str, str], other: dict[str, str]) -> list[str]:
    """What differs, each as "numpy 2.4.0 there, 2.4.6 here"."""
    return [
        f"{name} {other.get(name)} there, {value} here"
        for name, value in own.items()
        if other.get(name) != value
    ]
