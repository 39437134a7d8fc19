"""``simlab compare``: contests, each on equal terms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import (
    Backend,
    Debug,
    Format,
    Out,
    Page,
    Quiet,
    Scheduler,
    Show,
    Study,
    Verbose,
    Workers,
)
from simlab.cli.progress import watched
from simlab.cli.show.outcome import print_policies, print_run, print_runs
from simlab.register.families import TARGET_FAMILIES

if TYPE_CHECKING:
    from simlab.api.comparison.policies import PolicyComparison
    from simlab.api.comparison.runs import RunComparison

compare = typer.Typer(
    help="Compare on equal terms, with intervals.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@compare.callback()
def contests() -> None:
    """Compare on equal terms.

    Same SKU-locations, same random numbers, equal fill.

    \b
    Begin with:
      simlab compare schemes mystudy/study.toml
      simlab compare policies mystudy/study.toml
      simlab compare runs runs/spring runs/autumn
    """


def _page(found: PolicyComparison | RunComparison, page: Path | None) -> None:
    """Write the page, if one is asked for."""
    if page is not None:
        from simlab.api.comparison.pages import write_page

        write_page(found, page)


@compare.command()
@ends_with_exit_code
def policies(
    study: Study,
    policies: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,C",
            help=f"{', '.join(TARGET_FAMILIES)}, each also with :normal for the textbook "
            "formula. Default: all that the items allow; the study's own always.",
        ),
    ] = None,
    page: Page = None,
    workers: Workers = None,
    verbose: Verbose = False,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Which ordering rule costs least at equal fill?

    Every policy at its own best targets per segment, on the same random numbers; costs
    are read where all give the same service on fresh randomness. Writes no run folder.

    \b
    Examples:
      simlab compare policies mystudy/study.toml
      simlab compare policies mystudy/study.toml \\
        --policies order_up_to,order_up_to:normal
    """
    from simlab import api

    data = api.load(study, threads=workers)
    names = None if policies is None else [name.strip() for name in policies.split(",") if name.strip()]
    with watched(quiet) as progress:
        found = api.compare_policies(data, names, workers=workers, progress=progress)
    _page(found, page)
    print_policies(found, format, verbose)


@compare.command()
@ends_with_exit_code
def runs(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN_A RUN_B …", help="Folders of finished runs.")],
    page: Page = None,
    verbose: Verbose = False,
    format: Show = Format.TEXT,
    debug: Debug = False,
) -> None:
    """What differs between finished runs?

    Options, inputs, seeds, versions and levels that are not the same, and what that did
    to service, stock and cost: each run against the first, paired where seeds are equal.

    \b
    Examples:
      simlab compare runs runs/spring runs/autumn
      simlab compare runs runs/a runs/b runs/c --format json
    """
    from simlab import api

    found = api.compare_runs(*runs)
    _page(found, page)
    print_runs(found, format, verbose)


@compare.command()
@ends_with_exit_code
def schemes(
    study: Study,
    schemes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B,C",
            help="Schemes, columns, optimised:tbs, tree, cuts, learned, products such as abc+xyz, abc+tree. "
            "Default: all that the items allow.",
        ),
    ] = None,
    rule_cost: Annotated[
        float, typer.Option(min=0.0, metavar="MONEY", help="Cost of one class and year, for how many.")
    ] = 0.0,
    seeds: Annotated[int, typer.Option(min=0, metavar="N", help="Further seeds to search and judge on.")] = 5,
    catalogues: Annotated[int, typer.Option(min=0, metavar="N", help="Resampled catalogues.")] = 50,
    out: Out = None,
    workers: Workers = None,
    backend: Backend = None,
    scheduler: Scheduler = None,
    verbose: Verbose = False,
    format: Show = Format.TEXT,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Which segmentation is worth its rules?

    Every scheme at its own best targets, read at equal service on fresh randomness
    in the weight that the study counts; random partitions and the per-SKU plan
    beside them.

    \b
    Examples:
      simlab compare schemes mystudy/study.toml
      simlab compare schemes mystudy/study.toml \\
        --schemes abc,xyz,abc+xyz,tree
    """
    from simlab import api

    names = None if schemes is None else [name.strip() for name in schemes.split(",") if name.strip()]
    rounds = api.Rounds(seeds=seeds, catalogues=catalogues, rule_cost=rule_cost)
    with api.backend(backend, scheduler=scheduler), watched(quiet) as progress:
        result = api.run_compare_schemes(
            study, names, out=out, rounds=rounds, workers=workers, progress=progress, draw=False
        )
    print_run(result, format, quiet, verbose)
