"""What ``--dry-run`` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.cli.options import Format
from simlab.cli.tables import print_json, print_sentences

if TYPE_CHECKING:
    from simlab.api import DryRun


def print_dry_run(estimate: DryRun, format: Format) -> None:
    """Print the estimate for people, or as one JSON document."""
    if format is Format.JSON:
        print_json(estimate.to_dict())
    else:
        print_sentences(estimate.lines())
