"""Who gives stock and who gets it: groups add up to the plans, by any column of items."""

import pytest
from worlds.limits import run

from simlab.api.finance.finance import Finance
from simlab.errors import InvalidInputError


def test_groups_add_up_to_both_plans_and_the_largest_giver_stands_first():
    opt = run({"fill_rate": 0.9, "told_by": ["location", "channel"]})
    frame = Finance(opt).give_and_take
    assert set(frame["by"]) == {"location", "channel"}
    for by in ("location", "channel"):
        rows = frame[frame["by"] == by]
        parts, whole = rows.iloc[:-1], rows.iloc[-1]
        assert whole["group"] == "(all)"
        for name in ("inventory_value", "inventory_value_now", "change", "n_items"):
            assert parts[name].sum() == pytest.approx(whole[name])
        assert parts["change"].is_monotonic_increasing
        assert whole["inventory_value"] == pytest.approx(opt.scores("segmented").inventory_value.value)
        now = opt.scores(opt.references.now).inventory_value.value
        assert whole["inventory_value_now"] == pytest.approx(now)
        assert whole["service"] == pytest.approx(opt.service.value)


def test_a_column_that_is_not_there_is_refused_by_name():
    with pytest.raises(InvalidInputError, match="colour"):
        run({"fill_rate": 0.9}).give_and_take("colour")
