"""What the histories look like, as columns of the items table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simlab.api.data import Data
from simlab.models import diagnose, known_past, read_history, variance_ratio
from simlab.verdict.replay_origins import horizons

_COLUMNS = (
    "demand_class",
    "stage",
    "interval",
    "size_cv2",
    "trend",
    "has_trend",
    "season",
    "has_season",
    "autocorrelation",
    "has_autocorrelation",
)


def diagnosis_columns(data: Data) -> pd.DataFrame:
    """One row per SKU-location: class, stage, trend, season, autocorrelation, scores; empty without history.

    `variance_ratio` says how much sums over R + L vary against independent periods; `score_…` are the
    out-of-sample scores that chose the law.
    """
    past, _ = known_past(data.catalog)
    history = read_history(past)
    if history is None:
        return pd.DataFrame(index=range(data.catalog.n_items))
    found = diagnose(history)
    columns = {name: getattr(found, name) for name in _COLUMNS}
    columns["variance_ratio"] = variance_ratio(history, horizons(data.models))
    scores = data.models.scores
    if scores is not None:
        columns |= {f"score_{law}": scores.mean[:, place] for place, law in enumerate(scores.laws)}
        columns["n_scored"] = np.asarray(scores.n_predicted)
    return pd.DataFrame(columns)
