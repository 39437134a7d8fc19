"""The panel of the page alone, for a notebook: other targets, floors, budgets and prices."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from simlab.api.output.tables import segment_frame
from simlab.api.output.what_if.cells import CELLS, cells_frame, what_if_facts
from simlab.api.show import save_path
from simlab.errors import UsageError
from simlab.measures.shown import Public

if TYPE_CHECKING:
    from simlab.api.plans.outcome import Outcome

_HEIGHT = 760


@dataclass(frozen=True, eq=False, repr=False)
class Explorer(Public):
    """The panel "What if" as one page; shows itself in a notebook, in a frame of its own.

    Attributes
    ----------
    html : str
        The page: one file, no request.

    Examples
    --------
    >>> opt.explore()
    >>> opt.explore().write("what_if.html")
    """

    html: str

    def write(self, path: str | Path) -> Path:
        """Save the page; nothing that exists is replaced."""
        target = save_path(path)
        target.write_text(self.html, encoding="utf-8")
        return target

    def __repr__(self) -> str:
        return 'Explorer(the panel "What if"; shows itself in a notebook, .write("what_if.html") elsewhere)'

    def _repr_html_(self) -> str:
        frame = f'width="100%" height="{_HEIGHT}" style="border:0" sandbox="allow-scripts allow-downloads"'
        return f'<iframe title="What if" {frame} srcdoc="{escape(self.html)}"></iframe>'


def explore(opt: Outcome) -> Explorer:
    """The panel of an optimised study.

    Raises
    ------
    UsageError
        There are too many segments, targets and replications for its sums to be kept.
    """
    from simlab.report.plan.tables import RunTables
    from simlab.report.plan.what_if.alone import page

    cells = cells_frame(opt)
    if cells is None:
        raise UsageError(
            "the sums by segment and target were too many to keep: fewer segments or replications"
        )
    study = opt.data.study
    manifest = {
        "command": "what if",
        "study": study.name,
        "currency": study.currency,
        "segments": list(opt.segmentation.names),
        "what_if": what_if_facts(opt),
    }
    none = pd.DataFrame(index=range(opt.segmentation.codes.size))
    tables = RunTables(manifest, none, segment_frame(opt), more={CELLS: cells}, study=study.source)
    return Explorer(page(tables))
