"""The tables of this room under `results`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simlab.api.accounts.bridge import bridge_frame
from simlab.api.accounts.measures import accounts_frame
from simlab.api.accounts.shelf import ageing_frame, excess_frame
from simlab.api.accounts.told import told_frame
from simlab.arrays import FloatArray

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.plans.outcome import Outcome


def account_frames(opt: Outcome, model_value: FloatArray) -> dict[str, pd.DataFrame]:
    """By name; those that need a stock record, or are not asked for, are left out.

    Parameters
    ----------
    opt : Outcome
    model_value : (n,) float
        Mean inventory value of every SKU-location under the plan.
    """
    found = {
        "accounts": accounts_frame(opt),
        "bridge": bridge_frame(opt),
        "excess": excess_frame(opt, model_value),
        "ageing": ageing_frame(opt),
        "told": told_frame(opt),
    }
    return {name: frame for name, frame in found.items() if frame is not None}
