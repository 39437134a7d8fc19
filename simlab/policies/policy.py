"""What a user writes: a rule and a target per segment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simlab.errors import InvalidInputError, Problem, UsageError
from simlab.measures.shown import Public
from simlab.policies.levels.forecasting import FORECAST
from simlab.policies.planning import MEASURES, PLANNINGS
from simlab.register.families import FAMILY_NAMES, OPTIMAL_NAMES
from simlab.study.sections import ForecastSpec

if TYPE_CHECKING:
    from simlab.engine.world.policy import OrderPolicy
    from simlab.segments import Segmentation


GIVEN = "given"
_SHOWN = 9


@dataclass(frozen=True, repr=False)
class Policy(Public):
    """An ordering rule whose levels come from service targets.

    Attributes
    ----------
    family : str
        ``order_up_to`` (R,S), ``reorder_quantity`` (R,s,nQ) or ``reorder_up_to`` (R,s,S); ``forecast``: (R,S)
        whose level follows a forecast (planning "normal"); ``given``: the levels of the items table,
        whatever the targets (make it with `Policy.given`).
    target_measure : str
        ``fill_rate`` or ``cycle_service_level``: what a target is of. A target is what a formula is
        asked, never what is promised.
    planning : str
        ``exact`` or ``normal``; ``optimal`` for (R,s,S): a target then stands for the price of a unit owed.
    targets : tuple of float or None
        Per segment, each above 0 and below 1; None where targets come from elsewhere.
    segmentation : Segmentation or None
        The segments that `targets` speak of.
    forecast : ForecastSpec or None
        Of the family ``forecast``: how its levels are forecast.
    order : callable or None
        A rule of your own that decides what is ordered, ``order(period, position, net, last_demand, s, S,
        Q) -> units`` (see `simlab.engine.world.policy.OrderPolicy`); the family then only plans s, S
        and Q, the rule's parameters. Hold it against the laws with `simlab.testing.check_policy` first.

    Examples
    --------
    >>> Policy("order_up_to", "fill_rate", "exact", (0.98, 0.95)).targets
    (0.98, 0.95)
    """

    family: str = "order_up_to"
    target_measure: str = "fill_rate"
    planning: str = "exact"
    targets: tuple[float, ...] | None = None
    segmentation: Segmentation | None = None
    forecast: ForecastSpec | None = None
    order: OrderPolicy | None = None

    def __repr__(self) -> str:
        rule = f"{self.family}, {self.target_measure}, planned {self.planning}"
        if self.targets is None:
            return f"Policy({self.family})" if self.family == GIVEN else f"Policy({rule})"
        names = self.segmentation.names if self.segmentation is not None else ()
        asked = [
            f"{names[place]} {target:g}" if names else f"{target:g}"
            for place, target in enumerate(self.targets)
        ]
        more = len(asked) - _SHOWN
        return f"Policy({rule}: {', '.join(asked[:_SHOWN])}{f', … {more} more' if more > 0 else ''})"

    def __post_init__(self) -> None:
        words = (
            (self.family, FAMILY_NAMES),
            (self.target_measure, MEASURES),
            (self.planning, PLANNINGS),
        )
        for word, allowed in words:
            if word not in allowed:
                raise UsageError(f"'{word}' is not in this version: one of {', '.join(allowed)}")
        if self.planning == "optimal" and self.family not in OPTIMAL_NAMES:
            raise UsageError("optimal levels are those of (R,s,S): family = 'reorder_up_to'")
        if self.order is not None:
            from simlab.engine.world.policy import compiled

            compiled(self.order)

    @classmethod
    def given(cls, segmentation: Segmentation, *, order: OrderPolicy | None = None) -> Policy:
        """The levels that the items table states (`current_reorder_point` and the like), as they are.

        Parameters
        ----------
        segmentation : Segmentation
            What results are broken down by; it moves no level.
        order : callable, optional
            A rule of your own that these levels are the parameters of; see the class.
        """
        return cls(family=GIVEN, segmentation=segmentation, order=order)

    @classmethod
    def from_targets(
        cls,
        segmentation: Segmentation,
        *,
        fill_rate: Mapping[str, float] | None = None,
        cycle_service_level: Mapping[str, float] | None = None,
        family: str = "order_up_to",
        planning: str = "exact",
        forecast: Mapping[str, Any] | None = None,
        order: OrderPolicy | None = None,
    ) -> Policy:
        """A policy from targets by segment.

        Parameters
        ----------
        segmentation : Segmentation
            Names the segments.
        fill_rate, cycle_service_level : mapping of str to float
            One of the two: a key names a segment or one value of one attribute ("A" covers A-X, A-Y,
            A-Z).
        family, planning : str
            See the class.
        forecast : mapping, optional
            Of the family ``forecast``: the options of [policy.forecast], such as
            ``{"method": "sba", "alpha": 0.15}``.
        order : callable, optional
            A rule of your own that decides what is ordered; see the class.

        Raises
        ------
        InvalidInputError
            A segment without a target or named twice, a target that is no fraction.
        UsageError
            None or both of the two measures, or a rule that cannot be compiled.
        """
        if family == GIVEN:
            raise UsageError("given levels come from no targets: Policy.given(segmentation)")
        given = {"fill_rate": fill_rate, "cycle_service_level": cycle_service_level}
        named = {measure: targets for measure, targets in given.items() if targets is not None}
        if len(named) != 1:
            raise UsageError("give either fill_rate or cycle_service_level")
        ((measure, targets),) = named.items()
        if not isinstance(targets, Mapping):
            raise UsageError(
                f'{measure} names targets by segment, such as {{"A": {targets}, "B": {targets}}}'
            )
        problems = [
            _not_a_fraction(measure, name, value) for name, value in targets.items() if not 0 < value < 1
        ]
        if problems:
            raise InvalidInputError(problems)
        per_segment = segmentation.resolve(targets, measure)
        spec = None if family != FORECAST else ForecastSpec(**(forecast or {}))
        shares = tuple(float(value) for value in per_segment)
        return cls(family, measure, planning, shares, segmentation, spec, order)


def _not_a_fraction(measure: str, name: str, value: float) -> Problem:
    fix = f"did you mean {value / 100:g}?" if 1 < value < 100 else "above 0 and below 1, such as 0.95"
    why = "targets are fractions" if value != 1 else "exactly 1 would need endless stock"
    return Problem("E-POL-003", why, column=f"{measure}[{name!r}] = {value:g}", fix=fix)
