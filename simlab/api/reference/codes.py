"""Every code of a problem: what it says and what to do, read off the calls that raise it.

A fact stands in one place: the message where it is raised. What depends on the input stands as …
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from simlab.catalog import findings
from simlab.errors import UsageError, listed

PACKAGE = Path(__file__).parents[2]
_TABLES = {code: table for table, code in findings.CODES.items()}
_ANY = "TAB"  # stands for the three letters of a table
_NUMBERS = {
    name: n for name, n in vars(findings).items() if name.isupper() and isinstance(n, int) and n < 100
}
_CODE = re.compile(r"[EW]-[A-Z]{3}-\d{3}")
_WORD = re.compile("[a-z]{2}")
_MAY_SAY = re.compile(rf"{_CODE.pattern}|\b(?:{'|'.join(_NUMBERS)})\b")
"""Of sources that name a code; all others need not be parsed."""

AREAS = {
    _ANY: "tables",
    "CAS": "cases of selfcheck",
    "EXP": "simlab export",
    "GAT": "simlab gate",
    "INI": "simlab init",
    "MOD": "laws and lead times",
    "OPT": "optimisation",
    "ORD": "simlab orders",
    "POL": "policies",
    "RUN": "run folders",
    "SEG": "segments",
    "STU": "the study file",
} | {code: f"the table {table}" for code, table in _TABLES.items()}
"""Three letters of a code → what it speaks of."""

_WHY = {
    _ANY: "Tables are not repaired in silence: what cannot be counted exactly is refused, all at once.",
    "CAS": "A case of known answer must be complete, else nothing is compared.",
    "INI": "The study is written only where the tables say enough.",
    "MOD": "A law is fitted or taken only where the data can carry it.",
    "OPT": "A limit is checked before anything is simulated, so that no time is lost.",
    "POL": "Levels must be possible before they are simulated.",
    "RUN": "A finished run is evidence: what is missing or changed is said, never guessed.",
    "SEG": "Every SKU-location belongs to exactly one segment, by a rule that can be told.",
    "STU": "Options are read strictly: an unknown or contradictory one is refused, never ignored.",
}


_REMEDY = {
    "E-CAS-001": "name a JSON file of cases, as the published ones of simlab selfcheck are",
    "E-CAS-002": "complete the field that is named",
    "E-EXP-001": "plan with a family that the system knows, or say --approximate",
    "E-MOD-005": "name columns and values that the table of items has",
    "E-MOD-011": "bring a longer history, or say under [demand] what becomes of items without one",
    "E-MOD-032": "give sd for every period, or past forecasts from which errors are learned",
    "E-OPT-007": "give what the objective needs, or name another objective",
    "E-OPT-012": "name segments from the most to the least served, such as A, B, C",
    "E-OPT-018": "fill the column that the measure needs, or take another measure",
    "E-OPT-020": "ask for less, simulate more replications, or say choose under [optimize] otherwise",
    "E-OPT-040": "correct the option that is named",
    "E-ORD-006": "name a state that simlab orders --state-out wrote, with the run that it was written for",
    "E-POL-002": "fill today's levels of these items, or take another family",
    "E-RUN-003": "simlab resume goes on with it; else run the study anew",
    "E-RUN-004": "bring the file back from a copy, or run the study anew",
    "E-RUN-005": "move the file out of the run folder",
    "E-RUN-006": "run the study anew with this version",
    "E-RUN-008": "ask for a pack that simlab pack wrote",
    "E-RUN-020": "install what the message names, or say another run.backend",
    "E-SEG-001": "add the column to items, or take another scheme",
    "E-SEG-003": "take a column that differs between items, or another scheme",
    "E-SEG-011": "correct the cut points that are named",
    "E-SEG-012": "ask for fewer classes",
    "E-SEG-013": "correct the values, or leave the criterion out",
    "E-SEG-030": "correct the rule where the message points",
    "E-STU-004": "correct the name; simlab schema has every option",
    "E-STU-006": "say a value of the kind that the message names; simlab schema has every option",
    "E-TAB-021": "name a law that simlab knows, or leave the cell empty",
}
"""What to do about codes whose calls say none."""


@cache
def examples() -> dict[str, str]:
    """A message of every code as it was printed once; of tables some of one table for all."""
    text = resources.files("simlab.api.reference").joinpath("examples.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found


@dataclass(frozen=True)
class Code:
    """One code.

    Attributes
    ----------
    code : str
        Such as ``E-ITM-017``; of tables ``E-TAB-017`` stands for all of them.
    pairs : tuple of (str, str)
        Message and what to do about it, either of which may be empty; … stands for what depends on the input.
    """

    code: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def says(self) -> tuple[str, ...]:
        """Messages."""
        return tuple(dict.fromkeys(text for text, _ in self.pairs if text))

    @property
    def fixes(self) -> tuple[str, ...]:
        """What is allowed, or the likely remedy."""
        return tuple(dict.fromkeys(fix for _, fix in self.pairs if fix))

    @property
    def area(self) -> str:
        """The three letters."""
        return self.code.split("-")[1]


@cache
def codes() -> dict[str, Code]:
    """Every code of the program, by code."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text("utf-8")
        for code, text, fix in _said(ast.parse(source)) if _MAY_SAY.search(source) else ():
            pairs = found.setdefault(code, {})
            pairs |= {(text, fix): None} if text or fix else {}
    return {code: Code(code, tuple(pairs)) for code, pairs in sorted(found.items())}


def explain(code: str) -> str:
    """What a code means: what it says, why it is refused, what to do.

    Raises
    ------
    UsageError
        There is no such code.
    """
    asked = code.strip().strip("[]").removeprefix("error[").upper()
    parts = asked.split("-")
    if len(parts) == 3 and parts[2].isdigit():
        parts[2] = f"{int(parts[2]):03d}"
        asked = "-".join(parts)
    known = codes()
    general = f"{parts[0]}-{_ANY}-{parts[2]}" if len(parts) == 3 and parts[1] in _TABLES else asked
    found = [known[one] for one in dict.fromkeys((asked, general)) if one in known]
    if not found:
        same = [one for one in known if len(parts) > 1 and f"-{parts[1]}-" in one]
        hint = f"codes of {AREAS[parts[1]]}: {listed(same, 12)}" if same else f"such as {next(iter(known))}"
        raise UsageError(f"there is no code {code!r}; {hint}")
    area = parts[1]
    lines = [f"{asked}: {AREAS.get(area, area)}", "", "It says, and what to do"]
    lines += _with_fixes([pair for one in found for pair in one.pairs])
    if not any(one.fixes for one in found) and found[0].code in _REMEDY:
        lines += [f"    > {_REMEDY[found[0].code]}"]
    lines += ["", "Why", f"  {_WHY.get(area, _WHY[_ANY])}"]
    lines += ["", "Example", *(f"  {line}" for line in _example(asked, found[-1]).splitlines())]
    return "\n".join(
        [*lines, "", "… stands for what the message says of your input, with file, line and column."]
    )


def _example(asked: str, code: Code) -> str:
    """A message as it was printed once, of this table or of another; else what the calls say."""
    same = [one for one in examples() if one[-3:] == code.code[-3:] and one.split("-")[1] in _TABLES]
    general = same[:1] if code.area == _ANY else []
    for one in (asked, code.code, *general):
        if one in examples():
            return examples()[one]
    text, fix = next(((text, fix) for text, fix in code.pairs if text), ("…", ""))
    return f"error[{asked}] {text}" + (f"\n  {fix}" if fix else "")


def _with_fixes(pairs: list[tuple[str, str]]) -> list[str]:
    """Each message with what to do about it below; of one message all remedies together."""
    remedies: dict[str, dict[str, None]] = {}
    for text, fix in pairs:
        remedies.setdefault(text or "what the case is: the message tells it", {})[fix] = None
    lines = []
    for text, fixes in remedies.items():
        lines += [f"  {text}", *(f"    > {fix}" for fix in fixes if fix)]
    return lines or ["  what the case is: the message tells it"]


def _said(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """(code, message, fix) of every call and tuple that names a code."""
    once = _said_once(tree)
    named = _named_codes(tree)
    for scope in (tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))):
        own = list(_own(scope))
        local = {**once, **{name: text for name, text in _assigned(own) if text or name not in once}}
        for node in own:
            parts = node.args if isinstance(node, ast.Call) else getattr(node, "elts", [])
            found = [_code(part) or named.get(getattr(part, "id", ""), "") for part in parts]
            place = next((at for at, code in enumerate(found) if code), None)
            if place is None:
                continue
            texts = [text for part in parts[place + 1 :] if _is_prose(text := _text(part, local))]
            words = {word.arg: _text(word.value, local) for word in getattr(node, "keywords", [])}
            fix = words.get("fix") or (texts[-1] if len(texts) > 1 else "")
            yield found[place], texts[0] if texts else "", fix


def _named_codes(tree: ast.Module) -> dict[str, str]:
    """Names of a module that stand for a code."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign) and _code(node.value)]
    return {
        one.id: _code(node.value) for node in assigned for one in node.targets if isinstance(one, ast.Name)
    }


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """Names and the texts that they are given."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            text = _text(node.value, {})
            yield from ((target.id, text) for target in node.targets if isinstance(target, ast.Name))


def _said_once(tree: ast.Module) -> dict[str, str]:
    """Names that one text only is given in the whole module: a message made by one function for another."""
    texts: dict[str, set[str]] = {}
    for name, text in _assigned(ast.walk(tree)):
        if text:
            texts.setdefault(name, set()).add(text)
    return {name: next(iter(said)) for name, said in texts.items() if len(said) == 1}


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a module or function, without those of functions inside it: their names are their own."""
    for node in ast.iter_child_nodes(scope):
        if not isinstance(node, ast.FunctionDef):
            yield node
            yield from _own(node)


def _is_prose(text: str) -> bool:
    return " " in text and _WORD.search(text) is not None


def _code(node: ast.AST) -> str:
    """The code that a literal, or the name of a finding of tables, stands for."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value if _CODE.fullmatch(node.value) else ""
    name = getattr(node, "id", getattr(node, "attr", ""))
    return f"E-{_ANY}-{_NUMBERS[name]:03d}" if name in _NUMBERS else ""


def _text(node: ast.AST, local: dict[str, str]) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) and not _code(node) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, {}) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.Name):
        return local.get(node.id, "")
    return _text(node.body, local) if isinstance(node, ast.IfExp) else ""
