"""Finance in tables: next moves, budgets, bounds, limits and stress, as plain texts per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simlab.measures import ALL, sign_of
from simlab.report.kit.formats import is_number, money, number, percent, span, target
from simlab.report.kit.method import CERTIFICATES
from simlab.report.kit.reading import plan_name, records

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
            "budgets",
            "What a budget buys",
            _SWEEP_TEXT,
            tables.budget_sweep,
            _sweep_cells,
            _sweep(tables),
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
            _STOCK_TEXT,
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
            "Limits, and what no target can move",
            _LIMITS_TEXT,
            tables.limits,
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


_MOVES_TEXT = (
    "One segment moves to another target of the grid, all others stay: steps up, best first, then steps down "
    "that set money free at the least loss. Changes are those of the total service, in percentage points."
)
_SWEEP_TEXT = "The highest service that each budget on mean inventory value allows, on the seed that chose."
_RELEASE_TEXT = (
    "If part of the plan's stock must be released: the highest service that the rest allows, on the seed "
    "that chose, and what each segment gives up (or gains) for it. The study's limits hold, its floor does "
    "not. Total first, then the largest releases."
)
_STOCK = ("Plan", "mean", "P95 of all periods", "highest period, mean", "highest period, P95")
_STOCK_TEXT = (
    "Stock value in the long run, on fresh replications: quantiles and peaks of the total, never summed from "
    "items. P95: 95 % of all periods of all replications lie at or below; highest period: of each "
    "replication, its mean and the value that 95 % of replications stay at or below."
)
_BOUNDS_TEXT = (
    "In-sample: these speak of the search seed's sums. No plan serving as much can undercut a bound."
)
_LIMITS = ("Limit", "kind", "reached", "met", "missed on fresh replications")
_LIMITS_TEXT = (
    "What the plan reaches under the study's limits; a flow that is the same at every target binds nothing."
)
_STRESS = ("Scenario", "plan", "fill rate", "holding cost", "least cost for the floor", "regret")
_STRESS_TEXT = (
    "The same levels under other circumstances, on the same random numbers. Regret: money above the cheapest "
    "plan of these levels that meets the floor and the study's floors, ceilings and order there, in what "
    "the study makes small; none where the plan misses them."
)


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
    return {"id": name, "title": title, "text": text + more, "chart": name == "budgets", "table": grid}


def _move_cells(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    fresh = percent(row.get("fill_verdict"), 3) if is_number(row.get("fill_verdict")) else "–"
    ends = span(row.get("fill_verdict_low"), row.get("fill_verdict_high"), lambda x: percent(x, 3))
    return [
        str(row["segment"]),
        "more" if row["direction"] == "up" else "less",
        target(row["from_target"]),
        target(row["to_target"]),
        money(row["value"], tables.currency),
        percent(row["fill"], 3),
        f"{fresh} ({ends})" if ends else fresh,
        number(row["points_per_1000"], 4),
    ]


def _sweep(tables: RunTables) -> tuple[str, ...]:
    """Headings of the budget table, in what the study counts."""
    objective, per = tables.counted.objective, tables.counted.per_year
    service = tables.counted.service
    return ("Budget", service, f"{objective}{per}", "inventory value", "certificate")


def _bounds(tables: RunTables) -> tuple[str, ...]:
    """Headings of the bounds: what the study makes small."""
    return ("What", _sweep(tables)[2], "")


def _moves(tables: RunTables) -> tuple[str, ...]:
    """Headings of the steps, their ratio with its currency."""
    ratio = f"points per {sign_of(tables.currency)} 1,000 of stock".replace("  ", " ")
    return ("Segment", "", "target", "to", "stock", "change, as optimised", "change, fresh seed", ratio)


def _sweep_cells(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    return [
        money(row["budget"], tables.currency),
        percent(row["fill_rate"]),
        money(row["objective"], tables.currency),
        money(row["inventory_value"], tables.currency),
        CERTIFICATES.get(str(row["certificate"]), str(row["certificate"])),
    ]


def _stock_cells(row: Mapping[str, Any], tables: RunTables) -> list[str]:
    names = ("inventory_value", "p95_inventory_value", "peak_inventory_value", "peak_inventory_value_p95")
    return [
        plan_name(str(row["plan"])),
        *(money(row[name], tables.currency) for name in names),
    ]


def _release(tables: RunTables) -> tuple[str, ...]:
    """Headings of the release table, in what the study counts."""
    _, service, objective, *_ = _sweep(tables)
    return ("Released", "segment", "target", "to", "stock", objective, f"points of {service}")


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
        ["Chosen plan", cash("plan"), ""],
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
