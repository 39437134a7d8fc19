"""The study file: what is valid, what is refused, and how it is said."""

from __future__ import annotations

import datetime as dt
import json
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from simlab.errors import EXIT_INVALID, InvalidInputError
from simlab.study import Study, even_targets, parse_study, read_study
from simlab.study.later import WORKS, value_at

ITEMS = '[data.items]\npath = "items.csv"\n'


def refused(text: str) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        parse_study(ITEMS + text)
    assert caught.value.exit_code == EXIT_INVALID
    return caught.value


def codes(error: InvalidInputError) -> list[str]:
    return [problem.code for problem in error.problems]


def test_items_alone_make_a_study() -> None:
    """A file with nothing but the items' path is valid, with the documented defaults."""
    study = parse_study(ITEMS, name="spring")
    assert study.name == "spring"
    assert (study.period, study.week_starts, study.as_of) == ("week", "monday", None)
    assert study.data.demand is None
    assert study.segments.by == ("abc", "xyz")
    assert study.policy.targets == {"A": 0.98, "B": 0.95, "C": 0.90}
    assert (study.optimize.fill_rate, study.optimize.budget) == (0.95, None)
    assert study.simulation.seed == 7
    assert study.period_days == 7
    assert study.periods_per_year == pytest.approx(365 / 7)


def test_name_and_folder_come_from_the_file(tmp_path: Path) -> None:
    """The name defaults to the file's stem, tables are found beside the file, a BOM does no harm."""
    path = tmp_path / "autumn.toml"
    path.write_bytes(b"\xef\xbb\xbf" + ITEMS.encode())
    study = read_study(path)
    assert study.name == "autumn"
    assert study.path_of(study.data.items) == tmp_path / "items.csv"
    assert study.source == ITEMS


def test_misspelt_key_gets_a_suggestion() -> None:
    """replicatinos is named and replications is proposed."""
    error = refused("[simulation]\nreplicatinos = 3\n")
    assert codes(error) == ["E-STU-004"]
    assert "simulation.replicatinos" in str(error)
    assert "did you mean 'replications'?" in str(error)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[segments]\nby = ["column:category", "column:category"]\n', "column:category"),
        ('[segments]\nby = ["abc", "abc+xyz"]\n', "abc"),
        ('[lead_times]\nby = ["supplier", "supplier"]\n', "supplier"),
        ('[optimize]\nordered = ["A", "B", "A"]\n', "A"),
    ],
)
def test_a_name_that_stands_twice_was_meant_to_be_another(text: str, name: str) -> None:
    """It was merged without a word."""
    error = refused(text)
    assert codes(error) == ["E-STU-006"]
    assert f"'{name}' stands twice" in str(error)


def test_key_in_the_wrong_section_is_sent_home() -> None:
    assert "it belongs to [simulation]" in str(refused("[optimize]\nseed = 3\n"))


def test_weekdays_among_closed_dates_are_told_their_option() -> None:
    said = str(refused('[demand]\nclosed = ["saturday", "2024-13-01"]\n'))
    assert said.count('weekdays = ["saturday", "sunday"]') == 1
    assert said.count("is neither a date") == 2


def test_percentages_are_questioned() -> None:
    """95 is not a fill rate; 0.95 is what was meant."""
    error = refused("[optimize]\nfill_rate = 95\n[policy]\ntargets = { A = 98 }\n")
    assert codes(error) == ["E-STU-003", "E-STU-003"]
    assert "optimize.fill_rate = 95: service targets are fractions, did you mean 0.95?" in str(error)
    assert "did you mean 0.98?" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "[optimize]\nfill_rate = 1.0\n",
        "[optimize]\ntarget_max = 1.0\n",
        "[optimize]\ntargets = [0.9, 1]\n",
        "[policy]\ntargets = { A = 1.0, B = 0.95 }\n",
    ],
)
def test_target_of_exactly_one_is_refused(text: str) -> None:
    assert "a target of exactly 1.0" in str(refused(text))


def test_lowest_target_above_highest_names_both() -> None:
    error = refused("[optimize]\ntarget_min = 0.99\ntarget_max = 0.6\n")
    assert "optimize.target_min = 0.99" in str(error)
    assert "optimize.target_max = 0.6" in str(error)


@pytest.mark.parametrize("budget", ["0", "-5.0", "nan", "inf", "true", '"much"'])
def test_impossible_budgets_are_refused(budget: str) -> None:
    assert "optimize.budget" in str(refused(f"[optimize]\nbudget = {budget}\n"))


def test_every_mistake_is_reported_at_once() -> None:
    """One wrong section hides no other, and contradictions are seen beside wrong keys."""
    error = refused(
        "[study]\nperiod = 'dialy'\nnme = 'x'\n"
        "[optimize]\ntarget = 0.9\ntarget_min = 0.9\ntarget_max = 0.5\nbudget = 0\n"
        "[simulation]\nseed = 'a'\nbatches = 33\n"
        "[policy]\nforecast = { method = 'ses' }\n"
        "[elsewhere]\n"
    )
    said = str(error)
    for token in (
        "study.period = 'dialy'",
        "did you mean 'name'?",
        "did you mean 'targets'?",
        "optimize.target_min = 0.9, optimize.target_max = 0.5",
        "optimize.budget = 0",
        "simulation.seed = 'a': is not a whole number",
        "simulation.batches = 33: must be at most 32",
        "policy.forecast: no level follows a forecast",
        "unknown option 'elsewhere'",
    ):
        assert token in said
    assert said.endswith("9 problems, nothing was run")


def test_toml_mistakes_name_their_line() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_study("[study]\nname = spring\n", file="spring.toml")
    assert "error[E-STU-002] spring.toml:2" in str(caught.value)


def test_unreadable_files_are_input_errors(tmp_path: Path) -> None:
    for path, content in (("absent.toml", None), ("latin.toml", b"[study]\nname = '\xe4'\n")):
        if content is not None:
            (tmp_path / path).write_bytes(content)
        with pytest.raises(InvalidInputError, match="E-STU-001"):
            read_study(tmp_path / path)


def test_tables_need_readable_paths() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_study("[data.items]\ndecimal = ','\n[data.demand]\npath = 'demand.docx'\n")
    said = str(caught.value)
    assert "data.items.path: is missing and required" in said
    assert "cannot read a .docx file" in said


def test_crossing_must_be_said_with_receipts() -> None:
    """Random lead times without a word on crossing would be simulated on a guess."""
    receipts = "[data.receipts]\npath = 'receipts.csv'\n"
    assert codes(refused(receipts)) == ["E-STU-011"]
    assert parse_study(ITEMS + receipts + "[lead_times]\ncrossing = true\n").lead_times.crossing is True
    parse_study(ITEMS + receipts + "[lead_times]\nlaw = 'fixed'\n")


OTHER_VALUES: dict[str, object] = {
    "models.law": "gamma",
    "models.score": "crps",
    "models.support": "resolution",
    "models.override": [{"sku": "1", "law": "poisson"}],
    "lead_times.law": "lognormal",
    "lead_times.shared_delay": True,
    "policy.unmet": {"waits": 0.3},
    "policy.start": "today",
    "simulation.warmup": 12,
    "simulation.precision": {"half_width": 0.001},
    "optimize.objective": "total_cost",
    "optimize.service.measure": "ready_rate",
    "optimize.service.weight": "value",
    "optimize.budget_on": "on_hand+pipeline",
    "optimize.ordered": ["A", "B"],
    "optimize.pinned": [{"segment": "C", "target": 0.9}],
    "optimize.points": 50,
    "optimize.choose": "lower_bound",
    "optimize.floors": [{"by": "location", "at_least": {"EAST": 0.9}}],
    "optimize.ceilings": [{"by": "supplier", "at_most": {"ACME": 2e5}}],
    "optimize.chance": [{"at_least": 0.95, "probability": 0.9}],
    "optimize.costs": {"order": 25.0},
    "replay": {"holdout": 8},
    "scenarios": {"late": {"lead_time": 1.3}},
}


@pytest.mark.parametrize("option", WORKS)
def test_options_of_later_versions_are_refused_by_name(option: str) -> None:
    """Whatever the interface names and the program does not do stops the run instead of being ignored."""
    raw: dict[str, object] = {"data": {"items": {"path": "items.csv"}}}
    value = OTHER_VALUES.get(option, "something")
    *path, last = option.split(".")
    table = raw
    for key in path:
        table = table.setdefault(key, {})  # type: ignore[assignment]
    table[last] = value
    with pytest.raises(InvalidInputError) as caught:
        parse_study(raw)
    said = [problem.format() for problem in caught.value.problems]
    assert any(option in line and "not in this version" in line for line in said)


@pytest.mark.parametrize("option", WORKS)
def test_defaults_of_later_options_are_fine(option: str) -> None:
    """Spelling out a default is no use of an option."""
    resolved = parse_study(ITEMS).resolved()
    value = value_at(resolved, option)
    assert value in (None, "", [], {}) or value in WORKS[option]


def test_resolved_study_is_plain_json_and_reads_back() -> None:
    study = parse_study(ITEMS + "[study]\nas_of = 2025-11-30\n[demand]\nclosed = ['2025-12-25']\n")
    resolved = json.loads(json.dumps(study.resolved(), allow_nan=False))
    assert resolved["study"]["as_of"] == "2025-11-30"
    pruned = {key: value for key, value in resolved.items() if value is not None}
    pruned["data"] = {key: value for key, value in pruned["data"].items() if value is not None}
    assert parse_study(pruned).resolved() == study.resolved()


def test_frozen() -> None:
    study = parse_study(ITEMS)
    with pytest.raises(ValidationError):
        study.name = "other"  # type: ignore[misc]


def test_default_grid() -> None:
    """24 targets even in −log(1 − target) between the ends, plus those the study names."""
    study = parse_study(ITEMS + "[policy]\ntargets = { A = 0.93 }\n")
    grid = study.targets()
    assert len(grid) == 25
    assert (grid[0], grid[-1]) == (0.80, 0.999)
    assert 0.93 in grid
    even = np.array(even_targets(0.80, 0.999, 24))
    steps = np.diff(-np.log1p(-even))
    assert np.allclose(steps, math.log(0.2 / 0.001) / 23, atol=2e-3)
    assert list(grid) == sorted(set(grid))


def test_named_grid_is_taken_as_it_is() -> None:
    assert parse_study(ITEMS + "[optimize]\ntargets = [0.95, 0.9, 0.95]\n").targets() == (0.9, 0.95)
    assert parse_study(ITEMS + "[optimize]\ntargets = [0.9]\nn_targets = 1\n").targets() == (0.9,)
    assert "one target cannot reach" in str(refused("[optimize]\nn_targets = 1\n"))


def test_budget_alone_leaves_the_floor_open() -> None:
    assert parse_study(ITEMS + "[optimize]\nbudget = 1000\n").optimize.fill_rate is None


@pytest.mark.parametrize(
    ("period", "unit", "review"),
    [("day", "days", 7.0), ("week", "weeks", 1.0), ("month", "months", 1.0), ("week", "periods", 1.0)],
)
def test_default_review_is_a_week_or_a_period(period: str, unit: str, review: float) -> None:
    study = parse_study(
        {"study": {"period": period}, "data": {"items": {"path": "a.csv"}, "time_unit": unit}}
    )
    assert study.policy.review_period == pytest.approx(review)
    assert study.policy.review_period * study.time_unit_periods >= 1 - 1e-12


def test_review_shorter_than_a_period_is_refused() -> None:
    assert "0.5 days is less than a part of a week" in str(refused("[policy]\nreview_period = 0.5\n"))


def test_closed_days() -> None:
    """Dates, ranges with both ends, and weekdays are closed; nothing else is."""
    study = parse_study(
        ITEMS + "[demand]\nclosed = ['2025-12-24/2025-12-26', 2026-01-01]\nweekdays = ['sunday']\n"
    )
    dates = np.arange("2025-12-22", "2026-01-05", dtype="datetime64[D]")
    closed = {str(day) for day in dates[study.demand.closed_mask(dates)]}
    assert closed == {"2025-12-24", "2025-12-25", "2025-12-26", "2025-12-28", "2026-01-01", "2026-01-04"}


@pytest.mark.parametrize("value", ["2025-13-01", "2025-12-31/2025-12-01", "christmas", "20251225"])
def test_impossible_closed_dates(value: str) -> None:
    assert "demand.closed[0]" in str(refused(f"[demand]\nclosed = ['{value}']\n"))


def test_terciles_either_way() -> None:
    for text in ("xyz = 'terciles'", "xyz = { cuts = 'terciles' }"):
        assert parse_study(f"{ITEMS}[segments]\nby = 'xyz'\n{text}\n").segments.xyz.cuts == "terciles"


def test_falling_cuts_are_refused() -> None:
    assert "cuts must rise" in str(refused("[segments]\nabc = { cuts = [0.95, 0.8] }\n"))


@pytest.mark.parametrize("name", ["a/b", "..", "a\\\\b", " x", "=1+1", "$(x)", "a & b"])
def test_names_that_are_no_folders(name: str) -> None:
    assert "cannot be the name of a folder" in str(refused(f'[study]\nname = "{name}"\n'))


def test_study_in_python() -> None:
    """DataFrames need no file: sections are given as keywords and checked alike."""
    study = Study.default("frames", period="day", segments={"by": "supplier"})
    assert (study.name, study.period, study.segments.by) == ("frames", "day", ("supplier",))
    assert study.policy.targets == {}
    assert study.as_of is None
    assert Study.default(as_of=dt.date(2025, 1, 31)).as_of == dt.date(2025, 1, 31)
    with pytest.raises(InvalidInputError, match="did you mean 'segments'"):
        Study.default(segmets={"by": "abc"})


def test_sections_survive_toml_and_python_alike() -> None:
    """The text of a study and the dictionary it stands for give the same study."""
    text = ITEMS + "[optimize]\nfill_rate = 0.9\n[run]\nworkers = 1\n"
    assert parse_study(text).resolved() == parse_study(tomllib.loads(text)).resolved()


def test_any_scheme_may_have_a_table_of_options() -> None:
    """[segments.tbs] is kept for the scheme of that name, and written out where it stood."""
    study = parse_study(ITEMS + "[segments]\nby = ['tbs']\n[segments.tbs]\nsizes = [0.04, 0.96]\n")
    assert study.segments.options == {"tbs": {"sizes": [0.04, 0.96]}}
    resolved = study.resolved()["segments"]
    assert resolved["tbs"] == {"sizes": [0.04, 0.96]}
    assert "options" not in resolved
    assert "segments.bye: unknown option 'bye'" in str(refused("[segments]\nbye = ['abc']\n"))
    assert parse_study(ITEMS + "[segments.options]\nx = 1\n").segments.options == {"options": {"x": 1}}


def test_a_share_of_promotions_needs_promotions_as_a_driver() -> None:
    """A share would change nothing where only prices are looked at."""
    with pytest.raises(InvalidInputError, match="promotion is no driver"):
        Study.default(demand={"uplift": {"drivers": ["price"], "future": 0.1}})
    assert (
        Study.default(demand={"uplift": {"drivers": "promotion", "future": 0.1}}).demand.uplift.future == 0.1
    )
