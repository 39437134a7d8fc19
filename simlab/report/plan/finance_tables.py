"""Finance in tables: next moves, budgets, bounds, limits and stress, as plain texts per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.measures import ALL, sign_of
from simlab.report.kit.formats import is_number, money, money_short, number, percent, span, target
from simlab.report.kit.reading import plan_name, records
from simlab.report.kit.shell import FINANCE, METHOD

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from simlab.report.plan.tables import RunTables


MAX_ROWS = 40
MAX_RELEASED = 10
_KIND = {
    "mean": "on the mean",
    "chance": "on single replications",
    "constant": "no target moves it",
    "target": "on a target",
    "tail": "on the quantile or peak of the total",
}


def table_sections(tables: RunTables) -> list[dict[str, Any]]:
    """Title, text and table of every finance section without a chart of its own."""
    made = (
        _section(
            "moves",
            "Where the next money goes",
            _MOVES_TEXT,
            tables.moves,
            _move_cells,
            _moves(tables),
            tables,
        ),
        _section(
            "release",
            "Where stock is released at the least loss",
            _RELEASE_TEXT,
            _release_rows(tables.release),
            _release_cells,
            _release(tables),
            tables,
        ),
        _section(
            "stock_value",
            "How high the stock goes",
            _stock_text(tables),
            None if tables.stock_value is None else tables.stock_value[tables.stock_value["segment"] == ALL],
            _stock_cells,
            _STOCK,
            tables,
        ),
        _section(
            "bounds", "How good can any plan be", _BOUNDS_TEXT, tables.bounds, None, _bounds(tables), tables
        ),
        _section(
            "limits",
            "Limits you set",
            _LIMITS_TEXT,
            _set_limits(tables.limits),
            _limit_cells,
            _LIMITS,
            tables,
        ),
        _section(
            "stress",
            "If the world turns out otherwise",
            _STRESS_TEXT,
            tables.stress,
            _stress_cells,
            _STRESS,
            tables,
        ),
    )
    return [section for section in made if section is not None]


_MOVES_TEXT = "Best places to spend, and to save, the next money: one segment moves, all others stay."
_RELEASE_TEXT = (
    "If you must release 5, 10 or 20% of this stock: what it costs in service, and where to take it. Total "
    "first, then the largest releases."
)
_STOCK = ("Plan", "mean", "19 periods in 20 below", "highest of a year, mean", "19 years in 20 below")
_BOUNDS_TEXT = "How much better could any plan be? On the random demand that the plan was chosen on."
_LIMITS = ("Limit", "kind", "reached", "met", "missed on fresh random demand")
_LIMITS_TEXT = "Limits you set, and what the plan reaches."
_STRESS = ("Scenario", "plan", "units served", "holding cost", "least cost for the service asked", "regret")
_STRESS_TEXT = (
    "The same levels under other circumstances. Regret: money above the cheapest plan of these levels that "
    "serves what was asked there; none where the plan does not."
)


def _stock_text(tables: RunTables) -> str:
    """Until where the plan's stock goes, in a sentence."""
    table = tables.stock_value
    text = "Warehouse and cash peak, in the long run"
    if table is None:
        return f"{text}."
    own = table[(table["segment"] == ALL) & (table["plan"] == tables.main_plan)]
    if own.empty:
        return f"{text}."
    peak = money_short(float(own["peak_inventory_value_p95"].iloc[0]), tables.currency)
    return f"{text}: in 19 of 20 years stock stays below {peak}."


def _section(
    name: str,
    title: str,
    text: str,
    table: pd.DataFrame | None,
    cells: Any,
    columns: tuple[str, ...],
    tables: RunTables,
) -> dict[str, Any] | None:
    if table is None or table.empty:
        return None
    if cells is None:
        rows = _bound_rows(records(table)[0], tables)
    else:
        rows = [cells(row, tables) for row in records(table.head(MAX_ROWS))]
    left = len(table) - MAX_ROWS
    more = f" {left} further rows are in the run's tables." if cells is not None and left > 0 else ""
    grid = {"columns": columns, "rows": rows}
    tab = METHOD if name == "bounds" else FINANCE
    return {"id": name, "title": title, "text": text + more, "tab": tab, "charts": [], "table": grid}


def _points(value: float | None) -> str:
    """A change of service in percentage points, with its sign."""
    if not is_number(value):
        return "–"
    return f"+{number(100 * value, 2)}" if value > 0 else number(100 * value, 2)


def _move_cells(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    fresh = _points(row.get("fill_verdict"))
    ends = span(row.get("fill_verdict_low"), row.get("fill_verdict_high"), _points)
    return [
        str(row["segment"]),
        "more" if row["direction"] == "up" else "less",
        target(row["from_target"]),
        target(row["to_target"]),
        money(row["value"], tables.currency),
        _points(row["fill"]),
        f"{fresh} ({ends})" if ends != "–" else fresh,
        number(row["points_per_1000"], 4),
    ]


def _bounds(tables: RunTables) -> tuple[str, ...]:
    """Headings of the bounds: what the study makes small."""
    return ("What", f"{tables.counted.objective}{tables.counted.per_year}", "")


def _moves(tables: RunTables) -> tuple[str, ...]:
    """Headings of the steps, their ratio with its currency."""
    ratio = f"points per {sign_of(tables.currency)} 1,000 of stock".replace("  ", " ")
    return ("Segment", "", "target", "to", "stock", "points, as chosen", "points, re-tested", ratio)


def _stock_cells(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    names = ("inventory_value", "p95_inventory_value", "peak_inventory_value", "peak_inventory_value_p95")
    return [
        plan_name(str(row["plan"])),
        *(money(row[name], tables.currency) for name in names),
    ]


def _release(tables: RunTables) -> tuple[str, ...]:
    """Headings of the release table, in what the study counts."""
    counted = tables.counted
    objective = f"{counted.objective}{counted.per_year}"
    return ("Released", "segment", "target", "to", "stock", objective, f"points of {counted.service}")


def _release_rows(table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Per share: the total, then the segments that give most."""
    import pandas as pd

    if table is None or table.empty:
        return None
    parts = []
    for _, rows in table.groupby("share", sort=False):
        whole = rows["segment"] == ALL
        parts += [rows[whole], rows[~whole].head(MAX_RELEASED)]
    return pd.concat(parts)


def _release_cells(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    whole = row["segment"] == ALL
    amount = f"{percent(row['share'], 0)}: {money(row['amount'], tables.currency)}"
    reached = f" (to {percent(row['service_after'])})" if whole else ""
    return [
        amount if whole else "",
        "all" if whole else str(row["segment"]),
        "" if whole else target(row["from_target"]),
        "" if whole else target(row["to_target"]),
        money(row["value"], tables.currency),
        money(row["cost"], tables.currency),
        number(100 * row["fill"], 3) + reached,
    ]


def _bound_rows(row: Mapping[str, Any], tables: RunTables) -> list[list[str]]:
    def cash(name: str) -> str:
        return money(row[name], tables.currency)

    lines = [
        ["Proposed plan", cash("plan"), ""],
        ["Plan with a target for every SKU-location", cash("per_sku"), "feasible, same service or more"],
        ["Bound over all such plans on the grid", cash("grid"), "nothing on the grid is cheaper"],
        ["Of the gap: one target per segment", cash("segment_gap"), "price of segmentation, in-sample"],
    ]
    if is_number(row.get("levels")):
        lines.append(["Bound over every integer level", cash("levels"), "whatever formula planned them"])
        grid = "targets of the grid instead of levels"
        if is_number(row.get("formula_gap")):
            grid = "targets of the grid instead of all levels between them"
        lines.append([f"Of the gap: {grid}", cash("grid_gap"), "at most, in-sample"])
    if is_number(row.get("formula_gap")):
        text = "Of the gap: levels of the planning formula instead of any level"
        lines.append([text, cash("formula_gap"), "at most, in-sample"])
    if is_number(row.get("limited")):
        text = "floors and ceilings of groups included; the chosen plan is one of them"
        lines.append(["Bound over plans per SKU-location under the limits", cash("limited"), text])
    if is_number(row.get("truth")):
        text = "upper limit from independent batches of the fresh seed"
        lines.append(["Distance of the plan from the true optimum", cash("truth"), text])
    return lines


def _set_limits(table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Limits that bind something: what no target moves is none."""
    return None if table is None else table[table["kind"] != "constant"]


def _limit_cells(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    missed = row.get("missed_verdict")
    ends = span(row.get("missed_verdict_low"), row.get("missed_verdict_high"), percent)
    return [
        str(row["limit"]),
        _KIND.get(str(row["kind"]), str(row["kind"])),
        str(row["reached"]),
        "yes" if row["met"] else "no",
        f"{percent(missed)} ({ends})" if is_number(missed) else _fresh_amount(row, tables),
    ]


def _fresh_amount(row: Mapping[str, Any], tables: RunTables) -> str:
    """What a bounded amount became on fresh replications."""
    reached = row.get("reached_verdict")
    return f"{money(reached, tables.currency)} there" if is_number(reached) else ""


def _stress_cells(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    ends = span(row.get("fill_rate_low"), row.get("fill_rate_high"), percent)
    return [
        str(row["scenario"]),
        plan_name(str(row["plan"])),
        f"{percent(row['fill_rate'])} ({ends})" if ends else percent(row["fill_rate"]),
        money(row["holding_cost"], tables.currency),
        money(row["least_cost"], tables.currency) if is_number(row.get("least_cost")) else "–",
        money(row["regret"], tables.currency) if is_number(row["regret"]) else "–",
    ]
