"""What `optimize` and `simulate` leave in a run folder: what was simulated first, then every analysis."""

from __future__ import annotations

import shutil
import tempfile
import time
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simlab.api.accounts.tables import account_analyses
from simlab.api.data.data import Data
from simlab.api.decision.beside import LastPeriods
from simlab.api.decision.past import Last, held_out
from simlab.api.finance.finance import Finance
from simlab.api.finance.stock_value import location_stock, with_lost_margin, with_stock_value
from simlab.api.output import tables
from simlab.api.output.apart import Analyses
from simlab.api.output.brief import Brief, brief
from simlab.api.output.groups import group_frames
from simlab.api.output.manifest import optimize_facts, simulate_facts
from simlab.api.output.plan_csv import with_today, write_plan
from simlab.api.output.record import Record, RunResult, Written, write_run
from simlab.api.output.samples import sample_frames
from simlab.api.output.statements import chosen_plan, optimize_statements, simulate_statements
from simlab.api.output.tables import optimization_sums, simulation_sums
from simlab.api.output.what_if.cells import CELLS, cells_frame
from simlab.api.output.world import world_facts, world_frame
from simlab.api.plans.outcome import Outcome
from simlab.api.settings import Settings, give_back
from simlab.api.simulation import Simulation
from simlab.api.simulator import items
from simlab.api.simulator.stored import cells_table, curves_parts, keeps_curves
from simlab.engine.world.curves import Curves
from simlab.engine.world.levels import Levels
from simlab.execution import Horizon, Progress
from simlab.execution.ahead import works_beside
from simlab.models import Models
from simlab.run import RunFolder
from simlab.run.statements import Statement, lines, plain
from simlab.segments import Segmentation


def write_optimization(
    finance: Finance,
    folder: RunFolder,
    times: dict[str, float],
    progress: Progress | None = None,
    last: LastPeriods | None = None,
) -> RunResult:
    """Write what was simulated, then every analysis on its own, seal the run, render the report.

    `last` finds the last periods, which may have begun beside.
    """
    opt, started = finance.outcome, time.perf_counter()
    last = LastPeriods(opt.data) if last is None else last
    if progress is not None:
        progress("write", 0, 0)
    frames = simulated_frames(opt)
    written = write_first(folder, frames, opt.data.models)
    further = derived_frames(finance, frames)
    analyses = Analyses(folder, progress=progress, total=len(further) + _MORE)
    kept, fresh = opt.solved.kept["segmented"], opt.settings.horizon("verdict", opt.warmup)
    _compare_with_today(analyses, frames, opt.data, kept, fresh, opt.settings, opt.today)
    alone = _alone(finance, frames, folder)
    with analyses.beside(alone, worth=works_beside(opt.settings.workers, opt.data.catalog.n_items)):
        record, screen = _recorded(finance, folder, frames, further, alone, analyses, last)
    record = replace(record, times={**times, **opt.times}, written=written)
    return replace(write_run(record, folder, started, progress), brief=screen)


_TABLES = ("weights", "price_of_floor", "budget_sweep")
"""Of finance, found apart; the first two are read by sentences."""


def _alone(
    finance: Finance, frames: dict[str, pd.DataFrame], folder: RunFolder
) -> dict[str, Callable[[], Any]]:
    """Analyses that take long and need nothing but what was simulated, and the largest table.

    Those of histories come first: what is read for one is there for the other.
    """
    opt, kept = finance.outcome, finance.outcome.solved.kept["segmented"]
    items, plan, fresh = frames["items"], frames["plan"], opt.settings.horizon("verdict", opt.warmup)

    def curves() -> None:
        folder.write_parts(_LARGEST, curves_parts(opt.data.catalog, opt.curves, opt.targets))

    return {
        "histories": lambda: with_history(items, opt.data, opt.segmentation, kept),
        "samples": lambda: sample_frames(opt.data, items, plan, kept, fresh),
        **{name: finance.analyses()[name] for name in _TABLES},
        "world": lambda: _write_world(folder, opt.data, kept, fresh, opt.settings),
        **({_LARGEST: curves} if keeps_curves(opt.data) else {}),
    }


def _recorded(
    finance: Finance,
    folder: RunFolder,
    frames: dict[str, pd.DataFrame],
    further: dict[str, Callable[[], pd.DataFrame | None]],
    alone: dict[str, Callable[[], Any]],
    analyses: Analyses,
    last: LastPeriods,
) -> tuple[Record, Brief | None]:
    """What an optimisation leaves, and what of it fits a screen; what is found `alone` is asked for last."""
    opt = finance.outcome
    found = {name: analyses.of(name, find, None) for name, find in further.items() if name not in alone}
    frames |= {name: frame for name, frame in found.items() if frame is not None}
    fresh = opt.settings.horizon("verdict", opt.warmup)
    analyses.of("plan.csv", lambda: write_plan(folder, opt.data, frames["plan"]), None)
    histories = _histories(analyses, frames, alone["histories"])
    frames |= analyses.of("samples", alone["samples"], dict[str, pd.DataFrame]())
    for name in _TABLES:
        if (table := analyses.of(name, alone[name], None)) is not None:
            frames[name] = table
            finance.know(name, table)
    if _LARGEST in alone:
        analyses.of(_LARGEST, alone[_LARGEST], None)
    facts = _with_world(analyses, alone["world"], opt.data, fresh, opt.settings, "verdict")
    achieved = _let_go(analyses, frames, opt.data.models, alone, further)
    opt.data.let_go()
    unknown: Last = (None, None)
    held, own = analyses.of("the last periods", lambda: last.of(opt), unknown)
    frames |= {"held_out": held.frame} if held is not None else {}
    frames |= own.tables() if own is not None else {}
    histories = (*histories, *plain("replay", own.statements)) if own is not None else histories
    judged = None if held is None else held.judged
    said = analyses.of("statements", lambda: optimize_statements(finance, achieved, held, judged), None)
    looks, histories = _apart(histories)
    decided = said.statements if said else plain("plan", [chosen_plan(opt)])
    told = (*analyses.told(), *looks_first(decided, looks), *histories)
    facts |= optimize_facts(opt, lines(told)) | (
        {"decision": said.decision.facts | said.facts} if said else {}
    )
    frames |= {"decision": said.decision.to_frame()} if said else {}
    screen = None
    if said is not None:
        screen = analyses.of("brief", lambda: brief(opt, said.decision, frames["capital_by_segment"]), None)
    shown = tables.shown(frames)
    return Record(opt.data, "optimize", frames, shown, told, facts, {}, {}, analyses), screen


def _let_go(
    analyses: Analyses,
    frames: dict[str, pd.DataFrame],
    models: Models,
    *finds: dict[str, Callable[[], Any]],
) -> pd.DataFrame:
    """Write the tables of SKU-locations and keep of them what is read later, before laws are fitted again."""
    achieved = frames["items"][["fill_rate"]].copy()
    if analyses.folder is not None:
        for name in _OF_ITEMS:
            _write(analyses.folder, name, frames.pop(name), models)
    for found in finds:
        found.clear()  # what is found holds the tables that it is found from
    give_back()
    return achieved


_OF_ITEMS = ("items", "plan")
"""Tables with a row of every SKU-location, about 2 kB each."""

_MORE = 4
"""Analyses of `write_optimization` beside the tables of `derived_frames`."""


def write_simulation(
    simulation: Simulation, folder: RunFolder, times: dict[str, float], progress: Progress | None = None
) -> RunResult:
    """Write what was simulated, then every analysis on its own, seal the run, render the report."""
    started = time.perf_counter()
    analyses = Analyses(folder, progress=progress, total=_OF_SIMULATION)
    if progress is not None:
        progress("write", 0, 0)
    frames = simulation_frames(simulation)
    written = write_first(folder, frames, simulation.data.models)
    items, levels = frames["items"], simulation.planned.levels
    histories = _histories(
        analyses, frames, lambda: with_history(items, simulation.data, simulation.segmentation, levels)
    )
    own = analyses.of("the last periods", simulation.replay, None)
    frames |= own.tables() if own is not None else {}
    histories = (*histories, *plain("replay", own.statements)) if own is not None else histories
    none: tuple[str, ...] = ()
    said = analyses.of("statements", lambda: simulate_statements(simulation), none)
    told = (*analyses.told(), *plain("plan", said[:1]), *histories, *plain("plan", said[1:]))
    facts = simulate_facts(simulation, lines(told))
    times = {**times, **simulation.times}
    horizon, settings = simulation.settings.horizon("search", simulation.warmup), simulation.settings
    _compare_with_today(analyses, frames, simulation.data, levels, horizon, settings)
    analyses.of("plan.csv", lambda: write_plan(folder, simulation.data, frames["plan"]), None)
    facts |= _with_world(
        analyses,
        lambda: _write_world(folder, simulation.data, levels, horizon, settings),
        simulation.data,
        horizon,
        settings,
        "search",
    )
    frames |= _samples(analyses, frames, simulation.data, levels, horizon)
    shown = tables.shown(frames)
    record = Record(simulation.data, "simulate", frames, shown, told, facts, times, {}, analyses, written)
    texts = {"items": tables.packed_texts(frames["items"], simulation.data.models)}
    record = replace(record, texts=texts)
    return write_run(record, folder, started, progress)


_OF_SIMULATION = 5
"""Analyses of `write_simulation`."""


def looks_first(decided: tuple[Statement, ...], looks: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """What the inputs leave to be looked at, before what the plan does."""
    at = next((k for k, one in enumerate(decided) if one.group == "look"), len(decided))
    return (*decided[:at], *looks, *decided[at:])


def _apart(said: tuple[Statement, ...]) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
    """What is to be looked at before one signs, and the others."""
    return tuple(one for one in said if one.group == "look"), tuple(
        one for one in said if one.group != "look"
    )


def _histories(
    analyses: Analyses, frames: dict[str, pd.DataFrame], find: Callable[[], _OfHistories]
) -> tuple[Statement, ...]:
    """Add the tables of `with_history`; its sentences."""
    none: _OfHistories = ({}, ())
    found, said = analyses.of("histories", find, none)
    frames |= found
    return said


_OfHistories = tuple[dict[str, pd.DataFrame], tuple[Statement, ...]]


def _samples(
    analyses: Analyses, frames: dict[str, pd.DataFrame], data: Data, levels: Levels, horizon: Horizon
) -> dict[str, pd.DataFrame]:
    """Tables of a few SKU-locations that the page shows closely."""
    none = dict[str, pd.DataFrame]()
    return analyses.of(
        "samples", lambda: sample_frames(data, frames["items"], frames["plan"], levels, horizon), none
    )


def _compare_with_today(
    analyses: Analyses,
    frames: dict[str, pd.DataFrame],
    data: Data,
    levels: Levels,
    horizon: Horizon,
    settings: Settings,
    today: Curves | None = None,
) -> None:
    """Put today's levels, and what they achieve, beside the plan's; add up by supplier and location."""
    plan, stock = frames["plan"], frames["items"]["inventory_value"]
    frames["plan"] = analyses.of(
        "today's levels", lambda: with_today(data, plan, stock, levels, horizon, settings, today), plan
    )
    none, volume = dict[str, pd.DataFrame](), data.catalog.numbers.get("unit_volume")
    frames |= analyses.of("groups", lambda: group_frames(frames["items"], frames["plan"], volume), none)


def _with_world(
    analyses: Analyses,
    find: Callable[[], bool],
    data: Data,
    horizon: Horizon,
    settings: Settings,
    sample: str,
) -> dict[str, Any]:
    """Leave the table that `simlab verify` simulates from; what the manifest says of it."""
    if not analyses.of("world", find, False):
        return {}
    return {"world": world_facts(data, horizon, settings, sample)}


def _write_world(folder: RunFolder, data: Data, levels: Levels, horizon: Horizon, settings: Settings) -> bool:
    """Write that table where it is made: its texts, 7 kB an item, are read by nothing here."""
    folder.write_table("world", world_frame(data, levels, horizon, settings))
    return True


def _write(folder: RunFolder, name: str, frame: pd.DataFrame, models: Models) -> None:
    """Write a table, that of items with the reasons that lie packed beside it."""
    folder.write_table(name, frame, tables.packed_texts(frame, models) if name == "items" else None)


def write_first(folder: RunFolder, frames: dict[str, pd.DataFrame], models: Models) -> Written:
    """Put what was simulated on disk before anything is made of it; the largest table is then let go."""
    for name, frame in frames.items():
        _write(folder, name, frame, models)
    frames.pop(_LARGEST, None)
    give_back()
    return {name: weakref.ref(frame) for name, frame in frames.items()}


_LARGEST = "curves"
"""13 kB an item, which nothing that is derived reads."""


def optimization_frames(finance: Finance) -> dict[str, pd.DataFrame]:
    """The tables under `results`."""
    frames = simulated_frames(finance.outcome)
    found = {name: find() for name, find in derived_frames(finance, frames).items()}
    return frames | {name: frame for name, frame in found.items() if frame is not None}


def simulated_frames(opt: Outcome) -> dict[str, pd.DataFrame]:
    """The tables of what was simulated and chosen."""
    data, segmentation = opt.data, opt.segmentation
    column = opt.solved.columns["segmented"]
    fresh = opt.settings.horizon("verdict", opt.warmup)
    achieved = items.achieved(data, opt.solved.kept["segmented"], fresh, opt.settings, "verdict", opt.items)
    asked = np.array(opt.targets)[column]
    plan = tables.plan_frame(data.catalog, data.models, segmentation, asked, opt.planned, column, achieved)
    return {
        "items": _items(data, segmentation, achieved.assign(target=asked)),
        "segments": tables.segment_frame(opt),
        "cells": cells_table(segmentation.names, segmentation.codes, opt.curves, opt.targets).to_pandas(),
        "frontier": tables.frontier_frame(opt),
        "plan": plan,
        "verdict": tables.verdict_frame(opt),
        "replications": optimization_sums(opt),
        "reference": tables.reference_frame(opt),
        **({} if (sums := cells_frame(opt)) is None else {CELLS: sums}),
    }


def _items(data: Data, segmentation: Segmentation, achieved: pd.DataFrame) -> pd.DataFrame:
    """Table `items` without the reasons of its laws, which are written beside it."""
    return tables.item_frame(data.catalog, data.models, segmentation, achieved, reasons=False)


def derived_frames(
    finance: Finance, frames: dict[str, pd.DataFrame]
) -> dict[str, Callable[[], pd.DataFrame | None]]:
    """How the tables of what is made of it are found; some of the first are found anew with more columns."""
    opt = finance.outcome

    def with_money(frame: pd.DataFrame) -> pd.DataFrame:
        return with_lost_margin(with_stock_value(frame, finance.stock_value), opt)

    return {
        "segments": lambda: with_money(tables.segment_frame(opt)),
        "reference": lambda: with_money(tables.reference_frame(opt)),
        **finance.analyses(),
        "location_stock": lambda: location_stock(opt, finance.known_stock_value),
        **account_analyses(opt, frames["items"]["inventory_value"].to_numpy()),
    }


def simulation_frames(simulation: Simulation) -> dict[str, pd.DataFrame]:
    """The tables under `results` of a simulated policy."""
    data, segmentation = simulation.data, simulation.segmentation
    column = np.zeros(segmentation.codes.size, dtype=np.int64)
    settings = simulation.settings
    horizon = settings.horizon("search", simulation.warmup)
    achieved = items.achieved(data, simulation.planned.levels, horizon, settings, "search", simulation.items)
    asked = np.asarray(simulation.targets)[segmentation.codes]
    plan = tables.plan_frame(
        data.catalog, data.models, segmentation, asked, simulation.planned, column, achieved
    )
    return {
        "items": _items(data, segmentation, achieved.assign(target=asked)),
        "segments": tables.simulation_frame(simulation),
        "replications": simulation_sums(simulation),
        "plan": plan,
    }


def told(finance: Finance) -> tuple[Statement, ...]:
    """What a run of this outcome says, without a folder."""
    opt = finance.outcome
    held = held_out(opt)
    judged = None if held is None else held.judged
    return optimize_statements(finance, simulated_frames(opt)["items"], held, judged).statements


def report_to(finance: Finance, path: Path) -> Path:
    """The report alone, as one file."""
    with tempfile.TemporaryDirectory() as scratch:
        result = write_optimization(
            finance, RunFolder.create(Path(scratch) / "run", "run", Path(scratch)), {}
        )
        shutil.copyfile(result.folder / "report.html", path)
    return path


def with_history(items: pd.DataFrame, data: Data, segmentation: Segmentation, levels: Levels) -> _OfHistories:
    """What the histories look like: the items with more columns, further tables, sentences."""
    from simlab.api.data.fitted import fit_tables, memory_table
    from simlab.api.data.forecasts import forecast_statements, forecast_tables
    from simlab.api.data.histories import adjustments, diagnosis_columns, uplift, worst_fits
    from simlab.api.data.levels_to_look_at import TABLE, levels_to_look_at
    from simlab.api.remarks.remarks import inputs_to_look_at

    further = diagnosis_columns(data)
    further = further[[name for name in further if name not in items]]
    found = {"items": pd.concat([items, further], axis=1)}
    worst = worst_fits(data)
    further_tables = {"worst_fits": worst, "adjustments": adjustments(data), "uplift": uplift(data)}
    found |= {name: table for name, table in further_tables.items() if not table.empty}
    found |= fit_tables(data.catalog, data.models, data.history, segmentation)
    remembered = memory_table(data.models)
    if remembered is not None:
        found["memory"] = remembered
    looked = levels_to_look_at(data, levels, items["inventory_value"].to_numpy())
    found[TABLE] = looked.table
    suppliers = data.lead_times()
    if not suppliers.empty:
        found["lead_times"] = suppliers
    forecasts = forecast_tables(data)
    found |= forecasts
    said = forecast_statements(forecasts, data.study.currency)
    looks = (*looked.looks(), *inputs_to_look_at(data))
    told = {one.text for one in looks}
    levels_said = (text for text in looked.statements() if text not in told)
    return found, (*looks, *plain("levels", levels_said), *said)
