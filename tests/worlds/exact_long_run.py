"""Long-run service and stock of (R,S) with a constant lead time, by plain convolution; no simlab in here.

Days: arrive, order, demand, count. An order of day t raises the position to S and arrives in t + L. At the
count of day t + L + i, i = 0 … R − 1, net stock is S less the demand of L + i + 1 days; before that day's
demand, of L + i days. In the long run every i is equally frequent.
"""

import itertools
import math


def poisson(mean):
    """p(0), p(1), … of a Poisson law."""
    last = int(mean + 12 * math.sqrt(mean) + 30)
    return [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) if mean > 0 else float(k == 0)
            for k in range(last + 1)]  # fmt: skip


def negative_binomial(mean, variance):
    """p(0), p(1), … by mean and variance > mean."""
    r, p = mean * mean / (variance - mean), mean / variance
    last = int(mean + 16 * math.sqrt(variance) + 40 * variance / mean)
    return [
        math.exp(
            math.lgamma(r + k) - math.lgamma(r) - math.lgamma(k + 1) + r * math.log(p) + k * math.log1p(-p)
        )
        for k in range(last + 1)
    ]


def law_of(days, mean, variance):
    """Demand of some days: both laws are closed under sums of independent days."""
    if days == 0:
        return [1.0]
    if variance <= mean * (1 + 1e-12):
        return poisson(days * mean)
    return negative_binomial(days * mean, days * variance)


def left_over(level, law):
    """E (S − D)⁺."""
    return sum(p * (level - d) for d, p in enumerate(law[: level + 1]))


def long_run(mean, variance, review, lead, level):
    """Fill rate, and mean of the stock after ordering and at the count.

    Units served at once of a cycle: what is on the shelf after the arrival less what is left before the next.
    """
    left = [left_over(level, law_of(days, mean, variance)) for days in range(lead, lead + review + 1)]
    fill = (left[0] - left[-1]) / (mean * review)
    stock = sum((a + b) / 2 for a, b in itertools.pairwise(left)) / review
    return fill, stock
