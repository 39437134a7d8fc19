"""Faults planted one at a time in loader, optimizer and verdict: do the tests of the room see them?

Each is a text of the source that is replaced in a copy of the package, of which the room's own tests (of the
default suite) are run until the first one fails. They were chosen by reading the source, before any was
tried: what a tired person might write, and what would change a number without a crash.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from worlds.places import ROOT, TESTS

import simlab

PACKAGE = Path(simlab.__file__).parent

BESIDE = "SIMLAB_BESIDE"
"""Set in the environment: tests beside the module are asked alone, which is much less work and finds less."""

FURTHER = {
    "verdict/between_runs.py": ("api/comparison/test_runs.py",),
    "frontier/bounds/noise.py": ("frontier/test_exchange.py",),
}
"""Tests of a module that stand elsewhere."""

TESTS_OF = {
    "loader": ("catalog", "trust/test_a_corpus_of_bad_inputs.py"),
    "optimizer": ("frontier", "api/plans", "api/requirements"),
    "verdict": ("verdict", "measures", "api/rollout", "api/comparison"),
}


class Fault(NamedTuple):
    """A mistake: the room whose tests ought to see it, name, file, the text there, and what instead."""

    room: str
    name: str
    file: str
    right: str
    wrong: str


def _of(room: str, *faults: tuple[str, str, str, str]) -> tuple[Fault, ...]:
    return tuple(Fault(room, *one) for one in faults)


CONVERT, ROWS, MERGE = "catalog/cells/convert.py", "catalog/tables/rows.py", "frontier/merge.py"
NUMERALS, DATES, CSV = "catalog/cells/numerals.py", "catalog/cells/dates.py", "catalog/files/csvfile.py"
BOOK, RECEIPTS = "catalog/files/workbook.py", "catalog/tables/receipts.py"
CURVES, EXCHANGE, LIMITS = "frontier/curves.py", "frontier/exchange.py", "frontier/limits/limits.py"
DECISIONS, PVALUES, MULTIPLE = (
    "verdict/gate/decisions.py",
    "verdict/gate/pvalues.py",
    "verdict/tournament/multiple.py",
)
BETWEEN, SCORES, FIT = "verdict/between_runs.py", "verdict/scores.py", "verdict/replay/fit.py"

LOADER = _of(
    "loader",
    (
        "a zero passes where only more is allowed",
        CONVERT,
        "if value < low or (rule.above and value == low):",
        "if value < low:",
    ),
    (
        "halves pass where whole numbers are asked",
        CONVERT,
        'if rule.kind == "whole" and value != value.to_integral_value():',
        'if rule.kind == "none":',
    ),
    (
        "the highest value is passed tenfold",
        CONVERT,
        '    if value > high:\n        return Fault(found.OUT_OF_RANGE, f"{cell!r} is too large"',
        '    if value > high * 10:\n        return Fault(found.OUT_OF_RANGE, f"{cell!r} is too large"',
    ),
    (
        "money is rounded down",
        CONVERT,
        "multiple = (value / unit).to_integral_value(ROUND_HALF_EVEN)\n        if",
        "multiple = (value / unit) // 1\n        if",
    ),
    (
        "money too large to be exact passes",
        CONVERT,
        "if multiple > LARGEST_MONEY:",
        "if multiple > LARGEST_MONEY * 10**6:",
    ),
    ("years of another century pass", CONVERT, "if not FIRST_YEAR <= day.year <= LAST_YEAR:", "if False:"),
    ("an empty cell counts as known", CONVERT, "good = ~column.missing()", "good = column.codes > -2"),
    ("a shortened id passes", CONVERT, r"E\+\d{2,3}", r"E\+\d{3}"),
    (
        "a cell that two rows share is judged in one",
        CONVERT,
        "np.isin(column.codes, ",
        "(column.codes == 0) & np.isin(column.codes, ",
    ),
    ("thousands in groups of two", NUMERALS, "(?:{sign}[0-9]{{3}})+", "(?:{sign}[0-9]{{2,3}})+"),
    ("a decimal comma is left out", NUMERALS, 'text.replace(",", ".") if', 'text.replace(",", "") if'),
    (
        "groups of thousands prove a decimal comma",
        NUMERALS,
        "proof = proof or _COMMA_GROUPS.fullmatch(text) is None",
        "proof = True",
    ),
    (
        "a point beside commas is overlooked",
        NUMERALS,
        '            if "." in text:\n                return Notation(decimal, thousands)\n',
        "            pass\n",
    ),
    ("an ambiguous date is guessed", DATES, "if len(fitting) == 1:", "if fitting:"),
    ("serial dates a day late", DATES, "dt.date(1899, 12, 30)", "dt.date(1899, 12, 31)"),
    ("a time of day is left out", DATES, "(?:[T ]00:00(?::00(?:\\.0+)?)?)?", "(?:[T ].*)?"),
    (
        "the last day is left out",
        ROWS,
        "later = self.dated & (self.date > np.datetime64(study.as_of",
        "later = self.dated & (self.date >= np.datetime64(study.as_of",
    ),
    (
        "of rows of one day the largest counts",
        ROWS,
        "np.add.reduceat(self.quantity[rows], starts)",
        "np.maximum.reduceat(self.quantity[rows], starts)",
    ),
    (
        "returns are not taken off",
        ROWS,
        "np.where(self.quantity > 0, self.quantity - matched, 0)",
        "np.where(self.quantity > 0, self.quantity, 0)",
    ),
    ("another unit is not converted", ROWS, "value = value * times * parts", "value = value * parts"),
    (
        "packs count as units",
        ROWS,
        "quantity * np.nan_to_num(size, nan=1.0).astype(np.int64)",
        "quantity * 1",
    ),
    (
        "demand in the future passes",
        ROWS,
        'rows = np.flatnonzero(dated & (date > np.datetime64(today, "D")))',
        "rows = np.flatnonzero(dated & False)",
    ),
    ("demand of unknown SKUs goes unsaid", ROWS, 'if self.source.unknown_sku == "drop":', "if True:"),
    (
        "the oldest sale is returned first",
        "catalog/tables/returns.py",
        "sale = open_sales[-1]",
        "sale = open_sales[0]",
    ),
    (
        "a return may undo later sales",
        "catalog/tables/returns.py",
        "while end < rows.size and date[rows[end]] == day:",
        "while end < rows.size:",
    ),
    (
        "blocks pasted twice pass",
        "catalog/tables/doubtful.py",
        "again &= named | whole | _in_blocks(inverse)",
        "again &= named | whole",
    ),
    (
        "a receipt on the day of its order is refused",
        RECEIPTS,
        "backward = both & (received < ordered)",
        "backward = both & (received <= ordered)",
    ),
    (
        "orders still open are forgotten",
        RECEIPTS,
        "under_way = (later | ~received_known) & ordered_known",
        "under_way = later & ordered_known",
    ),
    ("lines are counted from zero", "catalog/files/csvfast.py", "filled[rows + 1] + 1", "filled[rows + 1]"),
    (
        "the apostrophe before a formula stays",
        CSV,
        "values = tuple(map(unguarded, column.values))",
        "values = tuple(column.values)",
    ),
    (
        "a quote over two lines is read by line",
        "catalog/files/csvfast.py",
        "return not (np.searchsorted(quotes, newlines) % 2).any()",
        "return True",
    ),
    (
        "merged rows pass",
        BOOK,
        "if last > top and touched and (last > row or len(touched) > 1):",
        "if last > top and touched and right > column:",
    ),
    (
        "a formula never computed is an empty cell",
        "catalog/files/sheet.py",
        'elif formula is not None and not (value or (value == "" and kind == "str")):',
        "elif False:",
    ),
    ("two rows of an item pass", "catalog/tables/items.py", "rows = rows[key[rows] >= 0]", "rows = rows[:0]"),
    (
        "a variance below the mean passes",
        "catalog/tables/items.py",
        "narrow = wide & has_mean & ~(variance > mean)",
        "narrow = wide & has_mean & (variance < 0)",
    ),
    (
        "partitions of another schema pass",
        "catalog/files/parquet.py",
        "if (names, types) == (self.names, self._types):",
        "if names == self.names:",
    ),
    (
        "`none_of` keeps what it names",
        "catalog/tables/filtering.py",
        "(condition.none_of, False)",
        "(condition.none_of, True)",
    ),
    (
        "orders of unknown items are the last item's",
        "catalog/cells/matching.py",
        "rows = np.flatnonzero(item < 0)",
        "rows = np.flatnonzero(item < -1)",
    ),
)

OPTIMIZER = _of(
    "optimizer",
    ("equal service for more money stays", MERGE, "s[1:] > best[:-1]", "s[1:] >= best[:-1]"),
    (
        "of equal costs all stay",
        MERGE,
        "order[np.concatenate((np.asarray(c[1:] != c[:-1], dtype=np.bool_), [True]))]",
        "order",
    ),
    (
        "of a bucket the first stays",
        MERGE,
        "keep = np.concatenate((np.asarray(bucket[1:] != bucket[:-1], dtype=np.bool_), [True]))",
        "keep = np.concatenate(([True], np.asarray(bucket[1:] != bucket[:-1], dtype=np.bool_)))",
    ),
    ("losses of thinning do not add up", MERGE, "slack += width - 1", "slack = width - 1"),
    (
        "proportional where the first entry is",
        MERGE,
        "return bool((flat_a.astype(object) * y == flat_b.astype(object) * x).all())",
        "return True",
    ),
    (
        "a floor is rounded down",
        CURVES,
        "need = math.ceil(exact_rate(rate) * whole)",
        "need = math.floor(exact_rate(rate) * whole)",
    ),
    (
        "0.95 is the nearest binary number",
        CURVES,
        "Fraction(repr(float(fill_rate)))",
        "Fraction(float(fill_rate))",
    ),
    (
        "a budget is rounded up",
        CURVES,
        "limit = math.floor(exact_amount(budget) / self.value_unit)",
        "limit = math.ceil(exact_amount(budget) / self.value_unit)",
    ),
    ("totals may overflow", CURVES, "if largest * values.size < INT64_SAFE:", "if largest < INT64_SAFE:"),
    (
        "barred targets stay",
        CURVES,
        "np.where(allowed[:, None, :], 0, curves.n_targets)",
        "np.where(allowed[:, None, :], 0, 0)",
    ),
    (
        "items left out are the first segment's",
        CURVES,
        "codes, items = codes[~outside], mapped.chosen(items, ~outside)",
        "codes = np.maximum(codes, 0)",
    ),
    (
        "where a higher target gives less goes unseen",
        CURVES,
        "np.asarray(table[:, 1:] < table[:, :-1], dtype=np.bool_)",
        "np.asarray(table[:, 1:] < table[:, :-1] - 10**9, dtype=np.bool_)",
    ),
    (
        "the gap below a point is that of the point",
        "frontier/frontier.py",
        "np.concatenate((self.bound[:1], self.bound[:-1]))",
        "self.bound",
    ),
    (
        "a budget buys the cheapest of a list",
        "frontier/frontier.py",
        "allowed &= self.served == self.served[allowed].max()",
        "pass",
    ),
    (
        "a floor met exactly is passed over",
        "frontier/frontier.py",
        "self.plan(int(np.searchsorted(self.served, need)))",
        'self.plan(int(min(np.searchsorted(self.served, need, side="right"), self.n_points - 1)))',
    ),
    (
        "the knee is the nearest to the line",
        EXCHANGE,
        "return int(np.argmax(x - y))",
        "return int(np.argmin(np.abs(x - y)))",
    ),
    (
        "a slope leaves nothing out",
        EXCHANGE,
        "left = left / (100.0 * (gain.sum() - gain) /",
        "left = left / (100.0 * gain.sum() * (n - 1.0) / n /",
    ),
    (
        "a price is for a hundred points",
        EXCHANGE,
        "point = 0.01 * curves.total_demanded",
        "point = curves.total_demanded",
    ),
    (
        "money comes from where it hurts most",
        EXCHANGE,
        "ratio.argmax() if upward else ratio.argmin()",
        "ratio.argmax()",
    ),
    (
        "the sweep ends early",
        EXCHANGE,
        "efficient(value[row], served[row])[-1]",
        "efficient(value[row], served[row])[0]",
    ),
    (
        "money is rounded down in a message",
        "frontier/plan.py",
        "cents = int(-((-amount * 100) // 1))",
        "cents = int((amount * 100) // 1)",
    ),
    (
        "a rate is rounded up in a message",
        "frontier/plan.py",
        "(served * 10**digits // demanded)",
        "-(-served * 10**digits // demanded)",
    ),
    (
        "a floor in other units is rounded down",
        "frontier/bounded.py",
        "-(-need // units[2])",
        "need // units[2]",
    ),
    (
        "labels beyond the budget live on",
        "frontier/bounded.py",
        "fits & (labels.value + least.value[at] <= self.limit)",
        "fits",
    ),
    (
        "weights are cut off",
        "frontier/service.py",
        "np.rint(numbers / resolution)",
        "np.floor(numbers / resolution)",
    ),
    (
        "a point that must stay goes",
        "frontier/thin.py",
        "index = np.union1d(index, np.asarray(keep, dtype=np.int64)).astype(np.int64)",
        "index = index.astype(np.int64)",
    ),
    ("a floor of a group holds for all", LIMITS, "inside = np.where(members, codes, -1)", "inside = codes"),
    (
        "a ceiling is rounded up",
        LIMITS,
        "at_most=int(limit / unit // 1)",
        "at_most=int(-(-limit / unit // 1))",
    ),
    ("a least target is left out itself", LIMITS, "targets >= t - 1e-12", "targets > t + 1e-12"),
    (
        "a pinned item follows its segment",
        LIMITS,
        "pinned[items] = table[items, columns][:, None]",
        "pinned[items] = table[items]",
    ),
    ("a quantile one too low", "frontier/limits/tail.py", "* n) + 1", "* n) + 2"),
    (
        "a limit that holds exactly is missed",
        "frontier/limits/chance.py",
        "(self.totals(choices) >= 0).sum(axis=1)",
        "(self.totals(choices) > 0).sum(axis=1)",
    ),
    (
        "one replication fewer suffices",
        "frontier/limits/chance.py",
        "return math.ceil(Fraction(repr(float(self.probability))) * self.n_replications)",
        "return math.floor(Fraction(repr(float(self.probability))) * self.n_replications) - 1",
    ),
    (
        "the statistical gap has two sides",
        "frontier/bounds/noise.py",
        "half = t_quantile(level, n_batches - 1.0)",
        "half = t_quantile(0.5 + 0.5 * level, n_batches - 1.0)",
    ),
)

VERDICT = _of(
    "verdict",
    (
        "a saving is never decided",
        "verdict/compare.py",
        "not self.difference.low <= 0 <= self.difference.high",
        "not self.difference.low <= 0",
    ),
    (
        "less is more",
        "verdict/compare.py",
        "less = self.difference.value <= 0",
        "less = self.difference.value >= 0",
    ),
    (
        "a plan is compared with itself",
        "verdict/compare.py",
        "b.holding[0, 0], b.served[0, 0]",
        "a.holding[0, 0], b.served[0, 0]",
    ),
    (
        "a variance divided by r",
        PVALUES,
        "(centred**2).sum(axis=1) / (r - 1)",
        "(centred**2).sum(axis=1) / r",
    ),
    ("skewness counts the wrong way", PVALUES, "qs + skew * qs**2 / 3", "qs - skew * qs**2 / 3"),
    ("the smaller of two p", PVALUES, "above = np.maximum(stdtr", "above = np.minimum(stdtr"),
    (
        "a loss too few",
        PVALUES,
        "betainc(left, differ + 1.0, 1.0 - p)",
        "betainc(left, np.maximum(differ, 1.0), 1.0 - p)",
    ),
    (
        "no step up",
        DECISIONS,
        "out[order[: passes[-1] + 1]] = True",
        "out[order[passes[: np.argmax(np.diff(passes, append=n + 9) > 1) + 1]]] = passes[0] == 0",
    ),
    (
        "dependence is left out",
        DECISIONS,
        "if any_dependence else q\n    order",
        "if False else q\n    order",
    ),
    (
        "two chances for one",
        DECISIONS,
        "np.minimum(2.0 * np.minimum(first, second), 1.0)",
        "np.minimum(first, second)",
    ),
    (
        "measures of harm do not add up",
        DECISIONS,
        "np.minimum(len(names) * np.min(",
        "np.minimum(1 * np.min(",
    ),
    ("one harmless measure suffices", DECISIONS, "p_go = np.max([", "p_go = np.min(["),
    (
        "unchanged items count among the tests",
        DECISIONS,
        "rows = np.flatnonzero(~unchanged)",
        "rows = np.arange(n)",
    ),
    (
        "a list as long as its last is good",
        "verdict/gate/by_model.py",
        "means = np.cumsum(p[order]) / np.arange(1, p.size + 1)",
        "means = p[order]",
    ),
    (
        "a plan takes another's levels",
        "verdict/retest.py",
        "np.add(choice, first, out=moved",
        "np.add(choice, 0, out=moved",
    ),
    ("all runs are paired", BETWEEN, "paired = a.seed == b.seed", "paired = True"),
    (
        "the earlier less the later",
        BETWEEN,
        "jackknife(b[0] - a[0], b[1] - a[1], level)",
        "jackknife(a[0] - b[0], a[1] - b[1], level)",
    ),
    (
        "a mean without one divides by all",
        BETWEEN,
        "(values.sum() - values) / max(1, n - 1)",
        "(values.sum() - values) / n",
    ),
    (
        "stock counted twice",
        SCORES,
        "return self.cost_resolution / (2 * self.counted)",
        "return self.cost_resolution / self.counted",
    ),
    ("turns of one half", SCORES, "        2 * per_year * scale.parts\n", "        per_year * scale.parts\n"),
    (
        "parts of periods are left out of a ready rate",
        SCORES,
        "np.full(sums.n_replications, n_items * scale.counted, dtype=np.int64)",
        "np.full(sums.n_replications, n_items * scale.periods, dtype=np.int64)",
    ),
    (
        "a jackknife of the wrong size",
        MULTIPLE,
        "math.sqrt((n - 1.0) / n) * np.asarray",
        "math.sqrt(1.0 / n) * np.asarray",
    ),
    (
        "pairs each on their own",
        MULTIPLE,
        "(np.abs(statistic) if two_sided else statistic).max(axis=1)",
        "(np.abs(statistic) if two_sided else statistic)[:, 0]",
    ),
    (
        "the best of the others is the worst",
        MULTIPLE,
        "low[i] = min(0.0, max(gaps))",
        "low[i] = min(0.0, min(gaps))",
    ),
    ("a degree of freedom too many", MULTIPLE, "else self.n_batches) - 1)", "else self.n_batches))"),
    (
        "orders that may not be are counted",
        "verdict/audit/shapley.py",
        "return factorial(len(chosen)) // (2 if both else 1)",
        "return factorial(len(chosen))",
    ),
    (
        "4 before 3",
        "verdict/audit/shapley.py",
        "return not waits or Switch.LEAD_TIME in chosen",
        "return True",
    ),
    ("half of the two-sided p", FIT, "p = sum(float(stdtr(", "p = 0.5 * sum(float(stdtr("),
    (
        "items that share a period are independent",
        FIT,
        "for cluster in (item, period):",
        "for cluster in (item, item):",
    ),
    (
        "nothing found is no misfit",
        FIT,
        'enough = table["p"].notna() & (table.pop("reach") <= _SMALL)',
        'enough = table["p"].notna() & (table.pop("reach") <= 9)',
    ),
    (
        "a step of the law too far",
        "verdict/replay/sums.py",
        "low = np.where(place > 0, upto[here, np.maximum(place - 1, 0)], 0.0)",
        "low = upto[here, np.maximum(place - 1, 0)]",
    ),
    (
        "orders of the past count",
        "verdict/replay/replay.py",
        "return self.before + protection(self.world)",
        "return self.before + 0 * protection(self.world)",
    ),
    (
        "periods too few are judged",
        "verdict/replay/replay.py",
        "np.where(held.n_periods >= 2 * span",
        "np.where(held.n_periods >= span + 1",
    ),
    (
        "coverage of 90 % is the share below",
        "verdict/replay/calibration.py",
        "[(pit >= LOW) & (pit <= HIGH) for pit in pits]",
        "[(pit >= 0) & (pit <= HIGH) for pit in pits]",
    ),
    (
        "a ratio's interval without its denominator",
        "measures/estimates.py",
        "residual = x - np.nan_to_num(value)[..., None] * d",
        "residual = x - x.mean(axis=-1, keepdims=True)",
    ),
    (
        "a t of all replications",
        "measures/estimates.py",
        "half = t_quantile(0.5 + 0.5 * level, n - 1.0) * spread / math.sqrt(n)",
        "half = t_quantile(0.5 + 0.5 * level, 1e9) * spread / math.sqrt(n)",
    ),
)

FAULTS = (*LOADER, *OPTIMIZER, *VERDICT)


def is_there(fault: Fault) -> bool:
    """Whether the source still has the text, once."""
    return (PACKAGE / fault.file).read_text("utf-8").count(fault.right) == 1


def caught_by(fault: Fault, folder: Path) -> str:
    """The first test that fails with the fault: beside its module, then in its room; empty if none does.

    That test passes where nothing is planted, or nothing was seen at all.
    """
    package = folder / "simlab"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    file = package / fault.file
    file.write_text(file.read_text("utf-8").replace(fault.right, fault.wrong), "utf-8")
    try:
        room = () if os.environ.get(BESIDE) else TESTS_OF[fault.room]
        seen_by = _first_failure(folder, _beside(fault)) or _first_failure(folder, room)
    finally:
        shutil.rmtree(package)
    if seen_by:
        test = seen_by.partition(" tests/")[2]
        assert _first_failure(PACKAGE.parent, (test,)) == "", f"{seen_by}, seen where nothing is planted"
    return seen_by


def _beside(fault: Fault) -> tuple[str, ...]:
    """Tests that stand where the module stands, without folders below: those first that name it."""
    module = Path(fault.file)
    own = sorted((TESTS / module.parent).glob("test_*.py"))
    own.sort(key=lambda one: module.stem not in one.read_text("utf-8"))
    return (*(one.relative_to(TESTS).as_posix() for one in own), *FURTHER.get(fault.file, ()))


def _first_failure(folder: Path, tests: tuple[str, ...]) -> str:
    """The first test that fails with the package of this folder; empty if none does."""
    if not tests:
        return ""
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", f"--rootdir={ROOT}"]
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{TESTS}", "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *(str(TESTS / one) for one in tests)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    if done.returncode == 0:
        return ""
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    assert failed, done.stdout[-2000:] + done.stderr[-2000:]
    return failed[0].split(" - ")[0]
