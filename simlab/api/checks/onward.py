"""A study that its tables or laws refuse, checked on without what was refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from simlab.api.checks.reading import without
from simlab.api.checks.steps import Steps
from simlab.api.data.data import Data, with_segments
from simlab.catalog import Catalog
from simlab.catalog.findings import NO_ROWS
from simlab.catalog.load import load, load_names
from simlab.errors import Problem, SimlabError
from simlab.study import Study
from simlab.study.history_sections import DataSpec, DemandSpec, LeadTimeSpec, ModelSpec
from simlab.study.sections import CalendarSpec

_ROUNDS = 5
_OF_OPTIONS = frozenset({"E-MOD-007", "E-MOD-021"})
"""Refusals of laws that rest on a name that a study says, not on numbers of tables."""
_OF_NUMBERS = frozenset(
    {"E-SEG-002", "E-SEG-003", "E-SEG-012", "E-SEG-013", "E-SEG-014"}
    | {"E-OPT-004", "E-OPT-005", "E-OPT-019", "E-OPT-024", "E-OPT-041"}
)
"""Refusals of later stages that rest on numbers of tables."""
_OF_COLUMNS = frozenset({"E-OPT-001", "E-OPT-002", "E-OPT-003", "E-OPT-006", "E-OPT-008"})
"""Refusals of later stages that rest on columns of numbers that there are."""
_OF_TABLES = ("E-ITM-", "E-DEM-", "E-REC-", "E-PER-", "E-OPO-", "E-FOR-", "E-FER-")
_OF_CALENDARS = frozenset(f"E-DEM-{number:03d}" for number in range(24, 31))
"""Refusals of a whole calendar of demand, which rows left out may bring."""
_OF_NO_ROWS = f"-{NO_ROWS:03d}"
"""A table without rows, which it may be for those left out."""


def usable(steps: Steps, path: Path, study: Study) -> tuple[Data | None, bool]:
    """Catalogue and laws of the study; if refused, of what is left of it when the refused is left out.

    Returns
    -------
    data : Data or None
        None if nothing of it can be used. Where the study was refused its numbers are not those of the
        tables: `steps` then keeps only what does not rest on them.
    whole : bool
        Whether demand and laws are in it; else items have names and texts alone.
    """
    told = len(steps.problems)
    data = steps.do(lambda: _fitted(load(study)))
    for _ in range(_ROUNDS):
        if data is not None or len(steps.problems) == told:
            break
        told, found = len(steps.problems), tuple(steps.problems)
        steps.believes = _rests_on_no_number
        data = _quietly(steps, partial(_left, path, study, found))
    if data is not None:
        return data, True
    steps.believes = _rests_on_names
    bare = _of_names(without(path, steps.problems) or study)
    return _quietly(steps, lambda: _fitted(load_names(bare))), False


def _left(path: Path, study: Study, found: tuple[Problem, ...]) -> Data:
    """Data of a study without its options, and of tables without their cells, that were refused."""
    return _fitted(load(without(path, list(found)) or study, without=found))


def _fitted(catalog: Catalog) -> Data:
    """Data with laws."""
    data = with_segments(catalog)
    assert data.models.n_items >= 0
    return data


def _quietly(steps: Steps, step: Callable[[], Data]) -> Data | None:
    """As `Steps.do`; whatever else refuses what is left of a study says nothing of the study."""
    try:
        return steps.do(step)
    except SimlabError:
        return None


def _of_names(study: Study) -> Study:
    """The study without sections that speak of demand, laws and suppliers' terms."""
    usual = {
        "data": DataSpec(items=study.data.items, location=study.data.location),
        "models": ModelSpec(),
        "demand": DemandSpec(),
        "lead_times": LeadTimeSpec(),
        "calendar": CalendarSpec(),
        "replay": None,
        "suppliers": (),
        "as_of": None,
    }
    return study.model_copy(update=usual)


def _rests_on_no_number(problem: Problem) -> bool:
    if problem.code.startswith(_OF_TABLES):
        return problem.code not in _OF_CALENDARS and not problem.code.endswith(_OF_NO_ROWS)
    if problem.code.startswith("E-MOD-"):
        return problem.code in _OF_OPTIONS
    return problem.code not in _OF_NUMBERS and (problem.code != "E-OPT-040" or bool(problem.column))


def _rests_on_names(problem: Problem) -> bool:
    if problem.code.startswith((*_OF_TABLES, "E-MOD-")) or problem.code == "E-STU-008":
        return False
    return _rests_on_no_number(problem) and problem.code not in _OF_COLUMNS and problem.code != "E-SEG-001"
