"""The table of weights against a brute force over plans, items and replications."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds.study import write_study

import simlab as sl
from simlab.execution import run_curves

WEIGHTS = ("units", "value", "margin", "items")


@pytest.fixture(scope="module")
def opt(tmp_path_factory):
    extra = {"n_targets = 8": "n_targets = 4"}
    data = sl.load(write_study(tmp_path_factory.mktemp("weights"), **extra))
    return sl.optimize(data, fill_rate=0.93)


@pytest.fixture(scope="module")
def frame(opt):
    return opt.weights().frame


def _units(opt, demanded):
    catalog, cost = opt.data.catalog, opt.data.models.costs.unit_cost
    price = np.rint(catalog.numbers["price"] / opt.data.study.data.cost_resolution)
    each = [1e12 / units for units in demanded.sum(axis=1)]
    return {"units": np.ones(cost.size), "value": cost, "margin": price - cost, "items": np.rint(each)}


def _fresh(opt):
    horizon = opt.settings.horizon("verdict", opt.warmup)
    horizon = replace(horizon, slots=horizon.replications)
    names = ("demanded", "served", "on_hand", "on_hand_start")
    return run_curves(opt.data.models.world, opt.planned.levels, horizon, by_slot=names)


def _scored(opt, curves, columns):
    """Cost a year, late margin a year and service in each weight of one plan, item by item."""
    items = range(opt.segmentation.codes.size)
    scale = opt.settings.scale(opt.data.study)
    units = _units(opt, curves.demanded)
    stock = curves.on_hand + curves.on_hand_start
    cost = sum(int(opt.data.models.costs.holding[i]) * stock[i, columns[i]].sum() for i in items)
    late = sum(
        units["margin"][i] * (curves.demanded[i].sum() - curves.served[i, columns[i]].sum()) for i in items
    )
    served = {
        name: sum(unit[i] * curves.served[i, columns[i]].sum() for i in items)
        / sum(unit[i] * curves.demanded[i].sum() for i in items)
        for name, unit in units.items()
    }
    n = opt.settings.verdict_replications
    year = opt.data.study.periods_per_year / opt.settings.exposure * scale.cost_resolution
    return cost * scale.holding / n, late * year / n, served


def test_every_plan_of_the_grid_scored_by_hand_gives_service_cost_and_late_margin_in_each_weight(opt, frame):
    curves, codes = _fresh(opt), opt.segmentation.codes
    cost, late, served = _scored(opt, curves, opt.solved.columns["segmented"])
    rows = frame[frame["plan"] == "segmented"].set_index("weight")
    assert set(rows.index) == set(WEIGHTS)
    for weight in WEIGHTS:
        assert rows.loc[weight, "service"] == pytest.approx(served[weight], abs=1e-9)
        assert rows.loc[weight, "cost"] == pytest.approx(cost, rel=1e-9)
        assert rows.loc[weight, "late_margin"] == pytest.approx(late, rel=1e-9)
    # at equal service: the frontier of the deciding weight held fixed, read with straight lines
    points = opt.solved.shown.choice
    scored = [_scored(opt, curves, choice[codes].astype(int)) for choice in points]
    uniform = [_scored(opt, curves, np.full(codes.size, k)) for k in range(len(opt.targets))]
    for weight in WEIGHTS:
        row = frame[(frame["plan"] == "uniform") & (frame["weight"] == weight)].iloc[0]
        assert row["at_service"] == pytest.approx(served[weight], abs=1e-9)
        for name, plans in (("cost_a", scored), ("cost_b", uniform)):
            assert row[name] == pytest.approx(_read(plans, weight, served[weight]), rel=0.02), (weight, name)


def _read(plans, weight, at):
    """Cost at a service by straight lines between plans that no other beats."""
    pairs = sorted((served[weight], cost) for cost, _, served in plans)
    kept = [one for one in pairs if not any(x >= one[0] and c < one[1] for x, c in pairs)]
    return float(np.interp(at, *zip(*kept, strict=True)))


def test_the_break_even_share_is_the_saving_over_the_further_late_margin(frame):
    known = frame.dropna(subset=["plain_break_even"])
    assert len(known) > 0
    share = -known["plain_cost"] / known["plain_late_margin"]
    assert np.allclose(known["plain_break_even"], share)
    known = frame.dropna(subset=["break_even"])
    assert len(known) > 0
    assert np.allclose(known["break_even"], -known["difference"] / known["late_difference"])
    assert (known["break_even_low"] <= known["break_even"]).all()
    assert (known["break_even"] <= known["break_even_high"]).all()


def test_the_deciding_weight_says_what_the_comparisons_say(opt, frame):
    decided = frame[frame["decides"] & (frame["plan"] != "segmented")].set_index("plan")
    assert set(decided["weight"]) == {"units"}
    for one in opt.comparisons:
        assert decided.loc[one.b, "difference"] == pytest.approx(one.difference.value, rel=1e-12)
        assert decided.loc[one.b, "difference_low"] == pytest.approx(one.difference.low, rel=1e-12)


def test_plans_made_for_a_weight_cost_at_most_what_those_of_the_deciding_one_do_there(opt, frame):
    other = frame[(frame["plan"] == "habit") & ~frame["decides"]]
    assert (other["optimised_cost"] <= other["cost_a"] * 1.01).all()


def test_the_table_shows_itself(opt):
    assert "margin" in repr(opt.weights())
    assert "<table" in opt.weights()._repr_html_()


def test_auto_means_margin_where_prices_cover_the_value_else_value_else_units(tmp_path_factory):
    import pandas as pd

    from simlab.api.requirements.margins import weight_of

    def weight(change):
        folder = tmp_path_factory.mktemp("auto")
        path = write_study(folder, **{'service = { weight = "units" }': ""})
        items = pd.read_csv(folder / "items.csv", dtype=str)
        change(items).to_csv(folder / "items.csv", index=False)
        return weight_of(sl.load(path))

    assert weight(lambda items: items) == "margin"
    assert weight(lambda items: items.drop(columns="price")) == "value"
    assert weight(lambda items: items.assign(price=[*items["price"][:-3], "", "", ""])) == "value"
    assert weight(lambda items: items.assign(unit_cost="0", price="")) == "units"


def test_what_is_never_asked_for_is_left_out_of_each_once_and_counted():
    items = pd.DataFrame(
        {"sku": ["a", "b"], "location": "x", "unit_cost": 10.0, "lead_time": 4.0, "kind": "k"}
    )
    items = items.assign(demand_law="poisson", demand_mean=[2.0, 1e-9], price=15.0)
    study = {
        "study": {"period": "day", "as_of": "2025-06-30"},
        "lead_times": {"law": "fixed"},
        "policy": {"review_period": 1, "targets": {}},
        "segments": {"by": ["kind"]},
        "simulation": {"periods": 60, "replications": 20, "batches": 10},
        "verdict": {"replications": 20},
        "optimize": {"n_targets": 4, "fill_rate": 0.9, "service": {"weight": "items"}},
    }
    opt = sl.optimize(sl.load_frames(items, study=study))
    assert any(note.startswith("1 SKU-locations are asked for nothing") for note in opt.solved.notes)
    sums = opt.verdict["segmented"]
    assert opt.service.value == pytest.approx(sums.served.sum() / sums.demanded.sum(), rel=1e-6)
