"""What holds numbers and texts in few bytes gives them back as they were."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.arrays import PackedTexts, narrow


@pytest.mark.parametrize(
    "texts", [(), ("",), ("größer → 2", "", "x" * 5000), tuple(f"n={k}" for k in range(1300))]
)
def test_packed_texts_are_the_texts(texts) -> None:
    packed = PackedTexts(texts)
    assert len(packed) == len(texts)
    assert tuple(packed) == texts
    assert packed == texts
    assert [packed[at] for at in range(len(texts))] == list(texts)
    assert packed[-3:] == texts[-3:]
    with pytest.raises(IndexError):
        packed[len(texts)]


def test_reasons_that_are_alike_take_a_fraction_of_their_bytes() -> None:
    texts = [
        f"n=104 periods, variance/mean {k / 7:.3g}; log score of 34 periods → poisson" for k in range(2000)
    ]
    packed = PackedTexts(texts)
    assert sum(map(len, packed._blocks)) < 0.3 * sum(map(len, texts))


def test_numbers_are_narrowed_only_where_they_fit() -> None:
    assert narrow(np.array([0, 2**31 - 1])).dtype == np.int32
    assert narrow(np.array([0, 2**31])).tolist() == [0, 2**31]
    assert narrow(np.array([-(2**31) - 1])).dtype == np.int64
    assert narrow(np.array([2**70], dtype=object)).tolist() == [2**70]
    assert narrow(np.array([0.5])).tolist() == [0.5]
