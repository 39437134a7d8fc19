"""``compare_policies``: ordering rules and ways to plan them, on the same random numbers at equal fill."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simlab.api.data.data import Data
from simlab.api.pictures import dots, row
from simlab.api.plans.search import Ready, prepare, search_curves, solve_ready
from simlab.api.plans.solved import Solved
from simlab.api.requirements.accounting import Accounting, as_counted, counted_scale
from simlab.api.requirements.refusals import refuse
from simlab.api.settings import Clock, Settings
from simlab.api.show import spread
from simlab.api.simulator.simulator import side_by_side
from simlab.engine.prepare.on_grid import parts_of
from simlab.errors import SimlabError, UsageError
from simlab.execution import PlanSums, Progress
from simlab.measures import Estimate, FloatArray, cost_at_fill, format_money, format_rate, jackknife
from simlab.measures.decision import WEIGHT_NOUNS, service_served
from simlab.measures.shown import Public
from simlab.measures.weights import WeighedPlans, equal_service, mark_of
from simlab.measures.words import policy_title
from simlab.register.families import TARGET_FAMILIES
from simlab.segments import Segmentation
from simlab.verdict.scores import Scores, score

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


_PLANNINGS = ("exact", "normal")
_PLAN, _FRONTIER = "segmented", "frontier:segmented"
_ENDINGS = {"units": "", "value": "_value", "margin": "_margin", "items": "_items"}
_UNTOLD = {"open": "too close to call", "same": "the same", "none": "no number"}


@dataclass(frozen=True, eq=False, repr=False)
class PolicyEntry(Public):
    """One policy of a comparison, at its own best targets.

    Attributes
    ----------
    name : str
        ``family`` or ``family:planning``.
    chosen : dict of str to float
        Target per segment of the plan that meets the floor at least cost on the search seed.
    plan : Scores
        What that plan did on the verdict seed, every measure with its interval.
    orders : float
        Orders per year under that plan.
    cost_at_fill : float
        Cost (a year, or money tied up, as the study's objective counts) read at the common fill rate;
        NaN where the frontier does not reach it.
    difference, percent : Estimate
        Against the study's own policy, paired by replication; all intervals of a comparison hold together
        (Bonferroni). NaN for the study's own.
    weights : tuple of ByWeight
        The same plans at equal service in units, value, margin and items, as far as they are known and did
        not decide: plans of the deciding weight held fixed, those beaten in (weight, cost) left out.
    """

    name: str
    chosen: dict[str, float]
    plan: Scores
    orders: float
    cost_at_fill: float
    difference: Estimate
    percent: Estimate
    weights: tuple[ByWeight, ...] = ()

    @property
    def mark(self) -> str:
        """ "less" or "more" than the study's own in the service that decides, "same", "open" or "none"."""
        return mark_of(self.difference, self.percent)


class ByWeight(NamedTuple):
    """A policy against the study's own at equal service in a weight that did not decide.

    Attributes
    ----------
    weight : str
    at : float
        Service that the study's own plan reaches in this weight.
    percent : Estimate
        (this − own) ÷ own; the intervals of all policies and weights hold together.
    mark : str
        As `PolicyEntry.mark`.
    """

    weight: str
    at: float
    percent: Estimate
    mark: str


@dataclass(frozen=True, eq=False, repr=False)
class PolicyComparison(Public):
    """Policies on the same SKU-locations, segments and random numbers; the study's own first.

    Attributes
    ----------
    entries : tuple of PolicyEntry
    at_fill : float
        Service at which costs are read: what the study's own plan reaches on the verdict seed.
    objective, service, currency : str
        What is read, in words.
    left_out : tuple of (str, str)
        Policies that could not take part, and why; only where none were named.
    warmup : int
        Periods run before counting, the longest that any of them needs.
    times : dict
        Seconds per stage.

    Examples
    --------
    >>> rules = sl.compare_policies(data)
    >>> rules.statements
    """

    entries: tuple[PolicyEntry, ...]
    at_fill: float
    objective: str
    service: str
    currency: str
    left_out: tuple[tuple[str, str], ...]
    warmup: int
    times: dict[str, float] = field(default_factory=dict)

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """The outcome in sentences."""
        own = self.entries[0].name
        lines = [_sentence(one, own, self) for one in self.entries[1:]]
        return (*lines, *(f"Left out: {name}, because {why}." for name, why in self.left_out))

    def to_frame(self) -> pd.DataFrame:
        """One row per policy.

        Examples
        --------
        >>> rules.to_frame()[["policy", "cost_at_fill", "percent"]]
        """
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "policy": one.name,
                    "fill_rate": one.plan.fill_rate.value,
                    "fill_rate_low": one.plan.fill_rate.low,
                    "fill_rate_high": one.plan.fill_rate.high,
                    "inventory_value": one.plan.inventory_value.value,
                    "holding_cost": one.plan.holding_cost.value,
                    "orders_per_year": one.orders,
                    "at_fill": self.at_fill,
                    "cost_at_fill": one.cost_at_fill,
                    "difference": one.difference.value,
                    "difference_low": one.difference.low,
                    "difference_high": one.difference.high,
                    "percent": one.percent.value,
                    "percent_low": one.percent.low,
                    "percent_high": one.percent.high,
                    **{
                        key: value
                        for by in one.weights
                        for key, value in spread(f"percent_by_{by.weight}", by.percent).items()
                    },
                }
                for one in self.entries
            ]
        )

    def plot(self) -> Figure:
        """What every policy costs more than the study's own at the same service, with intervals.

        Examples
        --------
        >>> rules.plot().savefig("rules.svg")
        """
        rows = self.to_frame().to_dict("records")[1:]
        label = f"{self.objective} more than {self.entries[0].name} at {self.service} {self.at_fill:.3f}"
        series = {"difference": [row(one, "difference") for one in rows]}
        return dots([str(one["policy"]) for one in rows], series, f"{label} ({self.currency})", zero=False)

    def __repr__(self) -> str:
        return f"PolicyComparison({', '.join(one.name for one in self.entries)} at {self.at_fill:.3f})"

    def _repr_html_(self) -> str:
        from simlab.api.show import describe

        return describe(repr(self), self.to_frame())


@dataclass(frozen=True, eq=False)
class _Run:
    """A policy on its way."""

    name: str
    ready: Ready
    solved: Solved
    plan: PlanSums
    frontier: PlanSums
    whole: PlanSums

    def in_weight(self, weight: str) -> WeighedPlans | None:
        """The frontier's cost and service in a weight; None where nothing is asked for in it."""
        end, sums = _ENDINGS[weight], self.whole
        good, asked = (getattr(sums, f"{name}{end}")[:, 0] for name in ("served", "demanded"))
        if not asked.any():
            return None
        moving = (asked != asked[:1]).any()
        money = sums.cost[:, 0].astype(np.float64)
        return WeighedPlans(
            money, sums.lost_margin[:, 0].astype(np.float64), good, asked if moving else asked[0]
        )

    def service_in(self, weight: str) -> float:
        """What the chosen plan serves in a weight."""
        end = _ENDINGS[weight]
        good, asked = (getattr(self.plan, f"{name}{end}").sum() for name in ("served", "demanded"))
        return float(good / asked) if asked else math.nan

    def read(self, at: float) -> tuple[float, FloatArray]:
        """Cost at a service, and without each replication, in units of `PlanSums.cost`."""
        one = self.frontier
        return cost_at_fill(one.holding[:, 0], one.served[:, 0], one.demanded[:, 0], at)


def compare_policies(
    data: Data,
    policies: Sequence[str] | None = None,
    *,
    segmentation: Segmentation | None = None,
    fill_rate: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> PolicyComparison:
    """Which ordering rule, planned how, costs least at equal out-of-sample fill?

    Parameters
    ----------
    data : Data
    policies : sequence of str, optional
        ``"order_up_to"``, ``"reorder_quantity"``, ``"reorder_up_to"``, each with ``":normal"`` behind it for
        the textbook formula; all that the items allow if left out. The study's own always takes part.
    segmentation : Segmentation, optional
        The study's if left out: the same for all.
    fill_rate : float, optional
        Floor that every policy's targets are chosen for; the study's if left out.
    workers, progress
        As in `optimize`.

    Raises
    ------
    UsageError
        A policy that is unknown or named twice.
    InvalidInputError, InfeasibleError
        A policy named by the user that the items do not allow, or that reaches no floor.

    Notes
    -----
    Each policy's targets per segment are optimised on its own frontier on the search seed; costs are read
    from the frontiers on the verdict seed at one service, so that nobody gains by landing lower. One
    warm-up for all keeps counted periods, and so replications, paired.

    Examples
    --------
    >>> import simlab as sl
    >>> data = sl.demo(n_skus=6)
    >>> rules = sl.compare_policies(data, ["order_up_to", "order_up_to:normal"])
    >>> rules.to_frame()
    >>> rules.plot()
    """
    from simlab.api.learning.learning import segment

    refuse(data, "compare")
    own = _name(data.study.policy.family, data.study.policy.planning)
    names = _names(own, policies)
    settings, clock = (
        Settings.of(data.study, window_scale=data.models.window_scale, workers=workers),
        Clock(progress),
    )
    segments = segmentation or segment(data, workers=workers, progress=progress)
    prepared: dict[str, Ready] = {}
    left_out: list[tuple[str, str]] = []
    for name in names:
        try:
            other = _with_policy(data, name, own)
            by_parts = replace(settings, parts=parts_of(other.models.world))
            prepared[name] = prepare(other, segments, by_parts, clock)
        except SimlabError as error:
            _keep_or_raise(error, name, left_out, must=name == own or policies is not None)
    warmup = max(one.simulator.warmup for one in prepared.values())
    settings = replace(settings, parts=max(one.simulator.settings.parts for one in prepared.values()))
    runs = []
    for name, ready in prepared.items():
        same = replace(ready, simulator=replace(ready.simulator, warmup=warmup))
        try:
            runs.append(_run(name, same, clock, fill_rate, settings.parts))
        except SimlabError as error:
            _keep_or_raise(error, name, left_out, must=name == own or policies is not None)
    return _compared(data, runs, settings, warmup, tuple(left_out), clock)


def _names(own: str, policies: Sequence[str] | None) -> list[str]:
    """The study's own first, then those named, or all."""
    known = [_name(family, planning) for family in TARGET_FAMILIES for planning in _PLANNINGS]
    named = known if policies is None else [name.removesuffix(":exact") for name in policies]
    strange = [name for name in named if name not in (*known, own)]
    if strange:
        raise UsageError(f"'{strange[0]}' is no policy: one of {', '.join(known)}")
    if len(set(named)) < len(named):
        raise UsageError("a policy is named twice")
    return [own, *(name for name in named if name != own)]


def _name(family: str, planning: str) -> str:
    return family if planning == "exact" else f"{family}:{planning}"


def _with_policy(data: Data, name: str, own: str) -> Data:
    """The study under another ordering rule; laws and order terms do not depend on it."""
    if name == own:
        return data
    family, _, planning = name.partition(":")
    changed = {"family": family, "planning": planning or "exact", "forecast": None}
    policy = data.study.policy.model_copy(update=changed)
    study = data.study.model_copy(update={"policy": policy})
    other = Data(replace(data.catalog, study=study))
    if data.study.policy.family != "forecast":
        vars(other)["models"] = data.models  # the cached property, filled: nothing is fitted twice
    return other


def _keep_or_raise(error: SimlabError, name: str, left_out: list[tuple[str, str]], *, must: bool) -> None:
    if must:
        raise error
    problems = getattr(error, "problems", None)
    left_out.append((name, problems[0].message if problems else str(error)))


def _run(name: str, ready: Ready, clock: Clock, fill_rate: float | None, parts: int) -> _Run:
    """Search, solve, and the plan and its frontier on the verdict seed, counted in so many parts."""
    simulator = ready.simulator
    solved = solve_ready(ready, search_curves(ready, clock, None), clock, fill_rate, None)
    with clock.stage("verdict"):
        frontier = [group for group in solved.frontiers if group.kind == _FRONTIER]
        sums = simulator.run([*side_by_side({_PLAN: solved.kept[_PLAN]}), *frontier], "verdict", "verdict")
    sums = {kind: one.times(parts // simulator.settings.parts) for kind, one in sums.items()}
    whole = sums[_FRONTIER].total()
    counted = as_counted({_FRONTIER: whole})
    return _Run(name, ready, solved, sums[_PLAN].total(), counted[_FRONTIER], whole)


def _compared(
    data: Data,
    runs: Sequence[_Run],
    settings: Settings,
    warmup: int,
    left_out: tuple[tuple[str, str], ...],
    clock: Clock,
) -> PolicyComparison:
    """Every policy against the study's own, at the service that its plan reached."""
    own = runs[0]
    at = float(own.plan.good.sum() / own.plan.asked.sum())
    counted = own.ready.simulator.accounting
    scale = settings.scale(data.study)
    money = counted_scale(scale, counted).holding
    level = 1 - (1 - settings.level) / max(1, len(runs) - 1)
    base = own.read(at)
    entries = []
    for one in runs:
        value, left = one.read(at)
        difference = percent = Estimate(math.nan, math.nan, math.nan, level)
        if one is not own and not math.isnan(value + base[0]):
            difference = jackknife(value - base[0], left - base[1], level).scaled(money)
            with np.errstate(divide="ignore", invalid="ignore"):
                percent = jackknife(value / base[0] - 1, left / base[1] - 1, level)
        orders = float(one.plan.orders.mean()) * scale.periods_per_year / scale.periods
        scores = score(one.plan, 0, 0, data.catalog.n_items, scale)
        chosen = one.solved.chosen.by_segment()
        weights = () if one is own else _by_weights(one, own, counted, level)
        entries.append(
            PolicyEntry(one.name, chosen, scores, orders, value * money, difference, percent, weights)
        )
    return PolicyComparison(
        tuple(entries),
        at,
        counted.objective,
        counted.service,
        data.study.currency,
        left_out,
        warmup,
        clock.times,
    )


def _by_weights(one: _Run, own: _Run, counted: Accounting, level: float) -> tuple[ByWeight, ...]:
    """The weights that did not decide, at what the study's own plan serves in each."""
    keys = counted.keys
    decides = keys["weight"] if keys["service"] == "fill_rate" else ""
    found = []
    others = [weight for weight in _ENDINGS if weight != decides]
    for weight in others:
        ours, theirs = one.in_weight(weight), own.in_weight(weight)
        if ours is None or theirs is None:
            continue
        at = own.service_in(weight)
        pair = equal_service(ours, theirs, at, level, len(others))
        found.append(ByWeight(weight, at, pair.joint_percent, pair.mark))
    return tuple(found)


def _disagreeing(one: PolicyEntry) -> str:
    """ " (counted by units 2.1 % more, by items too close to call)"; empty where all weights agree."""
    said = [
        f"by {WEIGHT_NOUNS[by.weight]} "
        + (_UNTOLD[by.mark] if by.mark in _UNTOLD else f"{100 * abs(by.percent.value):.1f}% {by.mark}")
        for by in one.weights
        if by.mark != one.mark
    ]
    return f"; counted {', '.join(said)}" if said else ", and by every other weight" if one.weights else ""


def _sentence(one: PolicyEntry, own: str, found: PolicyComparison) -> str:
    at = f"at the same {format_rate(found.at_fill)} of {service_served(found.service)}"
    ours, theirs = policy_title(one.name), policy_title(own)
    ours = ours[:1].upper() + ours[1:]
    if math.isnan(one.difference.value):
        return f"{ours} against {theirs}: no number {at}, which the plans of one of them do not reach."
    gap, share = one.difference, one.percent
    word = "more" if gap.value > 0 else "less"
    ends = sorted((abs(share.low), abs(share.high))) if share.low * share.high > 0 else None
    money = format_money(abs(gap.value), found.currency)
    if ends is None:
        low, high = 100 * share.low, 100 * share.high
        return (
            f"{ours} and {theirs} are too close to call in {found.objective} {at}: "
            f"{100 * share.value:+.1f}% [{low:+.1f}%, {high:+.1f}%]{_disagreeing(one)}."
        )
    return (
        f"{ours} costs {100 * abs(share.value):.1f}% [{100 * ends[0]:.1f}%, {100 * ends[1]:.1f}%] "
        f"{word} than {theirs} in {found.objective} {at} ({money}){_disagreeing(one)}."
    )
