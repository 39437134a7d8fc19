"""Figures and the script of the charts, made in a process beside the one that writes the page.

Both are seldom needed: the script is kept for the user from the first page on, and figures are drawn where
somebody asks for them. Drawing and bundling hold the interpreter, so that a thread would not help. What the
process needs is JSON: it imports neither altair nor pandas. Where it cannot be had, the work is done here.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from threading import Thread
from typing import IO, Any

from simlab.caches import kept, text_kept
from simlab.children import start_python
from simlab.run.files import to_json

Pictures = dict[str, tuple[str, bytes]]
"""SVG and PNG of each figure."""

_CODE = f"from {__name__} import serve; serve()"
_SMALLEST = {"nothing": {"data": {"values": []}, "mark": "point", "encoding": {}}}


@dataclass(eq=False)
class Beside:
    """A process that bundles the script and draws figures; without one, both are made where they are asked.

    Attributes
    ----------
    version : str
        Of Vega-Lite, as altair writes it.
    process : Popen or None
    """

    version: str
    process: subprocess.Popen[bytes] | None
    _specs: dict[str, Any] | None = None
    _script: str | None = None

    def draw(self, specs: dict[str, Any]) -> None:
        """Begin to draw figures by their specifications."""
        self._specs = specs
        if self.process is not None and self.process.stdin is not None:
            Thread(target=_send, args=(self.process.stdin, to_json(specs).encode()), daemon=True).start()

    def library(self) -> str:
        """The script of the charts."""
        if self._script is None:
            line = self._line()
            self._script = bundle(self.version) if line is None else str(line)
        return self._script

    def pictures(self) -> Pictures:
        """What was drawn."""
        self.library()  # comes first
        line = self._line()
        if line is None:
            return pictures_of(self._specs or {}, self.version)
        return {name: (svg, base64.b64decode(png)) for name, (svg, png) in line.items()}

    def _line(self) -> Any:
        """What the process says next; None where there is none, or it has ended."""
        if self.process is None or self.process.stdout is None:
            return None
        try:
            return json.loads(self.process.stdout.readline())
        except ValueError:
            return None


def prepared(version: str, *, figures: bool) -> AbstractContextManager[Beside]:
    """What a page takes: a process beside only where figures are drawn, or the script is not kept yet."""
    script = None if figures else kept(_name(version))
    return beside(version) if script is None else nullcontext(Beside(version, None, _script=script))


@contextmanager
def beside(version: str) -> Iterator[Beside]:
    """A process that makes figures and script while the page is put together; it ends with the block."""
    try:
        process = start_python(
            _CODE, version, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        yield Beside(version, None)
        return
    try:
        yield Beside(version, process)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()


def serve() -> None:
    """What the process does: a line with the script, then one with the figures of the JSON it is sent."""
    version, out = sys.argv[1], sys.stdout.buffer
    out.write(json.dumps(bundle(version)).encode() + b"\n")
    out.flush()
    pictures_of(_SMALLEST, version)  # the first takes half a second more: while the page makes its charts
    drawn = pictures_of(json.loads(sys.stdin.buffer.read()), version)
    coded = {name: (svg, base64.b64encode(png).decode()) for name, (svg, png) in drawn.items()}
    out.write(json.dumps(coded).encode() + b"\n")
    out.flush()


def bundle(version: str) -> str:
    """Vega, Vega-Lite and vega-embed as one script, from the installed vl-convert; nothing is fetched.

    Bundling takes longer than all figures, and gives the same text for one version: it is kept for the user.
    """
    return text_kept(_name(version), lambda: _bundled(version))


def _name(version: str) -> str:
    from importlib.metadata import version as installed

    return f"charts-{installed('vl-convert-python')}-{version}.js"


def _bundled(version: str) -> str:
    import vl_convert

    snippet = None  # the stock bundle: vega, vega-lite, vega-embed
    script: str = vl_convert.javascript_bundle(snippet, version)  # type: ignore[arg-type]
    return script


def pictures_of(specs: dict[str, Any], version: str) -> Pictures:
    """Every figure on white, as SVG and as PNG at twice its size."""
    import vl_convert

    found = {}
    for name, spec in specs.items():
        svg: str = vl_convert.vegalite_to_svg({**spec, "background": "white"}, vl_version=version)
        found[name] = svg, bytes(vl_convert.svg_to_png(svg, scale=2))
    return found


def _send(stream: IO[bytes], content: bytes) -> None:
    with suppress(OSError):
        stream.write(content)
        stream.close()
