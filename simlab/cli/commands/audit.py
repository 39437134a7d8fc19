"""``simlab audit``: why a target is not what is on the shelf."""

from __future__ import annotations

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import Backend, Debug, Format, Out, Quiet, Scheduler, Show, Study, Workers
from simlab.cli.progress import watched
from simlab.cli.say import say
from simlab.cli.show.outcome import end_with_faults, print_place
from simlab.cli.tables import print_json, print_sentences, print_table, records


@ends_with_exit_code
def audit(
    study: Study,
    out: Out = None,
    workers: Workers = None,
    backend: Backend = None,
    scheduler: Scheduler = None,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Say why targets are not met.

    Per segment: asked, planned by the formula, achieved in simulation, and what each
    assumption of the formula costs, for the study's targets and the A98/B95/C90 habit.

    \b
    Examples:
      simlab audit mystudy/study.toml
      simlab audit mystudy/study.toml --out runs/audit
    """
    from simlab import api

    with api.backend(backend, scheduler=scheduler), watched(quiet) as progress:
        result = api.run_audit(study, out=out, workers=workers, progress=progress, draw=False)
    if format is Format.JSON:
        result = api.draw_report(result)
        print_json(
            {
                "folder": str(result.folder),
                "report": None if result.report is None else str(result.report),
                "statements": list(result.statements),
                "audit": records(result.tables["audit"]),
                "times": dict(result.times),
            }
        )
        end_with_faults(result)
        return
    print_sentences(result.statements)
    print_table(result.tables["audit"], "Audit")
    say()
    print_place(result, quiet)
