"""Seeds of random instances: some by default, all with `-m slow` beside them."""

import pytest


def some_of(n, *, by_default):
    """Parameters 0 to n − 1, those from `by_default` on marked slow."""
    return [
        *range(by_default),
        *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(by_default, n)),
    ]
