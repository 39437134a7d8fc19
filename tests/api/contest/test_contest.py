"""Contests of schemes from study to run folder: who takes part, what is written, what is refused."""

import html
import json
import math

import numpy as np
import pandas as pd
import pytest

import simlab as sl
from simlab import api
from simlab.api.contest import statements as contest_words
from simlab.api.contest.outcome import Rounds
from simlab.api.contest.record import write_contest
from simlab.cli import main
from simlab.errors import InvalidInputError, UsageError
from simlab.measures import Estimate
from simlab.run import RunFolder, verify
from simlab.study import Study

N = 40
SMALL = Rounds(controls=20, seeds=2, catalogues=3, classes=(1, 2, 3))
FEW = Rounds(controls=0, seeds=0, catalogues=0, classes=(), services=False)

ONE = Rounds(controls=0, seeds=0, catalogues=0, classes=(1, 2))


def items(n=N) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    mean = np.round(rng.lognormal(1.5, 1.0, n), 2)
    return pd.DataFrame(
        {
            "sku": [f"{i:05d}" for i in range(n)],
            "location": rng.choice(["EAST", "WEST"], n),
            "unit_cost": np.round(rng.lognormal(2, 1.2, n), 2) + 0.5,
            "price": 500.0,
            "lead_time": rng.choice([7, 14, 21], n),
            "demand_law": "negative_binomial",
            "demand_mean": mean,
            "demand_variance": np.round(mean * rng.uniform(1.5, 6, n), 2),
            "criticality": rng.choice(["V", "E", "D"], n),
            "gappy": [None if i == 3 else "x" if i % 2 else "y" for i in range(n)],
            "constant": "same",
        }
    )


def study(segments=None, **optimize) -> Study:
    return Study.default(
        "contest",
        currency="EUR",
        simulation={"periods": 26, "replications": 40},
        optimize={"n_targets": 10, "target_min": 0.5, **optimize},
        verdict={"replications": 80},
        lead_times={"law": "fixed"},
        **({"segments": segments} if segments else {}),
    )


@pytest.fixture(scope="module")
def data():
    return api.load_frames(items(), study=study())


@pytest.fixture(scope="module")
def contest(data):
    return sl.compare(
        data, ["abc", "tbs", "abc+xyz", "location", "tree"], fill_rate=(0.95, 0.9), rounds=SMALL
    )


def test_a_contest_names_a_winner_with_intervals(contest):
    frame = contest.to_frame()
    main_rows = frame[frame["at_fill"] == 0.95]
    assert set(main_rows["scheme"]) == {"abc", "tbs", "abc+xyz", "location", "tree", "one class"}
    assert main_rows["holding_cost"].is_monotonic_increasing
    assert (main_rows["holding_cost_low"] < main_rows["holding_cost"]).all()
    assert (main_rows["percent_vs_per_sku"] > -0.02).all()
    assert contest.winner == main_rows["scheme"].iloc[0]
    assert "Cheapest at equal margin served 95.0%" in contest.statements[0]  # prices cover all value
    assert "costs" in " ".join(contest.statements)
    assert "<table" in contest._repr_html_()
    assert contest.plot().axes


def test_differences_called_so_keep_their_sign_on_further_seeds(contest):
    """The closing condition of the contest, on a small scale."""
    pairs = contest.frames()["pairs"]
    assert not pairs["sign_changes"].any()
    assert contest.stability.seed_ranks.shape == (2, 6)
    assert contest.stability.catalogue_ranks.shape == (3, 6)


def test_every_table_has_its_rows(contest):
    frames = contest.frames()
    assert len(frames["pairs"]) == 2 * 15
    assert set(frames["controls"]["scheme"]) == {"abc", "tbs", "abc+xyz", "location", "tree"}
    assert (frames["controls"].groupby(["scheme", "at_fill"]).size() == 20).all()
    assert set(frames["classes"]["scheme"]) == {"abc", "tbs", "tree", "random"}
    assert (frames["classes"].groupby("scheme")["recommended"].sum() == 1).all()
    made = frames["regret"]
    assert set(made["made_for"]) >= {"fill_rate", "value_fill_rate", "margin_fill_rate", "ready_rate"}
    assert made[made["made_for"] == made["judged_by"]]["regret"].abs().max() < 0.02
    segments = frames["scheme_segments"]
    assert (segments.groupby("scheme")["n_items"].sum() == N).all()


def test_the_study_s_weight_decides_and_the_others_stand_beside(contest):
    """No winner without the weight that chose it; plans are read by units, value and items as they stand."""
    frame = contest.frames()["scheme_weights"]
    assert set(frame["judged_by"]) == {
        *("margin_fill_rate", "fill_rate", "value_fill_rate", "item_fill_rate"),
    }
    own = frame[frame["decides"]].set_index("scheme")
    assert set(own["judged_by"]) == {"margin_fill_rate"}
    main = contest.to_frame()
    main = main[main["at_fill"] == 0.95].set_index("scheme")
    pd.testing.assert_series_equal(
        own["percent_vs_one_class"].sort_index(), main["percent_vs_one_class"].sort_index()
    )
    assert own.loc[contest.winner, "rank"] == 1
    said = [line for line in contest.statements if "the same plans" in line]
    assert len(said) == 3
    assert {line.split(",")[0] for line in said} == {
        *("At equal units served", "At equal value served", "At equal items served"),
    }


def test_by_units_where_the_study_says_so():
    units = api.load_frames(items(), study=study(service={"weight": "units"}))
    found = sl.compare(units, ["abc"], rounds=FEW)
    assert found.counted == "units served"
    assert "equal units served" in found.statements[0]


def test_workers_change_nothing(data, contest):
    """Every table equal to the bit for one worker and small blocks."""
    again = sl.compare(
        data, ["abc", "tbs", "abc+xyz", "location", "tree"], fill_rate=(0.95, 0.9), rounds=SMALL, workers=1
    )
    for name, frame in contest.frames().items():
        pd.testing.assert_frame_equal(frame, again.frames()[name], check_exact=True)
    assert again.statements == contest.statements


def test_all_problems_of_all_named_schemes_come_at_once(data):
    with pytest.raises(InvalidInputError) as refused:
        sl.compare(data, ["abz", "gappy", "abc_lines"], rounds=FEW)
    text = str(refused.value)
    assert "did you mean 'abc'" in text
    assert "empty for 1 of 40" in text
    assert "lines_per_unit" in text


def test_what_cannot_take_part_is_left_out_by_name(data):
    """Without a choice of schemes nothing fails, and nothing is silently missing."""
    found = sl.compare(data, rounds=FEW)
    left_out = dict(found.entered.left_out)
    assert {"abc_lines", "adi_cv2"} <= set(left_out)
    assert "lines_per_unit" in left_out["abc_lines"]
    assert {"abc", "tbs", "abc+xyz", "location", "tree"} <= set(found.tournament.names)


def test_learned_schemes_and_optimised_sizes_take_part_beside_the_rest():
    """Grown on the search seed by their names; each costs no more in the sample than its given sizes."""
    learned = {"classes": 3, "min_size": 5, "method": "free"}
    tabled = api.load_frames(items(), study=study({"learned": learned}))
    names = ["tbs", "optimised:tbs", "optimised:abc", "tree", "cuts", "learned"]
    found = sl.compare(tabled, names, rounds=Rounds(controls=0, seeds=0, catalogues=0, classes=(1, 2, 3)))
    main_rows = found.to_frame().set_index("scheme")
    assert set(names) <= set(main_rows.index)
    assert (main_rows.loc[names, "n_segments"] <= 3).all()
    searched = main_rows["holding_cost_search"]
    assert searched["optimised:tbs"] <= searched["tbs"]
    assert searched["learned"] <= searched.drop("learned").min()
    assert "from" in main_rows.loc["optimised:tbs", "rule"]
    scaled = found.frames()["classes"]
    assert {"optimised:tbs", "cuts", "learned"} <= set(scaled["scheme"])
    with pytest.raises(InvalidInputError, match="'optimised:xyz': has no score to cut"):
        sl.compare(tabled, ["optimised:xyz"], rounds=FEW)


def test_a_segmentation_of_ones_own_takes_part(data):
    own = sl.segment(data, by="criticality")
    found = sl.compare(data, [own, "abc"], rounds=FEW)
    assert "criticality" in found.tournament.names
    named = sl.compare(data, {"mine": own, "value": "abc"}, rounds=FEW)
    assert set(named.tournament.names) == {"mine", "value", "one class"}
    with pytest.raises(UsageError, match="40"):
        sl.compare(data, [sl.segment(api.load_frames(items(5), study=study()), by="location")], rounds=FEW)


def test_classes_that_hold_nothing_are_noted():
    """A class left empty and a scheme with one class are said, not hidden."""
    steady = items().assign(demand_law="poisson", demand_mean=40.0, demand_variance=np.nan)
    steady.loc[0, "demand_mean"] = 2.0
    found = sl.compare(api.load_frames(steady, study=study()), ["xyz", "abc"], rounds=FEW)
    notes = " ".join(found.entered.notes)
    assert "scheme 'xyz': no SKU-location is in class Z" in notes
    steady["demand_mean"] = 40.0
    flat = sl.compare(api.load_frames(steady, study=study()), ["xyz"], rounds=FEW)
    assert "scheme 'xyz' puts every SKU-location in one class, 'X'" in flat.entered.notes
    assert "cost exactly the same" in " ".join(flat.statements)


@pytest.mark.parametrize(
    ("schemes", "options", "message"),
    [
        ([], {}, "which schemes"),
        (["abc", "abc"], {}, "takes part twice"),
        (["abc"], {"fill_rate": 95}, "did you mean 0.95"),
        (["abc"], {"fill_rate": ()}, "at which fill rate"),
        (["abc"], {"verdict_replications": 37}, "equally long batches"),
    ],
)
def test_contests_that_make_no_sense_are_refused(data, schemes, options, message):
    with pytest.raises(UsageError, match=message):
        sl.compare(data, schemes, rounds=FEW, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"controls": 5}, "at least 20"),
        ({"seeds": -1}, "not negative"),
        ({"rule_cost": -1.0}, "not negative"),
    ],
)
def test_rounds_that_make_no_sense_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        Rounds(**options)


def test_more_classes_than_items_are_refused():
    small = api.load_frames(items(2), study=study())
    with pytest.raises(InvalidInputError, match="3 classes for 2 SKU-locations"):
        sl.compare(small, ["tbs"], rounds=FEW)


def test_without_moocore_the_hypervolume_is_left_out(contest, monkeypatch):
    from importlib import util

    from simlab.api.contest.tables import NO_MOOCORE, hypervolumes

    pytest.importorskip("moocore", reason="the optional extra 'schemes' is not installed")
    volumes = hypervolumes(contest)
    assert all(0 < volume < 1 for volume in volumes.values())
    assert max(volumes, key=volumes.__getitem__) == "per-SKU plan"
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    assert hypervolumes(contest) == {}
    assert "simlab[schemes]" in NO_MOOCORE


@pytest.mark.pages
def test_the_command_leaves_a_run_folder_that_verifies(tmp_path, monkeypatch, capsys):
    """Tables as Parquet, chart data as CSV, statements and seeds in the manifest."""
    items().to_csv(tmp_path / "items.csv", index=False)
    (tmp_path / "study.toml").write_text(
        """
schema = 1
[study]
name = "contest"
period = "week"
[data.items]
path = "items.csv"
[lead_times]
law = "fixed"
[simulation]
periods = 26
replications = 20
[optimize]
n_targets = 8
[verdict]
replications = 40
"""
    )
    out = tmp_path / "run"
    words = ["compare", "schemes", str(tmp_path / "study.toml"), "--schemes", "abc,zhs", "--out", str(out)]
    monkeypatch.setattr(
        "sys.argv", ["simlab", *words, "--seeds", "1", "--catalogues", "2", "--format", "json"]
    )
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    document = json.loads(capsys.readouterr().out)
    assert document["folder"] == str(out)
    assert document["statements"]
    assert {row["scheme"] for row in document["tables"]["schemes"]} == {"abc", "zhs", "one class"}
    assert verify(out) == []
    run = RunFolder.open(out)
    assert run.manifest["command"] == "compare schemes"
    assert set(run.manifest["seeds"]) == {"study", "search", "selection", "verdict"}
    for name in ("tournament", "pairs", "controls", "classes", "regret", "stability"):
        assert len(run.read_table(name))
    assert len(pd.read_csv(out / "figures" / "tournament.csv")) == 3
    page = (out / "report.html").read_text("utf-8")
    assert document["statements"][0] in html.unescape(page)
    assert "http-equiv" in page
    assert "<script src" not in page  # the tabs' own, and nothing is fetched
    assert page.count("<svg") >= 4


def test_a_refused_contest_leaves_no_folder(tmp_path):
    items().to_csv(tmp_path / "items.csv", index=False)
    text = '[data.items]\npath = "items.csv"\n[lead_times]\nlaw = "fixed"\n'
    (tmp_path / "study.toml").write_text("schema = 1\n" + text)
    with pytest.raises(InvalidInputError):
        api.run_compare_schemes(tmp_path / "study.toml", ["nonsense"], out=tmp_path / "run", rounds=FEW)
    assert not (tmp_path / "run").exists()


@pytest.mark.pages
def test_products_with_learned_parts_take_part(data, tmp_path):
    """A part is grown by itself and crossed with the others; as a list of names or joined by "+"."""
    contest = sl.compare(data, ["abc", "tree", "abc+tree", ("location", "cuts")], rounds=ONE)
    entrants = {one.name: one.segmentation for one in contest.tournament.entrants}
    assert set(entrants) == {"abc", "tree", "abc+tree", "location+cuts"}
    abc, tree, both = entrants["abc"], entrants["tree"], entrants["abc+tree"]
    pairs = set(zip(abc.codes.tolist(), tree.codes.tolist(), strict=True))
    assert both.n_segments == len(pairs)
    assert {(abc.codes[i], tree.codes[i]) for i in np.flatnonzero(both.codes == 0)} <= pairs
    assert len({(abc.codes[i], tree.codes[i]) for i in np.flatnonzero(both.codes == 0)}) == 1
    result = write_contest(contest, RunFolder.create(tmp_path / "run", "c", tmp_path), {})
    assert "abc+tree" in (result.folder / "report.html").read_text(encoding="utf-8")
    with pytest.raises(InvalidInputError, match="nowhere"):
        sl.compare(data, ["nowhere+tree"], rounds=FEW)


def test_a_price_without_an_interval_shows_no_nan() -> None:
    """Where some replications do not span the fill there is no interval: it is said, never printed as nan."""
    text = contest_words._clause(
        "one class", "the per-SKU plan", Estimate(0.004, math.nan, math.nan, 0.95, "simulation", 20)
    )
    assert text == "one class costs 0.4% (too few replications for an interval) more than the per-SKU plan"


@pytest.mark.parametrize("n", [1, N])
def test_a_contest_without_further_rounds_leaves_a_whole_folder(tmp_path, n):
    """One SKU-location, or no numbers of classes and no definitions of service: the page is drawn."""
    items(n).to_csv(tmp_path / "items.csv", index=False)
    text = (
        "schema = 1\n[data.items]\npath = 'items.csv'\n[lead_times]\nlaw = 'fixed'\n"
        "[simulation]\nperiods = 26\nreplications = 40\n[optimize]\nn_targets = 10\n"
        "[verdict]\nreplications = 40\n"
    )
    (tmp_path / "study.toml").write_text(text, "utf-8")
    few = FEW if n > 1 else ONE
    result = api.run_compare_schemes(tmp_path / "study.toml", ["abc"], out=tmp_path / "run", rounds=few)
    assert result.report.is_file()
    assert verify(tmp_path / "run") == []
    if n == 1:
        assert any(line.endswith("abc costs as much as the per-SKU plan.") for line in result.statements)


def test_schemes_no_better_than_chance_are_not_told_of_others_that_do_not_exist():
    alike = items().assign(criticality=[*["V"] * (N - 1), "E"])
    rounds = Rounds(controls=20, seeds=0, catalogues=0, classes=(), services=False)
    found = sl.compare(api.load_frames(alike, study=study()), ["ved"], rounds=rounds)
    (line,) = [one for one in found.statements if one.startswith("No better than chance")]
    assert line.endswith("show: ved; that is every scheme.")
