"""Demand laws, one record each: names, columns, moments, seasons, parts and redraws follow from it.

The weights of a law that mean and variance determine stand in `engine/laws/weights.py`, the score of one that
``auto`` may compare in `models/demand/scoring/scores.py`; CONTRIBUTING has the recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum

import numpy as np

from simlab.arrays import CodeArray, FloatArray


class LawKind(IntEnum):
    """Shape of the demand of one period, as arrays and compiled code keep it."""

    POISSON = 0
    NEGATIVE_BINOMIAL = 1
    EMPIRICAL = 2
    GEOMETRIC = 3
    BINOMIAL = 4
    STUTTERING_POISSON = 5
    INTERMITTENT = 6
    GAMMA = 7
    LOGNORMAL = 8
    NORMAL = 9
    MOVING_BLOCKS = 10
    STATIONARY_BLOCKS = 11
    CALENDAR = 12
    MARKOV = 13


class Source(Enum):
    """What a law is made of."""

    MOMENTS = "mean and variance"
    SHARE = "the share of periods with demand, and the sizes"
    VALUES = "counted values"
    SERIES = "observed periods in their order"
    CHAIN = "chances of demand after a period with and without, and counted sizes"
    RHYTHM = "intervals and sizes in random order, read on without end"


class Variances(Enum):
    """Which variances a law can have beside its mean."""

    OF_MEAN = "the one that follows from the mean"
    ABOVE = "above the mean"
    BELOW = "above 0 and below the mean"
    ANY = "any: continuous laws, brought to whole units"
    OF_DATA = "that of what was observed"


class Season(Enum):
    """What a law keeps as a season multiplies its mean by m; see `engine.world.demand_law.Seasons`."""

    DISPERSION = "r of variance = mean·m + (mean·m)²/r"
    ARRIVALS = "variance ÷ mean: more or fewer arrivals of the same sizes"
    VARIATION = "the coefficient of variation"
    PHASES = "by how often there is demand and by how much: `phase_sizes`"
    NONE = "laws that follow no profile: their past has its seasons"


class Compared(Enum):
    """When `models.law = "auto"` compares a law."""

    ALWAYS = "unless `models.candidates` leaves it out"
    IF_NAMED = "if `models.candidates` names it, by the log score only"
    OVER_SPAN = "over R + L, unless `models.candidates` leaves it out"
    NEVER = "it is named outright"


@dataclass(frozen=True)
class Law:
    """What the rooms need to know of a law.

    Attributes
    ----------
    name : str
        As a study and the items table say it.
    kind : LawKind
        As the engine draws it.
    title : str
        On the page.
    source : Source
        Laws made of mean and variance can be given in items (`demand_law`).
    variances : Variances
        A history or a season whose variance the law cannot have makes it Poisson.
    season : Season
        What a seasonal profile keeps of it.
    divisible : bool
        It is a sum of independent laws of one kind, for any number of pieces: demand of a part of a period
        is then exact.
    piece : LawKind or None
        Kind of these pieces, where it is another one.
    compared : Compared
        Whether ``auto`` may choose it.
    variance_of : callable or None
        Mean → variance, where the variance follows (`Variances.OF_MEAN`).
    """

    name: str
    kind: LawKind
    title: str
    source: Source = Source.MOMENTS
    variances: Variances = Variances.OF_DATA
    season: Season = Season.NONE
    divisible: bool = False
    piece: LawKind | None = None
    compared: Compared = Compared.NEVER
    variance_of: Callable[[FloatArray], FloatArray] | None = None


LAWS = (
    Law(
        "poisson",
        LawKind.POISSON,
        "Poisson",
        variances=Variances.OF_MEAN,
        season=Season.ARRIVALS,
        divisible=True,
        compared=Compared.ALWAYS,
        variance_of=lambda mean: mean,
    ),
    Law(
        "negative_binomial",
        LawKind.NEGATIVE_BINOMIAL,
        "Negative binomial",
        variances=Variances.ABOVE,
        season=Season.DISPERSION,
        divisible=True,
        compared=Compared.ALWAYS,
    ),
    Law(
        "intermittent",
        LawKind.INTERMITTENT,
        "Intermittent",
        source=Source.SHARE,
        season=Season.PHASES,
        compared=Compared.ALWAYS,
    ),
    Law(
        "empirical",
        LawKind.EMPIRICAL,
        "Empirical",
        source=Source.VALUES,
        season=Season.PHASES,
        compared=Compared.ALWAYS,
    ),
    Law(
        "geometric",
        LawKind.GEOMETRIC,
        "Geometric",
        variances=Variances.OF_MEAN,
        season=Season.DISPERSION,
        divisible=True,
        piece=LawKind.NEGATIVE_BINOMIAL,
        variance_of=lambda mean: mean * (1 + mean),
    ),
    Law(
        "binomial",
        LawKind.BINOMIAL,
        "Binomial",
        variances=Variances.BELOW,
        season=Season.ARRIVALS,
    ),
    Law(
        "stuttering_poisson",
        LawKind.STUTTERING_POISSON,
        "Stuttering Poisson",
        variances=Variances.ABOVE,
        season=Season.ARRIVALS,
        divisible=True,
        compared=Compared.IF_NAMED,
    ),
    Law(
        "gamma",
        LawKind.GAMMA,
        "Gamma",
        variances=Variances.ANY,
        season=Season.VARIATION,
        divisible=True,
    ),
    Law("lognormal", LawKind.LOGNORMAL, "Lognormal", variances=Variances.ANY, season=Season.VARIATION),
    Law("normal", LawKind.NORMAL, "Normal", variances=Variances.ANY, season=Season.VARIATION),
    Law("moving_blocks", LawKind.MOVING_BLOCKS, "Moving blocks of the history", source=Source.SERIES),
    Law(
        "stationary_blocks",
        LawKind.STATIONARY_BLOCKS,
        "Stationary blocks of the history",
        source=Source.SERIES,
    ),
    Law("calendar", LawKind.CALENDAR, "History of the same calendar phase", source=Source.SERIES),
    Law(
        "markov",
        LawKind.MARKOV,
        "Markov occurrence, jittered sizes",
        source=Source.CHAIN,
        compared=Compared.IF_NAMED,
    ),
    Law(
        "renewal",
        LawKind.MOVING_BLOCKS,
        "Intervals and sizes of the history, in random order",
        source=Source.RHYTHM,
        compared=Compared.OVER_SPAN,
    ),
)
"""Every law; those that ``auto`` compares in the order of their scores."""


def _names(laws: tuple[Law, ...]) -> tuple[str, ...]:
    return tuple(law.name for law in laws)


def _with(**facts: Enum) -> tuple[Law, ...]:
    """Laws with all of these facts."""
    return tuple(law for law in LAWS if all(getattr(law, name) is fact for name, fact in facts.items()))


def _kinds(laws: tuple[Law, ...]) -> tuple[LawKind, ...]:
    return tuple(law.kind for law in laws)


LAW_NAMES = _names(LAWS)
STATED_NAMES = _names(_with(source=Source.MOMENTS))
"""Laws that mean and variance determine: they can be given in items."""
SCORED_NAMES = _names(_with(compared=Compared.ALWAYS))
"""Laws whose scores are always computed, in the order of their columns."""
FURTHER_NAMES = _names(_with(compared=Compared.IF_NAMED))
OVER_SPAN_NAMES = _names(_with(compared=Compared.OVER_SPAN))
OWN_PERIODS_NAMES = _names(
    tuple(law for law in LAWS if law.source in (Source.VALUES, Source.SERIES, Source.CHAIN))
)
"""Laws that are made of an item's own periods, whatever comparable items do."""
SERIAL_NAMES = _names(tuple(law for law in LAWS if law.source in (Source.SERIES, Source.CHAIN)))

STATED_KINDS = _kinds(_with(source=Source.MOMENTS))
SERIES_KINDS = _kinds(_with(source=Source.SERIES))
"""Laws that draw from an item's observed series (`Past`)."""
SERIAL_KINDS = (*SERIES_KINDS, *_kinds(_with(source=Source.CHAIN)))
"""Laws whose periods are no independent draws of one table: series and chains."""
OVERDISPERSED_KINDS = _kinds(_with(source=Source.MOMENTS, variances=Variances.ABOVE))
UNDERDISPERSED_KINDS = _kinds(_with(source=Source.MOMENTS, variances=Variances.BELOW))
CONTINUOUS_KINDS = _kinds(_with(source=Source.MOMENTS, variances=Variances.ANY))
"""Laws on real numbers, brought to whole units with their mean kept."""
OF_MEAN_KINDS = _kinds(_with(variances=Variances.OF_MEAN))
TWO_PARAMETER_KINDS = (
    *OVERDISPERSED_KINDS,
    *_kinds(_with(source=Source.SHARE)),
    *CONTINUOUS_KINDS,
)
"""Laws whose variance says something that their mean does not."""
DIVISIBLE_KINDS = tuple(law.kind for law in LAWS if law.divisible)
BY_DISPERSION_KINDS = _kinds(_with(season=Season.DISPERSION))
BY_ARRIVALS_KINDS = _kinds(_with(season=Season.ARRIVALS))
BY_VARIATION_KINDS = _kinds(_with(season=Season.VARIATION))
UNSEASONAL_KINDS = tuple(dict.fromkeys(_kinds(_with(season=Season.NONE))))
PIECES = {law.kind: law.piece for law in LAWS if law.piece is not None}

_BY_NAME = {law.name: law for law in LAWS}
_BY_KIND = {law.kind: law for law in reversed(LAWS)}


def law_named(name: str) -> Law:
    """The record of a name that `LAW_NAMES` has."""
    return _BY_NAME[name]


def law_of(kind: int) -> Law:
    """The record of a kind, which of series read without end is the plain one."""
    return _BY_KIND[LawKind(int(kind))]


def spoken(kind: int) -> str:
    """A kind in a sentence, as ``negative binomial``."""
    return law_of(kind).name.replace("_", " ")


def true_variance(kind: CodeArray, mean: FloatArray, variance: FloatArray) -> FloatArray:
    """(n,) variance of a period: the stated one, or the one that follows from the mean."""
    for law in LAWS:
        if law.variance_of is not None:
            variance = np.where(kind == law.kind, law.variance_of(mean), variance)
    return variance
