"""From the text of a study file to a `Study`, with every mistake in one report."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simlab.errors import InvalidInputError, Problem
from simlab.reading import bytes_of
from simlab.study.checked import _LINE, checked
from simlab.study.sources.databases import without_urls
from simlab.study.study import Study


def read_study(path: str | Path) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : str or Path
        The TOML file; tables are looked for relative to its folder.

    Raises
    ------
    InvalidInputError
        The file cannot be read, is not TOML, or says something impossible; all mistakes at once.
    """
    path = Path(path)
    try:
        text = bytes_of(path).decode("utf-8-sig")
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidInputError([Problem("E-STU-001", f"cannot be read: {reason}", str(path))]) from None
    except UnicodeDecodeError as error:
        fix = "save it as UTF-8"
        message = f"is not UTF-8 text (byte {error.start + 1})"
        raise InvalidInputError([Problem("E-STU-001", message, str(path), fix=fix)]) from None
    return parse_study(text, _base(path), path.stem, file=path.name)


def _base(path: Path) -> Path:
    """Folder that tables are named from: the study's; for the copy in a run folder that of the original."""
    try:
        noted = json.loads((path.parent / "manifest.json").read_text("utf-8"))["study_file"]
    except (OSError, ValueError, KeyError, TypeError):
        return path.parent
    return (path.parent / str(noted)).parent


def parse_study(
    source: str | Mapping[str, Any], base: str | Path = ".", name: str = "study", *, file: str = "study.toml"
) -> Study:
    """Check a study given as TOML text or as the nested dictionary that such a text stands for.

    Parameters
    ----------
    source : str or mapping
        TOML text, or sections by name.
    base : str or Path
        Folder that paths of tables are relative to.
    name : str
        Name of the study if it does not say one.
    file : str
        Name of the study file in messages.

    Raises
    ------
    InvalidInputError
        Every mistake found.
    """
    said = _from_toml(source, file) if isinstance(source, str) else source
    raw = {"schema": 1, **said}  # a file that does not say may be of any version
    text = without_urls(source, raw) if isinstance(source, str) else ""
    given = checked(Study, raw, name, file, from_file=True)
    return Study.model_validate({**given, "source": text, "folder": Path(base), "file": file})


def _from_toml(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        row = int(found.group(1)) if found else text.count("\n") + 1
        message = f"is not TOML: {_LINE.sub('', str(error))}"
        fix = 'texts stand in quotes, numbers begin with a digit: name = "spring", level = 0.95'
        raise InvalidInputError([Problem("E-STU-002", message, file, row=row, fix=fix)]) from None
    except RecursionError:
        message, fix = "is not a study: tables or lists stand in each other without end", ""
        raise InvalidInputError([Problem("E-STU-002", message, file, fix=fix)]) from None
    except ValueError as error:  # a number with more digits than Python converts
        message = f"is not a study: {str(error).partition(';')[0]}"
        raise InvalidInputError([Problem("E-STU-002", message, file)]) from None
