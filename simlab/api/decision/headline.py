"""Gain and loss against today in one sentence, the weight named, the worst comparison first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simlab.errors import enumerated
from simlab.measures import PLAN_NAMES, SAME_COST
from simlab.measures.decision import WEIGHT_NOUNS, points, short_money, short_rate
from simlab.run.statements import Statement

if TYPE_CHECKING:
    import pandas as pd

    from simlab.api.decision.decision import Decision

_SERVED = "served_"
_RANK = {"more": 0, "none": 1, "open": 1, "same": 2, "less": 3}
_OPEN = {"open": "too close to call", "same": "the same", "none": "no number"}


@dataclass(frozen=True)
class Replay:
    """What the held-out periods said, for the headline.

    Attributes
    ----------
    confirmed : bool or None
        Whether reality lay inside the interval; None where it was not told.
    length : str
        "8 weeks".
    why : str
        What explains that it was not confirmed; empty where nothing does.
    missed : str
        "83.8% of units, not 95.0%; value as expected"; empty where all was as expected.
    """

    confirmed: bool | None
    length: str
    why: str = ""
    missed: str = ""


@dataclass(frozen=True)
class Pair:
    """The plan by segment against another plan at equal service, by every weight.

    Attributes
    ----------
    plan : str
        The other.
    marks : dict of str to str
        "less", "more", "same", "open" or "none", by weight.
    percents : dict of str to float
        (ours − theirs) ÷ theirs, a fraction.
    deciding : str
        The weight that chose the plan.
    """

    plan: str
    marks: dict[str, str]
    percents: dict[str, float]
    deciding: str

    @property
    def mark(self) -> str:
        """By the weight that decided."""
        return self.marks.get(self.deciding, "none")

    @property
    def others(self) -> tuple[str, ...]:
        """Weights that disagree with the one that decided."""
        return tuple(weight for weight, mark in self.marks.items() if mark != self.mark)

    @property
    def state(self) -> str:
        """A tick only where every weight says less; a cross where the deciding one says more."""
        if self.mark == "less":
            return "open" if self.others else "good"
        return {"more": "bad", "none": "none"}.get(self.mark, "open")

    @property
    def worst(self) -> tuple[int, float]:
        """Sorts the worst comparison first."""
        return min(
            ((_RANK[mark], -self.percents.get(weight, 0.0)) for weight, mark in self.marks.items()),
            default=(9, 0.0),
        )

    def phrase(self, hold: str) -> str:
        """ "0.8% more to hold than today's levels (by units 17.3% less)"."""
        name = PLAN_NAMES[self.plan].short
        if self.mark in ("less", "more"):
            said = f"{self._percent(self.deciding)} {self.mark} {hold}than {name}"
        elif self.mark == "same":
            said = f"as much {hold}as {name}"
        elif self.mark == "open":
            said = f"too close to {name} to call"
        else:
            said = f"no number against {name}"
        alike: dict[str, list[str]] = {}
        for weight in self.others:
            alike.setdefault(self._other(weight), []).append(noun(weight))
        others = [f"counted by {enumerated(weights)} {text}" for text, weights in alike.items()]
        return f"{said} ({', '.join(others)})" if others else said

    def _other(self, weight: str) -> str:
        mark = self.marks[weight]
        return _OPEN[mark] if mark in _OPEN else f"{self._percent(weight)} {mark}"

    def _percent(self, weight: str) -> str:
        return f"{abs(100 * self.percents[weight]):.1f}%"


def noun(weight: str) -> str:
    """What a weight counts, in a word."""
    return WEIGHT_NOUNS.get(weight, weight)


def pairs_of(weights: pd.DataFrame, deciding: str) -> tuple[Pair, ...]:
    """The comparisons of the table of weights, the worst first; planning for every SKU alone left out."""
    found = []
    for plan, rows in weights.groupby("plan", sort=False):
        if plan in ("segmented", "per_sku", "same_service"):
            continue
        marks = dict(zip(rows["weight"], rows["mark"], strict=True))
        percents = dict(zip(rows["weight"], rows["percent"], strict=True))
        found.append(Pair(str(plan), marks, percents, deciding))
    return tuple(sorted(found, key=lambda pair: pair.worst))


def headline(
    decision: Decision, pairs: Sequence[Pair], spends: tuple[str, str], replay: Replay | None = None
) -> Statement:
    """The sentence on top: what is gained and what is lost against today, and how sure that is."""
    pairs = without_habit(pairs)
    now = "today" if decision.plans["today"] == "today" else "the A98 B95 C90 habit"
    parts = [gain_and_loss(decision, now), _chosen_by(decision, pairs)]
    denied = replay is not None and replay.confirmed is False
    if replay is not None and denied:
        why = "; ".join(one for one in (replay.missed, replay.why) if one)
        parts.append(f"not confirmed by the last {replay.length}{f' ({why})' if why else ''}")
    text = ""
    if pairs:
        said = [pair.phrase(spends[1] if number == 0 else "") for number, pair in enumerate(pairs)]
        text = f"For the same {noun(decision.weight)} served, targets by segment: {'; '.join(said)}."
    return Statement(_state(pairs, denied), "; ".join(parts) + ".", text, "headline", "headline")


def without_habit(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs that are spoken of: the habit stands in for today's levels where none were given."""
    plans = {pair.plan for pair in pairs}
    return [pair for pair in pairs if pair.plan != "habit" or "today" not in plans]


def _state(pairs: Sequence[Pair], denied: bool) -> str:
    states = {pair.state for pair in pairs}
    if not pairs:
        return "none"
    if "bad" in states:
        return "bad"
    return "good" if states == {"good"} and not denied else "open"


def _chosen_by(decision: Decision, pairs: Sequence[Pair]) -> str:
    """The weight that decided, and those that disagree with it anywhere."""
    own = f"chosen by {noun(decision.weight)}"
    other = dict.fromkeys(noun(weight) for pair in pairs for weight in pair.others)
    if not other:
        return own
    cheaper = all(pair.mark == "less" for pair in pairs if pair.others)
    said = "it is not shown to cost less at the same service" if cheaper else "the comparison differs"
    return f"{own}; counted by {enumerated(list(other), 'or')} {said}"


def gain_and_loss(decision: Decision, now: str) -> str:
    """What the plan gives and takes against today."""
    stock, services = decision.row_of("inventory_value"), _services(decision)
    currency = decision.currency
    moved = {key: row for key, row in services.items() if _moved(row)}
    down = {key: row for key, row in moved.items() if row["change"] < 0}
    up = {key: row for key, row in moved.items() if row["change"] > 0}
    own = decision.row if decision.row in services else next(iter(services))
    worst = min(down, key=lambda key: down[key]["change"], default=None)
    less, more = _amounts(stock, currency, now)
    if less:
        if worst is None:
            return f"{less}, and no less service by {enumerated(_nouns(services))}{_gained(up, own)}"
        return f"{less}, but {_drop(worst, down[worst])}"
    if more:
        if own in up:
            lost = f", but {_drop(worst, down[worst])}" if worst else ""
            return f"{_rise(own, up[own])}, for {more}{lost}"
        if worst:
            return f"{more}, and {_drop(worst, down[worst])}"
        return f"{more}, and no more service by {noun(own.removeprefix(_SERVED))}"
    if worst:
        lost = _drop(worst, down[worst])
        return (
            f"{_rise(own, up[own])}, but {lost}, from as much stock as {now}"
            if own in up
            else f"{lost}, from as much stock as {now}"
        )
    return (
        f"{_rise(own, up[own])}, from as much stock as {now}"
        if own in up
        else f"As much stock and service as {now}"
    )


def _services(decision: Decision) -> dict[str, dict[str, Any]]:
    rows = decision.frame[decision.frame["measure"].str.startswith(_SERVED)]
    return {str(row["measure"]): {str(k): v for k, v in row.items()} for row in rows.to_dict("records")}


def _moved(row: Mapping[str, Any]) -> bool:
    """Whether service changed beyond its interval and beyond a twentieth of a point."""
    low, high = row["change_low"], row["change_high"]
    off = not (low <= 0 <= high) if low == low else row["change"] != 0
    return bool(off and abs(row["change"]) >= SAME_COST)


def _amounts(stock: Mapping[str, Any], currency: str, now: str) -> tuple[str, str]:
    """ "EUR 682k less stock than today (40%)", and the same for more; empty where that is not so."""
    share, low, high = stock["change_share"], stock["change_low"], stock["change_high"]
    if not abs(share) >= SAME_COST or low <= 0 <= high:
        return "", ""
    word = "less" if share < 0 else "more"
    text = f"{short_money(stock['change'], currency)} {word} stock than {now} ({abs(100 * share):.0f}%)"
    return (text, "") if share < 0 else ("", text)


def _drop(key: str, row: Mapping[str, Any]) -> str:
    return f"{points(row['change'])} less of the {_of(key)} served at once ({_way(row)})"


def _rise(key: str, row: Mapping[str, Any]) -> str:
    return f"{points(row['change'])} more of the {_of(key)} served at once ({_way(row)})"


def _of(key: str) -> str:
    """What is served: an item is not a piece."""
    return "items, each counted once," if key == f"{_SERVED}items" else _what(key)


def _way(row: Mapping[str, Any]) -> str:
    return f"{short_rate(row['today'])} to {short_rate(row['proposed'])}"


def _gained(up: Mapping[str, Mapping[str, Any]], own: str) -> str:
    return f" ({_what(own)} +{points(up[own]['change'])})" if own in up else ""


def _what(key: str) -> str:
    weight = key.removeprefix(_SERVED)
    return "service asked for" if weight == "counted" else noun(weight)


def _nouns(services: Mapping[str, Any]) -> list[str]:
    return [_what(key) for key in services]
