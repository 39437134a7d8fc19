"""``simlab doctor --speed``: how fast this machine simulates."""

from __future__ import annotations

from simlab.cli.options import Format
from simlab.cli.progress import watched
from simlab.cli.say import say
from simlab.cli.tables import print_json, print_sentences, print_table


def print_speed(format: Format) -> None:
    """Measure, and print the speeds as a table or as one JSON list."""
    import pandas as pd

    from simlab.selfcheck.speed import ROUNDS, measure

    with watched(False) as progress:
        speeds = measure(progress=progress)
    if format is Format.JSON:
        print_json([speed.as_row() for speed in speeds])
        return
    rows = [(speed.workload, f"{speed.ns:.2f}", speed.what) for speed in speeds]
    print_table(pd.DataFrame(rows, columns=["workload", "ns", "what"]))
    say()
    print_sentences(
        [
            "ns: nanoseconds of CPU time per SKU-period (and target, where there are several) on one core, "
            f"with random numbers, tables and all sums (median of {ROUNDS})."
        ]
    )
