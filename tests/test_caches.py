"""What is kept for the user: found again, made anew where it is damaged, foreign, or cannot be kept."""

import os

import pytest

from simlab.caches import text_kept, user_cache


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path / "simlab"


def test_a_text_is_made_once(folder):
    made = []
    texts = [text_kept("a-1.js", lambda: made.append(1) or "let ä = 1;\n") for _ in range(3)]
    assert texts == ["let ä = 1;\n"] * 3
    assert len(made) == 1
    assert text_kept("a-2.js", lambda: "other") == "other"


def test_a_file_that_was_cut_short_is_made_again(folder):
    text_kept("a.js", lambda: "whole")
    kept = folder / "a.js"
    kept.write_bytes(kept.read_bytes()[:-3])
    assert text_kept("a.js", lambda: "again") == "again"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="no owners of files here")
def test_a_file_that_others_may_write_is_not_read(folder):
    text_kept("a.js", lambda: "mine")
    (folder / "a.js").chmod(0o666)
    assert text_kept("a.js", lambda: "made") == "made"
    folder.chmod(0o777)
    assert text_kept("a.js", lambda: "made again") == "made again"


def test_without_a_place_it_is_made_each_time(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("sys.platform", "linux")
    assert text_kept("a.js", lambda: "made") == "made"
    monkeypatch.setattr("simlab.caches.user_cache", lambda: None)
    assert text_kept("a.js", lambda: "made") == "made"


def test_a_relative_place_does_not_follow_the_working_folder(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    monkeypatch.setattr("sys.platform", "linux")
    assert user_cache().is_absolute()
