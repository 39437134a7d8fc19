"""The verdict of a contest in words: the best scheme, who cannot be distinguished, chance, price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from simlab.measures.decision import SERVICE_NOUNS
from simlab.measures.words import scheme_title
from simlab.report.contest.tables import ONE, RANDOM, SERVICES
from simlab.report.kit.formats import interval, is_number, money, number, percent, target
from simlab.report.kit.reading import records
from simlab.report.kit.sheet import Statement
from simlab.report.plan.statements import IF_LAWS

if TYPE_CHECKING:
    from simlab.report.contest.tables import ContestTables


_NAMED = 6


def headline(found: ContestTables) -> Statement:
    """Which scheme is best, as far as all comparisons together tell."""
    winner, at = found.winner, target(found.fill)
    name = str(winner["scheme"])
    if not is_number(winner["holding_cost"]):
        text = f"No scheme serves {at} of {found.counted} on fresh random demand; nothing is extrapolated."
        return Statement("none", f"No number at {at} of {found.counted}", text)
    rivals = [str(row["scheme"]) for row in found.reached if row["may_be_best"] and row is not winner]
    rivals = [rival for rival in rivals if rival != name]
    cost = money(winner["holding_cost"], found.currency)
    size = classes(winner["n_segments"])
    said = scheme_title(name)
    text = f"At {at} of {found.counted}, {said} ({size}) costs {cost} a year to hold"
    if name != ONE and is_number(winner["percent_vs_one_class"]):
        text += f": {_less(winner, 'percent_vs_one_class', found.level)} than one target for all"
    text += f", {IF_LAWS}. "
    together = f"{percent(found.level, 0)}, all schemes together"
    by = SERVICE_NOUNS[found.service]
    if rivals:
        text += f"Too close to it to call ({together}): {listed(rivals)}."
        return Statement("open", _sentence(f"{said} costs least by {by}, but not alone"), text)
    if len(found.reached) < 2:
        return Statement("none", _sentence(f"{said}: nothing to compare with"), text)
    text += f"Every other scheme costs more ({together})."
    other = [] if name == ONE else [SERVICES.get(one, one) for one in found.disagreeing]
    if other:
        verb = "disagrees" if len(other) == 1 else "disagree"
        title = _sentence(f"{said} costs least by {by}; {listed(other)} {verb}")
        return Statement("open", title, text)
    return Statement("good", _sentence(f"{said} costs least by {by}"), text)


def boxes(found: ContestTables) -> list[Statement]:
    """Chance, price, number of classes and stability, where the run has them."""
    if not found.reached:
        return []
    return list(_boxes(found))


def _boxes(found: ContestTables) -> Iterator[Statement]:
    for made in (_chance(found), _price(found), _number(found), _stable(found)):
        if made is not None:
            yield made


def _chance(found: ContestTables) -> Statement | None:
    known = [row for row in found.reached if is_number(row["control_share"])]
    if not known:
        return None
    draws = number(found.at("controls").groupby("scheme").size().max())
    beaten = [str(row["scheme"]) for row in known if not row["beats_random"]]
    name = str(found.winner["scheme"])
    by, tick, alone = deciding(found)
    said = scheme_title(name)
    if name in beaten:
        text = f"Among {draws} random groupings of the same sizes some cost no more than {said}{by}."
        return Statement("bad", _sentence(f"{said} is no better than chance{by}"), text)
    text = f"Not better than chance: {listed(beaten)}." if beaten else ""
    if not beaten:
        text = f"Each is better than {draws} random groupings of its own class sizes{by}.{alone}"
        return Statement(tick, f"All schemes beat chance{by}", text)
    if name not in [str(row["scheme"]) for row in known]:
        return Statement("open", f"{len(beaten)} schemes are no better than chance{by}", text)
    first = f"Better than {draws} random groupings of the same sizes{by}. "
    return Statement(tick, _sentence(f"{said} beats chance{by}"), first + text + alone)


def _price(found: ContestTables) -> Statement | None:
    row = found.winner
    if not is_number(row["percent_vs_per_sku"]):
        return None
    ends = _ends(row.get("percent_vs_per_sku_low"), row.get("percent_vs_per_sku_high"), found.level)
    shown = f"{_one(row['percent_vs_per_sku'])}{ends}"
    by = scheme_title(str(row["scheme"]))
    at = f"At the same share of {found.counted}"
    text = f"{at} planning by {by} costs {shown} more to hold than planning every SKU-location for itself."
    if is_number(row.get("percent_vs_free")) and row["scheme"] != ONE:
        n = classes(row["n_segments"])
        text += f" It is {_one(row['percent_vs_free'])} above the best possible with {n}."
    return Statement("none", "Price of segmentation", text)


def _number(found: ContestTables) -> Statement | None:
    rows = records(found.tables["classes"])
    mine = [row for row in rows if row["scheme"] == found.winner["scheme"] and row["recommended"]]
    vanishing = [
        f"{scheme_title(row['scheme'])} at {number(row['classes'])}"
        for row in rows
        if row["gain_vanishes"] and row["scheme"] != RANDOM
    ]
    if not mine and not vanishing:
        return None
    cost = (found.manifest.get("rounds") or {}).get("rule_cost") or 0
    priced = (
        f" at {money(cost, found.currency)} per class and year" if cost else "; a class costs nothing here"
    )
    parts = [f"{classes(row['classes'])} of {scheme_title(row['scheme'])}{priced}." for row in mine]
    if vanishing:
        parts.append(f"Over-segmented, gains in the sample only: {listed(vanishing)}.")
    title = f"Recommended: {classes(mine[0]['classes'])}" if mine else "Over-segmentation"
    return Statement("none", title, " ".join(parts))


def _stable(found: ContestTables) -> Statement | None:
    table = found.tables["stability"]
    name = found.winner["scheme"]
    mine = table[table["scheme"] == name]
    if mine.empty:
        return None
    parts = []
    for of, what in (("seed", "repetitions"), ("catalogue", "samples of the items")):
        ranks = mine[mine["of"] == of]["rank"]
        if len(ranks):
            worst = f", at worst number {number(ranks.max())}" if ranks.max() > 1 else ""
            parts.append(f"first on {number((ranks == 1).sum())} of {number(len(ranks))} {what}{worst}")
    pairs = found.at("pairs")
    turned = int(pairs["sign_changes"].sum())
    if turned:
        parts.append(f"{turned} pairs of schemes change sign when repeated")
    steady = bool((mine["rank"] == 1).all()) and not turned
    by, tick, alone = deciding(found)
    title = f"The order{by} holds elsewhere" if steady else f"The order{by} is not the same everywhere"
    said = _sentence(f"{scheme_title(str(name))}: {'; '.join(parts)}.{alone}")
    return Statement(tick if steady else "open", title, said)


class Deciding(NamedTuple):
    """How a claim names the weight that decided.

    Attributes
    ----------
    by : str
        " by margin".
    tick : str
        "good" only where no other weight disagrees, else "open".
    alone : str
        That only this weight was looked at, where another disagrees.
    """

    by: str
    tick: str
    alone: str


def deciding(found: ContestTables) -> Deciding:
    """The weight that decided this contest."""
    by = f" by {SERVICE_NOUNS[found.service]}"
    if not found.disagreeing:
        return Deciding(by, "good", "")
    return Deciding(by, "open", f" Looked at{by} alone.")


def classes(n: Any) -> str:
    """ "1 class" or "4 classes"."""
    return "1 class" if n == 1 else f"{number(n)} classes"


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more."""
    shown = ", ".join(map(scheme_title, names[:_NAMED]))
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _less(row: dict[str, Any], key: str, level: float) -> str:
    """ "46.1% (95% interval 46.0% to 46.2%) less"; "more" where it is."""
    sign = -1 if row[key] <= 0 else 1
    low, high = sorted((sign * row[f"{key}_low"], sign * row[f"{key}_high"]))
    word = "less" if sign < 0 else "more"
    return f"{_one(sign * row[key])}{_ends(low, high, level)} {word}"


def _ends(low: Any, high: Any, level: float) -> str:
    """An interval behind a number; nothing where a small study has none."""
    if not (is_number(low) and is_number(high)):
        return ""
    return f" ({percent(level, 0)} interval {interval(low, high, _one)})"


def _one(value: float | None) -> str:
    return percent(value, 1)
