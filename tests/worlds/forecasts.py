"""A weekly study of two SKU-locations whose demand follows a forecast that people already have."""

from __future__ import annotations

from pathlib import Path

import numpy as np

STUDY = """schema = 2
[study]
name = "expected"
period = "week"
as_of = 2026-01-04
[data]
time_unit = "weeks"
[data.items]
path = "items.csv"
{data}
[lead_times]
law = "fixed"
[segments]
by = ["category"]
[policy]
family = "forecast"
planning = "normal"
review_period = 1
target_measure = "cycle_service_level"
targets = {{ core = 0.95 }}
{policy}
[simulation]
periods = 26
replications = 40
batches = 4
[optimize]
fill_rate = 0.90
n_targets = 6
target_min = 0.5
[verdict]
replications = 12
"""
FORECAST = '[data.forecast]\npath = "forecast.csv"\n'
ERRORS = '[data.forecast_errors]\npath = "errors.csv"\n'
GIVEN = 'forecast = { method = "given" }'
MONDAY = np.datetime64("2026-01-05")
WEEK = np.timedelta64(7, "D")


def write(
    folder: Path,
    forecast: str = "",
    *,
    items: str = "sku,location,unit_cost,lead_time,category\na,EAST,2,2,core\nb,EAST,5,3,core\n",
    errors: str = "",
    policy: str = GIVEN,
    further: str = "",
) -> Path:
    """The study with its tables; those that are empty are not named."""
    data = (FORECAST if forecast else "") + (ERRORS if errors else "") + further
    for name, text in (("items", items), ("forecast", forecast), ("errors", errors)):
        if text:
            (folder / f"{name}.csv").write_text(text, "utf-8")
    path = folder / "study.toml"
    path.write_text(STUDY.format(data=data, policy=policy), "utf-8")
    return path


def lines(paths: dict[str, list[float]], sd: dict[str, float]) -> str:
    """A forecast table of SKUs at EAST: mean by week, and one standard error."""
    rows = ["sku,location,date,mean,sd"]
    for sku, path in paths.items():
        rows += [f"{sku},EAST,{MONDAY + k * WEEK},{mean:g},{sd[sku]:g}" for k, mean in enumerate(path)]
    return "\n".join(rows) + "\n"


def past(sku: str, errors: np.ndarray, *, mean: float = 100.0, apart: int = 1) -> list[str]:
    """Lines of past forecasts: (origins, horizons) errors, origins so many weeks apart."""
    out = []
    for k, line in enumerate(errors):
        origin = MONDAY - (len(errors) - k) * apart * WEEK - (errors.shape[1] + 1) * WEEK
        for h, error in enumerate(line, 1):
            out.append(f"{sku},EAST,{origin},{origin + h * WEEK},{mean},{mean + error:.6f}")
    return out


ERRORS_HEAD = "sku,location,origin,date,forecast,actual"
