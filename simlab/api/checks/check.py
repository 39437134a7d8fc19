"""The check of a study: read, fit and plan all of it, simulate for limits alone, tell everything at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.checks.later import later_problems
from simlab.api.checks.onward import usable
from simlab.api.checks.reading import readable
from simlab.api.checks.steps import Steps
from simlab.api.data.assumptions import study_facts
from simlab.api.data.data import Data
from simlab.api.data.levels_to_look_at import LevelsToLookAt, levels_to_look_at
from simlab.api.learning.growers import CUTS, TREE
from simlab.api.learning.learning import growers_of, segment, spec_of
from simlab.api.remarks.remarks import MOST, Remark, remarks
from simlab.measures.shown import Public
from simlab.policies import given_levels, plan
from simlab.policies.levels.forecasting import FORECAST
from simlab.policies.policy import GIVEN
from simlab.segments import OPTIMISED, Segmentation
from simlab.segments.assign import LEARNED
from simlab.study.sections import LearnedSpec

if TYPE_CHECKING:
    import pandas as pd


_USUAL_TARGET = 0.95


@dataclass(frozen=True, eq=False, repr=False)
class CheckResult(Public):
    """What `simlab check` found in a study that can run.

    Attributes
    ----------
    data : Data
    segmentation : Segmentation
    facts : tuple of str
        What the study is about.
    remarks : tuple of Remark
        Those to look at first before the others, each by the money that it concerns.
    left_open : str
        What is asked that was not looked at, and why; empty where all was.
    """

    data: Data
    segmentation: Segmentation
    facts: tuple[str, ...]
    remarks: tuple[Remark, ...]
    left_open: str = ""

    @property
    def look_first(self) -> tuple[Remark, ...]:
        """Remarks that a planner should look at before results are believed."""
        return tuple(one for one in self.remarks if one.look)

    @property
    def ending(self) -> str:
        """Whether anything is to be looked at first, and the command that comes next."""
        study = self.data.study
        command = "simulate" if study.policy.family == GIVEN else "optimize"
        if study.source and (study.folder / study.file).is_file():
            command += f" {_from_here(study.folder / study.file)}"
        n = len(self.look_first)
        if n == 0 and self.left_open:
            return f"No problems in what was looked at: simlab {command}"
        if n == 0:
            return f"No problems: nothing stands in the way of simlab {command}"
        return f"Ready to run, {n} thing{'s' if n > 1 else ''} to look at first: simlab {command}"

    @property
    def lines(self) -> tuple[str, ...]:
        """Everything in sentences."""
        last = (self.left_open, self.ending) if self.left_open else (self.ending,)
        return (*self.facts, *(one.text for one in self.remarks), *last)

    def shown(self, *, every: bool = False) -> tuple[str, ...]:
        """Remarks as a screen shows them: at most seven, and how many more there are."""
        few = self.remarks if every else self.remarks[:MOST]
        said = [f"{'!' if one.look else '-'} {one.text}" for one in few]
        left = len(self.remarks) - len(few)
        if left:
            said.append(f"  {left} more remark{'s' if left > 1 else ''}: simlab check -v shows all.")
        if self.left_open:
            said.append(self.left_open)
        return tuple(said)

    def to_frame(self) -> pd.DataFrame:
        """The quality account."""
        return self.data.quality.to_frame()


def _from_here(file: Path) -> str:
    """A path as it is typed in this folder."""
    try:
        return os.path.relpath(file)
    except ValueError:  # on another drive
        return str(file)


def check(study_path: str | Path) -> CheckResult:
    """Read, check, fit and plan; simulate what a budget, limits or a high floor are asked of, nothing else.

    Segments that are learned are left out: they are found by simulation.

    Raises
    ------
    InvalidInputError
        Every problem at once: of the study file, of the tables, of the laws, and of what simulate and
        optimize would refuse, as far as a stage can run after what the stages before it refused.
    """
    study, wrong = readable(study_path)
    steps = Steps(study.file, wrong)
    data, whole = usable(steps, Path(study_path), study)
    if data is None:
        steps.finish()
        raise AssertionError("a refusal has problems")
    names = data.study.segments.by
    spec = steps.do(lambda: spec_of(data, names))
    grown = () if spec is None else tuple(steps.do(lambda: growers_of(data, names, spec)) or ())
    plain = tuple(name for name in names if name not in grown)
    segmentation = steps.do(lambda: segment(data, plain or "all"))
    known = segmentation is not None and (whole or set(plain) <= set(data.catalog.texts))
    parts = segmentation if known else segment(data, "all")
    unseen = later_problems(steps, data, parts, learned=bool(grown) or not known)
    steps.finish()
    assert segmentation is not None
    assert spec is not None
    facts = (*study_facts(data, segmentation), *(_grown(name, spec) for name in grown))
    levels = _levels(data, segmentation, by_segment=not grown)
    return CheckResult(data, segmentation, facts, remarks(data, levels), unseen)


def _grown(name: str, spec: LearnedSpec) -> str:
    """That segments are found by simulation."""
    method = spec.method if name == LEARNED else name
    what = f"Learned segments (at most {spec.classes}, {method})"
    if name not in (LEARNED, TREE, CUTS):
        what = f"Optimised sizes of {name.removeprefix(f'{OPTIMISED}:')} (at most {spec.classes} classes)"
    return f"{what} are found by simulation, not here."


def _levels(data: Data, segmentation: Segmentation, *, by_segment: bool) -> LevelsToLookAt | None:
    """Levels to look at, at the study's targets; where it has none, at the floor of [optimize] for all."""
    policy, measure = data.study.policy, data.study.policy.target_measure
    if policy.family == GIVEN:
        return levels_to_look_at(data, given_levels(data.models).levels)
    if policy.family == FORECAST:
        return None
    asked = np.full((data.catalog.n_items, 1), data.study.optimize.fill_rate or _USUAL_TARGET)
    if policy.targets and by_segment:
        asked = np.array(segmentation.resolve(policy.targets, measure))[segmentation.codes][:, None]
    planned = plan(
        data.models,
        asked,
        family=policy.family,
        target_measure=measure,
        planning=policy.planning,
        seed=data.study.simulation.seed,
    )
    return levels_to_look_at(data, planned.levels)
