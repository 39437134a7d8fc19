"""Segments whose laws the fit test flags: what they miss, what to do, and which are accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simlab.api.data.data import Data
from simlab.api.data.fitted import fit_tables
from simlab.measures import ALL
from simlab.measures.misfit import NEXT, what_is_off
from simlab.segments import Segmentation

if TYPE_CHECKING:
    from simlab.arrays import BoolArray


@dataclass(frozen=True)
class Misfit:
    """A segment whose laws are flagged.

    Attributes
    ----------
    pit_mean, pit_share : float
        Where periods lie in the laws of what came before (right: 0.5), and the share of them between 5 and
        95 % (right: 0.9).
    accepted : bool
        Whether somebody said that it may go all the same.
    """

    segment: str
    pit_mean: float
    pit_share: float
    accepted: bool

    @property
    def said(self) -> str:
        """What is off, and by how much."""
        return (
            f"{self.segment}: {what_is_off(self.pit_mean, self.pit_share)} (a period lies at "
            f"{100 * self.pit_mean:.1f}% of its law on average, right is 50; {100 * self.pit_share:.1f}% of "
            "periods between 5 and 95%, right is 90)"
        )


def misfits(
    data: Data, names: np.ndarray[Any, Any], code: np.ndarray[Any, Any], accepted: Sequence[str]
) -> tuple[Misfit, ...]:
    """The flagged segments of a plan; none without a history.

    Parameters
    ----------
    names, code : (s,) str and (n,) int64
        Segments, and each SKU-location's.
    accepted : sequence of str
        Segments that may go although they are flagged.
    """
    words = tuple(str(name) for name in names)
    if data.history is None:
        return ()
    of_plan = Segmentation(code, words, "segments of the plan", tuple((word,) for word in words), ("plan",))
    table = fit_tables(data.catalog, data.models, data.history, of_plan).get("fit_test")
    if table is None:
        return ()
    own = table[table["flagged"].astype(bool) & (table["segment"] != ALL)]
    return tuple(
        Misfit(str(name), float(mean), float(share), str(name) in accepted)
        for name, mean, share in zip(own["segment"], own["pit_mean"], own["pit_share"], strict=True)
    )


def flagged_rows(
    found: Sequence[Misfit], names: np.ndarray[Any, Any], code: np.ndarray[Any, Any]
) -> BoolArray:
    """(n,) SKU-locations of flagged segments that nobody accepted."""
    held = [one.segment for one in found if not one.accepted]
    return np.asarray(np.isin(names.astype(str), held)[code])


def misfit_lines(found: Sequence[Misfit]) -> list[str]:
    """What each flagged segment misses, what may lie behind it, and how to let it go all the same."""
    held = [one for one in found if not one.accepted]
    lines = [f"{one.said}." for one in held]
    if held:
        off = list(dict.fromkeys(what_is_off(one.pit_mean, one.pit_share) for one in held))
        lines.append(
            "What to try, and plan again: " + "; ".join(f"{what}: {NEXT[what]}" for what in off) + "."
        )
        names = " ".join(f"--accept-misfit {one.segment}" for one in held)
        lines.append(f"Where the miss does not matter: {names}. The run's page has the pictures.")
    accepted = [one for one in found if one.accepted]
    return lines + [f"Flagged by the fit test and accepted: {one.said}." for one in accepted]
