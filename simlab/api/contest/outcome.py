"""What a contest is: rounds, readings, who took part; state only."""

from __future__ import annotations

from dataclasses import dataclass, field

from simlab.api.contest.field import Field
from simlab.api.data.data import Data
from simlab.api.settings import Settings
from simlab.errors import UsageError
from simlab.measures.shown import Public
from simlab.policies import PlannedLevels
from simlab.verdict.tournament import FEWEST_CONTROLS, Tournament
from simlab.verdict.tournament.classes import ClassRow
from simlab.verdict.tournament.service import NOUNS, Beside, Regret
from simlab.verdict.tournament.stability import Stability

RANDOM = "random"


@dataclass(frozen=True, repr=False)
class Rounds(Public):
    """What a contest does beside the main round.

    Attributes
    ----------
    controls : int
        Random partitions per vector of class sizes; 0, or at least 20.
    seeds : int
        Further seeds on which everything is searched and judged again.
    catalogues : int
        Resampled catalogues.
    classes : tuple of int
        Numbers of classes tried with every scheme that can be scaled; empty: none.
    rule_cost : float
        Study currency per class and year, for the recommended number of classes.
    services : bool
        Whether the winner's plans for every definition of service are judged by every other.

    Examples
    --------
    >>> import simlab as sl
    >>> quick = sl.Rounds(controls=0, seeds=0, catalogues=0, classes=())
    >>> sl.compare(data, ["abc", "xyz"], rounds=quick)
    """

    controls: int = FEWEST_CONTROLS
    seeds: int = 5
    catalogues: int = 50
    classes: tuple[int, ...] = (1, 2, 3, 4, 6, 9)
    rule_cost: float = 0.0
    services: bool = True

    def __post_init__(self) -> None:
        if 0 < self.controls < FEWEST_CONTROLS or self.controls < 0:
            raise UsageError(
                f"{self.controls} random controls show no distribution: at least {FEWEST_CONTROLS}"
            )
        if min(self.seeds, self.catalogues) < 0 or any(k < 1 for k in self.classes):
            raise UsageError("further seeds and catalogues are not negative, classes at least 1")
        if not 0 <= self.rule_cost < float("inf"):
            raise UsageError(f"rule cost {self.rule_cost:g}: an amount per class and year, not negative")


@dataclass(frozen=True, eq=False, repr=False)
class ContestOutcome(Public):
    """What came out of a contest of schemes.

    Attributes
    ----------
    data : Data
    entered : Field
        Who took part, and who could not.
    tournament : Tournament
        The main round: readings, pairs, comparisons with the best, controls.
    capital : float
        Mean inventory value at which fill rates are compared, study currency.
    stability : Stability
        Ranks on further seeds and resampled catalogues.
    classes : tuple of ClassRow
        Price of segmentation against the number of classes.
    regrets : tuple of Regret
        Of the winner, between definitions of service.
    weights : tuple of Beside
        Plans of the deciding service read by the other weights.
    settings : Settings
    rounds : Rounds
    planned : PlannedLevels
    warmup : int
    warmup_rule : str
    times : dict of str to float
        Seconds per stage.
    """

    data: Data
    entered: Field
    tournament: Tournament
    capital: float
    stability: Stability
    classes: tuple[ClassRow, ...]
    regrets: tuple[Regret, ...]
    weights: tuple[Beside, ...]
    settings: Settings
    rounds: Rounds
    planned: PlannedLevels
    warmup: int
    warmup_rule: str
    times: dict[str, float] = field(default_factory=dict)

    @property
    def counted(self) -> str:
        """What the deciding service counts: "margin served"."""
        return NOUNS[self.tournament.arena.service.name]

    @property
    def winner(self) -> str:
        """The cheapest scheme at the deciding floor; the statements say whether others may be better."""
        return self.tournament.ranking()[0]
