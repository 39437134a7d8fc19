"""Numbers that hang on a key alone: uniform, and gamma, beta and normal variates made of them."""

from __future__ import annotations

import hashlib

import numpy as np

from simlab.engine.types import FloatArray, KeyArray

_STEP, _FIRST, SECOND = (
    np.uint64(one) for one in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


def start_of(seed: int, number: int, purpose: int) -> int:
    """Where the stream of a purpose begins in one draw of the parameters."""
    text = f"parameters:{seed}:{number}:{purpose}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def uniform_of(keys: KeyArray, start: int) -> FloatArray:
    """(m,) numbers inside (0, 1): SplitMix64 of key and start, the upper 53 bits (Steele et al. 2014)."""
    words = mixed(mixed(keys ^ np.full(keys.size, start, np.uint64)) + _STEP)
    return np.asarray(((words >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53)


def mixed(x: KeyArray) -> KeyArray:
    """SplitMix64's finaliser."""
    x = (x ^ (x >> np.uint64(30))) * _FIRST
    x = (x ^ (x >> np.uint64(27))) * SECOND
    return np.asarray(x ^ (x >> np.uint64(31)))


def gamma_of(shape: FloatArray, u: FloatArray) -> FloatArray:
    """Gamma variates of mean 1; Wilson & Hilferty's cube far from the origin, where it is exact enough."""
    from scipy.special import gammaincinv, ndtri

    out = np.empty(shape.size)
    single, large = shape == 1, shape > 200
    out[single] = -np.log1p(-u[single])
    a = shape[large]
    out[large] = np.maximum(1 - 1 / (9 * a) + ndtri(u[large]) / np.sqrt(9 * a), 0.0) ** 3
    rest = ~single & ~large
    out[rest] = gammaincinv(shape[rest], u[rest]) / shape[rest]
    return out


def beta_of(a: FloatArray, b: FloatArray, u: FloatArray) -> FloatArray:
    """Beta variates; without a failure the share is 1."""
    from scipy.special import betaincinv

    out = np.ones(a.size)
    some = b > 0
    out[some] = np.maximum(betaincinv(a[some], b[some], u[some]), 1e-9)
    return out


def normal_of(u: FloatArray) -> FloatArray:
    """Standard normal variates."""
    from scipy.special import ndtri

    return np.asarray(ndtri(u))
