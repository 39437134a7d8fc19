"""What commands print in 80 and 60 columns: whole tables, one style, no word of the trade."""

import re

import pytest
from typer.testing import CliRunner

from simlab.cli.app import app
from simlab.cli.show.screen import LINES

ITEMS = """sku,location,unit_cost,price,lead_time,demand_law,demand_mean,category,supplier,on_hand,on_order
00123,EAST,12.50,20,14,poisson,20,core,Adler,120,0
00124,EAST,3.10,6,14,poisson,6,core,Adler,30,0
0A,EAST,80,120,28,poisson,1.5,niche,Bolt,2,0
00123,WEST,12.50,20,21,poisson,9,core,Adler,20,0
00124,WEST,3.10,6,21,poisson,2,core,Bolt,8,0
0A,WEST,80,120,28,poisson,0.4,niche,Bolt,9,0
"""
STUDY = """schema = 2
[study]
name = "tiny"
currency = "EUR"
[data.items]
path = "items.csv"
[lead_times]
law = "fixed"
[segments]
by = ["category"]
[policy]
targets = { core = 0.95, niche = 0.9 }
[simulation]
periods = 60
replications = 20
batches = 10
[verdict]
replications = 20
[optimize]
n_targets = 6
fill_rate = 0.93
"""
RUN, AGAIN, GATE = "runs/one", "runs/two", "runs/gate"
SCHEMES = "compare schemes study.toml --schemes category,location --seeds 1 --catalogues 2 --out runs/schemes"
COMMANDS = {
    "check": ["check", "study.toml"],
    "optimize": ["optimize", "study.toml", "--out", RUN],
    "optimize again": ["optimize", "again.toml", "--out", AGAIN],
    "simulate": ["simulate", "study.toml", "--out", "runs/simulate"],
    "audit": ["audit", "study.toml", "--out", "runs/audit"],
    "schemes": SCHEMES.split(),
    "policies": ["compare", "policies", "study.toml", "--policies", "order_up_to,order_up_to:normal"],
    "runs": ["compare", "runs", RUN, AGAIN],
    "gate": ["gate", "study.toml", "--proposed", RUN, "--current", "habit", "--out", GATE, "--exit-zero"],
    "orders": ["orders", RUN, "--date", "2026-01-02", "--out", "runs/orders"],
    "trace": ["trace", RUN, "0A@EAST"],
}
BANNED = re.compile(
    r"\b(verdict seed|search seed|frontiers?|replications?|hull|Lagrangian|certified|as optimised|PIT"
    r"|set free|not distinguishable)\b"
)
SPACED, FRACTION = re.compile(r"\d %"), re.compile(r"(?<![\d.,@])0\.\d{3}\b")
RULE = re.compile(r"^─+$")
OF_TRADE = {"runs", "trace", "check", "audit"}
"""What these are asked for are replications and options themselves."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("screens")
    (folder / "items.csv").write_text(ITEMS, "utf-8")
    (folder / "study.toml").write_text(STUDY, "utf-8")
    (folder / "again.toml").write_text(STUDY.replace("0.93", "0.9"), "utf-8")
    return folder


def printed(folder, monkeypatch, name, width):
    """Standard output of a command; what later ones read stays, anything else is written anew each time."""
    words = [word if word not in ("runs/simulate",) else f"{word}{width}" for word in COMMANDS[name]]
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", str(width))
    ended = CliRunner().invoke(
        app, [*words, *(["-q"] if "-q" not in words and name not in QUIETLESS else [])]
    )
    assert ended.exit_code == 0, f"{name}: {ended.output[-800:]} {ended.exception!r}"
    return ended.stdout.split("\n")


QUIETLESS = {"runs", "trace", "check"}


def faults_of(lines, name, width):
    """Everything that reads badly, line by line."""
    text = "\n".join(lines)
    found = [f"wider than {width}: {line}" for line in lines if len(line) > width and "/" not in line]
    found += [f"per cent with a space: {line}" for line in lines if SPACED.search(line)]
    found += [f"a fraction: {line}" for line in lines if FRACTION.search(line) and name not in OF_TRADE]
    if name not in OF_TRADE:
        found += [f"banned: {one.group(0)}" for one in BANNED.finditer(text)]
    return found


def tables_in(lines):
    """Titles of tables (a line above a heading), and how many rules under headings there are."""
    rules = sum(bool(RULE.match(line.strip())) and len(line.strip()) > 20 for line in lines)
    titled = 0
    for at, line in enumerate(lines):
        if RULE.match(line.strip()) and len(line.strip()) > 20:
            first = at
            while first > 0 and lines[first - 1].strip():
                first -= 1
            titled += not lines[first].startswith(" ") and not re.search(r"\S {2,}\S", lines[first])
    return rules, titled


@pytest.mark.slow
@pytest.mark.parametrize("width", [100, 80, 60])
def test_every_command_prints_whole_tables_one_style_and_plain_words(folder, monkeypatch, width):
    for out in (RUN, AGAIN, GATE, "runs/audit", "runs/schemes", "runs/orders"):
        if (folder / out).exists():
            (folder / out).rename(folder / f"{out}-before-{width}")
    faults = []
    for name in COMMANDS:
        lines = printed(folder, monkeypatch, name, width)
        rules, titled = tables_in(lines)
        if rules != titled:
            faults.append(f"{name}: {rules} tables, {titled} titles: one is parted")
        faults += [f"{name}: {one}" for one in faults_of(lines, name, width)]
        screen = lines[: lines.index("")] if "" in lines else lines
        if len(screen) > LINES:
            faults.append(f"{name}: {len(screen)} lines before the first table")
        faults += [f"{name}: an amount is split: {line}" for line in lines if re.search(r" [A-Z]{3}$", line)]
    assert not faults, "\n".join(faults)
