"""Tables that come from a database: what a study may say of one, and what is never shown or copied."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from simlab.errors import Problem
from simlab.study.later import value_at

LEFT_OUT = "(the URL is left out of copies of a study)"
_OPTIONS = ("url", "url_env", "table", "sql")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def has_database(raw: Mapping[str, Any], name: str) -> bool:
    """Whether a table's section says anything of a database."""
    return any(value_at(raw, f"data.{name}.{option}") is not None for option in _OPTIONS)


def database(raw: Mapping[str, Any], name: str, file: str) -> Iterator[Problem]:
    """What is wrong with a section that names a database; no value of `url` stands in any message."""
    said = {option: value_at(raw, f"data.{name}.{option}") for option in (*_OPTIONS, "path")}
    given = {option: value for option, value in said.items() if value not in (None, "")}
    places = [option for option in ("path", "url", "url_env") if option in given]
    if len(places) != 1:
        message = "two places of one table" if places else "names no database"
        fix = f'[data.{name}] url_env = "NAME" of an environment variable that holds the URL; or path alone'
        yield Problem("E-STU-005", message, file, column=f"data.{name}.{(*places, 'url_env')[0]}", fix=fix)
    rows = [option for option in ("table", "sql") if option in given]
    if len(rows) != 1 or "path" in given:
        message = "goes with a database, not with a file" if "path" in given else "table or sql: one of them"
        fix = f'[data.{name}] table = "sales", or sql = "SELECT sku, … FROM sales"'
        yield Problem("E-STU-005", message, file, column=f"data.{name}.{(*rows, 'sql')[0]}", fix=fix)
    if isinstance(url := given.get("url"), str):
        yield from _url(url, name, file)
    variable = given.get("url_env")
    if isinstance(variable, str) and not _NAME.fullmatch(variable):
        message = "is no name of an environment variable (it is not shown)"
        fix = 'the variable holds the URL, the study its name: url_env = "SALES_DB"'
        yield Problem("E-STU-010", message, file, column=f"data.{name}.url_env", fix=fix)


def _url(url: str, name: str, file: str) -> Iterator[Problem]:
    """A URL in a study file has no secret: neither a password nor a query."""
    option, kind = f"data.{name}.url", "E-STU-010"
    fix = f'put the URL into an environment variable and name it: [data.{name}] url_env = "NAME"'
    if url == LEFT_OUT:
        yield Problem(kind, "was left out of this copy of the study", file, column=option, fix=fix)
        return
    address = url.partition("://")[2]
    if "://" not in url:
        yield Problem(
            kind, "is no URL of a database", file, column=option, fix=f"{fix}, or sqlite:///sales.db"
        )
    elif "@" in address and ":" in address[: address.rindex("@")]:
        yield Problem(kind, "holds a password (it is not shown)", file, column=option, fix=fix)
    elif "?" in url:
        yield Problem(kind, "holds a query, which may be a secret", file, column=option, fix=fix)


def without_urls(text: str, raw: Mapping[str, Any]) -> str:
    """The text of a study with every URL of a database left out, as runs keep it.

    Nothing of the text where a URL is written so that it is not found in it (with escapes).
    """
    for url in _urls(raw):
        text = text.replace(url, LEFT_OUT)
    return text if set(_urls(tomllib.loads(text))) <= {LEFT_OUT} else ""


def _urls(raw: Mapping[str, Any]) -> list[str]:
    data = raw.get("data")
    sections = data.values() if isinstance(data, Mapping) else ()
    urls = [section.get("url") for section in sections if isinstance(section, Mapping)]
    return [url for url in urls if isinstance(url, str) and url]
