"""What a pair of finished runs did to service, stock and cost, in sentences: the deciding weight first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simlab.measures import Estimate, format_money, format_rate
from simlab.measures.decision import WEIGHT_NOUNS, short_money
from simlab.measures.shown import Public
from simlab.verdict.between_runs import AT_EQUAL, LATE, SERVED, UNITS, VALUE, RunDifference

_RATES = frozenset(SERVED.values())
_EQUAL = frozenset(AT_EQUAL.values())
_WORDS = {
    "less": "less",
    "more": "more",
    "open": "too close to call",
    "same": "the same",
    "none": "no number",
}


@dataclass(frozen=True, eq=False, repr=False)
class Difference(Public):
    """The first run against another one.

    Attributes
    ----------
    a, b : str
        Labels.
    results : tuple of RunDifference
        b − a with intervals.
    currency : str
    decides : str
        The weight that leads: the one that chose both plans; where they differ or none chose, the default's.
    pays : tuple of str and Estimate, optional
        Which run ("a" or "b") costs less and is late with more margin, and the share that it may lose.
    unknown : tuple of str
        Runs of earlier versions that know units alone.
    """

    a: str
    b: str
    results: tuple[RunDifference, ...]
    currency: str
    decides: str
    pays: tuple[str, Estimate] | None
    unknown: tuple[str, ...]


def sentences(pair: Difference) -> Iterator[str]:
    """Service, cost at equal service and stock; then what the other weights say."""
    by_measure = {one.measure: one for one in pair.results}
    for measure in (SERVED[pair.decides], AT_EQUAL[pair.decides]):
        if measure in by_measure:
            yield _sentence(pair, by_measure[measure]) + _others(pair, measure, by_measure) + "."
    for measure in (VALUE, LATE):
        if measure in by_measure:
            yield _sentence(pair, by_measure[measure]) + "."
    if pair.pays is not None:
        name, share = pair.pays
        cheaper = pair.b if name == "b" else pair.a
        yield (
            f"{cheaper} costs less to hold as both stand, and pays if fewer than {format_rate(share.value)} "
            f"[{format_rate(share.low)}, {format_rate(share.high)}] of the further late units are lost."
        )
    if by_measure and pair.unknown:
        yield (
            f"{pair.b} against {pair.a}: {', '.join(pair.unknown)} kept units alone, so that nothing is said "
            "by value, margin or items: run it again with this version."
        )


def headline(pair: Difference) -> str:
    """What the other run gives and takes, in a line; empty where results are not compared."""
    by_measure = {one.measure: one for one in pair.results}
    served = by_measure.get(SERVED[pair.decides])
    if served is None or not np.isfinite(served.difference.value):
        return ""
    gap, noun = served.difference.value, WEIGHT_NOUNS[served.weight or UNITS]
    rates = f"{format_rate(served.a)} to {format_rate(served.b)}"
    much = f"{100 * abs(gap):.1f} points {'more' if gap > 0 else 'less'} of the {noun}"
    parts = [f"{much} served at once ({rates})" if round(100 * gap, 1) else f"the same {noun} served at once"]
    for measure, what in ((VALUE, "stock"), (LATE, "margin late a year")):
        if measure in by_measure:
            parts.append(_amount(by_measure[measure], what, pair.currency))
    return f"{pair.b} against {pair.a}: {', '.join(parts)}."


def _amount(one: RunDifference, what: str, currency: str) -> str:
    gap = one.difference
    if gap.low <= 0 <= gap.high:
        return f"{what} the same" if gap.low == gap.high else f"{what} too close to call"
    share = f" ({abs(gap.value / one.a):.0%})" if one.a > 0 else ""
    word = "more" if gap.value > 0 else "less"
    return f"{short_money(gap.value, currency)} {word} {what}{share}"


def _sentence(pair: Difference, one: RunDifference) -> str:
    gap, how = one.difference, "on the same random demand" if one.paired else "on other random demand"
    noun = WEIGHT_NOUNS[one.weight or UNITS]
    if np.isnan(gap.value):
        at = f"{noun} served at once" if one.weight else "service"
        return f"{pair.b} against {pair.a}: no cost at the same {at}, which their plans do not both reach"
    what = {VALUE: "stock", LATE: "margin of units not served at once, a year,"}.get(
        one.measure, f"{noun} served at once"
    )
    if one.measure in _EQUAL:
        what = f"holding cost a year at equal {noun} served {format_rate(one.at_fill)}"
    if gap.low == gap.high == 0:
        return f"{pair.b} against {pair.a}: {what} the same in every replication"
    value, low, high = (_shown(x, one.measure, pair.currency) for x in (gap.value, gap.low, gap.high))
    unit = " points" if one.measure in _RATES else ""
    told = ", too close to call" if gap.low <= 0 <= gap.high else ""
    return f"{pair.b} against {pair.a}: {what} {value}{unit} [{low}, {high}] ({how}{told})"


def _others(pair: Difference, measure: str, by_measure: dict[str, RunDifference]) -> str:
    """What the other weights say of the same measure: all of service, those that disagree of cost."""
    family = AT_EQUAL if measure in _EQUAL else SERVED
    rest = [by_measure[key] for w, key in family.items() if w != pair.decides and key in by_measure]
    if not rest:
        return ""
    if family is SERVED:
        said = [f"by {WEIGHT_NOUNS[one.weight]} {_points(one)}" for one in rest]
        return f"; {', '.join(said)}"
    own = by_measure[measure].mark
    differ = [one for one in rest if one.mark != own]
    if not differ:
        return "; by every other weight likewise"
    said = [f"by {WEIGHT_NOUNS[one.weight]} {_cost(pair, one)}" for one in differ]
    return f"; the weights disagree: counted {', '.join(said)}"


def _points(one: RunDifference) -> str:
    gap = one.difference
    if np.isnan(gap.value):
        return "nothing is demanded"
    told = _shown(gap.value, one.measure, "") + " points"
    return told + (" (too close to call)" if gap.low <= 0 <= gap.high and gap.low < gap.high else "")


def _cost(pair: Difference, one: RunDifference) -> str:
    if one.mark not in ("less", "more"):
        return _WORDS[one.mark]
    return f"{format_money(abs(one.difference.value), pair.currency)} {_WORDS[one.mark]}"


def _shown(value: float, measure: str, currency: str) -> str:
    sign = "+" if value >= 0 else "−"
    return f"{sign}{100 * abs(value):.2f}" if measure in _RATES else sign + format_money(abs(value), currency)
