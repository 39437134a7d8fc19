"""Reasons told for many items together are those of each alone, and are held packed."""

from __future__ import annotations

import numpy as np
import pytest

from simlab.models.demand import reasons as made
from simlab.models.demand.choice import AskedLaws
from simlab.models.demand.reasons import Grounds, Reasons, reasons
from simlab.models.demand.scoring.scores import Scores
from simlab.register.grounds import BLOCKS, NAMED, REGULAR, SCORED, STEPS, Reason
from simlab.register.laws import LawKind

RNG = np.random.default_rng(12)
N = 900
LAWS = ("poisson", "negative_binomial")


def some() -> tuple[Grounds, np.ndarray, Scores, np.ndarray]:
    mean = np.where(RNG.random(N) < 0.1, 0.0, RNG.lognormal(0, 2, N))
    said = RNG.choice(["", "", ' (law = "50% poisson")', " (override)"], N)
    kind = RNG.choice([LawKind.POISSON, LawKind.NEGATIVE_BINOMIAL, LawKind.EMPIRICAL], N).astype(np.int8)
    sold = RNG.integers(0, 4, N)
    variance = mean * RNG.lognormal(0, 1, N) * np.where(RNG.random(N) < 0.1, 1e9, 1.0)
    grounds = Grounds(
        RNG.integers(0, 5, N),
        mean,
        variance,
        mean * 1.1,
        variance * 0.9,
        kind,
        RNG.random(N) < 0.3,
        AskedLaws(np.where(said == "", "auto", "poisson").astype(object), tuple(said.tolist())),
        RNG.choice([0.0, 0.05, 0.1, 1.0, np.nan], N),
        RNG.choice([13.0, np.inf], N),
        RNG.random(N) * 50,
    )
    scores = Scores("log", LAWS, RNG.normal(-3, 2, (N, 2)), np.ones((N, 2)), RNG.integers(0, 3, N))
    return grounds, RNG.choice([0.0, 0.1, 0.5], N), scores, sold


def plainly(of: Grounds, borrowed: np.ndarray, scores: Scores | None, sold: np.ndarray, row: int) -> str:
    n, mean, kind = int(of.n_observed[row]), float(of.mean[row]), int(of.kind[row])
    life = float(of.half_life[row])
    text = f"n={n} periods"
    if np.isfinite(life):
        text += f" (half-life {life:g}: worth {of.worth[row]:.0f})"
    if not mean > 0:
        return f"{text}, all without demand → zero demand"
    ratio = float(of.variance[row]) / mean
    if kind == LawKind.EMPIRICAL and made.too_wide(of.mean, of.variance, of.kind)[row]:
        return f"{text}, variance/mean {ratio:.3g}, too wide for any other law → empirical"
    if not of.weight[row] < 0.1:
        demands = "1 demand" if sold[row] == 1 else f"{sold[row]} demands"
        text += f", {demands}: rate as of comparable items"
        text += f" (mean {of.fitted[row]:.3g} for {mean:.3g} a period)"
    if not (of.short[row] and n < 2):
        text += f", variance/mean {ratio:.3g}"
    if not borrowed[row] < 0.1 and kind == LawKind.NEGATIVE_BINOMIAL:
        used = of.used[row] / of.fitted[row]
        text += f" (sizes of demand {100 * borrowed[row]:.0f}% pooled: {used:.3g})"
    said, times = of.asked.said[row], 0 if scores is None else int(scores.n_predicted[row])
    if not said and times > 0:
        each = ", ".join(f"{law.replace('_', ' ')} {scores.mean[row, k]:.2f}" for k, law in enumerate(LAWS))
        text += f"; log score of {times} periods out of sample: {each}"
    words = {LawKind.POISSON: "poisson", LawKind.NEGATIVE_BINOMIAL: "negative binomial"}
    return f"{text} → {words.get(kind, 'empirical')}{said}"


@pytest.mark.parametrize("scored", [True, False])
def test_reasons_of_many_are_those_of_each(scored, monkeypatch) -> None:
    monkeypatch.setattr(made, "_AT_ONCE", 256)
    grounds, borrowed, scores, sold = some()
    of = scores if scored else None
    found = reasons(grounds, borrowed, of, sold)
    assert list(found.texts) == [plainly(grounds, borrowed, of, sold, row) for row in range(N)]
    for row, (one, text, keys) in enumerate(zip(found, found.texts, found.keys, strict=True)):
        assert str(one) == text
        assert one.keys == keys
        assert one == found[row]
        assert one.law == text.rpartition(" → ")[2]
        assert (SCORED in one.grounds) == ("out of sample" in text)
        assert (NAMED in one.grounds) == (one.law.endswith(")"))


@pytest.mark.parametrize("rows", [range(0, 1300, 301), range(1300), ()])
def test_reasons_with_something_more_are_those_of_each(rows) -> None:
    """Whether few of them are told anew, which lie beside the packed ones, or all."""
    plain = [Reason(f"n={k}", (SCORED,), "poisson" if k % 3 else "") for k in range(1300)]
    expected, found = list(plain), Reasons.of(plain)
    for row in rows:
        expected[row] = expected[row].adding(f", {row} more", BLOCKS)
    found = found.adding({row: f", {row} more" for row in rows}, BLOCKS)
    for row in rows:
        expected[row] = Reason(f"all else of {row}", (REGULAR,), "renewal")
        break
    found = found.but({row: expected[row] for row in list(rows)[:1]})
    for row in rows:
        expected[row] = expected[row].adding(" in steps", STEPS)
    found = found.adding(dict.fromkeys(rows, " in steps"), STEPS)
    assert list(found) == expected
    assert list(found.texts) == [str(one) for one in expected]
    assert found.keys == tuple(one.keys for one in expected)
    assert dict(found.some(rows)) == {row: expected[row] for row in rows}
    assert list(Reasons.of(plain)) == plain


def test_reasons_take_less_than_half_of_their_texts() -> None:
    grounds, borrowed, scores, sold = some()
    found = reasons(grounds, borrowed, scores, sold)
    assert sum(map(len, found.texts._blocks)) < 0.4 * sum(map(len, found.texts))
    assert len(found.known) < 100
