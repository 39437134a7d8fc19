"""`simlab explain` and `simlab schema`: what the program says, and what it can be told."""

from __future__ import annotations

from typing import Annotated

import typer

from simlab.cli.ending import ends_with_exit_code
from simlab.cli.options import Debug
from simlab.cli.say import say
from simlab.cli.tables import print_json


@ends_with_exit_code
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="As a message shows it, such as E-ITM-017.")],
    debug: Debug = False,
) -> None:
    """What does an error code mean?

    What it says, why it is refused, and what to do.

    \b
    Examples:
      simlab explain E-ITM-017
    """
    from simlab.api.reference.codes import explain as explained

    say(explained(code))


@ends_with_exit_code
def schema(debug: Debug = False) -> None:
    """The study file as a JSON schema, for editors.

    Editors with TOML support complete and check study.toml with it.

    \b
    Examples:
      simlab schema > study.schema.json
    """
    from simlab.api.reference.schema import study_schema

    print_json(study_schema())
