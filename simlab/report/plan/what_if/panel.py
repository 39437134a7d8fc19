"""What the panel needs: its sums as text, its form, and the study to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.measures.decision import ROWS
from simlab.report.kit.counted import Counted
from simlab.report.kit.formats import number, target
from simlab.report.kit.shell import environment, pack
from simlab.report.plan.what_if.study import opened
from simlab.run.files import to_json

if TYPE_CHECKING:
    import pandas as pd

    from simlab.arrays import FloatArray
    from simlab.report.plan.tables import RunTables

SCRIPT = "what_if.js"
TITLE = "What if: ask for something else"
_DATA = "what-if-data"
_SEARCH = {
    **{name: name for name in ("cost", "value", "good", "served", "short", "orders", "holding")},
    "stock": "stock_value",
}
_WEIGHTS = {"units": "", "value": "_value", "margin": "_margin", "items": "_items"}
_FINE = 50_000
"""Batches are scaled so that the largest is this: they make intervals alone, totals are whole."""
_READ = {
    "stock": "inventory_value",
    "holding": "holding_cost",
    "units": "served_units",
    "value": "served_value",
    "margin_served": "served_margin",
    "items": "served_items",
    "margin": "lost_margin",
}
"""Rows of the reading and what the table of the decision calls them."""


@dataclass(frozen=True)
class Panel:
    """The panel of a run.

    Attributes
    ----------
    body : str
        HTML of the form and its tables.
    packed : dict of str to str
        What its script reads, by the id of its element.
    """

    body: str
    packed: dict[str, str]


def panel(tables: RunTables) -> Panel | None:
    """The panel; None where the run kept no sums by segment and target."""
    cells, facts = tables.table("what_if"), tables.manifest.get("what_if")
    if cells is None or not facts:
        return None
    names = [str(name) for name in tables.manifest["segments"]]
    content = _content(cells, facts, names, tables)
    return Panel(_body(tables, facts, names, content), {_DATA: pack(to_json(content))})


def _content(
    cells: pd.DataFrame, facts: Mapping[str, Any], names: list[str], tables: RunTables
) -> dict[str, Any]:
    k = len(facts["targets"])
    study = opened(tables.study)
    fill, budget = facts["fill_rate"], facts["budget"]
    return {
        **{name: facts[name] for name in ("targets", "allowed", "choice", "can", "batches", "t")},
        **{name: facts[name] for name in ("margin_per_year", "short_weight")},
        "weighs_service": facts.get("weighs_service", False),
        "names": names,
        "labels": [target(one) for one in facts["targets"]],
        "currency": tables.currency,
        "valueUnit": facts["value_unit"],
        "stockUnit": facts["stock_unit"],
        "holdingUnit": facts["holding_unit"],
        "groups": [{**group, "at_least": repr(group["at_least"])} for group in facts["groups"]],
        "own": {"fill": _percent_text(fill), "budget": "" if budget is None else f"{budget:.12g}"},
        "search": _search(_sample(cells, "search", names, k)),
        "fresh": _fresh(_sample(cells, "verdict", names, k)),
        "study": asdict(study),
    }


def _percent_text(rate: float | None) -> str:
    """A fraction as the percent that a person would type: 0.955 as 95.5."""
    return "" if rate is None else f"{100 * rate:.10g}"


def _sample(cells: pd.DataFrame, sample: str, names: list[str], k: int) -> dict[str, Any]:
    """(segment, target, batch) tables of a sample, Python integers."""
    rows = cells[cells["sample"] == sample]
    place = {name: row for row, name in enumerate(names)}
    order = np.lexsort((rows["batch"], rows["column"], rows["segment"].map(place)))
    rows = rows.iloc[order]
    known = [name for name in rows.columns[5:] if rows[name].notna().all()]
    return {name: rows[name].to_numpy(dtype=np.int64).reshape(len(names), k, -1) for name in known}


def _text(table: Any) -> str:
    """Rows of whole numbers: 1,2;3,4."""
    return ";".join(",".join(map(str, row)) for row in table.tolist())


def _search(sums: dict[str, Any]) -> dict[str, str]:
    found = {name: _text(sums[column][:, :, 0]) for name, column in _SEARCH.items()}
    sides = {name: sums[name][:, 0, 0].tolist() for name in ("asked", "demanded")}
    return found | {name: ",".join(map(str, side)) for name, side in sides.items()}


def _fresh(sums: dict[str, Any]) -> dict[str, Any]:
    """Totals as whole numbers; batches scaled, for intervals."""
    found: dict[str, Any] = {"served": {}, "demanded": {}, "shortBy": {}, "demandedBy": {}}
    batches = sums["stock_value"].shape[2] > 1
    for name, ending in _WEIGHTS.items():
        asked, served = sums[f"demanded{ending}"], sums[f"served{ending}"]
        if not asked.any():
            continue
        found["served"][name] = _text(_whole(served))
        found["demanded"][name] = ",".join(map(str, _whole(asked)[:, 0].tolist()))
        if batches:
            scale = _FINE / max(float(asked.max()), 1.0)
            found["shortBy"][name] = _by_batch((asked - served) * scale)
            rows = np.rint(asked[:, 0] * scale)
            found["demandedBy"][name] = ";".join(",".join(f"{x:g}" for x in row) for row in rows)
    for name, column in (("stock", "stock_value"), ("holding", "holding")):
        found[name] = _text(_whole(sums[column]))
    if sums["lost_margin"].any():
        found["margin"] = _text(_whole(sums["lost_margin"]))
    for name, column in (("stockBy", "stock_value"), ("marginBy", "lost_margin")):
        if batches and sums[column].any():
            found[name] = _by_batch(sums[column] * (_FINE / max(float(np.abs(sums[column]).max()), 1.0)))
    return found


def _whole(table: Any) -> Any:
    """Totals over batches, as Python integers where int64 could not hold them."""
    largest = float(np.abs(table).max(initial=0)) * table.shape[2]
    return table.sum(axis=2) if largest < 2**62 else table.astype(object).sum(axis=2)


def _by_batch(table: FloatArray) -> str:
    rows = np.rint(table)
    return ";".join("|".join(",".join(f"{x:g}" for x in one) for one in row) for row in rows.tolist())


def _service(facts: Mapping[str, Any]) -> str:
    """What a floor is on, as the table of the decision calls it."""
    keys = facts["counted"]
    found = Counted(service=str(facts["service"]), weight=str(keys.get("weight")))
    return replace(found, measure=str(keys.get("service", found.measure))).served


def _body(tables: RunTables, facts: Mapping[str, Any], names: list[str], content: dict[str, Any]) -> str:
    counts = tables.rows(tables.main_plan, tables.sample).set_index("segment")["n_items"]
    allowed = facts["allowed"] or [list(range(len(facts["targets"])))] * len(names)
    labels = [target(one) for one in facts["targets"]]
    segments = [
        {
            "name": name,
            "n_items": number(counts.get(name)),
            "own": labels[facts["choice"][row]],
            "options": [(column, labels[column]) for column in allowed[row]],
        }
        for row, name in enumerate(names)
    ]
    return (
        environment()
        .get_template("what_if.html")
        .render(
            segments=segments,
            rows=[(key, ROWS[name].name) for key, name in _READ.items()],
            can=facts["can"],
            fixed=facts["fixed"],
            groups=[f"{one['name']} at least {target(one['at_least'])}" for one in facts["groups"]],
            service=_service(facts),
            currency="" if tables.currency == "money" else tables.currency,
            folder=tables.folder or "RUN",
            intervals=content["batches"] > 1,
            level=f"{100 * facts['level']:g}",
        )
    )
