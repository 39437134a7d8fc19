"""Comparisons that have no run folder as a page of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simlab.errors import UsageError
from simlab.report.lists import Shown, lists_html
from simlab.run.environment import environment
from simlab.run.files import write_atomic

if TYPE_CHECKING:
    from simlab.api.comparison.policies import PolicyComparison
    from simlab.api.comparison.runs import RunComparison

_MOST_ITEMS = 500


def write_page(found: PolicyComparison | RunComparison, file: Path) -> Path:
    """Write the page of a comparison; nothing that exists is replaced.

    Raises
    ------
    UsageError
        The file exists, or nothing may be written there.
    """
    from simlab.api.comparison.policies import PolicyComparison

    if file.exists():
        raise UsageError(f"{file}: exists already; nothing is ever replaced")
    text = policies_page(found) if isinstance(found, PolicyComparison) else runs_page(found)
    try:
        write_atomic(file, text.encode("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot write {file}: {error.strerror or error}") from error
    return file


def policies_page(found: PolicyComparison) -> str:
    """Ordering rules at the same service, and the targets that each was given."""
    import pandas as pd

    frame = found.to_frame()
    plan = ["policy", "fill_rate", "fill_rate_low", "fill_rate_high", "inventory_value", "orders_per_year"]
    equal = ["policy", "at_fill", "cost_at_fill", "percent", "percent_low", "percent_high"]
    other = [name for name in frame.columns.astype(str) if name.startswith("percent_by_")]
    targets = pd.DataFrame(
        [
            {"policy": one.name, "segment": name, "target": t}
            for one in found.entries
            for name, t in one.chosen.items()
        ]
    )
    shown = (
        Shown(f"Cost ({found.objective}) at the same {found.service}", frame[equal], bars="percent"),
        *(
            [Shown("The same plans at equal service by every other weight", frame[["policy", *other]])]
            if other
            else []
        ),
        Shown("Plans", frame[plan]),
        Shown("Targets", targets, "segments"),
    )
    facts = {
        "command": "compare policies",
        "study": "Ordering rules",
        "currency": found.currency,
        "environment": environment(),
    }
    question = "Which ordering rule costs least at the same service?"
    return lists_html(question, facts, found.statements, shown)


def runs_page(found: RunComparison) -> str:
    """Finished runs side by side: what differs, what that did, whose levels moved most."""
    moved = [
        Shown(
            f"Largest moves, {one.b} against {one.a}",
            one.items[one.items["changed"]].head(_MOST_ITEMS),
            "items",
        )
        for one in found.pairs
    ]
    shown = (
        Shown("Results", found.results),
        Shown("Plans", found.plans),
        *moved,
        Shown("What differs", found.differences, "method"),
    )
    facts = {"command": "compare runs", "study": " · ".join(found.labels), "environment": environment()}
    return lists_html("What differs between the runs, and what did it do?", facts, found.statements, shown)
