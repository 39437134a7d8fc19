"""Comparisons that have no run folder as a page of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from simlab.api.comparison.told_of_runs import headline
from simlab.errors import UsageError
from simlab.measures.decision import service_served
from simlab.measures.words import heading, policy_title
from simlab.report.lists import Shown, lists_html
from simlab.run.environment import environment
from simlab.run.files import write_atomic

if TYPE_CHECKING:
    import pandas as pd

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
    targets = pd.DataFrame({"segment": list(found.entries[0].chosen)})
    for one in found.entries:
        targets[f"target:{one.name}"] = [one.chosen.get(name) for name in targets["segment"]]
    served = service_served(found.service)
    named = {f"target:{one.name}": policy_title(one.name) for one in found.entries}
    shown = (
        Shown(
            f"{found.objective[:1].upper()}{found.objective[1:]} at the same service",
            frame[equal],
            bars="percent",
            headings={"at_fill": served[:1].upper() + served[1:]},
        ),
        *([Shown("The same plans, service counted otherwise", frame[["policy", *other]])] if other else []),
        Shown("Plans", frame[plan]),
        Shown("Targets of each rule", targets, "segments", headings=named),
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
        *(_results(one, found.results) for one in found.pairs),
        *(_by_segment(one) for one in found.pairs),
        Shown("Plans", _the_other_first(found.plans), headings={"a": "Against", "b": "Run"}),
        *(_moves(one) for one in found.pairs),
        Shown(
            "What differs",
            found.differences,
            "method",
            headings={"what": "What", **{name: name for name in found.labels}},
        ),
    )
    facts = {
        "command": "compare runs",
        "study": " · ".join(found.labels),
        "currency": currencies.pop() if len(currencies) == 1 else "",
        "environment": environment(),
    }
    said = (*(line for one in found.pairs for line in (headline(one),) if line), *found.statements)
    return lists_html("What differs between the runs, and what did it do?", facts, said, shown)


def _the_other_first(plans: pd.DataFrame) -> pd.DataFrame:
    """The run before the one that it is compared with, as in the headings."""
    return plans[sorted(plans, key=lambda name: str(name) != "b")]


_NOTES = {"open": "too close to call", "none": "their plans do not both reach it"}


def _results(pair: RunPair, results: pd.DataFrame) -> Shown:
    """What a pair serves and costs, a measure a row; what the run was chosen by is marked."""
    title = f"{pair.b} against {pair.a}"
    if results.empty:
        return Shown(title, results)
    mine = results[(results["a"] == pair.a) & (results["b"] == pair.b)]
    notes = [
        ", ".join(x for x in ("what decides" if decides else "", _NOTES.get(mark, "")) if x) or "–"
        for decides, mark in zip(mine["decides"], mine["mark"], strict=True)
    ]
    columns = ["measure", "at_fill", "value_a", "value_b", "difference", "difference_low", "difference_high"]
    headings = {"value_a": pair.a, "value_b": pair.b, "difference": "Change", "note": "Note"}
    return Shown(title, mine[columns].assign(note=notes), headings=headings)


_ALIKE = ("reorder_point", "order_up_to", "order_quantity", "review_period", "segment", "target")


def _by_segment(pair: RunPair) -> Shown:
    """What the other levels bind in each segment of the second run, as a picture and a table."""
    both = pair.items[pair.items["found"] == "both"]
    name = "segment_b" if "segment_b" in both else "segment"
    totals = both.groupby(name, sort=False, dropna=False)
    table = totals.agg(changed=("changed", "sum"), level_value=("level_value", "sum")).reset_index()
    table = table.rename(columns={name: "segment", "changed": "other_levels"})
    table = table[table["other_levels"] > 0]
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
    last = [name for name in items if str(name).startswith("order_up_to")] + ["level_value"]
    segments = [name for name in items if str(name).startswith("segment")]
    pairs = [f"{name}_{end}" for name in _ALIKE[-1:] + _ALIKE[:-2] for end in "ab"]
    order = [*segments, *(name for name in pairs if name in items and name not in last), *last]
    items = items[[*(name for name in items if name not in order), *order]]
    names = {
        f"{name}_{end}": f"{heading(name)}, {label}"
        for name in _ALIKE
        for end, label in (("a", pair.a), ("b", pair.b))
        if {f"{name}_a", f"{name}_b"} <= set(items)
    }
    names |= {f"{name}_a": heading(name) for name in _ALIKE if f"{name}_b" not in items}
    return Shown(f"Largest moves, {pair.b} against {pair.a}", items, "items", headings=names)
