"""Waves: what stays together, what each frees, and the cash it needs week by week."""

import numpy as np
import pytest
from worlds.gates import base_stock_data, plan_file

import simlab as sl
from simlab.errors import InvalidInputError

N = 12


def test_waves_keep_suppliers_together_and_add_up(tmp_path):
    suppliers = [f"v{row % 4}" for row in range(N)]
    data = base_stock_data(N, [14] * N, supplier=suppliers)
    plan = plan_file(tmp_path, data, [13, 12] * (N // 2), stock_value=500.0)
    found = sl.gate(data, proposed=plan, waves=2)
    waves, cash = found.waves["waves"], found.waves["waves_cash"]
    assert waves["n_items"].tolist() == [6, 6]
    assert waves["starts_week"].tolist() == [0, 4]
    whole = found.live_plan["stock_value_change"].sum()
    assert waves["stock_value_change"].sum() == pytest.approx(whole, abs=0.1)
    assert waves["stock_value_change_so_far"].iloc[-1] == pytest.approx(waves["stock_value_change"].sum())
    # a steady week buys what is demanded; a wave that lowers levels buys that much less, once
    usual = cash[cash["wave"] == "1"]["purchases_now"].iloc[0]
    assert usual == pytest.approx(6 * 3 * 10, rel=0.05)
    second = cash[cash["wave"] == "2"]
    assert second["purchases"].iloc[:4].tolist() == second["purchases_now"].iloc[:4].tolist()
    lowered = [(14 - level) * 10 for level in found.live_plan["order_up_to"]]
    saved = (cash["purchases_now"] - cash["purchases"]).sum()
    assert saved == pytest.approx(sum(lowered), abs=0.12 * cash["purchases"].sum() ** 0.5 * 40)
    assert saved > 0


def test_the_column_wave_names_them(tmp_path):
    data = base_stock_data(N, [14] * N, wave=["2", "10", "1"] * (N // 3))
    found = sl.gate(data, proposed=plan_file(tmp_path, data, [13] * N, stock_value=500.0))
    assert found.waves["waves"]["wave"].tolist() == ["1", "2", "10"]
    folder = found.write(tmp_path / "g").folder
    assert (folder / "results" / "waves_cash.csv").is_file()


def test_waves_that_cannot_be_made_are_refused(tmp_path):
    data = base_stock_data(N, [14] * N, supplier=["v"] * N)
    plan = plan_file(tmp_path, data, [13] * N, stock_value=500.0)
    with pytest.raises(InvalidInputError, match="2 waves of the 1 values of supplier"):
        sl.gate(data, proposed=plan, waves=2)
    bare = base_stock_data(N, [14] * N)
    with pytest.raises(InvalidInputError, match="items has no column 'supplier'"):
        sl.gate(bare, proposed=plan, waves=2)
    assert "waves" not in sl.gate(bare, proposed=plan).waves
    assert np.isfinite(data.models.world.demand.mean).all()
