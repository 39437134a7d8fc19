"""The run folder: what a run leaves behind, written atomically and checked when read."""

from simlab.run.files import sha256
from simlab.run.folder import RunFolder, verify

__all__ = ["RunFolder", "sha256", "verify"]
