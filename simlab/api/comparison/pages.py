"""Comparisons that have no run folder as a page of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simlab.errors import UsageError
from simlab.measures.words import heading
from simlab.report.lists import Shown, lists_html
from simlab.run.environment import environment
from simlab.run.files import write_atomic

if TYPE_CHECKING:
    from simlab.api.comparison.policies import PolicyComparison
    from simlab.api.comparison.runs import RunComparison, RunPair

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
    currencies = {one.currency for one in found.pairs}
    shown = (
        Shown("Results", found.results, headings=_OF_RESULTS),
        *(_by_segment(one) for one in found.pairs),
        Shown("Plans", found.plans, headings={"a": "Run", "b": "Against it"}),
        *(_moves(one) for one in found.pairs),
        Shown("What differs", found.differences, "method"),
    )
    facts = {
        "command": "compare runs",
        "study": " · ".join(found.labels),
        "currency": currencies.pop() if len(currencies) == 1 else "",
        "environment": environment(),
    }
    return lists_html("What differs between the runs, and what did it do?", facts, found.statements, shown)


_OF_RESULTS = {"a": "Run", "b": "Against it", "value_a": "Run, value", "value_b": "Against it, value"}
_ALIKE = ("reorder_point", "order_up_to", "order_quantity", "review_period", "segment", "target")


def _by_segment(pair: RunPair) -> Shown:
    """What the other levels bind in each segment of the second run, as a picture and a table."""
    both = pair.items[pair.items["found"] == "both"]
    name = "segment_b" if "segment_b" in both else "segment"
    totals = both.groupby(name, sort=False, dropna=False)
    table = totals.agg(changed=("changed", "sum"), level_value=("level_value", "sum")).reset_index()
    table = table.rename(columns={name: "segment", "changed": "other_levels"})
    table = table.loc[table["level_value"].abs().sort_values(ascending=False, kind="stable").index]
    title = f"Where {pair.b} has other levels than {pair.a}"
    return Shown(
        title, table, bars="level_value", headings={"other_levels": "SKU-locations with other levels"}
    )


def _moves(pair: RunPair) -> Shown:
    """The SKU-locations whose levels moved most, without what is alike in both runs."""
    items = pair.items[pair.items["changed"]].head(_MOST_ITEMS)
    gone = [name for name in ("changed", "found") if items[name].nunique() <= 1]
    for name in _ALIKE:
        a, b = f"{name}_a", f"{name}_b"
        if a in items and b in items and ((items[a] == items[b]) | (items[a].isna() & items[b].isna())).all():
            gone += [b] if name in ("segment", "target") and items[a].notna().any() else [a, b]
    items = items.drop(columns=gone)
    names = {
        f"{name}_{end}": f"{heading(name)}, {label}"
        for name in _ALIKE
        for end, label in (("a", pair.a), ("b", pair.b))
        if {f"{name}_a", f"{name}_b"} <= set(items)
    }
    names |= {f"{name}_a": heading(name) for name in _ALIKE if f"{name}_b" not in items}
    return Shown(f"Largest moves, {pair.b} against {pair.a}", items, "items", headings=names)
