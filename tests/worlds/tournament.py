"""Small made-up catalogues with paired search and verdict sums, for tests of the tournament."""

from dataclasses import replace

import numpy as np

from simlab.segments import Segmentation, combine
from simlab.verdict.tournament import Arena, Entrant, Sample, Service


def sample(rng, size, cheap, *, k=8, b=10, noise=0.05, exposure=40):
    """Convex stock against concave service per SKU-location, with noise common to all targets of a batch."""
    n = size.size
    level = np.linspace(0.5, 0.99, k)
    shock = 1 + noise * rng.standard_normal((n, 1, b))
    demanded = np.maximum(1, np.rint(size[:, None] * exposure * (1 + noise * rng.standard_normal((n, b)))))
    miss = np.clip((1 - level)[None, :, None] * shock, 0, 1)
    served = np.rint(demanded[:, None, :] * (1 - miss))
    stock = np.rint(
        2
        * exposure
        * np.sqrt(size)[:, None, None]
        * -np.log1p(-level)[None, :, None]
        * cheap[:, None, None]
        * shock
    )
    whole = np.full((n, 1, b), exposure)
    arrays = (stock, served, np.rint(exposure * (1 - miss)), np.rint(whole * (1 - miss)), whole, demanded)
    return Sample(*(array.astype(np.int64) for array in arrays), exposure)


def arena(seed=1, n=60, *, fills=(0.9, 0.95), batches=10, noise=0.05, k=8):
    """An arena of n SKU-locations whose costs differ widely."""
    rng = np.random.default_rng(seed)
    size, cost = rng.lognormal(2, 1, n), np.rint(100 * rng.lognormal(2, 1, n)).astype(np.int64) + 1
    spread = rng.uniform(0.5, 2, n)
    judge = np.random.default_rng(seed + 1000)
    return Arena(
        search=sample(rng, size, spread, k=k, b=batches, noise=noise),
        verdict=sample(judge, size, spread, k=k, b=batches, noise=noise),
        holding=25 * cost,
        unit_cost=cost,
        cost_resolution=0.01,
        currency="EUR",
        targets=np.linspace(0.5, 0.99, k),
        service=Service("fill_rate", "served", np.ones(n, dtype=np.int64)),
        fills=fills,
    )


def ids(n):
    return tuple(f"s{i:03d}" for i in range(n)), ("here",) * n


def parts(codes, by="made up") -> Segmentation:
    codes = np.asarray(codes, dtype=np.int64)
    return combine([(by, tuple(f"P{i}" for i in range(int(codes.max()) + 1)), codes)], by)


def by_cost(ring, k):
    order = np.argsort(np.argsort(ring.unit_cost))
    return parts(order * k // order.size, "cost")


def by_lot(ring, k, seed=5):
    return parts(np.random.default_rng(seed).permutation(ring.n_items) % k, "lot")


def entrants(ring):
    return [
        Entrant("cost 2", by_cost(ring, 2)),
        Entrant("cost 4", by_cost(ring, 4)),
        Entrant("lot 3", by_lot(ring, 3)),
    ]


def swapped(ring):
    """The same catalogue with another verdict seed."""
    other = arena(77, ring.n_items, fills=ring.fills)
    return replace(ring, verdict=other.verdict)
