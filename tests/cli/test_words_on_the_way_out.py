"""What is said on an interrupt leads on: `resume` where something is left to compute, `report` where not."""

from __future__ import annotations

import pytest

from simlab.cli.stopping import words
from simlab.run import folder


@pytest.mark.parametrize(
    ("manifest", "ends"),
    [
        ('{"status": "running"}', "is not complete: simlab resume {run}"),
        ('{"status": "sealed"}', "are complete: simlab report {run} draws its page"),
        ("{", "is not complete: simlab resume {run}"),
    ],
)
def test_the_next_command_is_one_that_works(tmp_path, monkeypatch, manifest, ends) -> None:
    """A run interrupted while its page was drawn was sent to `resume`, which had nothing to resume."""
    (tmp_path / "manifest.json").write_text(manifest, "utf-8")
    monkeypatch.setattr(folder, "BEGUN", [tmp_path])
    assert words().endswith(ends.format(run=tmp_path))
