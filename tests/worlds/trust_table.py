"""`tests/trust/README.md`: each promise, the tests that say so, and the figures that they found.

    PYTHONPATH=.:tests python -m worlds.trust_table            # from the figures that are kept
    PYTHONPATH=.:tests python -m worlds.trust_table --run      # the default tests first (minutes)
    PYTHONPATH=.:tests python -m worlds.trust_table --run slow # the slow ones first (hours)
    PYTHONPATH=.:tests python -m worlds.trust_table --run bench tests/bench/test_guard_cost.py

A file named after it limits what is run: ``--run slow tests/trust/test_killed_twenty_times.py``; the
environment cuts a long test into pieces that are added up: ``SIMLAB_PIECE=1/8``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from statistics import mode
from typing import NamedTuple

from worlds.places import ROOT, TESTS
from worlds.planted_rooms import FAULTS as PLANTED
from worlds.planted_rooms import TESTS_OF
from worlds.trust_figures import FAULTS, PLACE, put, read

README, FIGURES = TESTS / "trust" / "README.md", TESTS / "trust" / "figures.json"
COUNTS, MARKS = "passed in ", ("slow", "bench")
NOT_YET = "not run to its end yet"


class Promise(NamedTuple):
    """What is promised, where, its tests by their places in `tests`, and figures beside the count of tests.

    `figures` are (name of the figures, sentence with their keys).
    """

    promise: str
    tests: tuple[str, ...]
    figures: tuple[tuple[str, str], ...] = ()
    by_hand: str = ""


PROMISES = (
    Promise(
        "same bits: threads, blocks, backends, order of rows, machine",
        (
            "engine/test_same_bits.py",
            "engine/test_same_digests.py",
            "execution/backends/test_elsewhere.py",
            "models/test_the_order_of_rows_changes_no_bit.py",
        ),
    ),
    Promise(
        "same bytes whatever the clock, zone, language, seed of hashes, -O, -W error, a home without rights",
        ("trust/test_other_circumstances.py",),
        (("circumstances", "{tried} circumstances, {same} the same bytes"),),
    ),
    Promise(
        "no silent repair: every damaged input is refused by its code, or read as if undamaged",
        (
            "trust/test_a_corpus_of_bad_inputs.py",
            "catalog/test_bad_inputs.py",
            "catalog/files/test_other_workbooks.py",
            "trust/test_damaged_tables_are_refused_or_read_right.py",
        ),
        (
            (
                "damaged tables",
                "{tried} tables (wide, decimal commas, forecasts, their errors, open orders, fiscal periods) "
                "damaged at random: "
                "{refused} refused, {same} read as a second reader reads them, silent: {silent}",
            ),
            (
                "bad inputs",
                "{tried} inputs in {groups} groups, {as_expected} as expected "
                "({refused} refused, {same} read as if undamaged), silent: {silent}",
            ),
        ),
    ),
    Promise(
        "all problems at once, each a message about the input",
        ("trust/test_no_input_is_a_fault_of_simlab.py", "catalog/tables/test_tables.py"),
    ),
    Promise(
        "guards in every run",
        ("engine/test_guards.py", "bench/test_guard_cost.py"),
        (("guards", "they cost {said} of a run (limit 2 %)"),),
    ),
    Promise(
        "verify: a number can be checked a year later",
        ("trust/test_a_run_can_be_verified.py",),
        (
            (
                "flipped bits",
                "{flipped} bits flipped, three in each file of a run of {kinds} kinds, {seen} seen (those of "
                "log.jsonl, which is written on and not sealed, are not)",
            ),
            (
                "cells",
                "{tried} times one cell was changed by a millionth, or two rows swapped, in {tables} tables "
                "with hashes made anew: {seen} seen",
            ),
        ),
        "an input edited: one test",
    ),
    Promise(
        "stopped at any time, it goes on to the same bytes",
        (
            "trust/test_a_stopped_run_goes_on.py",
            "trust/test_every_write_may_fail.py",
            "trust/test_killed_twenty_times.py",
            "trust/test_signals_end_it_wherever_it_is.py",
            "execution/backends/test_flight.py",
            "execution/backends/test_workers_of_their_own.py",
        ),
        (
            ("crash points, kills", "of {points} points of a run of nine SKU-locations {said}"),
            ("crash points, fails", "{said}"),
            ("points by strace", "{points} points by strace: {said}; all survived"),
            *(
                (
                    f"signals {place}",
                    f"{{tried}} signals {place}, the longest {{longest}} s (load {{load}}, {{cores}} cores)",
                )
                for place in ("while compiling", "in HiGHS", "while drawing")
            ),
            ("random kills", "{kills} SIGKILLs at random times, {same} went on to the same bytes"),
            ("small disks", "disks of {said}"),
            ("two runs into one folder", "{pairs} pairs of runs into one folder, {whole} one whole run"),
        ),
    ),
    Promise(
        "a run is complete or plainly not",
        ("trust/test_an_unfinished_run_says_so.py", "run/test_folder.py"),
    ),
    Promise(
        "nothing simulated is lost to a table, a picture or a full disk",
        ("trust/test_nothing_simulated_is_lost.py",),
    ),
    Promise(
        "no command ends in 134: Arrow's threads own nothing of Python's",
        ("run/test_no_thread_outlives_a_read.py", "trust/test_three_hundred_calls.py"),
        (
            (
                "calls",
                "{calls} calls ({started} started anew, {drawn} draw a page); ended with 134: {aborted}",
            ),
        ),
    ),
    Promise(
        "old runs stay readable, newer ones are refused by name",
        ("run/test_folder.py", "trust/test_a_run_can_be_verified.py"),
    ),
    Promise(
        "nothing leaks: no password, no path",
        ("catalog/files/test_database.py",),
    ),
    Promise(
        "nothing runs: no module of the working folder, no formula, no escape, no script",
        (
            "trust/test_no_code_of_the_working_folder_runs.py",
            "trust/test_names_cannot_steer.py",
            "report/book/test_book.py",
            "report/test_browser.py",
        ),
    ),
    Promise(
        "the tests themselves see mistakes",
        ("trust/test_planted_faults_are_seen.py", "engine/test_planted_kernels.py"),
        (("planted faults", "{said}"),),
    ),
)

HEAD = """# What is promised, and which test says so

Written by `PYTHONPATH=.:tests python -m worlds.trust_table` (`--run` runs the default tests first,
`--run slow` the slow ones: hours; a file after it runs that one; `SIMLAB_PIECE=1/8` before it cuts a long
test into pieces that are added up). Figures are of the day beside them.

| promise | tests | figures |
| --- | --- | --- |
"""
TAIL = """
`verify` finds any changed cell of any table by computing the whole run again. It does so by itself where the
run's tables are here, code and versions are those of the run, nothing else was found wrong and the run took
less than five minutes; longer ones with `--again`. Where it does not, it says why, and derives: all but
intervals of SKU-locations, tables of finance (capital, bounds, moves, weights, decision) and model columns of
`items`, which are under the hashes then. Never computed again are runs of `gate`, of frames and databases,
with curves of an earlier run, and those of versions before this. On another processor numbers are compared to
1e-9 instead of bytes. SKU-locations on a working grid, with windows of their own or with forecasts are not
simulated by the plain simulator, and it says how many. Above 5,000 SKU-locations a sample is kept.

What every run asks of itself. Of every path of the sweep and the lanes, at its end: that position = net stock
+ units that are still to arrive, and that what was ordered, received and demanded is not negative. Of every
path that is written down (outages, shared delays, moving levels, traces, time profiles): position = net stock
+ units on order in every period, and at the end that these are what arrives later; of one such path in
sixteen in every period, too, that units on order, lost and waiting are not negative. What goes wrong in the
sweep or the lanes and is whole again at the end of its path is not seen.

Points while page and figures are drawn are not counted: that is a child's work on a sealed run. No
program at hand writes `.xlsb`: the tests write it record by record, as its published format says, and
LibreOffice reads the same texts and numbers in it; a file of Excel's own was not at hand. Of the last 42
planted faults the tests beside the module alone were asked at first, not those of the whole room.
"""


def table() -> str:
    """The whole text."""
    known = {**read(FIGURES), "planted faults": _faults()}
    rows = []
    for one in PROMISES:
        tests = ", ".join(f"`{name}`" for name in one.tests)
        told = [*_counted(one, known), *(_told(key, text, known) for key, text in one.figures)]
        told += [one.by_hand] if one.by_hand else []
        rows.append(f"| {one.promise} | {tests} | {'; '.join(told)} |")
    return HEAD + "\n".join(rows) + "\n" + TAIL


def _counted(one: Promise, known: dict[str, dict[str, float | str]]) -> list[str]:
    """How many tests of these files passed, when they were last run."""
    marked = ("", *(f" ({mark})" for mark in MARKS))
    names = [COUNTS + name + kind for name in one.tests for kind in marked]
    found = [known[name] for name in names if name in known]
    if not found:
        return []
    passed, failed = (sum(int(each[key]) for each in found) for key in ("passed", "failed"))
    return [f"{passed} tests passed, {failed} failed ({_seen(*found)})"]


def _told(key: str, text: str, known: dict[str, dict[str, float | str]]) -> str:
    if key not in known:
        return f"{key}: {NOT_YET}"
    return f"{text.format(**known[key])} ({_seen(known[key])})"


def _seen(*found: dict[str, float | str]) -> str:
    """When and at which commits figures were seen: the latest day."""
    commits = sorted({str(one["commit"]) for one in found if one.get("commit")})
    return " ".join([max(str(one["on"]) for one in found), *commits[:3], *["…"] * (len(commits) > 3)])


def _faults() -> dict[str, float | str]:
    """Planted faults by room: tried, caught when first tried, caught now."""
    tried = read(FIGURES.with_name(FAULTS))
    rooms, all_first, all_last, n_tried = [], 0, 0, 0
    for room in TESTS_OF:
        mine = [tried[one.name] for one in PLANTED if one.room == room and one.name in tried]
        first, last = (sum(one[key] != "" for one in mine) for key in ("first", "last"))
        rooms.append(f"{room} {first} and {last} of {len(mine)}")
        all_first, all_last, n_tried = all_first + first, all_last + last, n_tried + len(mine)
    said = (
        f"{len(PLANTED)} faults planted in loader, optimizer and verdict, {n_tried} tried: "
        f"{all_first} caught at first ({all_first / max(n_tried, 1):.0%}), {all_last} now "
        f"({all_last / max(n_tried, 1):.0%}): {', '.join(rooms)}"
    )
    most = mode(str(one["commit"]) for one in tried.values())
    return {"said": said, "on": max(str(one["on"]) for one in tried.values()), "commit": f"most at {most}"}


def run(which: str, files: list[str]) -> None:
    """Run tests, keeping what they note and how many passed, file by file."""
    files = files or sorted({f"tests/{name}" for one in PROMISES for name in one.tests})
    results = ROOT / ".trust.xml"
    marked = ["-m", which] if which else []
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={results}", *marked, *files]
    environment = {**os.environ, PLACE: str(FIGURES), "PYTHONPATH": f"{ROOT}{os.pathsep}{TESTS}"}
    subprocess.run(command, cwd=ROOT, env=environment, check=False)
    counts: dict[str, dict[str, float | str]] = {}
    for case in ET.parse(results).iter("testcase"):
        parts = str(case.get("classname")).split(".")
        name = "/".join(parts[1:] if parts[0] == "tests" else parts) + ".py"
        bad = any(child.tag in ("failure", "error") for child in case)
        left = any(child.tag == "skipped" for child in case)
        own = counts.setdefault(name, {"passed": 0, "failed": 0})
        own["failed"] = int(own["failed"]) + bad
        own["passed"] = int(own["passed"]) + (not bad and not left)
    results.unlink()
    for name, own in counts.items():
        put(FIGURES, COUNTS + name + (f" ({which})" if which else ""), own)


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["--run"]:
        which = next((one for one in words[1:2] if one in MARKS), "")
        run(which, [str(Path(one)) for one in words[2 if which else 1 :]])
    README.write_text(table(), "utf-8")
