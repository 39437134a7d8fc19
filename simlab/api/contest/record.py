"""What a contest leaves in its run folder: tables, facts of the manifest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from simlab.api.contest.outcome import ContestOutcome
from simlab.api.contest.statements import contest_statements
from simlab.api.contest.tables import NO_MOOCORE, contest_frames, hypervolumes, shown
from simlab.api.output.manifest import core_facts, seeds_of
from simlab.api.output.record import Record, RunResult, write_run
from simlab.execution import Progress
from simlab.run import RunFolder
from simlab.run.spreadsheet import csv_bytes
from simlab.run.statements import plain

if TYPE_CHECKING:
    import pandas as pd


_CHARTS = (
    "scheme_frontiers",
    "tournament",
    "controls",
    "classes",
    "scheme_weights",
    "regret",
    "scheme_segments",
    "stability",
)
INTERVALS = (
    "Intervals are paired jackknives over {n} equally long batches of replications of the verdict seed, "
    "with the spread of plans chosen on redrawn search batches; they cover simulation noise only, "
    "the fitted laws taken as true. The per-SKU and free plans are taken as found.",
    "All pairs of schemes, and all comparisons with the best, hold together at {level:g}%: multivariate t "
    "with the joint jackknife covariance (Hothorn, Bretz & Westfall 2008; Hsu 1984).",
    "Targets are chosen on the search seed, the number of classes on the selection seed; the verdict seed "
    "reports.",
    "A pair is called different if its interval excludes zero and no further seed turns its sign.",
    "Resampled catalogues draw SKU-locations with replacement; each keeps its segment.",
)


def write_contest(
    contest: ContestOutcome, folder: RunFolder, times: dict[str, float], progress: Progress | None = None
) -> RunResult:
    """Every table as Parquet, every chart's data as CSV, the manifest last."""
    started = time.perf_counter()
    frames = contest_frames(contest)
    statements = contest_statements(contest)
    record = Record(
        data=contest.data,
        command="compare schemes",
        frames=frames,
        shown=shown(contest),
        told=plain("contest", statements),
        facts=contest_facts(contest, statements),
        times={**times, **contest.times},
        files={f"figures/{name}.csv": csv_of(frames[name]) for name in _CHARTS},
    )
    return write_run(record, folder, started, progress)


def csv_of(frame: pd.DataFrame) -> bytes:
    """UTF-8, numbers in their shortest exact form, no cell a formula."""
    return csv_bytes(frame)


def contest_facts(contest: ContestOutcome, statements: tuple[str, ...]) -> dict[str, Any]:
    """The manifest of a contest: the core of every command's, and what only contests have."""
    from simlab.engine.prepare.evaluators import evaluator_of

    data, settings, held = contest.data, contest.settings, contest.tournament
    batches = held.arena.verdict.n_batches
    return core_facts(data, settings, statements) | {
        "seeds": seeds_of(settings, ("search", "selection", "verdict")),
        "further_seeds": list(contest.stability.seeds),
        "evaluator": evaluator_of(data.models.world, contest.planned.levels),
        "warmup": contest.warmup,
        "warmup_rule": contest.warmup_rule,
        "batches": batches,
        "level": held.level,
        "targets": list(held.arena.targets.tolist()),
        "at_fill": list(held.arena.fills),
        "service": {"name": held.arena.service.name, "counted": contest.counted},
        "capital": contest.capital,
        "schemes": list(held.names),
        "winner": contest.tournament.ranking()[0],
        "left_out": dict(contest.entered.left_out),
        "rounds": {
            "controls": contest.rounds.controls,
            "catalogues": contest.rounds.catalogues,
            "classes": list(contest.rounds.classes),
            "rule_cost": contest.rounds.rule_cost,
        },
        "intervals": {
            "kind": "simulation",
            "level": held.level,
            "notes": [text.format(n=batches, level=100 * held.level) for text in INTERVALS],
        },
        "notes": [*contest.entered.notes, *([] if hypervolumes(contest) else [NO_MOOCORE])],
    }
