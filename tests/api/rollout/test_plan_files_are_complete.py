"""A plan file whose rule needs a level that its rows do not say."""

import pytest
from worlds.forecasts import write

import simlab as sl
from simlab.errors import InvalidInputError

ITEMS = (
    "sku,location,unit_cost,lead_time,category,demand_law,demand_mean,demand_variance,current_order_up_to\n"
    "a,EAST,2,2,core,poisson,6,6,30\nb,EAST,5,3,core,poisson,20,20,90\n"
)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a,EAST,reorder_up_to,,40,", "plan.csv:2 column 'reorder_point': its rule needs reorder_point"),
        (
            "a,EAST,reorder_quantity,10,40,",
            "plan.csv:2 column 'order_quantity': its rule needs order_quantity",
        ),
        ("a,EAST,reorder_up_to,50,40,", "plan.csv:2 column 'order_up_to': must lie above the reorder point"),
    ],
)
def test_what_a_rule_needs_is_asked_for(tmp_path, row, said):
    """An empty reorder point was taken for 0, and the plan judged with it."""
    path = write(tmp_path, items=ITEMS, policy="")
    path.write_text(
        path.read_text("utf-8").replace('family = "forecast"\nplanning = "normal"\n', ""), "utf-8"
    )
    head = "sku,location,family,reorder_point,order_up_to,order_quantity"
    (tmp_path / "plan.csv").write_text(f"{head}\n{row}\nb,EAST,order_up_to,,90,\n", "utf-8")
    with pytest.raises(InvalidInputError) as caught:
        sl.gate(path, proposed=tmp_path / "plan.csv", workers=1)
    assert said in str(caught.value)
