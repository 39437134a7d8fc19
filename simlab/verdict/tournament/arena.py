"""Where schemes meet: the same SKU-locations, the same random numbers, the same costs and service."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np

from simlab.arrays import ChoiceArray, FloatArray, IntArray
from simlab.frontier import (
    Frontier,
    ItemFrontier,
    NoPlanError,
    Problem,
    SegmentCurves,
    per_item_bound,
    ratio_points,
    solve,
)
from simlab.frontier.curves import fewest
from simlab.verdict.tournament.entry import Entry, Judged, Service, scaled
from simlab.verdict.tournament.redraws import multiplicities, redrawn_costs
from simlab.verdict.tournament.sample import Sample, group_sums, item_plan_sums, plan_sums

MERGE_WORK = 4_000_000
"""Work limit of one merge: exact up to about ten segments on 24 targets, else within a stated ε."""
_STEPS = 64
_RATIO_STEPS = 9
_RATIO_WIDTH = 0.35
_LOWEST, _HIGHEST = 0.30, 0.9997


@dataclass(frozen=True, eq=False)
class Arena:
    """What every scheme meets.

    Attributes
    ----------
    search : Sample
        Sums by batch of the seed that chooses.
    verdict : Sample
        Sums by batch of the seed that judges.
    holding, unit_cost : (n,) int64
        Yearly cost of holding a unit (hundredths of the cost resolution), cost of a unit.
    cost_resolution : float
        Study currency of one step.
    currency : str
    targets : (k,) float
        The grid.
    service : Service
        What a floor is set on.
    fills : tuple of float
        Floors at which schemes are compared; the first decides.
    times : (n,) int64, optional
        How often each SKU-location counts, in a resampled catalogue.
    merge_work : int
        Work limit of a merge.
    redraw : bool
        Whether plans are chosen again on redrawn batches of the search, so that intervals cover it.
    """

    search: Sample
    verdict: Sample
    holding: IntArray
    unit_cost: IntArray
    cost_resolution: float
    currency: str
    targets: FloatArray
    service: Service
    fills: tuple[float, ...]
    times: IntArray | None = None
    merge_work: int = MERGE_WORK
    redraw: bool = True

    @property
    def n_items(self) -> int:
        """SKU-locations."""
        return self.search.n_items

    def with_times(self, times: IntArray) -> Arena:
        """The same with every SKU-location counted so many times."""
        return replace(self, times=times)

    def pooled(self) -> Arena:
        """The same without intervals."""
        return replace(self, search=self.search.pooled(), verdict=self.verdict.pooled(), redraw=False)

    @cached_property
    def ladder(self) -> tuple[float, ...]:
        """Floors at which every scheme brings its cheapest plan, even in −log(1 − fill)."""
        steps = np.linspace(-math.log1p(-_LOWEST), -math.log1p(-_HIGHEST), _STEPS)
        return tuple(sorted({*(float(round(-math.expm1(-step), 6)) for step in steps), *self.fills}))

    def frontier(self, codes: IntArray, names: Sequence[str]) -> Frontier:
        """Every efficient plan of segment targets on the search seed."""
        return solve(self.curves(codes, names), max_candidates=self.merge_work)

    def curves(self, codes: IntArray, names: Sequence[str]) -> SegmentCurves:
        """Sums of the search seed by segment and target; `served` and `demanded` are the service's."""
        sample, n = self.search, len(names)
        whole = self._whole(sample, codes, n).sum(axis=-1)
        exposure = 2 * sample.exposure * sample.n_batches
        unit = Fraction(repr(self.cost_resolution)) / exposure
        return SegmentCurves(
            cost=self._sum(codes, n, self.holding, sample.stock).sum(axis=-1),
            value=self._sum(codes, n, self.unit_cost, sample.stock).sum(axis=-1),
            served=self._part(sample, codes, n).sum(axis=-1),
            demanded=whole[:, 0],
            targets=self.targets,
            names=tuple(names),
            cost_unit=unit / 100,
            value_unit=unit,
            currency=self.currency,
        )

    def enter(self, name: str, codes: IntArray, names: Sequence[str]) -> Entry:
        """A scheme's best plans, and what they do on the verdict seed.

        Parameters
        ----------
        name : str
            Of the scheme.
        codes : (n,) int64
            Segment of each SKU-location.
        names : sequence of str
            Segments.
        """
        found = self._plans(codes, names)
        choice = np.array([plan for plan, _ in found.values()], dtype=np.int16).reshape(-1, len(names))
        choice = np.unique(choice, axis=0)
        judged = self.judge(codes, len(names), choice)
        return Entry(
            name=name,
            n_segments=len(names),
            choice=choice,
            cost=judged.cost,
            value=judged.value,
            part=judged.part,
            whole=judged.whole,
            search_cost={fill: found[fill][1][0] for fill in self.fills if fill in found},
            asked={fill: found[fill][0] for fill in self.fills if fill in found},
            gap=found[self.fills[0]][1][1] if self.fills[0] in found else math.nan,
            again=self._redrawn(codes, len(names)),
        )

    def _redrawn(self, codes: IntArray, n: int) -> dict[float, FloatArray]:
        """Floor → cost on the verdict seed of plans chosen on redrawn searches; empty where not asked for."""
        moving = self.service.whole_of(self.search).shape[1] > 1
        if not self.redraw or self.search.n_batches < 2 or moving:
            return {}
        search, verdict = self._cells(self.search, codes, n), self._cells(self.verdict.pooled(), codes, n)
        times = multiplicities(self.search.n_batches)
        costs = redrawn_costs(search, tuple(table[:, :, 0] for table in verdict), self.fills, times)
        per_batch = self._cost_scale / self.verdict.n_batches
        return {fill: row * per_batch for fill, row in zip(self.fills, costs, strict=True)}

    def _cells(self, sample: Sample, codes: IntArray, n: int) -> tuple[IntArray, IntArray, IntArray]:
        """Cost, service and its whole per segment × target × batch."""
        cost = self._sum(codes, n, self.holding, sample.stock)
        return cost, self._part(sample, codes, n), self._whole(sample, codes, n)

    def judge(self, codes: IntArray, n: int, choice: ChoiceArray) -> Judged:
        """What plans do on the verdict seed; `choice` is (p, n) target numbers of n segments."""
        sample = self.verdict
        return Judged(
            scaled(plan_sums(self._sum(codes, n, self.holding, sample.stock), choice), self._cost_scale),
            scaled(plan_sums(self._sum(codes, n, self.unit_cost, sample.stock), choice), self._value_scale),
            plan_sums(self._part(sample, codes, n), choice),
            plan_sums(self._whole(sample, codes, n), choice),
        )

    def segment_service(self, codes: IntArray, asked: IntArray) -> tuple[IntArray, IntArray]:
        """(s, b) service and its whole per segment on the verdict seed, at one target number each."""
        n, sample = asked.size, self.verdict
        part, whole = self._part(sample, codes, n), self._whole(sample, codes, n)
        rows = np.arange(n)
        return part[rows, asked], whole[rows, asked if whole.shape[1] > 1 else 0]

    def enter_items(
        self,
        name: str,
        plans: Sequence[IntArray],
        asked: dict[float, int],
        *,
        n_segments: int = 0,
        gap: float = 0.0,
    ) -> Entry:
        """Plans with a target of their own for every SKU-location, judged like a scheme's.

        Parameters
        ----------
        plans : sequence of (n,) int
            Column of each SKU-location.
        asked : dict of float to int
            Floor → number of the plan that meets it on the search seed.
        n_segments : int
            Different targets in a plan; 0: one per SKU-location.
        gap : float
            Of the plan at the first floor.
        """
        sample, service = self.verdict, self.service
        unit = self._weights(service.weights)
        cost = item_plan_sums(sample.stock, self._weights(self.holding), plans)
        value = item_plan_sums(sample.stock, self._weights(self.unit_cost), plans)
        part = item_plan_sums(service.part_of(sample), unit, plans)
        whole = service.whole_of(sample)
        at = plans if whole.shape[1] > 1 else [np.zeros(self.n_items, dtype=np.int64)] * len(plans)
        searched = item_plan_sums(self.search.stock, self._weights(self.holding), plans).sum(axis=-1)
        scale = self.cost_resolution / 100 / (2 * self.search.exposure * self.search.n_batches)
        return Entry(
            name=name,
            n_segments=n_segments or self.n_items,
            choice=np.array(plans, dtype=np.int16),
            cost=scaled(cost, self._cost_scale),
            value=scaled(value, self._value_scale),
            part=part,
            whole=item_plan_sums(whole, unit, at),
            search_cost={fill: float(searched[plan]) * scale for fill, plan in asked.items()},
            asked={fill: np.asarray(plans[plan], dtype=np.int64) for fill, plan in asked.items()},
            gap=gap,
        )

    def item_tables(self) -> tuple[IntArray, IntArray, dict[float, int]]:
        """(n, k) cost and service of every SKU-location on the search seed; floor → service needed in all."""
        sample, unit = self.search, self._weights(self.service.weights)
        cost = sample.stock.sum(axis=-1) * self._weights(self.holding)[:, None]
        part = self.service.part_of(sample).sum(axis=-1) * unit[:, None]
        whole = int((self.service.whole_of(sample).sum(axis=-1)[:, 0] * unit).sum())
        return cost, part, {fill: fewest(fill, whole) for fill in self.fills}

    def per_item(self) -> ItemFrontier:
        """Bounds and plans with one target per SKU-location, on the search seed."""
        sample = self.search
        cost, part, _ = self.item_tables()
        return per_item_bound(
            cost,
            part,
            value=sample.stock.sum(axis=-1) * self._weights(self.unit_cost)[:, None],
            demanded=self.service.whole_of(sample).sum(axis=-1)[:, 0] * self._weights(self.service.weights),
            n_points=_STEPS,
        )

    def enter_per_item(self, name: str, items: ItemFrontier) -> Entry:
        """The per-SKU plans at the floors of the ladder, judged like a scheme's."""
        plans: list[IntArray] = []
        asked: dict[float, int] = {}
        for fill in self.ladder:
            try:
                plan = items.at(fill_rate=fill)
            except NoPlanError:
                break
            if fill in self.fills:
                asked[fill] = len(plans)
            plans.append(plan.choice)
        return self.enter_items(name, plans, asked)

    def _plans(
        self, codes: IntArray, names: Sequence[str]
    ) -> dict[float, tuple[IntArray, tuple[float, float]]]:
        """Floor → (target numbers, (holding cost per year, gap)) of the cheapest plan that meets it."""
        if self.service.whole_of(self.search).shape[1] > 1:
            return self._ratio_plans(codes, names)
        frontier = self.frontier(codes, names)
        cost, gap, served = frontier.cost_money, frontier.gap, frontier.served
        found = {}
        for fill in self.ladder:
            at = int(np.searchsorted(served, frontier.curves.needed(fill)))
            if at >= frontier.n_points:
                break
            found[fill] = (frontier.choice[at].astype(np.int64), (float(cost[at]), float(gap[at])))
        return found

    def _ratio_plans(
        self, codes: IntArray, names: Sequence[str]
    ) -> dict[float, tuple[IntArray, tuple[float, float]]]:
        """The same by one solve per floor, where the whole moves with the targets."""
        n, sample = len(names), self.search
        part = self._part(sample, codes, n).sum(axis=-1)
        whole = self._whole(sample, codes, n).sum(axis=-1)
        distance = np.linspace(-_RATIO_WIDTH, _RATIO_WIDTH, _RATIO_STEPS)
        floors = {1 - (1 - fill) * math.exp(step) for fill in self.fills for step in distance}
        curves = self.curves(codes, names)
        try:
            points = ratio_points(
                Problem(curves), part, whole, sorted({*floors, *self.fills}), what=self.service.name
            )
        except NoPlanError:
            return {}
        unit = float(curves.cost_unit)
        return {floor: (plan.choice, (plan.cost * unit, plan.gap)) for floor, plan in points}

    @property
    def _cost_scale(self) -> float:
        return self.cost_resolution / 100 / (2 * self.verdict.exposure)

    @property
    def _value_scale(self) -> float:
        return self.cost_resolution / (2 * self.verdict.exposure)

    def _weights(self, weights: IntArray) -> IntArray:
        return weights if self.times is None else weights * self.times

    def _sum(self, codes: IntArray, n: int, weights: IntArray, table: IntArray) -> IntArray:
        return group_sums(codes, n, self._weights(weights), table)

    def _part(self, sample: Sample, codes: IntArray, n: int) -> IntArray:
        return self._sum(codes, n, self.service.weights, self.service.part_of(sample))

    def _whole(self, sample: Sample, codes: IntArray, n: int) -> IntArray:
        return self._sum(codes, n, self.service.weights, self.service.whole_of(sample))
