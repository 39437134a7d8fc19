"""The documentation site: builds without a warning, asks nobody, and what it shows runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from worlds.places import ROOT

DOCS = ROOT / "docs"
_LINK = re.compile(r"\]\(([^)#]+\.(?:md|ipynb|py|svg|png))")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as CI builds it: warnings are errors."""
    pytest.importorskip("sphinx", reason="the documentation needs the extra 'docs'")
    out = tmp_path_factory.mktemp("site")
    flags = ["-q", "-W", "-j", "2", "--keep-going", "-d", str(out / "trees")]
    # libraries beneath Sphinx warn of their own future: only what Sphinx itself says counts here
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *flags, str(DOCS), str(out / "html")],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return out / "html"


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(site: Path) -> None:
    """Scripts, styles and pictures lie beside the pages."""
    loads = re.compile(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?:https?:)?//[^\"]+\"")
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    assert {str(page): found for page in pages if (found := loads.findall(page.read_text("utf-8")))} == {}


def test_links_inside_the_site_lead_to_a_page_and_to_a_place_in_it(site: Path) -> None:
    """Checked on what was built, without a network; sources lead back to their page alone."""
    links = re.compile(r'<(?:a|img)[^>]+?(?:href|src)="([^"]+)"')
    places = re.compile(r'\bid="([^"]+)"')
    ids: dict[Path, set[str]] = {}
    lost = []
    for page in sorted(site.rglob("*.html")):
        if "_static" in page.parts:
            continue
        for href in links.findall(page.read_text("utf-8")):
            part = urlsplit(href.replace("&amp;", "&"))
            if part.scheme:
                continue
            target = (page.parent / unquote(part.path)).resolve() if part.path else page
            if not target.exists():
                lost.append(f"{page.name}: {href}")
            elif part.fragment and target.suffix == ".html" and "_modules" not in page.parts:
                if target not in ids:
                    ids[target] = set(places.findall(target.read_text("utf-8")))
                if unquote(part.fragment) not in ids[target]:
                    lost.append(f"{page.name}: {href}")
    assert lost == []


def test_notebooks_stand_in_the_site_with_what_they_print_and_draw(site: Path) -> None:
    for name in ("01_first_study", "02_finance", "03_history", "04_schemes"):
        page = (site / "notebooks" / f"{name}.html").read_text("utf-8")
        assert "<img alt=" in page, name
        assert "What was seen" in page, name


def test_every_option_of_the_study_file_stands_in_its_reference(site: Path) -> None:
    """Read off the model: an option that the sample names is there with its comment."""
    page = (site / "_generated" / "study_file.html").read_text("utf-8")
    for option in ("no_history", "level_limit", "budget_on", "time_limit", "block_items"):
        assert f">{option}<" in page, option
    rows = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    assert [
        row for row in rows if re.search(r"<td>\s*(<p>)?\s*(</p>)?\s*</td>", row)
    ] == []  # each has a meaning


def test_links_between_documents_lead_somewhere() -> None:
    """README, the pages of the site and the documents for developers."""
    for page in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")]:
        if "_generated" in page.parts:
            continue
        for link in _LINK.findall(page.read_text("utf-8")):
            if link.startswith("http") or "_generated" in link:
                continue
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_readme_is_short() -> None:
    """What does not fit stands in the site."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 150


@pytest.mark.slow
def test_the_python_of_the_recipes_runs(tmp_path: Path) -> None:
    """All blocks of the page, from top to bottom, as a reader would paste them."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "recipes.md").read_text("utf-8"), re.DOTALL)
    script = tmp_path / "recipes.py"
    script.write_text("import matplotlib\nmatplotlib.use('agg')\n" + "\n".join(blocks), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr


def test_every_picture_of_the_documents_is_there_and_small() -> None:
    """Committed, so that the site builds without running anything; a page loads in a moment."""
    pictures = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
    found = [
        (page, alt, page.parent / path)
        for page in [ROOT / "README.md", *DOCS.glob("*.md"), *(DOCS / "start").glob("*.md")]
        for alt, path in pictures.findall(page.read_text("utf-8"))
    ]
    assert len(found) >= 8
    for page, alt, path in found:
        assert alt, f"{page.name}: a picture without words"
        assert path.stat().st_size < 250_000, f"{page.name}: {path.name}"
