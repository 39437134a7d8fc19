"""What to order now: by hand, written beside the run, within limits."""

import itertools
import json

import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner
from worlds.ordering import make_run
from worlds.study import write_study

import simlab as sl
from simlab.api import run_orders
from simlab.api.ordering.deciding import ahead
from simlab.api.ordering.limits import steps_of
from simlab.cli.app import app
from simlab.errors import InvalidInputError, UsageError
from simlab.policies.stock_reward import Reward, stock_reward
from simlab.run import verify

ITEM = {"demand_mean": 2.0, "lead_time": 4, "price": 15.0, "on_hand": 10, "on_order": 0, "supplier": "ACME"}


def items(*changes):
    return [{**ITEM, "sku": f"s{number}", **change} for number, change in enumerate(changes)]


@pytest.mark.pages
def test_quantities_due_dates_and_money_by_hand(tmp_path):
    """⌈(S − position) ÷ pack⌉ × pack; lots; a smallest and a largest order; nothing at the level."""
    run = make_run(
        tmp_path,
        items(
            {"S": 31, "pack_size": 6, "product": "=SUM(1)"},  # deficit 21: four packs
            {"s": 12, "Q": 5},  # position 10 at or below 12: one lot of 5
            {"s": 12, "S": 40, "max_order": 20},  # wants 30, cut to 20
            {"S": 10},  # at its level
            {"S": 11, "moq": 8},
            {"s": 3, "S": 40},  # above s
        ),
    )
    found = sl.orders(run)
    table = found.orders.set_index("sku")
    assert table["quantity"].to_dict() == {"s0": 24, "s1": 5, "s2": 20, "s4": 8}
    assert table["packs"].to_dict()["s0"] == 4
    assert table["value"].to_dict()["s0"] == 240.0
    assert set(table["due_date"]) == {"2026-01-09"}
    assert set(table["order_date"]) == {"2026-01-05"}
    assert table.loc["s0", ["position", "level"]].tolist() == [10, 31]
    assert table.loc["s0", "cover_days"] == 5.0
    assert "packs of 6" in table.loc["s0", "why"]
    assert "cut from 30" in table.loc["s2", "why"]
    assert "smallest order 8" in table.loc["s4", "why"]
    assert found.counts == {
        "sku_locations": 6,
        "ordered": 4,
        "not_ordered_for_limits": 0,
        "excess": 0,
        "not_reviewed_today": 0,
        "fine": 2,
    }
    assert list(found.orders["chance_out"]) == sorted(found.orders["chance_out"], reverse=True)
    folder = found.write(by_supplier=True)
    assert folder == run.parent / "orders" / "2026-01-05"
    assert verify(run) == []
    text = (folder / "orders.csv").read_text("utf-8")
    assert ",'=SUM(1)," in text
    assert "What to order on 2026-01-05" in (folder / "report.html").read_text("utf-8")
    assert (folder / "suppliers" / "ACME.csv").read_text("utf-8") == text
    assert found.write().name == "2026-01-05-2"
    with pytest.raises(UsageError, match="exists"):
        found.write(folder)


def test_what_is_too_much_is_the_opposite_list(tmp_path):
    """On order above the level: cancel or push out; on the shelf: sell off, or it sells by itself."""
    due = [
        {"sku": "s0", "location": "EAST", "quantity": 400, "due_date": "2026-01-20"},
        {"sku": "s1", "location": "EAST", "quantity": 9, "due_date": "2026-01-08"},
    ]
    run = make_run(
        tmp_path,
        items({"S": 12}, {"S": 12}, {"S": 5, "on_hand": 5000}, {"S": 8}, {"S": 0, "demand_mean": 0.0}),
        open_orders=due,
    )
    found = sl.orders(run)
    rows = {(one["sku"], one["action"]): one for one in found.excess.to_dict("records")}
    assert rows["s0", "cancel"]["units"] == 398
    assert rows["s0", "cancel"]["due_date"] == "2026-01-20"
    assert rows["s1", "push_out"]["units"] == 7
    assert rows["s2", "sell_off"]["units"] == 4995
    assert rows["s3", "use_up"]["units"] == 2
    assert rows["s4", "sell_off"]["why"] == "on the shelf, and nothing is demanded"
    assert found.counts["excess"] == 5
    assert list(found.excess["value"]) == sorted(found.excess["value"], reverse=True)


def test_reviews_keep_their_days_and_suppliers_theirs(tmp_path):
    """R = 7 begins on the day after as_of; order weekdays take the place of the study's reviews."""
    suppliers = [{"name": "BOLT", "order_weekdays": ["tuesday", "friday"]}]
    run = make_run(
        tmp_path,
        items({"S": 50, "review_period": 7}, {"S": 50, "supplier": "BOLT"}),
        study={"suppliers": suppliers},
    )
    stock = tmp_path / "stock.csv"
    stock.write_text("sku,location,on_hand\ns0,EAST,10\ns1,EAST,10\n", "utf-8")

    def on(day, **more):
        return set(sl.orders(run, stock=stock, date=day, **more).orders["sku"])

    assert on("2026-01-05") == {"s0"}
    assert on("2026-01-06") == {"s1"}
    assert on("2026-01-07") == set()
    assert on("2026-01-09") == {"s1"}
    assert on("2026-01-12") == {"s0"}
    assert on("2026-01-07", every_item=True) == {"s0", "s1"}
    found = sl.orders(run, stock=stock, date="2026-01-06")
    assert str(found.review.next_day[1]) == "2026-01-09"
    assert found.counts["not_reviewed_today"] == 1


def test_order_weekdays_are_days_in_a_weekly_study_too(tmp_path):
    suppliers = [{"name": "ACME", "order_weekdays": "friday"}]
    week = {"study": {"period": "week"}, "policy": {"review_period": 7}, "suppliers": suppliers}
    run = make_run(tmp_path, items({"S": 50, "lead_time": 14}), study=week)
    stock = tmp_path / "stock.csv"
    stock.write_text("sku,location,on_hand\ns0,EAST,10\n", "utf-8")
    assert sl.orders(run, stock=stock, date="2026-01-05").orders.empty
    found = sl.orders(run, stock=stock, date="2026-01-09")
    assert found.orders["due_date"].tolist() == ["2026-01-23"]
    assert found.review.next_review.tolist() == [1]


def test_a_supplier_below_its_smallest_order_waits(tmp_path):
    suppliers = [{"name": "ACME", "minimum_order_value": 500.0}]
    run = make_run(tmp_path, items({"S": 40}, {"S": 90, "supplier": "B"}), study={"suppliers": suppliers})
    found = sl.orders(run)
    assert set(found.orders["sku"]) == {"s1"}
    assert found.counts["not_ordered_for_limits"] == 1
    assert any("ACME waits" in line for line in found.statements)


def test_columns_of_items_say_what_suppliers_ask_and_win_over_the_study(tmp_path):
    """A smallest order of ACME in one row holds for all its rows; an item has a weekday of its own."""
    suppliers = [{"name": "ACME", "minimum_order_value": 1.0, "order_weekdays": ["monday"]}]
    rows = items({"S": 40, "minimum_order_value": 501.0}, {"S": 30}, {"S": 90, "supplier": "B"})
    rows[2]["order_weekday"] = "friday"
    run = make_run(tmp_path, rows, study={"suppliers": suppliers})
    found = sl.orders(run, date="2026-01-05")
    assert found.orders.empty
    assert found.counts["not_ordered_for_limits"] == 2
    friday = sl.orders(run, date="2026-01-09", every_item=False, **_nothing_there(tmp_path))
    assert set(friday.orders["sku"]) == {"s2"}


def _nothing_there(folder):
    (folder / "stock.csv").write_text(
        "sku,location,on_hand\n" + "".join(f"s{k},EAST,0\n" for k in range(3)), "utf-8"
    )
    (folder / "coming.csv").write_text("sku,location,quantity,due_date\n", "utf-8")
    return {"stock": folder / "stock.csv", "open_orders": folder / "coming.csv"}


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (({}, {"minimum_order_value": 5.0, "supplier": None}), "a smallest order needs a supplier"),
        (({"minimum_order_value": 5.0}, {"minimum_order_value": 6.0}), "'ACME' has two smallest orders"),
        (({"order_weekday": "someday"}, {}), "'someday' is not allowed"),
    ],
)
def test_columns_of_suppliers_that_make_no_sense_are_placed(tmp_path, cells, said):
    with pytest.raises(InvalidInputError, match=said):
        make_run(tmp_path, items(*({"S": 40, **one} for one in cells)))


def test_a_budget_takes_the_packs_worth_most(tmp_path):
    """Twelve SKU-locations against every combination of packs, ranked by the stock reward."""
    draw = np.random.default_rng(2)
    run = make_run(
        tmp_path,
        items(
            *(
                {
                    "S": int(draw.integers(14, 18)),
                    "pack_size": 4,
                    "demand_mean": float(draw.uniform(1, 4)),
                    "unit_cost": float(draw.integers(5, 30)),
                    "price": float(draw.integers(31, 60)),
                }
                for _ in range(12)
            )
        ),
    )
    free = sl.orders(run)
    asked = free.orders["value"].sum()
    budget = round(0.4 * asked, 2)
    found = sl.orders(run, budget=budget)
    assert found.orders["value"].sum() <= budget
    assert "exactly" in " ".join(found.statements)
    worth = _worth(free)
    best = 0.0
    for choice in itertools.product(*(range(len(one)) for one in worth)):
        picked = [one[k] for one, k in zip(worth, choice, strict=True)]
        if sum(cost for cost, _ in picked) <= budget + 1e-9:
            best = max(best, sum(value for _, value in picked))
    taken = found.orders.set_index("sku")["quantity"]
    own = [
        next(v for c, v in one if abs(c - taken.get(sku, 0) * cost) < 1e-9)
        for one, sku, cost in zip(
            worth, free.source.ordering.sku, free.source.ordering.unit_cost, strict=True
        )
    ]
    assert sum(own) == pytest.approx(best)
    with pytest.raises(InvalidInputError, match="price"):
        sl.orders(make_run(tmp_path / "b", items({"S": 40, "price": np.nan})), budget=10)


def _worth(free):
    """(cost, ΔR) of every quantity of every item, 0 included; all are ordered once without a budget."""
    rows = np.arange(free.source.ordering.n_items)
    source = free.source
    look = ahead(source, free.state, free.review, free.quantity, rows, windows=True)
    out = []
    for row in rows.tolist():
        share = np.bincount(look.windows[row]) / look.paths
        margin = source.ordering.price[row] - source.ordering.unit_cost[row]
        carried = source.ordering.carrying[row] / 365.0
        there = int(free.state.position[row])
        amount = np.append(0, steps_of(source, row, int(free.quantity[row])))
        reward = stock_reward(share, there + int(amount[-1]), Reward(margin, margin, carried, 0.3, 0.98))
        out.append(
            [(k * source.ordering.unit_cost[row], reward[there + k] - reward[there]) for k in amount.tolist()]
        )
    return out


def test_a_container_holds_a_volume(tmp_path):
    suppliers = [{"name": "ACME", "container_volume": 10.0}, {"name": "B", "container_volume": 20.0}]
    run = make_run(
        tmp_path,
        items({"S": 40, "unit_volume": 0.5}, {"S": 40, "unit_volume": 0.2, "supplier": "B"}),
        study={"suppliers": suppliers},
    )
    found = sl.orders(run)
    table = found.orders.set_index("sku")["quantity"]
    assert table["s0"] * 0.5 == 10.0
    assert table["s1"] == 30
    assert any("ACME: the container holds 10 of 15" in line for line in found.statements)
    assert any("B: the container of 20 is 30% full" in line for line in found.statements)


def test_a_column_says_the_container_and_the_packs_worth_most_fill_it(tmp_path):
    """Five SKU-locations against every combination of packs; the column wins over [[suppliers]]."""
    draw = np.random.default_rng(4)
    rows = items(
        *(
            {
                "S": int(draw.integers(14, 20)),
                "pack_size": 3,
                "demand_mean": float(draw.uniform(1, 4)),
                "unit_volume": float(draw.integers(1, 6)) / 10,
                "unit_cost": 10.0,
                "price": float(draw.integers(11, 40)),
            }
            for _ in range(5)
        )
    )
    free = sl.orders(make_run(tmp_path / "a", rows))
    volume = free.source.ordering.unit_volume
    room = round(0.5 * float((free.quantity * volume).sum()), 1)
    rows[3]["container_volume"] = room
    suppliers = [{"name": "ACME", "container_volume": 1000.0}]
    run = make_run(tmp_path / "b", rows, study={"suppliers": suppliers})
    found = sl.orders(run)
    assert (found.quantity * volume).sum() <= room + 1e-9
    worth = _worth(free)
    steps = [[round(cost / 10.0) for cost, _ in one] for one in worth]
    best, own = 0.0, 0.0
    for choice in itertools.product(*(range(len(one)) for one in worth)):
        units = np.array([one[k] for one, k in zip(steps, choice, strict=True)])
        value = sum(one[k][1] for one, k in zip(worth, choice, strict=True))
        if (units * volume).sum() <= room + 1e-9:
            best = max(best, value)
        own = value if (units == found.quantity).all() else own
    assert own == pytest.approx(best)


@pytest.mark.parametrize(
    ("cells", "study", "said"),
    [
        (({}, {"container_volume": 5.0, "supplier": None}), {}, "a container needs a supplier"),
        (
            ({"container_volume": 5.0, "unit_volume": 1}, {"container_volume": 6.0, "unit_volume": 1}),
            {},
            "'ACME' has two containers: 5 and 6",
        ),
        (({"container_volume": 5.0, "unit_volume": 1}, {}), {}, "the volume of a unit is missing"),
        (({"container_volume": -1.0, "unit_volume": 1},), {}, "-1"),
        (({},), {"suppliers": [{"name": "ACME", "container_volume": 5.0}]}, "volume of a unit is missing"),
    ],
)
def test_containers_that_make_no_sense_are_placed(tmp_path, cells, study, said):
    with pytest.raises(InvalidInputError, match=said):
        make_run(tmp_path, items(*({"S": 40, **one} for one in cells)), study=study)


def test_seasons_go_on_where_ordering_is_later(tmp_path):
    """The same stock a day later meets the laws of that day, not those of the first day again."""
    run = make_run(tmp_path, items({"S": 60}))
    stock = tmp_path / "s.csv"
    stock.write_text("sku,location,on_hand\ns0,EAST,9\n", "utf-8")
    one = sl.orders(run, stock=stock, date="2026-01-05").orders
    two = sl.orders(run, stock=stock, date="2026-02-05").orders
    assert one["chance_out"].tolist() == two["chance_out"].tolist()
    assert two["due_date"].tolist() == ["2026-02-09"]


def test_the_command_prints_and_writes(tmp_path):
    run = make_run(tmp_path, items({"S": 40}, {"S": 2}))
    result = CliRunner().invoke(app, ["orders", str(run), "--format", "json"])
    document = json.loads(result.stdout)
    assert document["counts"]["ordered"] == 1
    assert document["orders"][0]["quantity"] == 30
    assert pd.read_csv(f"{document['folder']}/orders.csv")["quantity"].tolist() == [30]
    assert CliRunner().invoke(app, ["orders", str(tmp_path / "nothing")]).exit_code == 2


@pytest.mark.pages
def test_the_workbook_has_the_lines_of_the_lists(tmp_path):
    run = make_run(tmp_path, items({"S": 40}, {"S": 2}, {"S": 30, "supplier": "B"}))
    found = sl.orders(run)
    folder = found.write()
    book = openpyxl.load_workbook(folder / "report.xlsx")
    assert book.sheetnames == ["ReadMe", "Decision", "Items", "Suppliers"]
    for sheet, frame in (("Suppliers", found.orders), ("Items", found.excess)):
        rows = list(book[sheet].iter_rows(min_row=5, values_only=True))
        for name, heading in (("sku", "SKU"), ("value", "Value (EUR)"), ("cover_days", "Cover (days)")):
            assert [row[rows[0].index(heading)] for row in rows[1:]] == frame[name].tolist()
    assert found.write(tmp_path / "bare", excel=False)
    assert not (tmp_path / "bare" / "report.xlsx").exists()
    assert (folder / "report.xlsx").read_bytes() == (found.write() / "report.xlsx").read_bytes()


def test_months_with_lead_times_in_days_keep_their_days(tmp_path):
    """A monthly study whose constant lead times are no whole month goes by parts: due dates stay in days."""
    month = {"study": {"period": "month", "as_of": "2026-01-31"}, "policy": {"review_period": 30.4167}}
    run = make_run(
        tmp_path,
        items({"S": 300, "demand_mean": 60.0, "lead_time": 10, "review_period": 365 / 12}, {"S": 5}),
        study=month,
    )
    found = sl.orders(run, date="2026-02-01")
    table = found.orders.set_index("sku")
    assert table.loc["s0", "quantity"] == 290
    assert table.loc["s0", "due_date"] == "2026-02-11"
    assert table.loc["s0", "chance_out"] == 1.0
    assert table.loc["s0", "cover_days"] == pytest.approx(10 / 60 * 365 / 12, abs=0.1)


@pytest.mark.slow
def test_a_study_is_optimized_first(tmp_path):
    study = write_study(tmp_path)
    result = run_orders(study)
    assert "optimized first" in result.said[0]
    assert (result.folder / "orders.csv").is_file()
    assert result.folder.parent == tmp_path / "runs" / "orders"
