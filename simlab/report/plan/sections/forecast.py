"""The user's forecast: how wrong it was, and what it is worth beside simlab's laws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.report.kit.formats import DASH, is_number, money, number, percent
from simlab.report.kit.reading import records
from simlab.report.plan.section import Content, Row, section, table

if TYPE_CHECKING:
    from simlab.report.plan.tables import RunTables


_MOST_ROWS = 20


@section(
    "forecast",
    menu="Your forecast",
    title="Your forecast beside simlab's laws",
    place=65,
    needs={
        "forecast_errors": ("sku", "location", "origins", "bias", "bias_se", "biased", "sd", "sum_sd"),
        "forecast_horizons": ("horizon", "n", "bias", "rmse"),
        "forecast_compared": ("method", "sums", "origins", "inside", "above", "bias", "stock_left"),
    },
)
def forecast(tables: RunTables) -> Content | None:
    """Coverage and stock of both, errors by horizon, the largest biases; None without past forecasts."""
    errors = tables.table("forecast_errors")
    if errors is None:
        return None
    texts = [
        "Errors are what came less what was forecast. Sums over R + L are what stock has to cover: where "
        "errors of neighbouring periods go together, they vary more than single periods say (√h is too "
        "little)."
    ]
    biased = int(errors["biased"].sum())
    texts.append(
        f"{number(biased)} of {number(len(errors))} forecasts are biased by more than two standard errors "
        "(about 1 in 20 would be by chance); those that stand out most are in the last table."
    )
    shown: list[Row] = []
    compared = tables.table("forecast_compared")
    if compared is not None:
        shown.append(_compared(records(compared), tables.currency))
    horizons = tables.table("forecast_horizons")
    if horizons is not None:
        shown.append(_horizons(records(horizons)))
    shown.append(_biased(records(errors)))
    note = (
        "Stock left: levels at one chance for all SKU-locations, such that 95% of the value asked in R + L "
        "is served, and what then lies on the shelf, on average of an origin. The forecast's error is that "
        "of its other origins; simlab's laws knew what was known at the origin."
    )
    return Content(texts, shown, notes=(note,) if compared is not None else ())


def _compared(rows: list[Row], currency: str) -> Row:
    header = ["", "sums judged", "origins", "inside 5–95% (right: 90%)", "above 95% (right: 5%)"]
    header += ["mean ÷ actual − 1", "stock left at equal service", "difference"]
    body = [
        [
            str(row["method"]),
            number(row["sums"]),
            number(row["origins"]),
            percent(row["inside"], 1),
            percent(row["above"], 1),
            percent(row["bias"], 1),
            _money(row["stock_left"], currency),
            _interval(row, currency),
        ]
        for row in rows
    ]
    return table("Demand over R + L: coverage, and stock at equal service", header, body)


def _money(value: object, currency: str) -> str:
    return money(value, currency) if is_number(value) else DASH


def _interval(row: Row, currency: str) -> str:
    low, high = row.get("difference_low"), row.get("difference_high")
    if not (is_number(low) and is_number(high)) or low == high:
        return DASH
    return f"{money(row['difference'], currency)} [{money(low, currency)}, {money(high, currency)}]"


def _horizons(rows: list[Row]) -> Row:
    header = ["Horizon", "errors", "bias ÷ mean", "root mean squared error ÷ mean"]
    body = [
        [number(row["horizon"]), number(row["n"]), percent(row["bias"], 1), percent(row["rmse"], 1)]
        for row in rows[:_MOST_ROWS]
    ]
    return table("Errors by horizon", header, body)


def _biased(rows: list[Row]) -> Row:
    biased = sorted(
        (row for row in rows if row["biased"]), key=lambda row: -abs(row["bias"] / row["bias_se"])
    )
    header = ["SKU-location", "origins", "bias of a period", "standard error", "error of a period"]
    header += ["error over R + L", "variance ÷ independent"]
    body = [
        [
            f"{row['sku']}@{row['location']}",
            number(row["origins"]),
            number(row["bias"], 2),
            number(row["bias_se"], 2),
            number(row["sd"], 2),
            number(row["sum_sd"], 2),
            number(row.get("variance_ratio"), 2),
        ]
        for row in biased[:_MOST_ROWS]
    ]
    title = f"Biased by more than two standard errors: {len(biased):,} of {len(rows):,}"
    return table(title, header, body)
