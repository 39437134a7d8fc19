"""Segments learned from what each target costs: learned on the search seed, sized on the selection seed.

The classes minimise the study's objective less a price per unit of service. The price is that of the
frontier of the classes themselves at the study's floor, so both are found in turns. How many classes are
worth having is decided on replications that the learning did not see; the verdict seed is not touched.
Limits on groups of SKU-locations play no part in the learning, only in the plans made afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simlab.api.data.data import Data, settings_of
from simlab.api.learning.growers import CUTS, TREE, Grow, grower, is_grown, learned_spec, refuse_many
from simlab.api.plans.sums import ItemTables, segment_curves
from simlab.api.requirements.accounting import DEFAULT_FILL_RATE, Accounting, accounting
from simlab.api.requirements.refusals import refuse
from simlab.api.settings import Settings
from simlab.api.simulator.simulator import plan_columns, warmup_of
from simlab.errors import InvalidInputError, Problem
from simlab.execution import Progress, run_curves
from simlab.frontier import Frontier, NoPlanError, SegmentCurves, free_classes, per_item_bound, solve, uniform
from simlab.measures import format_money, format_rate
from simlab.segments import Segmentation, combine
from simlab.segments.assign import LEARNED, assign
from simlab.study.sections import LearnedSpec
from simlab.study.sections import parts_of as entries_of
from simlab.verdict.growing import first_price, grow_at_floor

_WINDOW = 20
_HOW = {"tree": "a tree", "cuts": "cuts on one column"}


@dataclass(frozen=True, eq=False)
class _School:
    """What learning looks at: exact sums on two seeds."""

    name: str
    data: Data
    settings: Settings
    spec: LearnedSpec
    grow: Grow
    targets: tuple[float, ...]
    counted: Accounting
    search: ItemTables
    selection: ItemTables

    def curves(self, tables: ItemTables, segmentation: Segmentation) -> SegmentCurves:
        """Sums by segment, in the study's objective and service."""
        return segment_curves(
            tables, self.data, segmentation, self.targets, self.settings, accounting=self.counted
        )

    def frontier(self, segmentation: Segmentation) -> Frontier:
        """Every efficient plan of the segments on the search seed."""
        return solve(self.curves(self.search, segmentation))

    def learned(self, classes: int, price: float) -> Segmentation:
        """The best rule with at most so many classes at a price per unit served."""
        loss = self.search.cost.astype(np.float64) - price * self.search.served
        return self.grow(loss, classes)


def segment_learned(
    data: Data, by: Sequence[str], *, workers: int | None = None, progress: Progress | None = None
) -> Segmentation:
    """Segments by the entries of `by`, some of which are learned or have sizes to be optimised.

    Simulates the grid of targets on the search and the selection seed, both with the study's replications.

    Raises
    ------
    InvalidInputError
        A named column that is missing, constant, partly empty or not writable in a rule; more classes
        than SKU-locations.
    """
    spec = spec_of(data, by)
    settings = settings_of(data, workers=workers)
    names = tuple(dict.fromkeys(by))
    growers = growers_of(data, names, spec)
    plain = (name for name in names if name not in growers)
    parts = {name: assign(data.catalog, data.models, name, data.study.segments) for name in plain}
    targets = data.study.targets()
    counted = accounting(data)
    search, selection = _grid(data, settings, counted, targets, progress)
    for name, grow in growers.items():
        school = _School(name, data, settings, spec, grow, targets, counted, search, selection)
        free = name == LEARNED and spec.method == "free"
        parts[name] = _free(school) if free else _chosen(school)
        if name in (TREE, CUTS):
            parts[name] = replace(parts[name], by=(name,))
    return product([parts[name] for name in names])


def spec_of(data: Data, by: Sequence[str]) -> LearnedSpec:
    """How to learn: by `segments.learned`; ``tree`` and ``cuts`` without it as a contest learns them."""
    given = data.study.segments.learned
    if given is not None:
        return given
    return learned_spec(data) if {TREE, CUTS} & set(by) else LearnedSpec()


def growers_of(data: Data, by: Sequence[str], spec: LearnedSpec) -> dict[str, Grow]:
    """What grows each entry of `by` that needs curves; refused where it cannot."""
    found: dict[str, Grow] = {}
    problems: list[Problem] = []
    for name in by:
        if not is_grown(data, name):
            continue
        refuse(data, "learned segments")
        try:
            refuse_many(data, name, spec)
            found[name] = grower(data, name, spec)
        except InvalidInputError as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInputError(problems)
    return found


def product(segmentations: Sequence[Segmentation]) -> Segmentation:
    """The segmentation by all of them at once."""
    parts = []
    for one in segmentations:
        for number, name in enumerate(one.by):
            labels = one.labels[number]
            codes = np.array([labels.index(values[number]) for values in one.attributes], dtype=np.int64)
            parts.append((name, labels, codes[one.codes]))
    same = tuple(rule for one in segmentations for rule in one.undivided)
    return replace(combine(parts, "\n".join(one.rule for one in segmentations)), undivided=same)


def _grid(
    data: Data,
    settings: Settings,
    counted: Accounting,
    targets: tuple[float, ...],
    progress: Progress | None,
) -> tuple[ItemTables, ItemTables]:
    """Sums at every target on the search and on the selection seed."""
    models = data.models
    planned = plan_columns(data, np.array(targets))
    warmup, _ = warmup_of(data, [planned.levels], settings)
    tables = []
    for phase in ("search", "selection"):
        horizon = replace(
            settings.horizon(phase, warmup),
            replications=settings.replications,
            slots=min(settings.batches, settings.replications),
        )
        curves = run_curves(
            models.world, planned.levels, horizon, workers=settings.workers, progress=progress
        )
        usual = ItemTables.of(curves, models)
        tables.append(usual.counted(curves, data, counted, settings.replications))
    return tables[0], tables[1]


def _floor(school: _School) -> float:
    """The study's floor; without one what the best common target reaches within the budget."""
    asked = school.data.study.optimize
    whole = assign(school.data.catalog, school.data.models, "all")
    one = uniform(school.curves(school.search, whole))
    floor = asked.fill_rate
    if floor is None and asked.budget is not None:
        try:
            floor = float(one.at(budget=asked.budget).fill_rate)
        except NoPlanError:
            floor = float(one.fill_rate.min())
    return min(DEFAULT_FILL_RATE if floor is None else floor, float(one.fill_rate.max()))


def _free(school: _School) -> Segmentation:
    """The best targets with free assignment: no rule, a list."""
    floor = _floor(school)
    need = math.ceil(floor * int(school.search.demanded.sum()))
    tables = school.search
    need = min(need, int(tables.served.sum(axis=0).max()))
    (plan,) = free_classes(tables.cost, tables.served, need, [school.spec.classes])
    names = tuple(f"F{number + 1}" for number in range(plan.columns.size))
    targets = [format_rate(school.targets[column]) for column in plan.columns]
    rule = (
        f"learned, free: every SKU-location at the one of {len(names)} targets ({', '.join(targets)}) that "
        f"is cheapest at {school.counted.service} {format_rate(floor)} on the search seed; the only rule is "
        "the list in plan"
    )
    return combine([(LEARNED, names, np.searchsorted(plan.columns, plan.choice))], rule)


def _chosen(school: _School) -> Segmentation:
    """The rule whose number of classes costs least at the floor on the selection seed."""
    floor = _floor(school)
    price = _price(school, floor)
    found: dict[int, tuple[Segmentation, float]] = {}
    for classes in range(1, school.spec.classes + 1):
        segmentation = school.learned(classes, price)
        if segmentation.n_segments == classes:
            found[classes] = segmentation, _cost_elsewhere(school, segmentation, floor)
    best = min(found, key=lambda classes: (found[classes][1], classes))
    if math.isinf(found[best][1]):
        best = max(found)
    return replace(found[best][0], rule=_told(school, found, best, floor))


def _price(school: _School, floor: float) -> float:
    """Price of a unit served at which the learned classes are cheapest at the floor on the search seed."""
    tables = school.search
    items = per_item_bound(tables.cost, tables.served, demanded=tables.demanded, n_points=40)

    def grow(price: float) -> Segmentation:
        return school.learned(school.spec.classes, price)

    return grow_at_floor(grow, school.frontier, floor, first_price(items, floor))[1]


def _cost_elsewhere(school: _School, segmentation: Segmentation, floor: float) -> float:
    """Yearly cost at the floor on the selection seed, plans chosen on the search seed; inf out of range."""
    frontier = school.frontier(segmentation)
    at = int(np.searchsorted(frontier.fill_rate, floor))
    near = frontier.choice[max(0, at - _WINDOW) : at + _WINDOW + 1].astype(np.int64)
    grid = school.curves(school.selection, segmentation)
    totals = np.array([grid.totals(choice) for choice in near], dtype=np.float64)
    fill = totals[:, 2] / max(1, grid.total_demanded)
    order = np.argsort(fill, kind="stable")
    if not fill[order[0]] <= floor <= fill[order[-1]]:
        return math.inf
    return float(np.interp(floor, fill[order], totals[order, 0]) * float(grid.cost_unit))


def _told(school: _School, found: dict[int, tuple[Segmentation, float]], best: int, floor: float) -> str:
    """The rule, and what speaks for its number of classes."""
    currency = school.data.study.currency
    costs = [
        f"{classes}: {format_money(cost, currency)}"
        for classes, (_, cost) in found.items()
        if math.isfinite(cost)
    ]
    how = _HOW.get(school.spec.method if school.name == LEARNED else school.name, "cuts on the score")
    asked = f"{school.counted.service} {format_rate(floor)}"
    return (
        f"{found[best][0].rule}\n({how}, learned at {asked} on the search seed, at least "
        f"{school.spec.min_size} SKU-locations a class; {school.counted.objective} on the "
        f"selection seed by number of classes: {', '.join(costs) or 'out of range'})"
    )


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
        Scheme names (``"abc"``, ``"xyz"``) or columns of the items table; several give their product, as
        does ``"abc+xyz"``. The study's `segments.by` if left out. ``"learned"``, ``"tree"``, ``"cuts"``,
        and schemes of optimised sizes (``"optimised:tbs"``): found by simulation at the study's floor, as
        `segments.learned` says.
    workers, progress
        Of that simulation, as in `optimize`.

    Examples
    --------
    >>> import simlab as sl
    >>> data = sl.demo(n_skus=6)
    >>> sl.segment(data, "abc")
    Segmentation by abc: A 3, B 5, C 10
    >>> sl.segment(data, ["abc", "category"]).to_frame().columns.tolist()
    ['sku', 'location', 'segment', 'abc', 'category']
    """
    spec = data.study.segments
    names = (by,) if isinstance(by, str) else tuple(by if by is not None else spec.by)
    names = tuple(entries_of(names))
    if any(is_grown(data, name) for name in names):
        found = segment_learned(data, names, workers=workers, progress=progress)
    else:
        found = assign(data.catalog, data.models, names, spec)
    return replace(found, sku=data.catalog.sku, location=data.catalog.location)
