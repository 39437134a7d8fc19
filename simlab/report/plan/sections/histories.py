"""What the histories look like, which laws fit worst, and what no history can say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlab.measures import ALL
from simlab.report.kit.formats import DASH, is_number, number, percent
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    import pandas as pd

    from simlab.report.kit.style import Figure
    from simlab.report.plan.tables import RunTables


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


def _charts(tables: RunTables) -> dict[str, Figure]:
    from simlab.report.plan.charts import worst_fits_chart

    worst = tables.table("worst_fits")
    return {} if worst is None else {"worst_fits": worst_fits_chart(worst)}


@section(
    "histories",
    menu="Histories",
    title="What the histories look like, and what they cannot say",
    place=30,
    needs={"worst_fits": ("rank", "sku", "location", "law", "gap", "first", "last", "observed", "expected")},
    charts=_charts,
)
def histories(tables: RunTables) -> Content | None:
    """Classes, flags and worst fits, and what no history can say."""
    if "demand_class" not in tables.items:
        return None
    worst = tables.table("worst_fits")
    charts = {}
    texts = ["How the items sell. At most 1 flag in 20 is false."]
    if worst is not None:
        charts["worst_fits"] = "The laws furthest from their histories"
        texts.append(
            f"Below the table, the {worst['rank'].max()} SKU-locations that the model fits worst: bars are "
            "periods seen, dots are periods modelled."
        )
    return Content(texts, [_classes(tables)], charts, (*unsaid_sentences(tables), *cannot_say(tables)))


def cannot_say(tables: RunTables) -> tuple[str, ...]:
    """What histories cannot say, without what this run does not assume."""
    facts = tables.manifest.get("assumed") or {}
    serial, n = int(facts.get("serial_items") or 0), int(tables.manifest.get("n_items") or 0)
    periods = (PERIODS,) if not serial else (OTHER_PERIODS,) if serial < n else ()
    items = () if facts.get("common_factors") else (ITEMS,)
    return (*periods, *items, CHANGE)


_FLAGS = ("trend", "season", "autocorrelation")
_OF_CLASSES = (
    "segment",
    "demand_class",
    "stage",
    "variance_ratio",
    *_FLAGS,
    *(f"has_{one}" for one in _FLAGS),
)


def _classes(tables: RunTables) -> Row:
    """One row per segment: classes, stages, flags, and how much sums over R + L vary."""
    items = tables.items[list(_OF_CLASSES)]
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
                *(_flagged(group, name) for name in _FLAGS),
                number(ratio, 2) if is_number(ratio) else DASH,
            ]
        )
    header = ["Segment", "SKU-locations", "smooth", "erratic", "intermittent", "lumpy", "new", "dying"]
    header += ["trend", "season", "autocorrelated", "variance ratio of sums over R + L (median)"]
    return table("Histories by segment", header, rows)


def _flagged(group: pd.DataFrame, name: str) -> str:
    """How many carry a flag; a dash where none could be tested."""
    return DASH if group[name].isna().all() else number(group[f"has_{name}"].sum())


_FEW_PERIODS = 24


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
    if "lead_time_source" in items:
        yield from _lead_times(items["lead_time_source"])
    if "stage" in items:
        dying = int((items["stage"] == "dying").sum())
        if dying:
            yield (
                f"Whether the {number(dying)} dying SKU-locations are discontinued or merely quiet: "
                f"their silent {period}s count as zero demand, as if it had sold less often, "
                'unless life = "first_to_last".'
            )


def _lead_times(source: pd.Series[str]) -> Iterator[str]:
    """Lead times that no receipt shows, with and without a stated spread."""
    for key, unknown in (
        ("stated", "how much they vary is not known"),
        ("stated_spread", "so is how much they vary, and no receipt shows whether it is true"),
    ):
        rows = source == key
        if rows.any():
            n = f"{number(int(rows.sum()))} of {number(len(source))}"
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
