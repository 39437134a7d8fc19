"""The tables of this room under `results`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simlab.api.accounts.bridge import bridge_frame
from simlab.api.accounts.measures import accounts_frame
from simlab.api.accounts.shelf import ageing_frame, excess_frame
from simlab.api.accounts.told import told_frame
from simlab.arrays import FloatArray

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome


def account_analyses(opt: Outcome, model_value: FloatArray) -> dict[str, Callable[[], pd.DataFrame | None]]:
    """How each is found, by name; None where it needs a stock record that is not there, or is not asked for.

    Parameters
    ----------
    opt : Outcome
    model_value : (n,) float
        Mean inventory value of every SKU-location under the plan.
    """
    return {
        "accounts": lambda: accounts_frame(opt),
        "bridge": lambda: bridge_frame(opt),
        "excess": lambda: excess_frame(opt, model_value),
        "ageing": lambda: ageing_frame(opt),
        "told": lambda: told_frame(opt),
    }
