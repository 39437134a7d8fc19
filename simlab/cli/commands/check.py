"""What `simlab check` and `simlab init` with tables print: facts, the account of rows, what to look at."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from simlab.cli.options import Format
from simlab.cli.say import say
from simlab.cli.tables import print_json, print_sentences, print_table, records

if TYPE_CHECKING:
    from simlab.api import CheckResult


def check_document(result: CheckResult) -> dict[str, object]:
    """Everything that the check found, for programs."""
    return {
        "summary": list(result.lines),
        "look_first": len(result.look_first),
        "remarks": [asdict(one) for one in result.remarks],
        "quality": records(result.to_frame()),
    }


def print_check(result: CheckResult, format: Format, verbose: bool) -> None:
    """The screen of a study that can run; at most seven remarks unless all are asked for."""
    if format is Format.JSON:
        print_json(check_document(result))
        return
    print_sentences(result.facts)
    account = result.to_frame()
    if not verbose:
        account = account[account["rows"] > 0].drop(columns="note", errors="ignore")
    print_table(account, "Data quality")
    say()
    print_sentences(result.shown(every=verbose))
    print_sentences([result.ending])
