"""What a contest leaves in its run folder: tables, facts of the manifest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from simlab.api.contest.outcome import ContestOutcome
from simlab.api.contest.statements import contest_statements
from simlab.api.contest.tables import NO_MOOCORE, contest_frames, hypervolumes, shown
from simlab.api.data.assumptions import assumptions, laws_in_words
from simlab.api.output.writing import RunResult, render_report
from simlab.api.simulator.stored import table_hash
from simlab.engine.kernels.streams import phase_seed
from simlab.run import RunFolder

if TYPE_CHECKING:
    import pandas as pd


_CHARTS = ("scheme_frontiers", "tournament", "controls", "classes", "regret", "scheme_segments", "stability")
INTERVALS = (
    "Intervals are paired jackknives over {n} equally long batches of replications of the verdict seed, "
    "with the spread of plans chosen on redrawn search batches; they cover simulation noise only, "
    "the fitted laws taken as true. The per-SKU and free plans are taken as found.",
    "All pairs of schemes, and all comparisons with the best, hold together at {level:g} %: multivariate t "
    "with the joint jackknife covariance (Hothorn, Bretz & Westfall 2008; Hsu 1984).",
    "Targets are chosen on the search seed, the number of classes on the selection seed; the verdict seed "
    "reports.",
    "A pair is called different if its interval excludes zero and no further seed turns its sign.",
    "Resampled catalogues draw SKU-locations with replacement; each keeps its segment.",
)


def write_contest(contest: ContestOutcome, folder: RunFolder, times: dict[str, float]) -> RunResult:
    """Every table as Parquet, every chart's data as CSV, the manifest last."""
    started = time.perf_counter()
    study = contest.data.study
    if study.source:
        folder.write_text("study.toml", study.source)
    folder.write_json("resolved.json", study.resolved_with_times())
    frames = contest_frames(contest)
    for name, frame in frames.items():
        folder.write_table(name, frame)
    for name in _CHARTS:
        folder.write_bytes(f"figures/{name}.csv", csv_of(frames[name]))
    folder.write_table("quality", contest.data.quality.to_frame())
    times = {**times, **contest.times, "write": time.perf_counter() - started}
    for stage, seconds in times.items():
        folder.log("stage", stage=stage, seconds=round(seconds, 3))
    statements = contest_statements(contest)
    folder.write_manifest(contest_facts(contest, statements, times))
    return RunResult(folder.path, render_report(folder.path), statements, shown(contest), times)


def csv_of(frame: pd.DataFrame) -> bytes:
    """UTF-8, numbers in their shortest exact form."""
    return frame.to_csv(index=False, lineterminator="\n").encode("utf-8")


def contest_facts(
    contest: ContestOutcome, statements: tuple[str, ...], times: dict[str, float]
) -> dict[str, Any]:
    """The manifest of a contest."""
    from simlab.engine._jit import kernel_hash
    from simlab.engine.prepare.evaluators import evaluator_of

    data, settings, held = contest.data, contest.settings, contest.tournament
    study = data.study
    batches = held.arena.verdict.n_batches
    phases = ("search", "selection", "verdict")
    return {
        "command": "compare schemes",
        "study": study.name,
        "currency": study.currency,
        "period": study.period,
        "as_of": str(data.catalog.as_of),
        "n_items": data.catalog.n_items,
        "inputs": dict(data.catalog.inputs),
        "kernel_hash": kernel_hash(),
        "table_hash": table_hash(data.models),
        "laws": laws_in_words(data),
        "seeds": {"study": settings.seed} | {phase: phase_seed(settings.seed, phase) for phase in phases},
        "further_seeds": list(contest.stability.seeds),
        "evaluator": evaluator_of(data.models.world, contest.planned.levels),
        "warmup": contest.warmup,
        "warmup_rule": contest.warmup_rule,
        "periods": settings.periods,
        "replications": settings.replications,
        "verdict_replications": settings.verdict_replications,
        "batches": batches,
        "level": held.level,
        "targets": list(held.arena.targets.tolist()),
        "at_fill": list(held.arena.fills),
        "capital": contest.capital,
        "schemes": list(held.names),
        "winner": contest.winner,
        "left_out": dict(contest.entered.left_out),
        "policy": {
            "family": study.policy.family,
            "planning": study.policy.planning,
            "target_measure": study.policy.target_measure,
        },
        "rounds": {
            "controls": contest.rounds.controls,
            "catalogues": contest.rounds.catalogues,
            "classes": list(contest.rounds.classes),
            "rule_cost": contest.rounds.rule_cost,
        },
        "statements": list(statements),
        "intervals": {
            "kind": "simulation",
            "level": held.level,
            "notes": [text.format(n=batches, level=100 * held.level) for text in INTERVALS],
        },
        "notes": [*contest.entered.notes, *([] if hypervolumes(contest) else [NO_MOOCORE])],
        "assumptions": list(assumptions(data)),
        "times": {stage: round(seconds, 3) for stage, seconds in times.items()},
    }
