"""A contest of schemes in sentences: who won, who is not distinguishable, what survives elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simlab.errors import listed
from simlab.measures import Estimate, format_money, format_rate
from simlab.measures.decision import SERVICE_NOUNS
from simlab.verdict.tournament import Tournament
from simlab.verdict.tournament.service import NOUNS

if TYPE_CHECKING:
    from simlab.api.contest.outcome import ContestOutcome


_NAMED = 6
_NOTHING = 5e-7  # of a share: rounding, not a difference


def contest_statements(contest: ContestOutcome) -> tuple[str, ...]:
    """The outcome at the deciding floor."""
    return tuple(_statements(contest))


def _statements(contest: ContestOutcome) -> Iterator[str]:
    held, winner = contest.tournament, contest.winner
    at = f"equal {contest.counted} {format_rate(held.fill)}"
    currency = contest.data.study.currency
    cost = held.cost(winner)
    if math.isnan(cost.value):
        yield f"No number at {at}: no scheme's plans span it on fresh random demand."
        return
    best = [name for name in held.names if held.may_be_best(name)]
    entry = held.entries[winner]
    money = format_money(cost.value, currency)
    yield (
        f"Cheapest at {at}: {winner} ({_classes(entry.n_segments)}), holding cost {money} per year "
        f"on fresh random demand."
    )
    if len(best) > 1:
        others = listed([name for name in best if name != winner], _NAMED)
        yield f"Too close to it to call: {others} ({_level(held)}, all schemes together)."
    yield from _against(contest, winner)
    yield from _by_weights(contest, winner)
    price = held.percent(winner, held.per_sku)
    if not math.isnan(price.value):
        yield f"Price of segmentation at {at}: {_clause(winner, 'the per-SKU plan', price)}."
    yield from _random(held)
    yield from _stability(contest)
    yield from _number(contest)
    for note in contest.entered.notes:
        yield f"Note: {note}."


def _by_weights(contest: ContestOutcome, winner: str) -> Iterator[str]:
    """The winner's plans against the one class's by the other weights, and who is first there."""
    held = contest.tournament
    if winner == held.names[-1]:
        return
    for name in dict.fromkeys(one.judged_by for one in contest.weights):
        rows = {one.scheme: one.percent for one in contest.weights if one.judged_by == name}
        known = {scheme: one.value for scheme, one in rows.items() if not math.isnan(one.value)}
        own = rows[winner]
        if math.isnan(own.value):
            yield f"By {NOUNS[name]} no number: {winner}'s plans do not span what one target for all serves."
            continue
        said = f"{_clause(winner, held.names[-1], own)}"
        if own.low <= 0 <= own.high:
            said = f"{winner} and {held.names[-1]} are too close to call ({_signed(own)})"
        first = min(known, key=lambda scheme: known[scheme])
        other = "" if first == winner else f"; first is {first}"
        yield f"At equal {NOUNS[name]}, the same plans: {said}{other}."


def _against(contest: ContestOutcome, winner: str) -> Iterator[str]:
    """The winner against the runner-up, and against the one class."""
    held = contest.tournament
    turned = {frozenset(pair) for pair in contest.stability.reversed_pairs}
    ranking = held.ranking()
    last = held.names[-1]
    for other in dict.fromkeys((ranking[1], last)) if len(ranking) > 1 else ():
        if other != winner:
            yield pair_statement(held, winner, other, turned=frozenset((winner, other)) in turned)


def pair_statement(
    held: Tournament, a: str, b: str, fill: float | None = None, *, turned: bool = False
) -> str:
    """One pair: which costs less and by how much, or that they are too close to call."""
    one = held.pair(a, b, fill)
    counted = NOUNS[held.arena.service.name]
    at = f"at equal {counted} {format_rate(held.fill if fill is None else fill)}"
    if math.isnan(one.value):
        return f"{_upper(a)} against {b}: no number {at}, which the plans of one of them do not span."
    if one.low == one.high == 0:
        return f"{_upper(a)} and {b} cost exactly the same {at}."
    together = f"{_level(held)}, all pairs together"
    if one.low <= 0 <= one.high:
        return f"{_upper(a)} and {b} are too close to call {at}: {_signed(one)} ({together})."
    if turned:
        return f"{_upper(a)} and {b} are too close to call {at}: the sign changes when repeated."
    return f"{_upper(_clause(a, b, one))} {at} ({together})."


def _clause(a: str, b: str, one: Estimate) -> str:
    """ "a costs 3.1 % [2.9 %, 3.3 %] less than b"."""
    ends = [abs(end) for end in (one.value, one.low, one.high) if not math.isnan(end)]
    if max(ends, default=math.inf) < _NOTHING:
        return f"{a} costs as much as {b}"
    less = one.value <= 0
    sign = -1.0 if less else 1.0
    low, high = sorted((sign * one.low, sign * one.high))
    known = not (math.isnan(low) or math.isnan(high))
    between = f"[{_percent(low)}, {_percent(high)}]" if known else "(too few replications for an interval)"
    span = f"{_percent(sign * one.value)} {between}"
    return f"{a} costs {span} {'less' if less else 'more'} than {b}"


def _random(held: Tournament) -> Iterator[str]:
    """Who beats lots, and who does not."""
    shares = {name: held.control_share(name) for name in held.controls}
    known = {name: share for name, share in shares.items() if not math.isnan(share)}
    if not known:
        return
    n = next(iter(held.controls.values())).shape[1]
    by = SERVICE_NOUNS[held.arena.service.name]
    beaten = [name for name, share in known.items() if share > 1 - held.level]
    if beaten:
        rest = len(known) - len(beaten)
        verb = "is" if rest == 1 else "are"
        others = f"the other {rest} {verb} below all of theirs" if rest else "that is every scheme"
        yield (
            f"No better than chance by {by}, as far as {n} random partitions of the same sizes show: "
            f"{listed(beaten, _NAMED)}; {others}."
        )
    else:
        yield f"By {by} every scheme costs less than all {n} random partitions of its sizes."


def _stability(contest: ContestOutcome) -> Iterator[str]:
    stable, place = contest.stability, contest.tournament.names.index(contest.winner)
    if stable.seeds:
        ranks = stable.seed_ranks[:, place]
        turned, lost = len(stable.reversed_pairs), len(stable.lost_pairs)
        signs = "no difference called one changes its sign"
        if turned:
            signs = (
                f"{turned} pairs that the intervals alone would tell apart change sign: not called different"
            )
        yield (
            f"Repeated {ranks.size} times: {contest.winner} is first in {int((ranks == 1).sum())}; "
            f"{signs}; {lost or 'none'} of the others become too close to call in one of them (table pairs)."
        )
    if stable.catalogue_ranks.size:
        ranks = stable.catalogue_ranks[:, place]
        yield (
            f"With resampled items: {contest.winner} is first in {int((ranks == 1).sum())} of {ranks.size}, "
            f"at worst number {int(ranks.max())}."
        )


def _number(contest: ContestOutcome) -> Iterator[str]:
    """Recommended number of classes of the winner, where it can be scaled."""
    mine = [row for row in contest.classes if row.scheme == contest.winner and row.recommended]
    for row in mine:
        cost = contest.rounds.rule_cost
        priced = f" at {format_money(cost, contest.data.study.currency)} per class and year" if cost else ""
        yield f"Recommended classes of {row.scheme}{priced}: {row.k} (chosen on random demand of its own)."
    vanishing = [f"{row.scheme} {row.k}" for row in contest.classes if row.vanishes]
    if vanishing:
        yield f"Over-segmented (gain in the sample only): {listed(vanishing, _NAMED)}."


def _classes(n: int) -> str:
    return "1 class" if n == 1 else f"{n} classes"


def _level(held: Tournament) -> str:
    return f"{100 * held.level:g}%"


def _signed(one: Estimate) -> str:
    return f"{_percent(one.value)} [{_percent(one.low)}, {_percent(one.high)}]"


def _percent(value: float) -> str:
    digits = 1 if abs(value) >= 0.001 or value == 0 else 2
    return f"{100 * value:.{digits}f}%"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
