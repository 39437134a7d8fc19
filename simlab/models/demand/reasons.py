"""Why each demand law was taken: keys, and words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simlab.arrays import AnyArray, BoolArray, CodeArray, FloatArray, IntArray, PackedTexts
from simlab.models.demand.choice import AskedLaws, too_wide
from simlab.models.demand.scoring.scores import Scores
from simlab.models.grouping import numbered
from simlab.register import grounds as of
from simlab.register.grounds import Reason
from simlab.register.laws import OF_MEAN_KINDS, LawKind, law_of, spoken

_WORTH_SAYING = 0.1
_AT_ONCE = 8192
_KINDS = 256
_Why = tuple[tuple[str, ...], str]
_OF_NO_VARIANCE = (*OF_MEAN_KINDS, LawKind.EMPIRICAL)


@dataclass(frozen=True, eq=False)
class Reasons:
    """Why every law was taken: what people read is packed, keys are numbered.

    Attributes
    ----------
    texts : PackedTexts
        Reasons as texts.
    why : (n,) int64
        Row of `known`.
    known : tuple of (tuple of str, str)
        Keys of what spoke for a law, and the words for the law, as `Reason` has them.
    """

    texts: PackedTexts
    why: IntArray
    known: tuple[_Why, ...]

    @classmethod
    def of(cls, reasons: Sequence[Reason]) -> Reasons:
        """Reasons that are there, packed."""
        why, known = numbered((one.grounds, one.law) for one in reasons)
        return cls(PackedTexts(map(str, reasons)), why, tuple(known))

    def __len__(self) -> int:
        return self.why.size

    def __getitem__(self, row: int) -> Reason:
        return self._reason(self.texts[row], int(self.why[row]))

    def __iter__(self) -> Iterator[Reason]:
        return map(self._reason, self.texts, self.why.tolist())

    def _reason(self, text: str, why: int) -> Reason:
        grounds, law = self.known[why]
        return Reason(text[: len(text) - len(str(Reason("", (), law)))], grounds, law)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of what spoke for each law, as cells of a table have them."""
        keys = [Reason("", grounds).keys for grounds, _ in self.known]
        return tuple(map(keys.__getitem__, self.why.tolist()))

    def but(self, other: Mapping[int, Reason]) -> Reasons:
        """The same with other reasons in some rows."""
        if not other:
            return self
        code, known = numbered([*self.known, *((one.grounds, one.law) for one in other.values())])
        why = code[self.why]
        why[list(other)] = code[len(self.known) :]
        return Reasons(self.texts.but({row: str(one) for row, one in other.items()}), why, tuple(known))

    def adding(self, texts: Mapping[int, str], *grounds: str) -> Reasons:
        """The same with something more at the end of some reasons, by ascending rows."""
        if not texts:
            return self
        return self.but({row: one.adding(texts[row], *grounds) for row, one in self.some(texts)})

    def some(self, rows: Iterable[int]) -> Iterator[tuple[int, Reason]]:
        """Reasons of some ascending rows, and which row each is of."""
        rows = list(rows)
        for row, text in zip(rows, self.texts.some(rows), strict=True):
            yield row, self._reason(text, int(self.why[row]))


@dataclass(frozen=True, eq=False)
class Grounds:
    """What spoke for the laws.

    Attributes
    ----------
    n_observed : (n,) int64
        Periods of history.
    mean, variance : (n,) float
        Of the history, per period.
    fitted, used : (n,) float
        Mean and variance of the law taken.
    kind : (n,) int8
        The law taken.
    short : (n,) bool
        Too few periods for a dispersion of their own.
    asked : AskedLaws
        Laws that the study names.
    weight : (n,) float
        How far the rate is that of comparable items.
    half_life : (n,) float
        Periods after which a period counts half; infinite: all alike.
    worth : (n,) float
        Periods that the observed ones are worth.
    """

    n_observed: IntArray
    mean: FloatArray
    variance: FloatArray
    fitted: FloatArray
    used: FloatArray
    kind: CodeArray
    short: BoolArray
    asked: AskedLaws
    weight: FloatArray
    half_life: FloatArray
    worth: FloatArray


@dataclass(frozen=True, eq=False)
class _Part:
    """Something that the reasons of some items say.

    Attributes
    ----------
    rows : (n,) bool
    form : str
        With a place for each of the numbers.
    numbers : tuple of (n,) arrays
    ground : str
        Key of what it says; empty: none.
    """

    rows: BoolArray
    form: str
    numbers: tuple[AnyArray, ...] = ()
    ground: str = ""


def reasons(grounds: Grounds, borrowed: FloatArray, scores: Scores | None, n_positive: IntArray) -> Reasons:
    """One per item.

    Such as ``n=104 periods, variance/mean 3.1 (sizes of demand 12 % pooled: 3.4); log score …``; `borrowed`
    is the weight of the group in the variation of sizes.
    """
    lognormal = grounds.asked.name == law_of(LawKind.LOGNORMAL).name
    kind = np.where(lognormal, LawKind.LOGNORMAL, grounds.kind).astype(np.int8)
    wide = too_wide(grounds.mean, grounds.variance, kind)
    sold = grounds.mean > 0
    counted = sold & (grounds.kind == LawKind.EMPIRICAL) & wide
    said, who = numbered(grounds.asked.said)
    law, laws = _laws(grounds.kind, said, who, sold, counted)
    parts = list(_parts(grounds, borrowed, n_positive, sold, counted))
    parts += _scored(scores, sold & ~counted & np.array([not one for one in who], np.bool_)[said])
    why = np.empty(sold.size, np.int64)
    known: dict[_Why, int] = {}
    texts = PackedTexts(_texts(parts, law, laws, why, known))
    return Reasons(texts, why, tuple(known))


def _laws(
    kind: CodeArray, said: IntArray, who: Sequence[str], sold: BoolArray, counted: BoolArray
) -> tuple[IntArray, list[tuple[str, tuple[str, ...]]]]:
    """(n,) number of the law in words, and the words, with the key of who named it."""
    own = (2 + np.arange(len(who)))[said] * _KINDS + kind
    codes, law = np.unique(np.where(sold, np.where(counted, 1, own), 0), return_inverse=True)
    words: list[tuple[str, tuple[str, ...]]] = []
    for code in codes.tolist():
        by, of_kind = divmod(code, _KINDS)
        named = who[by - 2] if by else ""
        text = ("zero demand", "empirical")[code] if not by else f"{spoken(of_kind)}{named}"
        words.append((text, (of.NAMED,) if named else ()))
    return law.ravel(), words


def _texts(
    parts: Sequence[_Part],
    law: IntArray,
    laws: Sequence[tuple[str, tuple[str, ...]]],
    why: IntArray,
    known: dict[_Why, int],
) -> Iterator[str]:
    """Reasons as texts; those that say the same with other numbers together. `why` and `known` are filled."""
    for first in range(0, law.size, _AT_ONCE):
        some = slice(first, min(first + _AT_ONCE, law.size))
        sentence = law[some]
        for part in parts:
            sentence = 2 * sentence + part.rows[some]
        _, examples, sentence = np.unique(sentence, return_index=True, return_inverse=True)
        told = np.empty(sentence.size, object)
        for number, at in enumerate(examples.tolist()):
            rows = first + np.flatnonzero(sentence == number)
            said = [part for part in parts if part.rows[first + at]]
            text, named = laws[law[first + at]]
            one = Reason("".join(part.form for part in said), law=text.replace("%", "%%"))
            columns = [numbers[rows].tolist() for part in said for numbers in part.numbers]
            told[rows - first] = list(map(str(one).__mod__, zip(*columns, strict=True)))
            keys = (*(part.ground for part in said if part.ground), *named)
            why[rows] = known.setdefault((keys, text), len(known))
        yield from told.tolist()


def _parts(
    grounds: Grounds, borrowed: FloatArray, n_positive: IntArray, sold: BoolArray, counted: BoolArray
) -> Iterator[_Part]:
    """What is said of histories, rates and sizes."""
    n, plain = grounds.n_observed, sold & ~counted
    forgets = np.isfinite(grounds.half_life)
    yield _Part(~forgets, "n=%d periods", (n,))
    worth = (n, grounds.half_life, grounds.worth)
    yield _Part(forgets, "n=%d periods (half-life %g: worth %.0f)", worth, of.RECENT)
    yield _Part(~sold, ", all without demand", (), of.NO_DEMAND)
    ratio = grounds.variance / np.where(sold, grounds.mean, 1.0)
    yield _Part(counted, ", variance/mean %.3g, too wide for any other law", (ratio,), of.TOO_WIDE)
    few = plain & ~(grounds.weight < _WORTH_SAYING)
    rate = ": rate as of comparable items (mean %.3g for %.3g a period)"
    means = (grounds.fitted, grounds.mean)
    yield _Part(few & (n_positive == 1), f", 1 demand{rate}", means, of.RATE_SHARED)
    yield _Part(few & (n_positive != 1), f", %d demands{rate}", (n_positive, *means), of.RATE_SHARED)
    yield _Part(plain & ~(grounds.short & (n < 2)), ", variance/mean %.3g", (ratio,))
    used = grounds.used / np.where(grounds.fitted > 0, grounds.fitted, 1.0)
    shrunk = plain & ~(borrowed < _WORTH_SAYING) & ~np.isin(grounds.kind, _OF_NO_VARIANCE)
    yield _Part(shrunk, " (sizes of demand %.0f%% pooled: %.3g)", (100 * borrowed, used), of.SIZES_SHARED)


def _scored(scores: Scores | None, chosen: BoolArray) -> Iterator[_Part]:
    """The scores that chose laws which the study does not name."""
    if scores is not None:
        each = ", ".join(f"{name.replace('_', ' ')} %.2f" for name in scores.laws)
        form = f"; {scores.name} score of %d periods out of sample: {each}"
        yield _Part(chosen & (scores.n_predicted > 0), form, (scores.n_predicted, *scores.mean.T), of.SCORED)
