"""Random streams: the published generator, and streams that belong to the SKU-location."""

import numpy as np
import pytest

from simlab.engine.kernels import streams
from simlab.engine.kernels.streams import (
    Purpose,
    draw_words,
    item_keys,
    phase_seed,
    philox_block,
    start_offset,
)
from simlab.errors import EngineFaultError, UsageError

# Random123 1.14, tests/kat_vectors: philox4x32 10, counter, key, result.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_all_four_words_match_the_published_known_answers(counter, key, answer):
    words = philox_block(
        np.uint64(key[0] | key[1] << 32),
        np.uint64(counter[0] | counter[1] << 32),
        np.uint64(counter[2]),
        np.uint64(counter[3]),
    )
    assert tuple(int(word) for word in words) == answer


def test_lanes_and_single_blocks_draw_the_same_words():
    paths = np.array([0, 5, 4_000_000_000, 7])
    words = draw_words(99, Purpose.DEMAND, 2**64 - 3, paths, 10)
    key = streams.stream_key(99, Purpose.DEMAND)
    for lane, path in enumerate(paths):
        for t in range(10):
            block = philox_block(key, np.uint64(2**64 - 3), np.uint64(path), np.uint64(t // 4))
            assert int(words[t, lane]) == int(block[t % 4])


def test_purposes_phases_and_neighbouring_items_share_no_words():
    paths = np.arange(50)
    keys = item_keys(["1", "2"], ["A", "A"])
    draws = [draw_words(phase_seed(7, "search"), p, int(keys[0]), paths, 64) for p in Purpose]
    draws.append(draw_words(phase_seed(7, "verdict"), Purpose.DEMAND, int(keys[0]), paths, 64))
    draws.append(draw_words(phase_seed(7, "search"), Purpose.DEMAND, int(keys[1]), paths, 64))
    table = np.corrcoef(np.array([d.ravel() / 2**32 for d in draws]))
    off_diagonal = table[~np.eye(len(draws), dtype=bool)]
    assert np.abs(off_diagonal).max() < 4 / np.sqrt(draws[0].size)


def test_item_keys_separate_ids_that_concatenate_alike():
    keys = item_keys(["a", "ab", "7", "007"], ["bc", "c", "X", "X"])
    assert len(set(keys.tolist())) == 4
    assert keys.dtype == np.uint64


def test_item_keys_do_not_depend_on_the_other_rows():
    assert item_keys(["x", "y"], ["A", "B"])[1] == item_keys(["y"], ["B"])[0]


def test_shared_streams_fail_the_run():
    with pytest.raises(EngineFaultError, match="x@A and x@A"):
        item_keys(["x", "z", "x"], ["A", "A", "A"])


def test_no_two_streams_of_a_large_catalogue_collide():
    n = 100_000
    assert np.unique(item_keys([str(i) for i in range(n)], ["DC"] * n)).size == n


def test_purposes_of_all_phases_and_factors_have_streams_of_their_own():
    """Items, suppliers and groups may share a number, never a word: their purposes have other Philox keys."""
    seeds = [phase_seed(seed, phase) for seed in range(50) for phase in ("search", "selection", "verdict")]
    keys = [int(streams.stream_key(seed, purpose)) for seed in seeds for purpose in Purpose]
    assert len(set(keys)) == len(keys)
    names = [str(i) for i in range(1000)]
    of = [streams.group_keys(names), streams.supplier_keys(names), item_keys(names, names)]
    assert np.unique(np.concatenate(of)).size == 3000


def test_neighbours_are_uncorrelated_in_every_purpose():
    """Items, replications and periods side by side; 4 standard errors."""
    keys = item_keys([str(i) for i in range(20)], ["A"] * 20)
    for purpose in Purpose:
        draws = np.array([draw_words(7, purpose, int(key), np.arange(40), 64) for key in keys]) / 2**32
        for axis in range(3):
            one, other = np.delete(draws, 0, axis).ravel(), np.delete(draws, -1, axis).ravel()
            assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(one.size), (purpose, axis)


def test_unknown_phase_is_refused():
    with pytest.raises(UsageError, match="unknown phase"):
        phase_seed(7, "training")


def test_start_offset_is_uniform_and_in_range():
    key = streams.stream_key(1, Purpose.START)
    draws = np.array([start_offset(key, np.uint64(3), path, 10) for path in range(4000)])
    counts = np.bincount(draws, minlength=10)
    assert counts.size == 10
    assert np.abs(counts - 400).max() < 5 * np.sqrt(400)
