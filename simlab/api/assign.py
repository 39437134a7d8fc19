"""SKU-locations into segments, and the commands that only read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simlab.api.data import Data, load
from simlab.api.growing import LEARNED, is_grown
from simlab.api.learning import growers_of, segment_learned
from simlab.execution import Progress
from simlab.policies import current_levels, given_levels
from simlab.policies.best import check_costs
from simlab.policies.forecasting import stated_forecasts
from simlab.policies.planning import lots_of
from simlab.policies.policy import GIVEN
from simlab.segments import OPTIMISED, Segmentation, assign
from simlab.study.sections import LearnedSpec

if TYPE_CHECKING:
    import pandas as pd


def segment(
    data: Data,
    by: str | Sequence[str] | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Segmentation:
    """Sort every SKU-location into a segment.

    Parameters
    ----------
    data : Data
    by : str or sequence of str, optional
        Scheme names (``"abc"``, ``"xyz"``) or columns of the items table; several give their product.
        The study's `segments.by` if left out. ``"learned"``, and schemes of optimised sizes
        (``"optimised:tbs"``): found by simulation at the study's floor, as `segments.learned` says.
    workers, progress
        Of that simulation, as in `optimize`.
    """
    spec = data.study.segments
    names = (by,) if isinstance(by, str) else tuple(by if by is not None else spec.by)
    if any(is_grown(data, name) for name in names):
        return segment_learned(data, names, workers=workers, progress=progress)
    return assign(data.catalog, data.models, names, spec)


@dataclass(frozen=True, eq=False)
class CheckResult:
    """What `simlab check` found.

    Attributes
    ----------
    data : Data
    segmentation : Segmentation
    lines : tuple of str
        A summary to read.
    """

    data: Data
    segmentation: Segmentation
    lines: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """The quality account."""
        return self.data.quality.to_frame()


def check(study_path: str | Path) -> CheckResult:
    """Read, check and fit everything; simulate nothing, so that learned segments are left out."""
    from simlab.api.words import check_lines

    data = load(study_path)
    names = data.study.segments.by
    spec = data.study.segments.learned or LearnedSpec()
    grown = tuple(growers_of(data, names, spec))
    segmentation = segment(data, tuple(name for name in names if name not in grown) or "all")
    if data.study.policy.family == GIVEN:
        given_levels(data.models)
    else:
        current_levels(data.models)
        lots_of(data.models, data.study.policy.family)
        if data.study.policy.forecast is not None and data.study.policy.forecast.method == "given":
            stated_forecasts(data.models)
        if data.study.policy.planning == "optimal":
            check_costs(data.models)
    if data.study.policy.targets and data.study.policy.family != GIVEN and not grown:
        segmentation.resolve(data.study.policy.targets, "policy.targets")
    lines = check_lines(data, segmentation)
    for name in grown:
        what = f"Learned segments (at most {spec.classes}, {spec.method})"
        if name != LEARNED:
            what = f"Optimised sizes of {name.removeprefix(f'{OPTIMISED}:')} (at most {spec.classes} classes)"
        lines = (*lines[:-1], f"{what} are found by simulation, not here.", lines[-1])
    return CheckResult(data, segmentation, lines)


def init(folder: str | Path) -> list[Path]:
    """Write the demo's tables and a commented study file into a folder; nothing is replaced."""
    from simlab.samples import write_sample

    return list(write_sample(Path(folder)))
