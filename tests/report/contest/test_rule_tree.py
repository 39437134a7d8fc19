"""A learned rule as a tree: its questions sort as the rule does, and every end tells what it holds."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from simlab.api.contest.tables import rules_frame
from simlab.report.contest.rule_tree import classes_of, learned_rules, lines_of, tree_chart
from simlab.report.contest.tables import ContestTables, segments_matrix, segments_table
from simlab.report.kit import style
from simlab.report.kit.formats import DASH
from simlab.segments import SchemeInput
from simlab.segments.learned import learn_rules
from simlab.segments.learned_cuts import learn_cuts

INF = np.inf
CLASSES = (
    ("L1", {"cv": (-INF, 0.5), "unit_cost": (-INF, 9.0)}),
    ("L2", {"cv": (0.5, 2.0), "unit_cost": (-INF, 9.0)}),
    ("L3", {"cv": (2.0, INF), "unit_cost": (-INF, 9.0)}),
    ("L4", {"unit_cost": (9.0, INF)}),
)


def learned_table(classes):
    """The tables of a contest whose scheme "tree" has these classes, as `rules_frame` writes them."""
    entrant = SimpleNamespace(name="tree", segmentation=SimpleNamespace(bounds=classes))
    return rules_frame(SimpleNamespace(tournament=SimpleNamespace(entrants=[entrant])))


def lines_from(classes):
    found = ContestTables({"at_fill": [0.95]}, {"scheme_rules": learned_table(classes)})
    return lines_of(classes_of(found, "tree"))


def follow(lines, values):
    """The class that a planner arrives at, answering question by question."""
    at = 0
    while not lines[at].name:
        column, cut = lines[at].text.removeprefix("yes: ").removeprefix("no: ").rstrip("?").split(" ≤ ")
        answer = "yes: " if values[column] <= float(cut) else "no: "
        at = next(n for n, line in enumerate(lines) if line.up == at and line.text.startswith(answer))
    return lines[at].name


def test_the_tree_of_a_rule_by_hand():
    lines = lines_from(CLASSES)
    assert [line.name for line in lines if line.name] == ["L1", "L2", "L3", "L4"]
    assert lines[0].depth == 0
    for values, name in (
        ({"cv": 0.5, "unit_cost": 9}, "L1"),
        ({"cv": 2, "unit_cost": 1}, "L2"),
        ({"cv": 3, "unit_cost": 1}, "L3"),
        ({"cv": 0.1, "unit_cost": 10}, "L4"),
    ):
        assert follow(lines, values) == name


@pytest.mark.parametrize("learn", [learn_rules, learn_cuts])
@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_learned_is_drawn_as_it_sorts(learn, seed):
    rng = np.random.default_rng(seed)
    numbers = {"unit_cost": rng.integers(1, 9, 40) / 4, "cv": rng.integers(1, 30, 40) / 10}
    data = SchemeInput(tuple(f"S{n:02d}" for n in range(40)), ("X",) * 40, numbers)
    learned = learn(data, rng.uniform(0, 9, (40, 5)), ["unit_cost", "cv"], classes=6, min_size=3)
    lines = lines_from(learned.segmentation.bounds)
    for row, code in enumerate(learned.segmentation.codes):
        assert follow(lines, {name: column[row] for name, column in numbers.items()}) == f"L{code + 1}"


@pytest.mark.parametrize("classes", [(), (("L1", {}),), (("L1", {"cv": (-INF, 1.0)}),)])
def test_other_rules_have_no_tree(classes):
    found = ContestTables({"at_fill": [0.95]}, {"scheme_rules": learned_table(classes)})
    assert classes_of(found, "tree") == {}
    assert classes_of(ContestTables({}, {}), "tree") == {}


@pytest.mark.parametrize("width", [300, 840])
def test_ends_tell_size_target_and_service(width):
    """As many dots as questions and classes; what a class holds stands beside or below it."""
    main = pd.DataFrame([{"scheme": "tree", "at_fill": 0.95, "rank": 1, "rule": "learned"}])
    held = [("tree", f"L{n}", 100 * n, 0.9 + 0.02 * n, 0.91 + 0.02 * n) for n in range(1, 5)]
    segments = pd.DataFrame(held, columns=["scheme", "segment", "n_items", "target", "achieved"])
    tables = {"tournament": main, "scheme_segments": segments, "scheme_rules": learned_table(CLASSES)}
    found = ContestTables({"at_fill": [0.95]}, tables)
    assert learned_rules(found) == {"rule_tree_1": "tree"}
    figure = tree_chart(found, "tree", width)
    rows = figure.data["rows"]
    assert rows["kind"].value_counts()[["class", "question"]].tolist() == [4, 3]
    assert "400 items · target 98% · achieved 99.00%" in " ".join(rows["text"])
    assert "yes: L1" in style.to_svg(style.to_spec(figure, validate=True))


def test_a_product_of_two_attributes_is_shown_as_a_matrix():
    """Target, service and value where the two meet; a dash where no SKU-location is."""
    held = [
        ("abc+xyz", "A-X", "A", "X", 9, 75.0, 0.99, 0.98),
        ("abc+xyz", "B-Y", "B", "Y", 5, 25.0, 0.9, 0.91),
    ]
    held.append(("abc", "A", None, None, 14, 100.0, 0.95, 0.95))
    columns = ["scheme", "segment", "first", "second", "n_items", "annual_value", "target", "achieved"]
    tables = {"scheme_segments": pd.DataFrame(held, columns=columns)}
    found = ContestTables({"at_fill": [0.95], "currency": "EUR"}, tables)
    matrix = segments_matrix(found, "abc+xyz")
    assert matrix is not None
    assert list(matrix.header) == ["", "X", "Y"]
    said = [[cell.text for cell in row] for row in matrix.rows]
    assert said == [["A", "99%", DASH], ["B", DASH, "90%"]]
    assert "achieved 98.00" in matrix.rows[0][1].span
    assert matrix.rows[0][1].heat == 0.75
    assert segments_matrix(found, "abc") is None
    assert segments_table(found, "abc") is not None
