"""The shell of every page: one file, tabs by hash, and the templates that fill it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from simlab.measures import words
from simlab.run.tables import SCHEMA

if TYPE_CHECKING:
    import jinja2
    from markupsafe import Markup

DECISION, FINANCE, SEGMENTS, ITEMS = "decision", "finance", "segments", "items"
SUPPLIERS, LOCATIONS, BELIEVE, METHOD = "suppliers", "locations", "believe", "method"
TABS = {tab.id: tab.title for tab in words.TABS}
"""Titles of the tabs by the hash that opens them, in their order."""


_UNBROKEN = re.compile(r"([+\u2212][^\s\w.,+\u2212\[\]&<>]\d[\d.,]*\w*|(?<![\w-])--[a-z][a-z-]*[a-z])")

_HYPHEN = re.compile(r"(?<![\w.,-])-(?=(?:[A-Z]{3} |[€£$¥])?\d)")
"""A hyphen that stands for a minus; none within a date, a range or a name."""


@dataclass(frozen=True)
class Part:
    """A section of a page, ready made.

    Attributes
    ----------
    tab : str
        A key of `TABS`.
    id : str
        Its anchor; empty for one that the menu does not name.
    menu : str
        Its name in the menu of the tab.
    html : str
        Markup, everything in it escaped.
    alerts : int
        What the tab's name counts in brackets.
    """

    tab: str
    id: str
    menu: str
    html: str
    alerts: int = 0


@cache
def environment() -> jinja2.Environment:
    """Templates among the assets, each compiled once; names that are not given are errors, all is escaped."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(asset), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    made.undefined = jinja2.StrictUndefined
    made.globals["wordy"] = wordy
    made.filters["whole"] = whole
    made.filters["unbroken"] = unbroken
    return made


def whole(text: str) -> Markup:
    """A sentence, its hyphens before amounts a minus, its signed amounts and options unbroken."""
    return unbroken(_HYPHEN.sub("\u2212", text))


def unbroken(text: str) -> Markup:
    """A text whose signed amounts and options stay whole: a browser breaks −€6.45 after the minus."""
    from markupsafe import Markup, escape

    return Markup(_UNBROKEN.sub(r'<span class="keep">\1</span>', str(escape(text))))


def wordy(rows: Sequence[Sequence[str]]) -> frozenset[int]:
    """Places of the columns, the first aside, whose cells are words: they stand left."""
    places = range(1, len(rows[0]) if rows else 0)
    return frozenset(at for at in places if _are_words([str(row[at]) for row in rows]))


def _are_words(cells: Sequence[str]) -> bool:
    said = [cell for cell in cells if cell.strip("–- ")]
    return bool(said) and all(cell[0].isalpha() and not _AMOUNT.match(cell) for cell in said)


_AMOUNT = re.compile(r"[A-Z]{3} [\d−-]")


def page_of(
    templates: jinja2.Environment,
    parts: Iterable[Part],
    manifest: Mapping[str, Any],
    *,
    n_items: str,
    money_in: str,
    question: str,
    style: str,
    data: Mapping[str, str],
    packed: Mapping[str, str],
    script: str,
) -> str:
    """The whole page.

    Parameters
    ----------
    question : str
        Under the name of the study; empty for none.
    data, packed : mapping of str to str
        JSON and compressed text (see `pack`) that the script reads, by the id of its element.
    script : str
        With the packed libraries all that a browser runs here: the page names their digests.
    """
    tabs = _tabs(list(parts))
    return templates.get_template("shell.html").render(
        tabs=tabs,
        manifest=manifest,
        n_items=n_items,
        money_in=money_in,
        question=question,
        style=style,
        data=data,
        packed=packed,
        script=script,
        runs=" ".join(_digests([script, *(unpack(packed[id]) for id in packed if id.endswith(LIBRARY))])),
        schema=SCHEMA,
    )


LIBRARY = "-library"
"""End of the id of a packed text that the page's script runs."""


def _digests(scripts: Iterable[str]) -> Iterator[str]:
    """What a page's policy says of scripts that may run."""
    for script in scripts:
        yield f"'sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}'"


def _tabs(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """The tabs that have something in them, each with its parts in their order."""
    found = []
    for key, title in TABS.items():
        mine = [part for part in parts if part.tab == key and part.html.strip()]
        if mine:
            menu = [part for part in mine if part.id and part.menu]
            found.append(
                {
                    "key": key,
                    "title": title,
                    "alerts": sum(part.alerts for part in mine),
                    "parts": mine,
                    "menu": menu if len(menu) > 1 else [],
                }
            )
    return found


def asset(name: str) -> str:
    """Text of a file that ships with the report: styles, scripts, templates."""
    return resources.files("simlab.report").joinpath("assets", name).read_text(encoding="utf-8")


def pack(text: str) -> str:
    """Text as gzip in base64: a quarter of a script, and never the end of the element it stands in."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), _LEVEL, mtime=0)).decode("ascii")


def unpack(packed: str) -> str:
    """The text again."""
    return gzip.decompress(base64.b64decode(packed)).decode("utf-8")


_LEVEL = 7
"""Of gzip: 9 takes five times as long for many SKU-locations, and saves one part in fifty."""


def script_json(value: object) -> str:
    """JSON that cannot end the script element it stands in, whatever the SKUs are called."""
    from simlab.run.files import to_json

    text = to_json(value)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def script_text(text: str) -> str:
    """JavaScript that cannot end the script element it stands in."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
