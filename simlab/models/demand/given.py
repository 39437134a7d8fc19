"""Laws that the items table states outright: `demand_law`, `demand_mean`, `demand_variance`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import CodeArray, FloatArray
from simlab.engine.world.demand_law import LawKind
from simlab.errors import Problem
from simlab.models.terms import item_problem

if TYPE_CHECKING:
    from simlab.catalog import Catalog


LAW_NAMES = {int(kind): kind.name.lower().replace("_", " ") for kind in LawKind}
_BY_NAME = {name.replace(" ", "_"): LawKind(kind) for kind, name in LAW_NAMES.items()}
_ACCEPTED = (
    LawKind.POISSON,
    LawKind.NEGATIVE_BINOMIAL,
    LawKind.GEOMETRIC,
    LawKind.BINOMIAL,
    LawKind.STUTTERING_POISSON,
    LawKind.GAMMA,
    LawKind.LOGNORMAL,
    LawKind.NORMAL,
)
_OVERDISPERSED = (LawKind.NEGATIVE_BINOMIAL, LawKind.STUTTERING_POISSON)


@dataclass(frozen=True, eq=False)
class GivenLaws:
    """Laws stated in `items`.

    Attributes
    ----------
    mask : (n,) bool
        Items with such a law.
    refused : (n,) bool
        Items whose statement makes no sense (each has a problem).
    kind, mean, variance : (n,) int8, float, float
        The law, per period; meaningless where not `mask`.
    reason : tuple of str
        In words; empty where not `mask`.
    """

    mask: npt.NDArray[np.bool_]
    refused: npt.NDArray[np.bool_]
    kind: CodeArray
    mean: FloatArray
    variance: FloatArray
    reason: tuple[str, ...]


def read_given(catalog: Catalog) -> tuple[GivenLaws, list[Problem]]:
    """Every law stated in the items table, and what is wrong with the statements.

    Parameters
    ----------
    catalog : Catalog
        The columns `demand_law` (text), `demand_mean` and `demand_variance` (units, units² per
        period).

    Notes
    -----
    Poisson needs the mean alone, geometric (on 0, 1, …) too. Negative binomial and stuttering
    Poisson with variance ≤ mean become Poisson, and the reason says so.
    """
    n = catalog.n_items
    law = catalog.texts.get("demand_law")
    mean = catalog.numbers.get("demand_mean", np.full(n, np.nan))
    variance = catalog.numbers.get("demand_variance", np.full(n, np.nan))
    out = GivenLaws(
        np.zeros(n, np.bool_),
        np.zeros(n, np.bool_),
        np.zeros(n, np.int8),
        np.zeros(n),
        np.zeros(n),
        ("",) * n,
    )
    if law is None:
        return out, []
    problems: list[Problem] = []
    reason = [""] * n
    for row in range(n):
        name = str(law[row] or "").strip().lower().replace(" ", "_")
        if not name:
            continue
        found = list(_problems(catalog, row, name, float(mean[row]), float(variance[row])))
        problems += found
        out.refused[row] = bool(found)
        out.mask[row] = not found
        if not found:
            out.kind[row], out.mean[row], out.variance[row], reason[row] = _accepted(
                _BY_NAME[name], float(mean[row]), float(variance[row])
            )
    return GivenLaws(out.mask, out.refused, out.kind, out.mean, out.variance, tuple(reason)), problems


def _accepted(kind: LawKind, mean: float, variance: float) -> tuple[int, float, float, str]:
    name = LAW_NAMES[int(kind)]
    if kind == LawKind.POISSON:
        return int(kind), mean, mean, f"given in items: {name}"
    if kind == LawKind.GEOMETRIC:
        return int(kind), mean, mean * (1 + mean), f"given in items: {name}"
    if kind in _OVERDISPERSED and variance <= mean:
        why = f"given in items: {name} with variance ≤ mean → poisson"
        return int(LawKind.POISSON), mean, mean, why
    return int(kind), mean, variance, f"given in items: {name}"


def _problems(catalog: Catalog, row: int, name: str, mean: float, variance: float) -> Iterator[Problem]:
    kind = _BY_NAME.get(name)
    if kind not in _ACCEPTED:
        allowed = ", ".join(LAW_NAMES[int(one)].replace(" ", "_") for one in _ACCEPTED)
        why = (
            f"'{name}' is no law that mean and variance determine"
            if kind is not None
            else f"unknown law '{name}'"
        )
        yield item_problem(catalog, "E-MOD-002", row, "demand_law", why, f"one of {allowed}")
        return
    if not (np.isfinite(mean) and mean >= 0):
        yield item_problem(
            catalog, "E-MOD-002", row, "demand_mean", f"a law {name} needs a mean ≥ 0", "units per period"
        )
        return
    if kind in (LawKind.POISSON, LawKind.GEOMETRIC):
        return
    if not (np.isfinite(variance) and variance >= 0):
        why = f"a law {name} needs a variance ≥ 0"
        yield item_problem(catalog, "E-MOD-002", row, "demand_variance", why, "units² per period")
    elif kind == LawKind.BINOMIAL and mean > 0 and not 0 < variance < mean:
        why = f"a binomial law needs 0 < variance < mean, not {variance:g} with mean {mean:g}"
        yield item_problem(
            catalog, "E-MOD-002", row, "demand_variance", why, "use poisson or negative_binomial"
        )
