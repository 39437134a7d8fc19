"""What a mistyped word most likely means."""

import pytest

from simlab.errors import did_you_mean, nearest

SCHEMES = ("adi", "abc", "ved", "xyz", "fsn")


@pytest.mark.parametrize(
    ("word", "names", "meant"),
    [
        ("abd", SCHEMES, "abc"),
        ("acb", SCHEMES, "abc"),
        ("ABC", SCHEMES, "abc"),
        ("xzy", SCHEMES, "xyz"),
        ("unit_cots", ("unit_volume", "unit_cost"), "unit_cost"),
        ("regin", ("origin", "region"), "region"),
        ("colour", SCHEMES, ""),
        ("abd", (), ""),
    ],
)
def test_the_fewest_letters_changed_decide_then_the_same_beginning(word, names, meant):
    assert nearest(word, names) == meant
    assert did_you_mean(word, names) == (f"did you mean '{meant}'?" if meant else "")


def test_of_names_as_far_the_first_is_taken():
    """Columns of the data stand before what is not in it."""
    assert nearest("abd", ("abe", "abc")) == "abe"
