"""A small study on the baseline files: two segments, two locations, days."""

from pathlib import Path

from worlds.places import TESTS

BASELINE = TESTS / "bad_inputs" / "baseline"

STUDY = """
schema = 1
[study]
name = "small"
currency = "EUR"
period = "day"
[data.items]
path = "items.csv"
[data.demand]
path = "demand.csv"
[data.receipts]
path = "receipts.csv"
[lead_times]
crossing = false
[segments]
by = ["segment"]
[policy]
review_period = 1
targets = { fast = 0.98, slow = 0.9 }
[simulation]
periods = 60
replications = 24
batches = 8
[optimize]
n_targets = 8
target_min = 0.5
service = { weight = "units" }
choose = "in_sample"
[verdict]
replications = 30
"""

USUAL = ("target_min = 0.5", 'service = { weight = "units" }', 'choose = "in_sample"')
"""Units count and targets begin low, so that few items have a frontier to look at."""


def write_study(folder: Path, text: str = STUDY, **changes: str) -> Path:
    for name in ("items.csv", "demand.csv", "receipts.csv"):
        (folder / name).write_bytes((BASELINE / name).read_bytes())
    for old, new in changes.items():
        text = text.replace(old, new)
    for line in USUAL:  # a change that says the option itself wins
        if text.count(f"\n{line.split(' = ')[0]} = ") > 1:
            text = text.replace(f"{line}\n", "")
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path
