"""Where Python looks for code: nothing is imported here before the working folder is left."""

import os
import sys


def leave_the_working_folder() -> None:
    """Import nothing more from where ``python -m simlab`` was called, unless simlab itself lies there.

    Python puts that folder first on its path, and a ``typing.py`` beside somebody's data would run. What
    Python imports to find a module at all (``importlib``, ``warnings``, ``collections`` …) comes before the
    first line of ours: the command `simlab`, or ``python -P -m simlab``, leaves the folder from the start.
    """
    if sys.argv[:1] != ["-m"] or sys.flags.safe_path or not sys.path:
        return
    if sys.orig_argv[-len(sys.argv)] not in ("simlab", "-msimlab"):
        return
    here = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    try:
        found_here = os.path.realpath(sys.path[0] or os.getcwd()) == here
    except FileNotFoundError:  # the folder was removed; the command line says so
        found_here = False
    if not found_here:
        del sys.path[0]
