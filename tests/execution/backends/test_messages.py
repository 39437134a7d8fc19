"""A block's inputs travel as arrays, plain values and names of simlab's own records; nothing is unpickled."""

import ast
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds.digests import FEATURES, LAWS
from worlds.engine import plain, start_of, world_of

import simlab
from simlab.engine.world.levels import Family
from simlab.execution import PlanRequest, Weights
from simlab.execution.backends.message import packed, unpacked, whole
from simlab.execution.blocks import curves_of_block, plans_of_block
from simlab.execution.kept import digest


@pytest.mark.parametrize("name", sorted(LAWS | FEATURES))
def test_worlds_of_every_law_and_feature_arrive_as_they_were(name):
    x = plain() | (LAWS | FEATURES)[name]
    sent = (curves_of_block, (*world_of(x), start_of(x), ("served",), 0.1, float("inf"), True, None))
    data, others = packed(sent)
    arrived = unpacked(data, others)
    assert digest(arrived) == digest(sent)
    assert arrived[0] is curves_of_block
    assert others == []


def test_requests_texts_numbers_and_entries_arrive_as_they_were():
    request = PlanRequest(np.zeros((2, 3), np.int16), np.arange(2), 2)
    weights = Weights(np.arange(2), np.arange(2), margin=np.arange(2))
    names = np.array([["a", None], ["ü", ""]], dtype=object)
    sent = [plans_of_block, [request], weights, names, {"x": np.int8(3)}, Family.ORDER_UP_TO, 2**70, -0.0]
    arrived = unpacked(*packed(sent))
    assert digest(arrived) == digest(sent)
    assert arrived[3].tolist() == names.tolist()
    assert type(arrived[4]["x"]) is np.int8
    assert arrived[5] is Family.ORDER_UP_TO


def test_a_rule_of_one_s_own_stands_beside_the_bytes():
    def rule(period, position, net, last_demand, s, S, Q):
        return S - position

    data, others = packed({"levels": 1, "policy": rule})
    assert others == [rule]
    assert b"rule" not in data
    assert unpacked(data, [max])["policy"] is max


@pytest.mark.parametrize(
    "form",
    [
        {"function": "os:system"},
        {"function": "simlab.run.files:write_atomic"},
        {"function": "simlab.execution.kept:write_atomic"},
        {"record": "subprocess:Popen", "parts": {}},
        {"record": "simlab.execution.kept:Path", "parts": {}},
        {"entry": "simlab.execution.blocks:np.random", "name": "seed"},
    ],
)
def test_names_of_anything_else_are_refused(form):
    buffer = io.BytesIO()
    np.savez(buffer, form=np.frombuffer(json.dumps(form).encode(), np.uint8))
    with pytest.raises(ValueError, match=r"nothing of simlab's own|no function of blocks"):
        unpacked(buffer.getvalue())


def test_a_planted_pickle_is_not_read():
    buffer = io.BytesIO()
    bomb = np.array([object()], dtype=object)
    np.savez(buffer, form=np.frombuffer(b'{"array": 0}', np.uint8), a0=bomb)
    with pytest.raises(ValueError, match=r"allow_pickle=False"):
        unpacked(buffer.getvalue())


def test_nothing_in_simlab_unpickles():
    for file in Path(simlab.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [one.name for one in node.names] + [getattr(node, "module", "") or ""]
                assert not {"pickle", "cloudpickle", "dill", "marshal", "shelve"} & set(names), file
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert node.value.value is False, file


def test_tables_come_back_as_they_are_or_have_no_plain_form():
    frame = pd.DataFrame(
        {
            "text": ["a", None, "c"],
            "object": pd.Series(["x", None, "z"], dtype=object),
            "count": [1, 2, 3],
            "rate": [0.1, float("nan"), -0.0],
            "flag": [True, False, True],
            "maybe": pd.Series([1, None, 3], dtype="Int64"),
            "day": pd.to_datetime(["2024-01-01", "2024-02-01", None]),
        }
    )
    for one in (frame, frame.iloc[[2, 0]], frame.iloc[:0], frame.set_index("text")):
        again = unpacked(whole({"a": (one, 1.5)}))["a"][0]
        pd.testing.assert_frame_equal(again, one, check_exact=True)
    mixed = pd.DataFrame({"mixed": pd.Series([1, "a", 2.5], dtype=object)})
    with pytest.raises(TypeError, match="DataFrame has no plain form"):
        whole(mixed)
