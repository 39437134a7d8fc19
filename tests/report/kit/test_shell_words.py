"""How sentences and cells are set on a page."""

from __future__ import annotations

import pytest

from simlab.report.kit.shell import unbroken, whole


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("costs -1.0% [-5.0%, 3.1%] more", "−1.0% [−5.0%, 3.1%]"),
        ("-EUR 318k less", "−EUR 318k"),
        ("from 2026-11-30 on, 10-20 units of SKU-12", "2026-11-30 on, 10-20 units of SKU-12"),
    ],
)
def test_a_hyphen_before_an_amount_is_a_minus_and_no_other(said: str, shown: str) -> None:
    assert shown in str(whole(said))


def test_a_cell_stays_as_it_is_written() -> None:
    """A key of the user's own may begin with a hyphen."""
    assert str(unbroken("-12 & more")) == "-12 &amp; more"
    assert str(unbroken("with --curves")) == 'with <span class="keep">--curves</span>'
