"""Names are shown, never obeyed: by terminals, spreadsheets, charts or JSON readers."""

import csv
import io
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simlab import InvalidInputError, load_frames
from simlab.cli.say import say
from simlab.cli.tables import print_json, print_table
from simlab.errors import Problem, is_visible, visible
from simlab.reading import guarded, unguarded
from simlab.run.spreadsheet import csv_text
from simlab.study import Study, parse_study

WEAPONS = ("\x1b[2J", "\x07", "\x9b31m", "a\nb", "a\rb", "\u202egnp.exe", "\u2028", "\x00", "\x7f", "\u2066x")


@pytest.mark.parametrize("weapon", WEAPONS)
def test_terminals_get_codes(weapon, capsys):
    say(f"segment {weapon.replace(chr(10), '')}")
    print_table(pd.DataFrame({f"x{weapon}": [f"y{weapon}"]}))
    out = capsys.readouterr().out.replace("\n", "").replace("─", "")
    assert is_visible(out), out


@pytest.mark.parametrize("sign", ["\u200b", "\u200e", "\u200f", "\xad", "\ufeff", "\u2062", "\U000e0041"])
def test_signs_without_width_are_shown_and_allowed(sign, capsys):
    """Two names that look the same are told apart; letters of the right-to-left scripts stay (below)."""
    say(f"item A{sign}1")
    print_json({"name": f"A{sign}1"})
    out = capsys.readouterr().out
    assert sign not in out
    assert out.startswith(f"item A\\{'x' if sign < chr(256) else 'u' if sign < chr(65536) else 'U'}")
    assert json.loads(out[out.index("{") :]) == {"name": f"A{sign}1"}
    assert is_visible(f"A{sign}1")


@pytest.mark.parametrize("weapon", WEAPONS)
def test_json_stays_json_and_says_the_same(weapon, capsys):
    print_json({"name": weapon})
    out = capsys.readouterr().out
    assert json.loads(out) == {"name": weapon}
    assert is_visible(out.replace("\n", ""))


@pytest.mark.parametrize("weapon", WEAPONS)
def test_messages_show_codes(weapon):
    text = Problem("E-ITM-015", f"unknown '{weapon}'", f"i{weapon}.csv", 3, weapon, weapon).format()
    assert is_visible(text.replace("\n", ""))


def test_letters_of_all_languages_stay():
    for name in ('Größe 3/4"', "漢字", "عربي", "نیم\u200cفاصله", "👩\u200d🔧", "a\xa0b"):
        assert visible(name) == name


@pytest.mark.parametrize("column", ["sku", "location", "supplier"])
@pytest.mark.parametrize("weapon", ["\x1b[31m", "\x07", "\u202e", "x\x9by"])
def test_keys_with_unseen_signs_are_refused(column, weapon):
    items = pd.DataFrame(
        {"sku": ["a"], "location": ["b"], "unit_cost": [1.0], "lead_time": [3], "supplier": ["s"]}
    )
    items["demand_law"], items["demand_mean"] = "poisson", 2.0
    items[column] = f"k{weapon}k"
    with pytest.raises(InvalidInputError) as refused:
        load_frames(items, study=Study.default(period="day"))
    assert "sign that is not shown" in str(refused.value)
    assert is_visible(str(refused.value).replace("\n", ""))


def test_other_cells_show_codes_and_the_account_says_so():
    items = pd.DataFrame({"sku": ["a", "b"], "location": "x", "unit_cost": 1.0, "lead_time": 3})
    items["demand_law"], items["demand_mean"], items["colour"] = "poisson", 2.0, ["red\x1b[31m", "blue\n"]
    data = load_frames(items, study=Study.default(period="day"))
    assert list(data.catalog.texts["colour"]) == ["red\\x1b[31m", "blue\n"]
    assert "unseen signs" in set(data.quality.to_frame().astype(str).to_numpy().ravel())


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("study", {"name": "a\x1b[31m"}),
        ("study", {"currency": "\x07"}),
        ("scenarios", {"\x07": {"demand": 1.1}}),
        ("policy", {"targets": {"A\u202e": 0.9}}),
        ("segments", {"rules": [{"name": "a\nb", "where": "unit_cost > 1"}]}),
        ("data", {"items": {"path": "a\x00.csv"}}),
    ],
)
def test_study_files_with_unseen_signs_are_refused(section, said):
    with pytest.raises(InvalidInputError) as refused:
        parse_study({"data": {"items": {"path": "items.csv"}}, section: said})
    assert "sign that is not shown" in str(refused.value)
    assert is_visible(str(refused.value).replace("\n", ""))


def test_conditions_may_go_over_lines():
    rules = [{"name": "a", "where": "unit_cost > 1\n\tand unit_cost < 5"}]
    study = parse_study(
        {"data": {"items": {"path": "items.csv"}}, "segments": {"by": "rules", "rules": rules}}
    )
    assert study.segments.rules[0].name == "a"


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1+1", "\uff20x"]
)
def test_no_cell_of_a_csv_is_a_formula(cell):
    assert guarded(cell).startswith(f"'{cell[0]}")
    text = csv_text(pd.DataFrame({cell: [cell], "n": [-1.5]}))
    assert not any(
        part.startswith(("=", "+", "@", "-2", "\t", "\r", "\uff1d", "\uff20"))
        for line in text.split("\n")
        for part in line.split(",")
    )


LIVE = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
NAMES = st.text(st.sampled_from("=+-@ab1 ,;|\t\n\"'\uff1d"), max_size=9)


@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4), st.sampled_from(",;\t|"))
def test_no_cell_is_a_formula_whatever_divides_cells(rows, delimiter):
    """Where people write 1,5 a spreadsheet takes our commas for text, and semicolons for ends of cells."""
    text = csv_text(pd.DataFrame(rows, columns=["name", "place"]))
    read = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]
    split = [cell for line in text.split("\n") for cell in line.split(delimiter) if delimiter != ","]
    assert not [cell for cell in (*read, *split) if cell.startswith(LIVE)], text
    assert all(unguarded(guarded(cell)) == cell for row in rows for cell in row)


@pytest.mark.parametrize("cell", ["abc", "'x", "", "1-2", "a=b", "a; b", "a;'b", "3|4", "a;b=c"])
def test_plain_text_stays(cell):
    assert guarded(cell) == cell


def test_a_very_long_name_does_not_fill_the_screen():
    said = Problem("E-ITM-014", f"'{'K' * 1000}' stands twice", "items.csv", 3, "sku").format()
    assert said.endswith(f"'{'K' * 80}…' (1,000 signs) stands twice")
    assert "'A-1' and 'B-2'" in Problem("E-ITM-014", "'A-1' and 'B-2'", "items.csv").format()
