"""How many periods of demand lie between an order and what it must last for.

In the event order arrive → order → demand → count, an order of period t that raised the position
to S arrives before the demand of t + L. Net stock after that arrival is S − D_L, and at the last
count before the next arrival, R periods on, S − D_(R+L), where D_n is the demand of n periods. With
random lead times n is random; everything below is a table of weights on n.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from simlab.arrays import FloatArray, IntArray
from simlab.engine.prepare.sequence import drawn_law, effective_law, unfolded

_FINE = 1 << 30


@dataclass(frozen=True, eq=False)
class Protection:
    """Weights on the number of periods n = 0, 1, ….

    Attributes
    ----------
    short : (m,) float
        Signed: units short per review period = Σ short[n]·E(D_n − S)⁺.
    cycle : (m,) float
        Probabilities: net stock just before a receipt is S − D_n; zero below R.
    review_period : int
        Periods.
    joined : (k, 3) float, optional
        Of lots, where orders of several reviews arrive together: periods from the last review before these to
        the one before an order, from that order to the arrival, and the share of reviews that are so placed.
    """

    short: FloatArray
    cycle: FloatArray
    review_period: int
    joined: FloatArray | None = None

    @property
    def longest(self) -> int:
        """Largest n with a weight."""
        return int(self.short.size) - 1


def in_sequence(
    periods: IntArray, shares: FloatArray, review_period: int, reviews_apart: int = 1
) -> Protection:
    """Orders arrive in the order they were placed, each with the lead time of the law.

    Parameters
    ----------
    periods, shares : (k,) int64, float
        Law of the lead time of an order that is placed: support points, ascending, and weights.
    review_period : int
        Periods.
    reviews_apart : int
        Reviews between two orders, on average. It matters where no sequence of orders so close can have
        the law alone (see `simlab.engine.prepare.sequence`): the nearest one with its mean is then taken.

    Notes
    -----
    An order of age a has arrived with probability G(a), the law, whatever else was ordered; net stock is
    S less the demand since the youngest order that arrived, and reviews that ordered nothing change nothing.
    A receipt finds the youngest order that arrived before it m reviews back: the net stock just before
    it is S − D_(mR + a), with lead times drawn from F(a) = G(a) / G(a + R) and held back.
    """
    R, weights = review_period, _whole(shares)
    lead = effective_law(periods, weights, R, reviews_apart)
    if reviews_apart * R >= int(periods[-1] - periods[0]) and unfolded(periods, weights, R).reviews:
        return _protection(lead, np.concatenate([np.zeros(R), lead]), R)
    longest = int(periods[-1])
    law = np.zeros(longest + R + 1)
    law[: lead.size] = drawn_law(periods, weights, R)
    below = np.minimum(np.cumsum(law), 1.0)
    cycle = np.zeros(longest + 2 * R + 1)
    for age in np.flatnonzero(lead > 0):
        _receipts_at(int(age), R, law, below, cycle)
    return _protection(lead, cycle, R)


def in_sequence_apart(
    periods: IntArray, shares: FloatArray, review_period: int, reviews_apart: int
) -> Protection:
    """Orders in sequence, so far apart that two of positive size hardly ever arrive together."""
    lead = effective_law(periods, _whole(shares), review_period, reviews_apart)
    return _protection(lead, np.concatenate([np.zeros(review_period), lead]), review_period)


def crossing(periods: IntArray, shares: FloatArray, review_period: int) -> Protection:
    """Every order has its own lead time and may overtake others, under (R,S).

    Notes
    -----
    Each order repeats the demand of R periods, so N orders outstanding mean a net stock of
    S − D_(φ + R·N) in the φ-th period after a review; N is a sum of independent trials with
    P(l > age). Exact where every review orders what was demanded since the last one (Robinson, Bradley
    & Thomas 2001, Consequences of order crossover); for large fixed quantities see `independent`.
    """
    R, longest = review_period, int(periods[-1])
    law = _masses(periods, shares, longest + R)
    waits = 1.0 - np.cumsum(law)
    waits[longest:] = 0.0
    size = longest + 2 * R + 2
    short, cycle = np.zeros(size), np.zeros(size)
    for phase in range(R):
        for number, share in enumerate(_trials(waits[phase:longest:R])):
            short[phase + R * number + 1] += share
            short[phase + R * number] -= share
    for lead in np.flatnonzero(law[: longest + 1] > 0).tolist():
        own = lead - 1 if lead else R - 1
        phase = own % R
        others = [age for age in range(phase, longest, R) if age != own or lead == 0]
        for number, share in enumerate(_trials(waits[others])):
            n = phase + 1 + R * (1 + number) if lead else R + R * number
            cycle[n] += law[lead] * share
    return trimmed(Protection(short, cycle, R))


def independent(periods: IntArray, shares: FloatArray, review_period: int) -> Protection:
    """Orders so far apart that overtaking hardly happens: each has the lead time it drew."""
    law = _masses(periods, shares, int(periods[-1]))
    cycle = np.concatenate([np.zeros(review_period), law])
    return _protection(law, cycle, review_period)


def of_one_order(
    periods: IntArray, shares: FloatArray, review_period: int, reviews_apart: int, overtakes: bool
) -> FloatArray:
    """Probabilities of the lead time of an order that is placed, from 0 periods on."""
    if overtakes:
        return _masses(periods, shares, int(periods[-1]))
    return effective_law(periods, _whole(shares), review_period, reviews_apart)


def _whole(shares: FloatArray) -> IntArray:
    """Weights in whole numbers: as they are, or shares of 2**30."""
    whole = np.rint(shares)
    fine = whole if (whole == shares).all() else np.rint(shares / shares.sum() * _FINE)
    return np.asarray(fine, dtype=np.int64)


def _masses(periods: IntArray, shares: FloatArray, longest: int) -> FloatArray:
    law = np.zeros(longest + 1)
    law[periods] = shares / shares.sum()
    return law


def _receipts_at(age: int, R: int, law: FloatArray, below: FloatArray, cycle: FloatArray) -> None:
    """Adds P(an order arrives at this age, and the youngest arrived before it is m reviews older)."""
    longest = below.size - 1
    ahead, m = 1.0, 1
    while age + (m - 1) * R <= longest:
        late = float(law[age + (m - 1) * R])
        if late > 0:
            older = np.prod(below[age - 1 + m * R :: R])
            n = m * R + age
            if n < cycle.size:
                cycle[n] += ahead * late * float(older)
        ahead *= float(below[age + (m - 1) * R])
        m += 1


def _trials(chances: FloatArray) -> FloatArray:
    """Law of the number of successes in independent trials (Poisson binomial)."""
    law = np.ones(1)
    for chance in chances:
        law = np.convolve(law, [1.0 - chance, chance])
    return law


def _protection(lead: FloatArray, cycle: FloatArray, R: int) -> Protection:
    short = np.zeros(lead.size + R)
    short[R:] += lead
    short[: lead.size] -= lead
    return trimmed(Protection(short, cycle, R))


def trimmed(protection: Protection) -> Protection:
    """Both tables on 0 … the largest n that either of them weighs."""
    size = int(max(np.flatnonzero(table)[-1] + 1 for table in (protection.short, protection.cycle)))

    def fit(table: FloatArray) -> FloatArray:
        out = np.zeros(size)
        out[: min(size, table.size)] = table[:size]
        return out

    return replace(protection, short=fit(protection.short), cycle=fit(protection.cycle))
