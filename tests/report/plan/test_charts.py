"""Charts: lines end at the frame, names keep clear of each other, a specification is valid."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds.fake_run import build_fake_run

from simlab.report.kit.style import EDGE_POINT, View, cut_lines, place_labels, to_spec
from simlab.report.plan.explorer import explorer
from simlab.report.plan.folder import read_tables, thin
from simlab.report.plan.frontier_chart import (
    PLAN_SERIES,
    coinciding,
    frontier_chart,
    frontier_lines,
    reference_marks,
    served_title,
)
from simlab.report.plan.html import figure_charts, figure_specs, page_charts, page_specs


def line(points: list[tuple[float, float]], series: str = "a") -> pd.DataFrame:
    cost, fill = zip(*points, strict=True)
    frame = pd.DataFrame({"point": range(len(points)), "cost": cost, "fill": fill})
    return frame.assign(low=frame["fill"] - 0.1, high=frame["fill"] + 0.1, series=series)


def test_a_line_is_cut_where_it_leaves_the_view() -> None:
    cut = cut_lines(line([(0, 0.0), (10, 1.0)]), View((2, 20), (0.1, 0.5)))
    assert cut["point"].tolist() == [EDGE_POINT, EDGE_POINT]
    np.testing.assert_allclose(cut[["cost", "fill"]], [[2, 0.2], [5, 0.5]])
    assert cut["high"].max() <= 0.5


def test_points_inside_stay_and_lines_outside_vanish() -> None:
    view = View((0, 10), (0, 1))
    inside = line([(1.0, 0.1), (2.0, 0.2), (9.0, 0.9)])
    pd.testing.assert_frame_equal(cut_lines(inside, view)[["cost", "fill"]], inside[["cost", "fill"]])
    both = pd.concat([inside, line([(11, 0.1), (12, 0.5)], "b")])
    assert set(cut_lines(both, view)["series"]) == {"a"}


def test_names_do_not_lie_on_each_other() -> None:
    points = [(100.0, 100.0), (110.0, 104.0), (105.0, 110.0)]
    labels = place_labels(points, ["Chosen plan", "Uniform", "Habit"], [], width=560)
    assert len({(label.align, label.dy) for label in labels}) == 3


def test_labels_of_plans_that_lie_close_never_lie_on_each_other():
    """Above a curve that leaves no room below it: the second label goes further up."""
    at = np.arange(209.0, 520.0, 3.0)
    rises = (
        np.interp(at, [209, 223, 259, 299, 348, 390, 443, 524], [270, 244, 198, 156, 127, 89, 64, 32]),
        np.interp(at, [209, 228, 251, 280, 317, 362, 412, 524], [313, 290, 240, 192, 147, 108, 77, 35]),
    )
    curve = [spot for rise in rises for spot in zip(at.tolist(), rise.tolist(), strict=True)]
    points = [(387.4, 86.0), (396.7, 84.5)]
    names = ["A98 B95 C90 94.7%, 5,038", "Same service 94.8%, 5,159\nProposed 94.9%, 5,202"]
    first, second = place_labels(points, names, curve, width=520)
    assert first.align == second.align == "right"
    lines = [points[0][1] + first.dy, *(points[1][1] + second.dy + 15 * k for k in (0, 1))]
    assert min(abs(a - b) for k, a in enumerate(lines) for b in lines[:k]) >= 14


def test_a_name_at_the_right_edge_is_written_to_the_left() -> None:
    (label,) = place_labels([(550.0, 100.0)], ["Today's levels"], [], width=560)
    assert label.align == "right"


def test_the_frontier_draws_what_the_table_holds(tmp_path: Path) -> None:
    tables = read_tables(build_fake_run(tmp_path, n_items=80))
    assert tables.frontier is not None
    drawn = frontier_lines(tables, "holding_cost")
    seen = drawn[drawn["series"] == PLAN_SERIES].sort_values("point")
    table = tables.frontier[tables.frontier["kind"] == "segmented"].sort_values("point")
    assert seen["fill"].tolist() == table["fill_rate_verdict"].tolist()
    assert seen["cost"].tolist() == table["holding_cost_verdict"].tolist()
    spec = to_spec(frontier_chart(tables, "holding_cost", width="container"))
    assert "nan" not in str(spec["datasets"]).lower()
    chosen = next(p["value"] for p in spec["params"] if p["name"] == "chosen")
    assert chosen == int(table.loc[table["chosen"], "point"].iloc[0])


def test_the_frontier_draws_the_service_that_decides_and_units_beside_it(tmp_path: Path) -> None:
    """By margin: its curve, marks, axis and read-out; runs that do not say it keep units."""
    tables = read_tables(build_fake_run(tmp_path, n_items=80))
    counted = {"objective": "holding_cost", "service": "fill_rate", "weight": "margin", "yearly": True}
    manifest = tables.manifest | {"service": "fill rate weighted by margin", "counted": counted}
    before = replace(tables, manifest=manifest)
    assert served_title(before) == "Units served at once"
    assert tables.frontier is not None
    assert tables.reference is not None
    fresh = tables.frontier["fill_rate_verdict"] - 0.02
    frontier = tables.frontier.assign(service=tables.frontier["fill_rate"] - 0.02, service_verdict=fresh)
    frontier = frontier.assign(service_verdict_low=fresh - 0.001, service_verdict_high=fresh + 0.001)
    reference = tables.reference.assign(service=tables.reference["fill_rate"] - 0.02)
    now = replace(before, frontier=frontier, reference=reference)
    drawn = frontier_lines(now, "holding_cost")
    rows = frontier[frontier["kind"] == "segmented"].sort_values("point")
    seen = drawn[drawn["series"] == PLAN_SERIES].sort_values("point")
    assert seen["fill"].tolist() == rows["service_verdict"].tolist()
    assert seen["low"].tolist() == rows["service_verdict_low"].tolist()
    marks = reference_marks(now, "holding_cost").set_index("plan")["fill"]
    own = reference[(reference["sample"] == "verdict") & (reference["plan"] == "segmented")]
    assert marks["segmented"] == own["service"].iloc[0]
    spec = str(to_spec(frontier_chart(now, "holding_cost")))
    assert "Margin served at once" in spec
    assert "Units served at once" not in spec
    found = explorer(now)
    assert found is not None
    assert found["served"] == "Margin served at once"
    assert {"fill", "units"} <= set(found["points"][0]["text"])


def test_every_run_has_the_charts_its_tables_allow(tmp_path: Path) -> None:
    tables = read_tables(build_fake_run(tmp_path, n_items=80, finance=True, fit=True))
    assert set(page_specs(tables)) == {
        "holding_cost",
        "inventory_value",
        "capital",
        "service",
        "exchange_rates",
        "capital_over_time",
        "fit_pit",
    }
    specs = figure_specs(tables, page_specs(tables))
    assert {"frontier_holding_cost", "capital_by_segment", "service_by_segment", "matrix"} <= set(specs)
    assert all(spec.get("width") != "container" for spec in specs.values())
    for chart in (*page_charts(tables).values(), *figure_charts(tables).values()):
        to_spec(chart, validate=True)


@pytest.mark.parametrize(("n", "n_segments"), [(5000, 12), (300, 1000), (3, 1)])
def test_a_long_frontier_is_thinned_but_keeps_ends_and_choice(n: int, n_segments: int) -> None:
    frontier = pd.DataFrame({"point": range(n), "kind": "segmented", "holding_cost": np.arange(float(n))})
    frontier["chosen"] = frontier["point"] == n // 2 + 1 if n > 3 else False
    kept = thin(frontier, n_segments)
    assert len(kept) <= 402
    assert len(kept) * n_segments <= 63_000
    assert {0, n - 1} <= set(kept["point"])
    assert kept["chosen"].sum() == frontier["chosen"].sum()


def test_the_price_of_a_point_is_linear_around_the_plan_and_shows_it(tmp_path: Path) -> None:
    """An axis of powers of ten, from 50% on, once hid what the next point costs."""
    from simlab.report.plan.finance import charts

    tables = read_tables(build_fake_run(tmp_path, n_items=60, finance=True))
    made = charts(tables)["exchange_rates"]
    shown, plan = made.data["rates"], float(made.data["plan"]["fill_rate"].iloc[0])
    assert shown["fill_rate"].min() < plan < shown["fill_rate"].max()
    assert (shown["fill_rate"] - plan).abs().max() <= 0.08
    assert "log" not in str(to_spec(made))


def test_marks_that_lie_on_each_other_are_one_with_both_names() -> None:
    marks = pd.DataFrame({"plan": ["habit", "today", "uniform"], "cost": [1000.0, 1001.0, 1200.0]})
    marks = marks.assign(fill=[0.98, 0.9803, 0.98], name=["A98 B95 C90", "Today", "One"])
    assert list(coinciding(marks)["name"]) == ["A98 B95 C90 = Today", "One"]
