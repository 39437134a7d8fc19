"""Sums per cell × target × replication: what chance limits, lower bounds and fresh prices are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simlab.api.accounts import Accounting
from simlab.api.constraints import Constraints
from simlab.api.data import Data
from simlab.api.redrawing import Redrawn, batch_of
from simlab.api.settings import Settings
from simlab.errors import InvalidInputError, Problem
from simlab.execution import ChoiceArray, PlanSums, Progress
from simlab.policies import PlannedLevels
from simlab.segments import Segmentation
from simlab.verdict.retest import PlanGroup, retest

SEGMENTS = "cells:segments"
MAX_SUMS = 12_000_000
"""Cells × targets × replications kept at most, of each of fourteen measures."""


@dataclass(frozen=True, eq=False)
class Simulator:
    """The streams of a phase run again for given groups of plans.

    Attributes
    ----------
    data, segmentation, planned, settings, rules, accounting
        Of the call.
    warmup : int
        Periods.
    progress : callable or None
        Told of every run.
    """

    data: Data
    segmentation: Segmentation
    planned: PlannedLevels
    settings: Settings
    rules: Constraints
    accounting: Accounting
    warmup: int
    progress: Progress | None

    def run(self, groups: list[PlanGroup], phase: str, stage: str) -> dict[str, PlanSums]:
        """Sums of the plans on the streams of a phase."""
        return retest(
            self.data.models.world,
            groups,
            self.segmentation.codes,
            self.accounting.weights,
            self.settings.horizon(phase, self.warmup),
            workers=self.settings.workers,
            progress=self.progress,
            stage=stage,
        )

    def redrawn(self, groups: list[PlanGroup], phase: str) -> Redrawn | None:
        """The same with one parameter draw per batch; None where the study draws none."""
        models, horizon = self.data.models, self.settings.horizon(phase, self.warmup)
        batch = batch_of(self.data, horizon.replications, self.settings)
        if batch is None:
            return None
        sums = retest(
            models.world,
            groups,
            self.segmentation.codes,
            self.accounting.weights,
            horizon,
            workers=self.settings.workers,
            progress=self.progress,
            stage="redrawn",
            redraws=models.redraws,
            batch=batch,
        )
        scale = self.settings.scale(self.data.study)
        return Redrawn(sums, batch, scale, self.segmentation.sizes)

    def every_target(self) -> ChoiceArray:
        """(n, k) the choice in which plan j gives every item target j; pinned items keep theirs."""
        n, k = self.segmentation.codes.size, self.planned.levels.n_columns
        choice = np.tile(np.arange(k, dtype=np.int16), (n, 1))
        choice[self.rules.items] = self.rules.columns[:, None]
        return choice

    def segment_cells(self, replications: int) -> list[PlanGroup]:
        """The group whose sums give every plan of segment targets; empty where they are too many."""
        if self.segmentation.n_segments * self.planned.levels.n_columns * replications > MAX_SUMS:
            return []
        segmentation = self.segmentation
        return [
            PlanGroup(
                SEGMENTS,
                self.planned.levels,
                self.every_target(),
                False,
                segmentation.codes,
                segmentation.n_segments,
            )
        ]

    def chance_cells(self) -> list[PlanGroup]:
        """One group per chance limit."""
        groups = []
        for number, (_, grouping) in enumerate(self.rules.chances):
            cell = grouping.cells(self.segmentation)
            n_cells = self.segmentation.n_segments * (len(grouping.names) + 1)
            if n_cells * self.planned.levels.n_columns * self.settings.replications > MAX_SUMS:
                message = "too many cells × targets × replications to be kept"
                fix = "fewer segments, targets or replications"
                raise InvalidInputError(
                    [Problem("E-OPT-021", message, self.data.study.file, column="optimize.chance", fix=fix)]
                )
            choice = self.every_target()
            groups.append(
                PlanGroup(f"cells:chance{number}", self.planned.levels, choice, True, cell, n_cells)
            )
        return groups


def chance_sums(sums: dict[str, PlanSums], rules: Constraints) -> list[PlanSums]:
    """The sums of `Simulator.chance_cells`, in the order of the limits."""
    return [sums[f"cells:chance{number}"] for number in range(len(rules.chances))]
