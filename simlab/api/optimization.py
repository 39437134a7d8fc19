"""What an optimized study knows and answers: frontier, chosen plan, and what fresh randomness says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from simlab.api.data.data import Data
from simlab.api.plans.outcome import Optimization
from simlab.api.plans.search import prepare, redrawn, search_curves, solve_ready, tested
from simlab.api.requirements.accounting import compare_counted
from simlab.api.requirements.refusals import refuse
from simlab.api.settings import Clock, Settings
from simlab.api.show import COLOURS
from simlab.execution import Progress
from simlab.measures import MEASURES
from simlab.segments import Segmentation
from simlab.verdict.compare import NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from simlab.api.simulator.stored import StoredCurves


def optimize(
    data: Data,
    segmentation: Segmentation,
    *,
    fill_rate: float | None = None,
    budget: float | None = None,
    replications: int | None = None,
    verdict_replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    curves: StoredCurves | None = None,
) -> Optimization:
    """Find the segment targets with the least holding cost, and test them on fresh randomness.

    Parameters
    ----------
    data : Data
    segmentation : Segmentation
        From `segment`.
    fill_rate : float, optional
        Floor on the total achieved fill rate, a fraction; the study's floor and budget if neither
        is given.
    budget : float, optional
        Ceiling on mean inventory value, study currency.
    replications, verdict_replications, seed, workers : int, optional
        The study's if left out. Workers change no result.
    progress : callable, optional
        Called with (stage, done, total).
    curves : StoredCurves, optional
        Of an earlier run with the same laws, levels and seed: the search is not simulated again.

    Returns
    -------
    Optimization

    Raises
    ------
    InfeasibleError
        No plan on the grid meets floor and budget; the message names what would work.
    """
    refuse(data, "optimize")
    settings = Settings.of(
        data.study,
        replications=replications,
        verdict_replications=verdict_replications,
        seed=seed,
        workers=workers,
    )
    clock = Clock(progress)
    ready = prepare(data, segmentation, settings, clock)
    sums = search_curves(ready, clock, curves)
    solved = solve_ready(ready, sums, clock, fill_rate, budget)
    if curves is not None:
        solved = replace(solved, notes=(*solved.notes, curves.note))
    search, verdict = tested(ready, solved, clock)
    scale = settings.scale(data.study)
    return Optimization(
        data=data,
        segmentation=segmentation,
        settings=settings,
        targets=ready.targets,
        planned=ready.planned,
        curves=sums,
        solved=solved,
        references=ready.references,
        search=search,
        verdict=verdict,
        comparisons=compare_counted(
            solved.comparable(verdict), solved.at_fill(verdict), scale, ready.simulator.accounting
        ),
        warmup=ready.simulator.warmup,
        warmup_rule=ready.warmup_rule,
        times=clock.times,
        accounting=ready.simulator.accounting,
        rules=ready.simulator.rules,
        simulator=ready.simulator,
        redrawn=redrawn(ready, solved, clock),
    )


def plot_frontier(opt: Optimization) -> Figure:
    """Holding cost per year against achieved fill rate; out of sample filled, in sample hollow."""
    from simlab.api.show import Picture

    figure = Picture(figsize=(8.0, 5.0), layout="constrained")
    axes = figure.subplots()
    scale = opt.settings.scale(opt.data.study)
    for kind in ("segmented", "uniform", "per_sku"):
        sums = opt.verdict[f"frontier:{kind}"]
        fill = sums.served[:, 0].sum(axis=1) / sums.demanded[:, 0].sum(axis=1)
        cost = sums.holding[:, 0].mean(axis=1) * scale.holding
        order = np.argsort(cost)
        axes.plot(fill[order], cost[order], color=COLOURS[kind], label=NAMES[kind], linewidth=1.6)
    for kind in opt.kinds:
        fresh = opt.scores(kind)
        axes.errorbar(
            fresh.fill_rate.value,
            fresh.holding_cost.value,
            xerr=[
                [fresh.fill_rate.value - fresh.fill_rate.low],
                [fresh.fill_rate.high - fresh.fill_rate.value],
            ],
            marker="o",
            color=COLOURS[kind],
            capsize=3,
            label=f"{NAMES[kind]}: {fresh.fill_rate.value:.3f}",
        )
    if opt.solved.fill_rate is not None:
        axes.axvline(opt.solved.fill_rate, color="0.5", linestyle=":", linewidth=1)
    axes.set_xlabel("Achieved fill rate (verdict seed)")
    axes.set_ylabel(MEASURES["holding_cost"].heading(opt.data.study.currency))
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
