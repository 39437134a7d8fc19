"""Sections on data and models: what histories look like, which laws fit worst, the replay, calibration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simlab.measures import ALL
from simlab.report.kit.formats import DASH, is_number, money, number, percent, span
from simlab.report.kit.reading import records
from simlab.report.plan import looked_at, remembered, sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from simlab.report.plan.tables import RunTables


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


def sections(tables: RunTables) -> list[Row]:
    """Sections that the run's tables allow: id, menu, title, texts, tables, charts, notes."""
    changed = sources.prepared_section(tables)
    found = [] if changed is None else [changed]
    looked = looked_at.section(tables)
    found += [] if looked is None else [looked]
    if "demand_class" in tables.items:
        found.append(_histories(tables))
    if tables.fit_test is not None:
        found.append(fit_section(tables))
    if tables.lead_times is not None:
        found.append(sources.suppliers_section(tables))
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
        "tables": [_classes(tables), *remembered.tables(tables)],
        "charts": charts,
        "notes": (*remembered.notes(tables), *unsaid_sentences(tables), *cannot_say(tables)),
    }


def cannot_say(tables: RunTables) -> tuple[str, ...]:
    """What histories cannot say, without what this run does not assume."""
    facts = tables.manifest.get("assumed") or {}
    serial, n = int(facts.get("serial_items") or 0), int(tables.manifest.get("n_items") or 0)
    periods = (PERIODS,) if not serial else (OTHER_PERIODS,) if serial < n else ()
    items = () if facts.get("common_factors") else (ITEMS,)
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


_SMALLEST_P = 0.0001


def fit_section(tables: RunTables) -> Row:
    """Do single periods fall where the laws of what came before put them?"""
    assert tables.fit_test is not None
    rows, period = records(tables.fit_test), tables.period
    header = ["Segment", "SKU-locations judged", f"{period}s", "mean PIT", "PIT in 5–95 %"]
    header += ["p of the test", "what it says"]
    table = {
        "title": "Test of fit by segment",
        "header": header,
        "rows": [_row(row) for row in rows[: _MOST_ROWS + 1]],
    }
    charts = []
    if tables.fit_pit is not None:
        charts.append({"id": "fit_pit", "title": "PIT histograms by segment, out of sample"})
    return {
        "id": "fit",
        "menu": "Fit of the laws",
        "title": "Do the laws fit, segment by segment?",
        "texts": [
            f"Out of sample: laws fitted to the first two thirds of the history, and every {period} from "
            f"{rows[0]['cut']} on judged by them, one {period} at a time. Where they are right, the PIT (the "
            "place of what happened in its law) is flat: ten bars at the dashed line, mean 0.5, nine tenths "
            "between 5 and 95 %. A slope means that demand has moved, a U that it varies more than the laws."
        ],
        "tables": [table],
        "charts": charts,
        "notes": (
            "Smooth test of mean and spread of the PIT, with errors shared within SKU-locations and within "
            f"{period}s; at most 5 % of the segments flagged are expected to be flagged falsely.",
            "Cannot tell: a mean PIT off by 0.1 would be overlooked in more than one of five cases.",
            "Judged are up to 60 SKU-locations of a segment, drawn by their keys; what was sold, as it was.",
        ),
    }


def _row(row: Row) -> list[str]:
    p = row["p"]
    shown = DASH
    if is_number(p):
        shown = f"< {_SMALLEST_P:g}" if p < _SMALLEST_P else number(p, 4)
    return [
        "All" if row["segment"] == ALL else str(row["segment"]),
        number(row["n_items"]),
        number(row["n_periods"]),
        number(row["pit_mean"], 3),
        percent(row["pit_share"], 1),
        shown,
        _verdict(row),
    ]


def _verdict(row: Row) -> str:
    """What a flag means, by the measure that is further off."""
    if not is_number(row["p"]) or row.get("finding") == "cannot tell":
        return "cannot tell: too few"
    if not row["flagged"]:
        return "no misfit found"
    moved, width = row["pit_mean"] - 0.5, row["pit_share"] - 0.9
    if abs(moved) * 2 >= abs(width):
        return "more demand than the laws say" if moved > 0 else "less demand than the laws say"
    return "wider than the laws" if width < 0 else "narrower than the laws"


_FEW_PERIODS = 24
_STATED, _SPREAD = ("items.lead_time", "given"), "lead_time_sd"


def unsaid_sentences(tables: RunTables) -> Iterator[str]:
    """One per gap: sales for demand, short histories, seasons, lead times, lives."""
    yield _sales(tables)
    items, period = tables.items, tables.period
    if "n_observed" in items:
        few = int(((items["n_observed"] > 0) & (items["n_observed"] < _FEW_PERIODS)).sum())
        if few:
            yield (
                f"{number(few)} of {number(len(items))} SKU-locations have fewer than {_FEW_PERIODS} "
                f"{period}s of history: nobody has seen their rare large {period}s yet."
            )
    if "season" in items and "n_observed" in items:
        untested = int((items["season"].isna() & (items["n_observed"] > 0)).sum())
        if untested:
            cycle = "two weeks" if period == "day" else "two years"
            yield (
                f"Seasons are tested where demand varies and {cycle} or more were observed: not for "
                f"{number(untested)} of {number(len(items))} SKU-locations, whose peaks may come back or not."
            )
    yield from _lead_times(items["lead_time_reason"].astype(str))
    if "stage" in items:
        dying = int((items["stage"] == "dying").sum())
        if dying:
            yield (
                f"Whether the {number(dying)} dying SKU-locations are discontinued or merely quiet: "
                f"their silent {period}s count as zero demand, as if it had sold less often, "
                'unless life = "first_to_last".'
            )


def _lead_times(reason: pd.Series[str]) -> Iterator[str]:
    """Lead times that no receipt shows, with and without a stated spread."""
    stated, spread = reason.str.startswith(_STATED), reason.str.contains(_SPREAD)
    for rows, unknown in (
        (stated & ~spread, "how much they vary is not known"),
        (stated & spread, "so is how much they vary, and no receipt shows whether it is true"),
    ):
        if rows.any():
            n = f"{number(int(rows.sum()))} of {number(len(reason))}"
            yield f"The lead times of {n} SKU-locations are stated, not received: {unknown}."


def _sales(tables: RunTables) -> str:
    quality = tables.quality
    looked = quality is not None and (quality["what"] == "demand unseen in stock-outs").any()
    if looked:
        return (
            "What customers wanted while the shelf was empty: it is estimated from the sales that were "
            "seen, as the account of the data says, and the estimate rests on demand behaving alike in both."
        )
    return (
        "What customers wanted while the shelf was empty: the history counts what was sold. Say "
        'which periods were stocked out by [demand] censoring = "stockout_column" or "on_hand".'
    )
