"""What a run says of itself: seeds, evaluator, warm-up, inputs, assumptions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.assumptions import assumed_facts, assumptions, laws_in_words
from simlab.api.data.data import Data
from simlab.api.data.ordering import MOVE, levels_moving
from simlab.api.learning.growers import is_grown
from simlab.api.output.tables import attribute_columns
from simlab.api.output.what_if.cells import what_if_facts
from simlab.api.settings import Settings
from simlab.api.simulator.levels import approximate_note
from simlab.api.simulator.stored import table_hash
from simlab.engine.kernels.streams import phase_seed
from simlab.policies.levels.forecasting import FORECAST
from simlab.policies.levels.lost import losing
from simlab.policies.policy import GIVEN
from simlab.segments import Segmentation
from simlab.study.sections import ForecastSpec

if TYPE_CHECKING:
    from simlab.api.plans.outcome import Outcome
    from simlab.api.simulation import Simulation


def optimize_facts(opt: Outcome, statements: tuple[str, ...]) -> dict[str, Any]:
    """The manifest of an optimized run."""
    from simlab.api.show import spread
    from simlab.api.simulator.stored import basis
    from simlab.execution import evaluator_of

    facts = core_facts(opt.data, opt.settings, statements, opt.segmentation)
    return facts | {
        "seeds": seeds_of(
            opt.settings,
            (*_chosen_on(opt.data, opt.segmentation, opt.solved.choosing.selection is not None), "verdict"),
        )
        | _of_planning(opt.data),
        "evaluator": evaluator_of(opt.data.models.world, opt.planned.levels),
        "warmup": opt.warmup,
        "warmup_rule": opt.warmup_rule,
        "targets": list(opt.targets),
        "curves": basis(
            opt.data, opt.planned.levels, opt.settings.horizon("search", opt.warmup), opt.targets
        ),
        "objective": opt.accounting.objective,
        "service": opt.accounting.service,
        "counted": {**opt.accounting.keys, "yearly": opt.accounting.yearly},
        "achieved": spread("fill_rate", opt.service),
        "constraints": {"fill_rate": opt.solved.fill_rate, "budget": opt.solved.budget} | _on_tails(opt),
        "chosen": opt.chosen.by_segment(),
        "frontier": {
            "n_points": opt.frontier.n_points,
            "n_shown": opt.solved.thinned.frontier.n_points,
            "largest_fill_gap": opt.solved.thinned.fill_gap,
            "largest_cost_gap": opt.solved.thinned.cost_gap,
            "largest_gap_between": float(opt.solved.thinned.frontier.gap_between.max()),
            "points": {
                str(label): int(count)
                for label, count in zip(
                    *np.unique(opt.solved.shown.certificate.astype(str), return_counts=True), strict=True
                )
            },
        },
        "notes": [*opt.solved.notes, *opt.references.notes],
        "what_if": what_if_facts(opt),
    }


def _on_tails(opt: Outcome) -> dict[str, Any]:
    """Ceilings on P95 and peak of stock value, and the proof of the plan, where the study asks for them."""
    found = opt.solved.choosing.tails
    proofs = {
        one.measure: {"certificate": one.certificate, "gap": one.gap} for one in found if one.certificate
    }
    ceilings = {one.measure: one.at_most for one in found if np.isfinite(one.at_most)}
    return {name: value for name, value in (("ceilings", ceilings), ("least", proofs)) if value}


def simulate_facts(simulation: Simulation, statements: tuple[str, ...]) -> dict[str, Any]:
    """The manifest of a simulated policy."""
    from simlab.execution import evaluator_of

    facts = core_facts(simulation.data, simulation.settings, statements, simulation.segmentation)
    return facts | {
        "seeds": seeds_of(simulation.settings, _chosen_on(simulation.data, simulation.segmentation))
        | _of_planning(simulation.data),
        "evaluator": evaluator_of(simulation.data.models.world, simulation.planned.levels),
        "warmup": simulation.warmup,
        "warmup_rule": simulation.warmup_rule,
        "constraints": {},
        "notes": approximate_note(simulation.planned.method),
    }


def study_place(data: Data, folder: Path) -> dict[str, str]:
    """Where the study file lies, seen from the run folder, so that a run anywhere finds its tables again.

    Nothing of a study without a file, or on another drive than the run.
    """
    study = data.study
    file = study.folder / study.file
    if not study.source or not file.is_file():
        return {}
    try:
        return {"study_file": Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()}
    except ValueError:
        return {}


def core_facts(
    data: Data, settings: Settings, statements: tuple[str, ...], segmentation: Segmentation | None = None
) -> dict[str, Any]:
    """What the manifest of every command says; `segmentation`: where the command has one."""
    from simlab.engine._jit import kernel_hash

    study = data.study
    return {
        "study": study.name,
        "currency": study.currency,
        "period": study.period,
        "as_of": str(data.catalog.as_of),
        "n_items": data.catalog.n_items,
        "inputs": dict(data.catalog.inputs),
        "kernel_hash": kernel_hash(),
        "table_hash": table_hash(data.models),
        "laws": laws_in_words(data),
        "periods": settings.periods,
        "parts": settings.parts,
        "replications": settings.replications,
        "verdict_replications": settings.verdict_replications,
        "batches": settings.batches,
        "level": settings.level,
        **_segments(segmentation),
        "policy": {
            "family": study.policy.family,
            "planning": study.policy.planning,
            "target_measure": study.policy.target_measure,
            "start": study.policy.start,
            **_forecast(data),
        },
        **_moves(data),
        "statements": list(statements),
        "intervals": {"kind": "simulation", "level": settings.level, **_draws(data, settings)},
        "assumptions": list(assumptions(data)),
        "assumed": assumed_facts(data),
    }


def _segments(segmentation: Segmentation | None) -> dict[str, Any]:
    if segmentation is None:
        return {}
    return {
        "by": attribute_columns(segmentation),
        "segments": list(segmentation.names),
        "segment_rule": segmentation.rule,
    }


def _forecast(data: Data) -> dict[str, Any]:
    """How levels are forecast, where they are."""
    policy = data.study.policy
    if policy.family != FORECAST:
        return {}
    return {"forecast": (policy.forecast or ForecastSpec()).model_dump()}


def _moves(data: Data) -> dict[str, str]:
    """The first day of the period that the plan's levels are of, where these move with the forecast table."""
    return {MOVE: str(data.models.paths.first)} if data.models.paths and levels_moving(data) else {}


def _draws(data: Data, settings: Settings) -> dict[str, Any]:
    """Whether model intervals stand beside, and the most parameter draws behind them."""
    return {} if data.models.redraws is None else {"also": "model", "batches": settings.batches}


def _chosen_on(data: Data, segmentation: Segmentation, judged: bool = False) -> tuple[str, ...]:
    """Phases whose seeds had a say in the segments or the plan."""
    selected = any(is_grown(data, name) for name in segmentation.by) or judged
    return ("search", "selection") if selected else ("search",)


def seeds_of(settings: Settings, phases: tuple[str, ...]) -> dict[str, int]:
    return {"study": settings.seed} | {phase: phase_seed(settings.seed, phase) for phase in phases}


def _of_planning(data: Data) -> dict[str, int]:
    """The seed that found levels where demand can be lost: the study's, whatever a call says."""
    policy, world = data.study.policy, data.models.world
    if policy.planning != "exact" or policy.family in (FORECAST, GIVEN) or not losing(world).any():
        return {}
    return {"planning": phase_seed(data.study.simulation.seed, "planning")}
