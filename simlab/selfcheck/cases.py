"""Exact cases run on the installed build: estimate, interval, exact value, z."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from simlab.arrays import FloatArray
from simlab.engine.world.levels import Family
from simlab.engine.world.world import Horizon, Start
from simlab.errors import EngineFaultError, UsageError
from simlab.selfcheck.cases_measures import Effort, Sums, evaluate, run
from simlab.selfcheck.cases_optimum import best_levels
from simlab.selfcheck.cases_schema import Case, published_cases, read_cases
from simlab.selfcheck.cases_world import Setup, set_up
from simlab.selfcheck.intervals import Interval, asymptotic_variance, constant, ratio

__all__ = [
    "CaseResult",
    "Effort",
    "check_new",
    "published_cases",
    "read_cases",
    "run_case",
    "run_cases",
    "write_results",
]

WRONG = frozenset({"fill_naive", "mean_ratio_fill"})
"""Definitions that are mistakes, listed in files of cases only to be recognised."""
FAR = 5.0
Progress = Callable[[str, int, int], None]
Found = tuple[dict[str, Interval], dict[str, str]]


@dataclass(frozen=True)
class CaseResult:
    """What was found for one case.

    Attributes
    ----------
    estimates : mapping of str to Interval
        By measure.
    missing : mapping of str to str
        Why a measure has no estimate.
    note : str
        What a reader must know about the law that was simulated.
    failed : bool
        The case could not be simulated or computed; `missing` says why.
    """

    case: Case
    estimates: Mapping[str, Interval]
    missing: Mapping[str, str]
    note: str = ""
    failed: bool = False

    def z(self, measure: str) -> float | None:
        """Standard errors between estimate and exact value; None where there is no pair."""
        exact, found = self.case.exact.get(measure), self.estimates.get(measure)
        return None if exact is None or found is None else found.z(exact)

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that the file names, else all that were found."""
        named = [name for name in self.case.exact if name not in WRONG]
        return tuple(named or self.estimates or self.missing)

    @property
    def is_far(self) -> bool:
        """Whether an estimate lies too far from its exact value, or the case could not be run."""
        return self.failed or any(abs(z) > FAR for name in self.measures if (z := self.z(name)) is not None)

    def rows(self) -> list[dict[str, object]]:
        """One row per measure: what a table of results shows."""
        return [self._row(name) for name in self.measures]

    def _row(self, name: str) -> dict[str, object]:
        found, exact = self.estimates.get(name), self.case.exact.get(name)
        half = None if found is None else found.half_width
        return {
            "case": self.case.id,
            "measure": name,
            "estimate": None if found is None else found.est,
            "half_width": half,
            "exact": exact,
            "z": self.z(name),
            "note": self.missing.get(name, self.note if found is not None else "not a measure of this kind"),
        }


def run_cases(
    cases: Sequence[Case], *, effort: Effort | None = None, workers: int = 1, progress: Progress | None = None
) -> tuple[CaseResult, ...]:
    """Run cases side by side; the results do not depend on the number of workers.

    Parameters
    ----------
    cases : sequence of Case
    effort : Effort, optional
        How much is simulated per case.
    workers : int
        Threads.
    progress : callable, optional
        Called with ("cases", done, total).
    """
    effort = effort or Effort()
    results = []
    with ThreadPoolExecutor(max(1, workers)) as pool:
        for result in pool.map(lambda case: run_case(case, effort), cases):
            results.append(result)
            if progress is not None:
                progress("cases", len(results), len(cases))
    return tuple(results)


def run_case(case: Case, effort: Effort) -> CaseResult:
    """Estimate every measure of one case."""
    if case.kind == "optimise_sS":
        best, reasons = best_levels(case)
        return CaseResult(case, best, reasons, failed=not best)
    try:
        setup = set_up(case)
        found, missing = _KINDS[case.kind](case, setup, effort)
    except (EngineFaultError, OverflowError) as fault:
        reason = str(fault).removeprefix("item 0: ")
        if isinstance(fault, OverflowError):
            reason = "its numbers in steps of the lattice could leave 64 bits"
        return CaseResult(case, {}, dict.fromkeys(case.exact or ("every measure",), reason), failed=True)
    return CaseResult(case, found, missing, setup.note)


def write_results(results: Sequence[CaseResult], path: Path) -> None:
    """Write ``{id: {measure: {"est", "half_width", "level"}}}``; a file that exists stays.

    Raises
    ------
    UsageError
        The file exists or cannot be written.
    """
    document = {
        result.case.id: {name: found.as_dict() for name, found in result.estimates.items()}
        for result in results
    }
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} exists and is not replaced; name another file for --out") from None
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}); name another file for --out"
        ) from None


def check_new(path: Path) -> None:
    """Refuse, before anything is simulated, a file that cannot be written afterwards.

    Raises
    ------
    UsageError
        The file exists, or its folder does not, or nothing may be written there.
    """
    if path.exists():
        raise UsageError(f"{path} exists and is not replaced; name another file for --out")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} for --out {path}; make it, or name another file")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"nothing may be written in the folder of --out {path}; name another file")


def _long_run(case: Case, setup: Setup, effort: Effort) -> Found:
    return evaluate(case, setup, effort), {}


def _finite_horizon(case: Case, setup: Setup, effort: Effort) -> Found:
    """Fill over a short horizon: its mean and how often it reaches the target, and in the long run."""
    fills = _fills(case, setup, effort)
    names = {"fill_T": fills}
    if case.target is not None:
        names["p_reach"] = (fills >= case.target).astype(np.float64)
    found: dict[str, Interval] = {}
    for name, values in names.items():
        if (interval := ratio(values, np.ones_like(values), values.size)) is not None:
            found[name] = interval
    return found | {"fill_inf": evaluate(case, setup, effort)["fill"]}, {}


def _fills(case: Case, setup: Setup, effort: Effort) -> FloatArray:
    """Fill of every replication in which something was demanded."""
    sums = _from_start(case, setup, effort.window(case.horizon or 1, 0))
    served, demanded = sums.counts("served"), sums.counts("demanded")
    return np.asarray(served[demanded > 0] / demanded[demanded > 0])


def _transient(case: Case, setup: Setup, effort: Effort) -> Found:
    """Measures with the first periods left in, beside those of the long run."""
    every = evaluate(case, setup, effort)
    found = {name: one for name, one in every.items() if name in ("fill", "on_hand")}
    names = ("fill_no_warmup", "on_hand_no_warmup")
    horizon = effort.window(case.horizon or 1, 0)
    sums = _from_start(case, setup, horizon)
    periods = np.full(horizon.slots, float(horizon.periods))
    pairs = ((sums.units("served"), sums.units("demanded")), (sums.units("on_hand"), periods))
    for name, (numerator, denominator) in zip(names, pairs, strict=True):
        if (interval := ratio(numerator, denominator, horizon.replications)) is not None:
            found[name] = interval
    return found, {}


def _from_start(case: Case, setup: Setup, horizon: Horizon) -> Sums:
    """Nothing taken away, each replication a batch: from the shelf that the case names, nothing on order.

    S stands for s + Q under (R,s,nQ). What is no start of the long run is given to the engine as
    today's stock.
    """
    shelf = setup.S if case.start is None else round(case.start * setup.scale)
    by_batch = setup.family is Family.REORDER_QUANTITY and not case.lost and setup.Q > 1
    if shelf == setup.S and not by_batch:
        return run(setup, horizon)
    return run(
        setup, horizon, world=replace(setup.world, start=Start(np.array([shelf]), np.zeros(1, np.int64)))
    )


def _ci_calibration(case: Case, setup: Setup, effort: Effort) -> Found:
    """Fill, its half width, and the periods behind it, from batches of one replication each."""
    span = case.lead_time.longest + case.review
    periods = -(-max(effort.shortest, 200 * span, 4 * setup.warmup) // case.review) * case.review
    horizon = effort.window(periods, setup.warmup)
    sums = run(setup, horizon)
    served, demanded = sums.units("served"), sums.units("demanded")
    fill = ratio(served, demanded, horizon.replications)
    if fill is None:
        return {}, {"fill": "nothing was demanded"}
    n = horizon.periods * horizon.replications
    fill = Interval(fill.est, fill.half_width, fill.level, n)
    return {
        "fill": fill,
        "n_periods": constant(n),
        "asymptotic_variance": asymptotic_variance(served, demanded, horizon.periods),
    }, {}


_KINDS: dict[str, Callable[[Case, Setup, Effort], Found]] = {
    "evaluate": _long_run,
    "finite_horizon": _finite_horizon,
    "transient": _transient,
    "ci_calibration": _ci_calibration,
}
