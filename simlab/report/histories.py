"""Sections on data and models: what histories look like, which laws fit worst, the replay, calibration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from simlab.report import fit, prepared, suppliers, unsaid
from simlab.report.formats import DASH, is_number, money, number, percent, span
from simlab.report.tables import ALL, records

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from simlab.report.tables import RunTables

Row = dict[str, Any]
_MOST_ROWS = 60

PERIODS = (
    "Periods are drawn independently. Where sums over R + L vary more than that (ratio above 1), more stock "
    "is needed than shown."
)
OTHER_PERIODS = (
    "Where no blocks, chains, phases or seasonal profiles are fitted, periods are drawn independently: where "
    "sums over R + L vary more than that (ratio above 1), more stock is needed than shown."
)
ITEMS = (
    "Items are drawn independently; real items share weather, campaigns and suppliers, so totals vary more."
)
CHANGE = "A change that has not happened yet is in no history."
_SERIAL = re.compile(r"Demand of ([\d,]+) of ([\d,]+) SKU-locations hangs on its past")


def sections(tables: RunTables) -> list[Row]:
    """Sections that the run's tables allow: id, menu, title, texts, tables, charts, notes."""
    changed = prepared.section(tables)
    found = [] if changed is None else [changed]
    if "demand_class" in tables.items:
        found.append(_histories(tables))
    if tables.fit_test is not None:
        found.append(fit.section(tables))
    if tables.lead_times is not None:
        found.append(suppliers.section(tables))
    if tables.replay is not None:
        found.append(_replay(tables))
    if tables.calibration is not None:
        found.append(_calibration(tables))
    return found


def _histories(tables: RunTables) -> Row:
    charts, texts = (
        [],
        ["Classes by how often and how evenly things sell; flags survive a guard against chance."],
    )
    if tables.worst_fits is not None:
        charts.append({"id": "worst_fits", "title": "The laws furthest from their histories"})
        worst = tables.worst_fits["rank"].max()
        texts.append(
            f"Below the table, the {worst} SKU-locations whose law is furthest from their own history: bars "
            "are periods seen, points are periods that the law expects."
        )
    return {
        "id": "histories",
        "menu": "Histories",
        "title": "What the histories look like, and what they cannot say",
        "texts": texts,
        "tables": [_classes(tables)],
        "charts": charts,
        "notes": (*unsaid.sentences(tables), *cannot_say(tables)),
    }


def cannot_say(tables: RunTables) -> tuple[str, ...]:
    """What histories cannot say, without what this run does not assume."""
    assumed = " ".join(str(text) for text in tables.manifest.get("assumptions") or ())
    serial = _SERIAL.search(assumed)
    periods = (PERIODS,) if serial is None else (OTHER_PERIODS,) if serial[1] != serial[2] else ()
    items = () if "common factors" in assumed else (ITEMS,)
    return (*periods, *items, CHANGE)


def _classes(tables: RunTables) -> Row:
    """One row per segment: classes, stages, flags, and how much sums over R + L vary."""
    items = tables.items
    rows = []
    groups = [(ALL, items), *items.groupby("segment")]
    for name, group in groups[: _MOST_ROWS + 1]:
        ratio = group["variance_ratio"].median()
        rows.append(
            [
                "All" if name == ALL else str(name),
                number(len(group)),
                *(
                    percent((group["demand_class"] == kind).mean(), 0)
                    for kind in ("smooth", "erratic", "intermittent", "lumpy")
                ),
                number((group["stage"] == "new").sum()),
                number((group["stage"] == "dying").sum()),
                *(_flagged(group, name) for name in ("trend", "season", "autocorrelation")),
                number(ratio, 2) if is_number(ratio) else DASH,
            ]
        )
    header = ["Segment", "SKU-locations", "smooth", "erratic", "intermittent", "lumpy", "new", "dying"]
    header += ["trend", "season", "autocorrelated", "variance ratio of sums over R + L (median)"]
    return {"title": "Histories by segment", "header": header, "rows": rows}


def _flagged(group: pd.DataFrame, name: str) -> str:
    """How many carry a flag; a dash where none could be tested."""
    return DASH if group[name].isna().all() else number(group[f"has_{name}"].sum())


def _replay(tables: RunTables) -> Row:
    assert tables.replay is not None
    said = [text for text in tables.manifest.get("statements") or () if _about_replay(str(text))]
    rows = [_replay_row(row, tables) for row in records(tables.replay)[: _MOST_ROWS + 1]]
    header = ["Segment", "judged of", "sales", "sales expected", "fill rate", "fill rate expected", "inside"]
    header += ["inventory value", "inventory value expected", "inside"]
    table = {"title": "The held-out periods under the plan", "header": header, "rows": rows}
    return {
        "id": "replay",
        "menu": "Replay",
        "title": "The last periods, replayed",
        "texts": said,
        "tables": [table],
        "charts": [],
        "notes": ("Expected: mean and prediction interval if the laws were right and items independent.",),
    }


def _about_replay(text: str) -> bool:
    return any(word in text for word in ("sales", "stationary state", "stock recorded", "hold-out", "R + L"))


def _replay_row(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    def cash(value: float) -> str:
        return money(value, tables.currency)

    def expected(name: str, show: Any) -> str:
        if not is_number(row[f"{name}_expected"]):
            return DASH
        ends = span(row[f"{name}_low"], row[f"{name}_high"], show)
        return f"{show(row[f'{name}_expected'])} ({ends})"

    def inside(name: str) -> str:
        value = row[f"{name}_inside"]
        return DASH if value is None or value != value else "yes" if value else "no"

    judged = int(row["n_judged"]) > 0
    return [
        "All" if row["segment"] == ALL else str(row["segment"]),
        f"{number(row['n_judged'])} of {number(row['n_items'])}",
        number(row["demand"]) if judged else DASH,
        expected("demand", number),
        percent(row["fill_rate"]) if judged else DASH,
        expected("fill_rate", percent),
        inside("fill_rate"),
        cash(row["inventory_value"]) if judged else DASH,
        expected("inventory_value", cash),
        inside("inventory_value"),
    ]


def _calibration(tables: RunTables) -> Row:
    assert tables.calibration is not None
    rows = [
        [
            f"{'All' if row['group'] == ALL else row['group']}, {row['method']}",
            number(row["n"]),
            number(row["origins"]),
            percent(row["pit_share"], 1),
            span(row.get("pit_share_low"), row.get("pit_share_high"), lambda x: percent(x, 1)) or DASH,
            percent(row["coverage"], 1),
            percent(row["implied"], 1),
            percent(row.get("exceedance"), 1),
            number(row.get("log_score"), 3),
            number(row.get("crps"), 3),
            number(row.get("bias"), 2),
        ]
        for row in records(tables.calibration)[:_MOST_ROWS]
    ]
    header = ["Segment, laws", "forecasts", "origins", "PIT in 5–95 %", "interval over origins"]
    header += [
        "covered by 90 % interval",
        "law's own coverage",
        "above 95 %",
        "−log score",
        "CRPS ÷ mean",
        "bias",
    ]
    text = (
        "Demand over R + L predicted from earlier dates with what was known then. Right laws put 90 % of the "
        "randomised PIT between 5 and 95 %; whole units make the plain 90 % interval cover more, as much as "
        "the law's own coverage says. Lower scores are better."
    )
    return {
        "id": "calibration",
        "menu": "Calibration",
        "title": "Did the past know the future?",
        "texts": [text],
        "tables": [{"title": "Calibration by segment and method", "header": header, "rows": rows}],
        "charts": [{"id": "pit", "title": "PIT histograms of the fitted laws"}],
        "notes": ("Intervals are over origins: items of one origin share what happened then.",),
    }
