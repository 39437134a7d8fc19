"""Laws that the items table states outright: `demand_law`, `demand_mean`, `demand_variance`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from simlab.arrays import CodeArray, FloatArray
from simlab.errors import Problem
from simlab.models.terms import item_problem
from simlab.register.grounds import NOTHING, STATED, Reason
from simlab.register.laws import (
    LAW_NAMES,
    STATED_NAMES,
    LawKind,
    Variances,
    law_named,
    law_of,
    spoken,
)

if TYPE_CHECKING:
    from simlab.catalog import Catalog
    from simlab.models.forecasts.laws import ForecastPaths


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
    reason: tuple[Reason, ...]


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
        (NOTHING,) * n,
    )
    if law is None:
        return out, []
    problems: list[Problem] = []
    reason = [NOTHING] * n
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
                law_named(name).kind, float(mean[row]), float(variance[row])
            )
    return GivenLaws(out.mask, out.refused, out.kind, out.mean, out.variance, tuple(reason)), problems


def expected(given: GivenLaws, paths: ForecastPaths | None) -> GivenLaws:
    """The laws given outright, those of the user's forecasts in their place where there are any."""
    if paths is None:
        return given
    own = paths.mask
    return GivenLaws(
        given.mask | own,
        given.refused & ~own,
        np.where(own, paths.kind, given.kind).astype(np.int8),
        np.where(own, paths.mean, given.mean),
        np.where(own, paths.variance, given.variance),
        tuple(b if there else a for a, b, there in zip(given.reason, paths.reason, own, strict=True)),
    )


def _accepted(kind: LawKind, mean: float, variance: float) -> tuple[int, float, float, Reason]:
    why = Reason(f"given in items: {spoken(kind)}", (STATED,))
    law = law_of(kind)
    if law.variance_of is not None:
        return int(kind), mean, float(law.variance_of(np.array([mean]))[0]), why
    if law.variances is Variances.ABOVE and variance <= mean:
        return int(LawKind.POISSON), mean, mean, why.adding(" with variance ≤ mean → poisson")
    return int(kind), mean, variance, why


def _problems(catalog: Catalog, row: int, name: str, mean: float, variance: float) -> Iterator[Problem]:
    if name not in STATED_NAMES:
        known = name in LAW_NAMES
        why = f"'{name}' is no law that mean and variance determine" if known else f"unknown law '{name}'"
        yield item_problem(catalog, "E-MOD-002", row, "demand_law", why, f"one of {', '.join(STATED_NAMES)}")
        return
    if not (np.isfinite(mean) and mean >= 0):
        yield item_problem(
            catalog, "E-MOD-002", row, "demand_mean", f"a law {name} needs a mean ≥ 0", "units per period"
        )
        return
    allowed = law_named(name).variances
    if allowed is Variances.OF_MEAN:
        return
    if not (np.isfinite(variance) and variance >= 0):
        why = f"a law {name} needs a variance ≥ 0"
        yield item_problem(catalog, "E-MOD-002", row, "demand_variance", why, "units² per period")
    elif allowed is Variances.BELOW and mean > 0 and not 0 < variance < mean:
        why = f"a {name} law needs 0 < variance < mean, not {variance:g} with mean {mean:g}"
        yield item_problem(
            catalog, "E-MOD-002", row, "demand_variance", why, "use poisson or negative_binomial"
        )
