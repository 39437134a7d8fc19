"""Files that come with a day's work: everything wrong at once, placed, exit 3, nothing written."""

import os

import pytest
from typer.testing import CliRunner
from worlds.ordering import make_run

import simlab as sl
from simlab.cli.app import app
from simlab.errors import InvalidInputError, UsageError

ITEM = {"demand_mean": 2.0, "lead_time": 4, "on_hand": 10, "on_order": 0, "S": 40}


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path, [{**ITEM, "sku": "a"}, {**ITEM, "sku": "b", "unmet": "lost"}])


def refused(run, tmp_path, text, option, **more):
    path = tmp_path / f"{option}.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(InvalidInputError) as caught:
        sl.orders(run, **{option: path, "date": "2026-01-05", **more})
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sku,location,on_hand\na,EAST,5\n", "no stock is stated for b@EAST"),
        ("sku,location,on_hand\na,EAST,5\nb,EAST,1\nz,EAST,2\n", "stock.csv:4 column 'sku': the run has no"),
        ("sku,location,on_hand\na,EAST,-5\nb,EAST,1\n", "stock.csv:2 column 'on_hand': '-5'"),
        (
            "sku,location,on_hand\na,EAST,5\na,EAST,6\nb,EAST,1\n",
            "stock.csv:3 column 'sku': the SKU-location",
        ),
        ("sku,location\na,EAST\n", "required column is missing"),
        ("article,location,on_hand\na,EAST,5\nb,EAST,1\n", "mean 'article'? Call it sku in this file"),
        ("sku,location,on_hand\na,EAST,many\nb,EAST,1\n", "'many'"),
        (
            "sku,location,on_hand,as_of\na,EAST,5,2026-01-01\nb,EAST,1,2026-01-04\n",
            "stock.csv:2 column 'as_of'",
        ),
        (
            "sku,location,on_hand,as_of\na,EAST,5,2026-02-01\nb,EAST,1,2026-01-04\n",
            "after the day of ordering",
        ),
        ("sku,location,on_hand,backorders\na,EAST,5,1\nb,EAST,1,3\n", "stock.csv:3 column 'backorders'"),
    ],
)
def test_stock_that_makes_no_sense_is_placed(run, tmp_path, text, said):
    assert said in refused(run, tmp_path, text, "stock")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "sku,location,quantity,due_date\na,EAST,5,2026-01-02\n",
            "open_orders.csv:2 column 'due_date': is due",
        ),
        ("sku,location,quantity,due_date\na,WEST,5,2026-01-09\n", "the run has no such SKU-location: a@WEST"),
        ("sku,location,quantity,due_date\na,EAST,-1,2026-01-09\n", "column 'quantity'"),
        ("sku,location,quantity,due_date\na,EAST,5,\n", "the cell is empty"),
    ],
)
def test_open_orders_that_make_no_sense_are_placed(run, tmp_path, text, said):
    assert said in refused(run, tmp_path, text, "open_orders")


def test_all_files_are_told_at_once_and_nothing_is_written(run, tmp_path):
    (tmp_path / "s.csv").write_text("sku,location,on_hand\na,EAST,-5\n", "utf-8")
    (tmp_path / "o.csv").write_text("sku,location,quantity,due_date\nz,EAST,5,2026-01-09\n", "utf-8")
    command = [
        "orders",
        str(run),
        "--stock",
        str(tmp_path / "s.csv"),
        "--open-orders",
        str(tmp_path / "o.csv"),
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 3
    text = result.stderr
    assert "s.csv" in text
    assert "o.csv" in text
    assert not (run.parent / "orders").exists()


def test_the_studys_own_stock_may_not_be_old(run):
    with pytest.raises(InvalidInputError, match="the study's stock is of 2026-01-04"):
        sl.orders(run, date="2026-01-20")
    with pytest.raises(UsageError, match="not after the study's last date"):
        sl.orders(run, date="2026-01-04")
    with pytest.raises(UsageError, match="is not a date"):
        sl.orders(run, date="Monday")


def test_open_orders_of_the_study_due_before_the_day_are_asked_about(tmp_path):
    due = [{"sku": "a", "location": "EAST", "quantity": 4, "due_date": "2026-01-06"}]
    run = make_run(tmp_path, [{**ITEM, "sku": "a", "review_period": 7}], open_orders=due)
    assert sl.orders(run).state.position.tolist() == [14]
    with pytest.raises(InvalidInputError, match="were due before 2026-01-08: a@EAST due 2026-01-06"):
        sl.orders(run, date="2026-01-08")


def test_a_plan_that_follows_a_forecast_gives_no_orders(tmp_path):
    from simlab.run import RunFolder

    run = RunFolder.open(make_run(tmp_path, [{**ITEM, "sku": "a"}]))
    plan = run.read_table("plan").assign(family="forecast")
    run.write_table("plan", plan)
    run.write_manifest({k: v for k, v in run.manifest.items() if k != "files"})
    with pytest.raises(UsageError, match="updated inside the run"):
        sl.orders(run.path)


def test_open_orders_that_stand_twice_or_are_due_in_a_century_are_asked_about(run, tmp_path):
    """They are counted, and the day says so: the same order twice, a wrong year."""
    path = tmp_path / "open.csv"
    line = "a,EAST,5,2026-01-09"
    path.write_text(f"sku,location,quantity,due_date\n{line}\nb,EAST,5,2126-01-09\n{line}\n", "utf-8")
    stock = tmp_path / "stock.csv"
    stock.write_text("sku,location,on_hand\na,EAST,5\nb,EAST,5\n", "utf-8")
    said = " ".join(sl.orders(run, stock=stock, open_orders=path, date="2026-01-05").statements)
    assert "open.csv, 1 rows that stand more than once: row 4 (a) says what row 2 says" in said
    assert "days after the day of ordering: a wrong year" in said


@pytest.mark.parametrize("cell", ["1,234", "1.234,5", "12 500"])
def test_numbers_of_a_stock_file_are_not_sent_to_a_section_that_no_study_has(run, tmp_path, cell):
    said = refused(run, tmp_path, f'sku,location,on_hand\na,EAST,"{cell}"\nb,EAST,7.25\n', "stock")
    assert "stock.csv:2 column 'on_hand'" in said
    assert "[data.stock]" not in said


def test_a_pipe_in_place_of_a_state_is_refused_at_once(run, tmp_path):
    """It was waited for without an end; a device filled the memory."""
    os.mkfifo(tmp_path / "state.json")
    with pytest.raises(InvalidInputError, match="is a pipe, not a file"):
        sl.orders(run, state=tmp_path / "state.json")


@pytest.mark.parametrize("what", ["stock", "open_orders", "receipts", "state"])
def test_a_file_that_there_is_not_is_bad_input_whichever_it_is(run, tmp_path, what):
    """Of the state it ended in 2, of all others in 3."""
    with pytest.raises(InvalidInputError, match=r"none\.csv"):
        sl.orders(run, **{what: tmp_path / "none.csv"})
