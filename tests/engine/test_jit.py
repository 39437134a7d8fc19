"""Compiled code is kept in a folder that belongs to these sources, or nowhere, and says so."""

import logging
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simlab.engine import _jit


@pytest.fixture(autouse=True)
def _forget():
    yield
    _jit.cache_folder.cache_clear()
    _jit.kernel_hash.cache_clear()


def _fresh(monkeypatch, **environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    _jit.cache_folder.cache_clear()
    return _jit.cache_folder()


def test_the_folder_carries_the_kernel_hash(monkeypatch, tmp_path):
    folder = _fresh(monkeypatch, NUMBA_CACHE_DIR=tmp_path)
    assert folder == tmp_path / f"simlab-{_jit.kernel_hash()}"


def test_editing_any_source_changes_the_hash(monkeypatch, tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(_jit, "_SOURCES", tmp_path)
    _jit.kernel_hash.cache_clear()
    before = _jit.kernel_hash()
    (tmp_path / "a.py").write_text("x = 2\n")
    _jit.kernel_hash.cache_clear()
    assert _jit.kernel_hash() != before


def test_editing_a_kernel_or_a_record_in_a_sub_folder_changes_the_hash(monkeypatch, tmp_path):
    """An edited kernel would otherwise run as it was compiled before."""
    folders = []
    for place in ("_SOURCES", "_REGISTER"):  # numbers of kinds are compiled into kernels
        sources = shutil.copytree(
            getattr(_jit, place), tmp_path / place, ignore=shutil.ignore_patterns("__pycache__")
        )
        monkeypatch.setattr(_jit, place, sources)
        folders += [path for path in sources.rglob("*") if path.is_dir()] or [sources]
    assert len(folders) >= 6
    for folder in folders:
        _jit.kernel_hash.cache_clear()
        before = _jit.kernel_hash()
        edited = next(path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py")
        edited.write_text(edited.read_text("utf-8") + "\nEDITED = 1\n", "utf-8")
        _jit.kernel_hash.cache_clear()
        assert _jit.kernel_hash() != before, folder


def test_every_record_that_the_engine_reads_is_hashed():
    """A kernel compiled with the old number of a kind would draw another law in silence."""
    engine = [path.read_text("utf-8") for path in _jit._SOURCES.rglob("*.py")]
    read = {name for text in engine for name in re.findall(r"simlab\.register\.(\w+)", text)}
    assert {f"{name}.py" for name in read} == set(_jit._NUMBERED)


def test_an_unwritable_home_falls_back_to_the_temporary_folder(monkeypatch, tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(_jit.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    with caplog.at_level(logging.WARNING, "simlab"):
        folder = _fresh(monkeypatch, XDG_CACHE_HOME=blocked)
    assert folder is not None
    assert folder.is_relative_to(tmp_path / "temporary")
    assert "temporary folder" in caplog.text


def test_nothing_writable_compiles_without_a_cache_and_says_so(monkeypatch, caplog):
    monkeypatch.setattr(_jit, "_is_writable", lambda folder: False)
    with caplog.at_level(logging.WARNING, "simlab"):
        _jit.cache_folder.cache_clear()
        assert _jit.cache_folder() is None
    assert "compiled anew" in caplog.text

    @_jit.jit
    def add(a, b):
        return a + b

    assert add(np.int64(2), np.int64(3)) == 5


def _plus_one(x):
    return x + 1


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
def test_compiled_code_cut_short_is_made_anew(monkeypatch, tmp_path, kind, share):
    """A write that a power cut ended made every later command fail with ``EOFError``."""
    folder = _fresh(monkeypatch, NUMBA_CACHE_DIR=tmp_path)
    assert _jit.jit(_plus_one)(1) == 2
    for path in folder.rglob(kind):
        whole = path.read_bytes()
        path.write_bytes(whole[: int(share * len(whole))])
    assert _jit.jit(_plus_one)(1) == 2
    again = _jit.jit(_plus_one)
    assert again(1) == 2
    assert sum(again.stats.cache_hits.values()) == 1


_CALL = "from simlab.engine.laws import weights as w; w._ratio(1.0, 2.0, 3.0, 4.0); print(w._ratio.stats)"


def test_a_second_copy_of_the_same_sources_compiles_nothing(tmp_path):
    """Environments of one version share what the machine has compiled: no second wait after a reinstall."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    said = []
    for name in ("first", "second"):
        shutil.copytree(Path(_jit.__file__).parents[1], tmp_path / name / "simlab")
        done = subprocess.run(
            [sys.executable, "-c", _CALL],
            env=environment | {"PYTHONPATH": str(tmp_path / name)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(done.stdout)
    assert "cache_misses=Counter({" in said[0]
    assert "cache_hits=Counter({" not in said[0]
    assert "cache_hits=Counter({" in said[1]
    assert "cache_misses=Counter({" not in said[1]
